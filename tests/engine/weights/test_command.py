"""`python -m engine.weights` ends with a clear sentence and the right exit code."""

import shutil
from pathlib import Path

import pytest

from engine.weights import checkpoint
from engine.weights.__main__ import Usual, main


def test_verify_of_a_whole_checkpoint_succeeds(
    small_checkpoint: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify", str(small_checkpoint)]) == 0
    assert "All files are those of random" in capsys.readouterr().out


def test_verify_names_what_is_missing_and_fails(
    small_checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = shutil.copytree(small_checkpoint, tmp_path / "copy")
    (copy / checkpoint.TOKENIZER).unlink()
    assert main(["verify", str(copy)]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.strip() == f"{copy / checkpoint.TOKENIZER} is missing."


def test_random_writes_weights_and_says_what_they_are_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["random", str(tmp_path / "new"), "--seed", "1", "--small"]) == 0
    assert "says nothing of how Chatterbox sounds" in capsys.readouterr().out
    checkpoint.check(tmp_path / "new")


def test_a_folder_that_cannot_be_made_is_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    assert main(["random", str(tmp_path / "file" / "new"), "--seed", "1", "--small"]) == 1
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


@pytest.mark.parametrize("arguments", [[], ["random", "x"], ["random", "x", "--seed", "one"]])
def test_wrong_usage_exits_with_two(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ending:
        main(arguments)
    assert ending.value.code == 2


def test_without_a_folder_the_usual_one_is_looked_at(
    small_checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify"], Usual(tmp_path, folder=small_checkpoint)) == 0
    assert main(["verify"], Usual(tmp_path, revision="0" * 40)) == 1
    assert str(tmp_path / ("0" * 40)) in capsys.readouterr().err
