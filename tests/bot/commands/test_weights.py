"""`timbre.py weights` ends with a clear sentence and the right exit code."""

import shutil
import sys
from pathlib import Path

import pytest

from bot.commands.weights import weights
from engine.weights import checkpoint
from engine.weights.models import ENGLISH, MODELS

SMALL = ("--small", "--seed", "3", "--stop-after", "20")


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A reduced checkpoint that the command wrote. Shared: copy it before changing it."""
    folder = tmp_path_factory.mktemp("weights") / "small"
    assert weights(["random", str(folder), *SMALL]) == 0
    return folder


def test_verify_of_a_whole_checkpoint_succeeds(
    written: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert weights(["verify", str(written)]) == 0
    assert "All files of Chatterbox are those of random" in capsys.readouterr().out


def test_verify_names_what_is_missing_and_fails(
    written: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = shutil.copytree(written, tmp_path / "copy")
    (copy / ENGLISH.tokenizer[0]).unlink()
    assert weights(["verify", str(copy)]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.strip() == f"{copy / ENGLISH.tokenizer[0]} is missing."


def test_verify_names_the_command_that_fetches_what_is_not_here(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIMBRE_WEIGHTS_HOME", str(tmp_path))
    assert weights(["verify", "turbo"]) == 1
    assert "`timbre.py weights fetch turbo` downloads them" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["fetch", "verify"])
@pytest.mark.parametrize("typed", ["Nano", "turbbo"])
def test_a_misspelt_model_is_not_taken_for_a_folder(
    command: str,
    typed: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Or English, 3.2 GB, is fetched into a folder of that name."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(SystemExit, match="2"):
        weights([command, typed])
    assert f"{typed} is no model; is " in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_random_writes_weights_and_says_what_they_are_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert weights(["random", str(tmp_path / "new"), "--seed", "1", "--small"]) == 0
    assert "says nothing of how it sounds" in capsys.readouterr().out
    checkpoint.check(tmp_path / "new", ENGLISH)


def test_a_models_name_stands_before_its_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What a folder holds is told by its content; another model than was named is refused."""
    folder = tmp_path / "english"
    assert weights(["random", "multilingual", str(folder), *SMALL]) == 0
    assert weights(["verify", str(folder)]) == 0
    assert "Chatterbox Multilingual are those of random" in capsys.readouterr().out
    assert weights(["verify", "turbo", str(folder)]) == 1
    assert f"{folder / MODELS['turbo'].voice_encoder}" not in capsys.readouterr().err
    (folder / ENGLISH.t3).hardlink_to(folder / MODELS["multilingual"].t3)
    assert weights(["verify", str(folder)]) == 1
    sentence = f"{folder / ENGLISH.t3} holds Chatterbox Multilingual, not Chatterbox."
    assert capsys.readouterr().err.strip() == sentence


def test_a_folder_that_cannot_be_made_is_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    assert weights(["random", str(tmp_path / "file" / "new"), "--seed", "1", "--small"]) == 1
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["random", "x"],
        ["random", "turbo", "--seed", "1"],
        ["fetch", "turbo", "x", "y"],
        ["random", "x", "--seed", "one"],
        ["random", "x", "--seed", str(2**64)],
        ["random", "x", "--seed", "1", "--stop-after", "0"],
    ],
)
def test_wrong_usage_exits_with_two(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ending:
        weights(arguments)
    assert ending.value.code == 2


def test_an_interrupted_random_leaves_nothing_in_the_way(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C after the first files: the folder is not there, and the same command works again."""
    arguments = ["random", str(tmp_path / "new"), "--seed", "1", "--small"]
    with monkeypatch.context() as patched:
        patched.setattr("engine.upstream.random_weights._draw", _interrupt)
        assert weights(arguments) == 130
    assert "resumes" not in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
    assert weights(arguments) == 0


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.skipif(sys.platform == "win32", reason="files cannot be limited there")
def test_a_full_disk_is_a_sentence_and_leaves_what_was_there(
    written: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Files may grow to 1 MB, as on a disk with no more left, while random weights are replaced."""
    import resource  # noqa: PLC0415 - Windows has none

    copy = shutil.copytree(written, tmp_path / "copy")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, hard))
    try:
        assert weights(["random", str(copy), "--seed", "1", "--small"]) == 1
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert f"{copy} cannot be written" in capsys.readouterr().err.splitlines()[-1]
    assert "small-seed-3" in checkpoint.verify(copy, ENGLISH)
    assert list(tmp_path.iterdir()) == [copy]
