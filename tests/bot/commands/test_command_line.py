"""`say`, `cache` and `doctor` as a person uses them: real processes, real files.

What ends before it has begun is tried in this process: to import a bot takes a second of a core.

Longer than most files: all commands share one home, with a voice in its cache.
"""

import base64
import logging
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pytest
import soundfile

from bot.commands.command_line import main
from bot.speech.audio import opus
from engine.messages import EngineConfig
from engine.worker.checks import Check
from tests.end_to_end.paced_worker import paced
from tests.end_to_end.stock_worker import stock
from tests.recogniser import word_error_rate
from tests.stock import shared_weights

ROOT = Path(__file__).parents[3]
SENTENCE = "The kettle is on the stove."


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home beside which `said [aloud].ogg` was made. Shared: copy it before changing it."""
    home = tmp_path_factory.mktemp("spoken") / "home"
    ended = timbre(home, "say", SENTENCE, "--out", str(home.parent / "said [aloud].ogg"))
    assert ended.returncode == 0, ended.stderr
    assert "said [aloud].ogg: " in ended.stderr
    return home


def environment_of(home: Path) -> dict[str, str]:
    return {
        **os.environ,
        "TIMBRE_HOME": str(home),
        "TIMBRE_ENGINE": "stock",
        "TIMBRE_ENV_FILE": "",
        "COLUMNS": "200",
        **shared_weights(),
    }


def timbre(
    home: Path, *arguments: str, command: tuple[str, ...] = ("-m", "bot"), **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run `python -m bot` with the stock engine and its own home."""
    return subprocess.run(
        [sys.executable, *command, *arguments],
        cwd=ROOT,
        env={**environment_of(home), **environment},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


@pytest.fixture
def timbre_here(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str]]:
    """As `timbre`, in this process: returns the exit code and what it said."""

    def run(home: Path, *arguments: str) -> tuple[int, str]:
        for name, value in environment_of(home).items():
            monkeypatch.setenv(name, value)
        monkeypatch.chdir(ROOT)
        monkeypatch.setattr(logging.getLogger(), "handlers", [])  # the command sets its own
        code = main(arguments)
        return code, "".join(capsys.readouterr())

    return run


def word_errors(said: Path) -> float:
    if said.suffix == ".ogg":
        pcm, rate = opus.decode(said.read_bytes()), opus.SAMPLE_RATE
    else:
        pcm, rate = soundfile.read(said, dtype="float32")
    return word_error_rate(SENTENCE, pcm.mean(axis=1), rate)


def test_say_leaves_a_file_with_the_words(home: Path, tmp_path: Path) -> None:
    out = tmp_path / "out" / "said.wav"
    ended = timbre(home, "say", SENTENCE, "--out", str(out))
    assert ended.returncode == 0, ended.stderr
    assert "said" in ended.stderr
    assert word_errors(out) <= 0.2
    assert word_errors(home.parent / "said [aloud].ogg") <= 0.2


def test_what_the_command_line_leaves_out_is_said_so(tmp_path: Path) -> None:
    home, out = tmp_path / "home", tmp_path / "said.ogg"
    given = {"TIMBRE_MAX_SPOKEN_CHARS": "100", **paced(tmp_path)}
    ended = timbre(home, "say", "$1,234.56 " * 3, "--out", str(out), **given)
    assert ended.returncode == 0, ended.stderr
    assert "more than the 100 characters that I say at once" in ended.stderr
    assert "I stop after “" in ended.stderr


def test_a_text_in_another_script_is_refused_before_anything_is_loaded(
    timbre_here: Callable[..., tuple[int, str]], home: Path
) -> None:
    code, said = timbre_here(home, "say", "Привет, как дела?", "--out", str(home / "said.ogg"))
    assert code == 1
    assert said.startswith("timbre: My voices read ")
    assert said.endswith(", and most of this text is in another script.\n")
    assert said.count("\n") == 1


def test_a_voice_the_engine_cannot_clone_is_said_so(home: Path, tmp_path: Path) -> None:
    clip = tmp_path / "me.wav"
    soundfile.write(clip, np.zeros(24_000, np.float32), 24_000)
    out = tmp_path / "said.flac"
    given = "--voice", str(clip), "--out", str(out)
    ended = timbre(home, "say", SENTENCE, *given, **stock(tmp_path))
    assert ended.returncode == 0
    assert "stock voice is speaking" in ended.stderr
    assert word_errors(out) <= 0.2


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("say", "Hello.", "--out", "x.mp3"), 2, ".ogg, .wav or .flac"),
        (("say", "Hello.", "--out", "HOME/folder.ogg"), 2, "is a folder"),
        (("say", "Hello.", "--out", "HOME/file/x.ogg"), 2, "cannot be made"),
        (("say", "Hello.", "--out", "/proc/x.ogg"), 2, "cannot be written"),
        (("say", "Hello.", "--voice", "no-such.wav", "--out", "HOME/x.ogg"), 1, "cannot be read"),
        (("say", "Hello.", "--voice", "README.md", "--out", "HOME/x.ogg"), 1, "is no recording"),
        (("say", "Hello.", "--voice", "HOME/file", "--out", "HOME/x.ogg"), 1, "is no recording"),
        (("say", "Hi.", "--language", "Klingon", "--out", "HOME/x.ogg"), 2, "is none of Arabic, "),
        (("say", "Hola.", "--language", "Spanish", "--out", "HOME/x.ogg"), 1, ", and not Spanish."),
        (("say", "** **", "--out", "HOME/x.ogg"), 1, "Nothing in that can be said"),
        (("say", "a" * 3000, "--out", "HOME/x.ogg"), 1, "3,000 characters"),
        (("run", "--shards", ""), 2, "--shards: shards are given as FIRST-LAST/COUNT"),
        (("run", "--shards", "4/4"), 2, "--shards: there are no such shards: of 4 the last"),
        (("run", "--processes", "0"), 2, "--processes: has to be 1 to 64"),
        (("run", "--processes", "3", "--shards", "0-1/8"), 2, "cannot have a shard each of 0-1/8"),
    ],
)
def test_a_mistake_is_one_line(
    timbre_here: Callable[..., tuple[int, str]],
    tmp_path: Path,
    *,
    arguments: tuple[str, ...],
    code: int,
    says: str,
) -> None:
    """And nothing was begun: no database, no file."""
    (tmp_path / "folder.ogg").mkdir()
    (tmp_path / "file").write_text("")
    given = (each.replace("HOME", str(tmp_path)) for each in arguments)
    ended, said = timbre_here(tmp_path, *given)
    assert ended == code
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder.ogg"]
    (line,) = [line for line in said.splitlines() if line.startswith("timbre: ")]
    assert says in line
    assert "Traceback" not in said


def test_the_cache_is_listed_verified_and_cleared(
    timbre_here: Callable[..., tuple[int, str]], home: Path, tmp_path: Path
) -> None:
    cleared, damaged = (shutil.copytree(home, tmp_path / name) for name in ("cleared", "damaged"))
    listed = timbre(cleared, "cache", "list")
    assert "1 renderings and 0 enrolled clips" in listed.stdout
    assert "stock:" in listed.stdout
    assert timbre_here(cleared, "cache", "verify")[0] == 0
    assert "Removed 1 renderings" in timbre_here(cleared, "cache", "clear")[1]
    assert not list((cleared / "speech").rglob("*.ogg"))
    (rendering,) = (damaged / "speech").rglob("*.ogg")
    rendering.write_bytes(b"damaged")
    code, said = timbre_here(damaged, "cache", "verify")
    assert code == 1
    assert "0 sound, 1 damaged and forgotten" in said


def test_a_database_that_is_not_ours_is_one_line_and_stays_as_it_is(
    timbre_here: Callable[..., tuple[int, str]], tmp_path: Path
) -> None:
    (tmp_path / "timbre.db").write_bytes(b"somebody's notes")
    code, said = timbre_here(tmp_path, "cache", "list")
    assert code == 2
    assert said.startswith("timbre: ")
    assert said.count("\n") == 1
    assert (tmp_path / "timbre.db").read_bytes() == b"somebody's notes"


@pytest.mark.slow
def test_doctor_looks_at_everything_and_finds_this_machine_well(home: Path) -> None:
    ended = timbre(home, "doctor")
    assert ended.returncode == 0, ended.stdout
    for looked_at in ("Python", "Discord", "audio", "SQLite", "token", "database", "disk"):
        assert looked_at in ended.stdout
    for looked_at in ("torch", "GPU", "GPU kernels", "Chatterbox", "weights", "stock voice"):
        assert looked_at in ended.stdout


def test_doctor_sees_that_chatterbox_could_not_speak(tmp_path: Path) -> None:
    """It is asked for by name, and there is no GPU, no weights and no network for them."""
    asked = EngineConfig(engine="chatterbox", device="cuda", home=str(tmp_path))
    two = (
        "from engine.worker import checks; named = dict(checks.CHECKS); "
        "checks.CHECKS[:] = [(name, named[name]) for name in ('GPU', 'weights')]; checks.main()"
    )
    ended = subprocess.run(
        [sys.executable, "-c", two],
        cwd=ROOT,
        env={
            **os.environ,
            "CUDA_VISIBLE_DEVICES": "",
            "HF_HUB_OFFLINE": "1",
            "HF_HOME": str(tmp_path / "hf-home"),
        },
        input=msgspec.json.encode(asked),
        capture_output=True,
        check=True,
    )
    gpu, weights = msgspec.json.decode(ended.stdout, type=list[Check])
    assert (gpu.state, weights.state) == ("error", "error")
    assert gpu.detail.startswith("A CUDA device was asked for")
    assert "are not in" in weights.detail
    assert "`timbre.py weights fetch nano` downloads" in weights.detail


def test_doctor_names_the_interpreter_that_cannot_run_the_engine(tmp_path: Path) -> None:
    python = tmp_path / "python"
    told = tmp_path / "told"
    complaint = "it is broken: pip install 'timbre[ray]' [/]"
    python.write_text(f"#!/bin/sh\nenv > '{told}'\necho \"{complaint}\" >&2\nexit 3\n")
    python.chmod(0o755)
    token = f"{base64.b64encode(b'80351110224678912').decode()}.no.secret"
    given = {
        "CHATTERBOX_PYTHON": str(python),
        "DISCORD_TOKEN": token,
        "TIMBRE_HTTP_TOKEN": "no.secret.of.http",
        "AWS_SECRET_ACCESS_KEY": "no.secret.of.aws",
    }
    ended = timbre(tmp_path / "home", "doctor", **given)
    assert ended.returncode == 1
    for looked_at in ("Python", "Discord", "audio", "SQLite", "token", "database", "disk"):
        assert looked_at in ended.stdout
    assert re.search(
        r"https://discord\.com/oauth2/authorize\?client_id=80351110224678912&", ended.stdout
    )
    assert "Traceback" not in ended.stderr
    said = rf"error +engine's Python +{python}: {re.escape(complaint)}"
    assert re.search(said, ended.stdout)
    assert "CHATTERBOX_PYTHON=" in told.read_text()
    assert "no.secret" not in told.read_text()


def test_a_folder_in_which_somebody_keeps_files_is_no_home(
    timbre_here: Callable[..., tuple[int, str]], tmp_path: Path
) -> None:
    (tmp_path / "clips").mkdir()
    notes = tmp_path / "notes.txt"
    notes.write_text("theirs")
    tmp_path.chmod(0o2775)
    code, said = timbre_here(tmp_path, "cache", "list")
    assert code == 2
    assert said.endswith(
        f"timbre: TIMBRE_HOME cannot be used: {tmp_path} holds files that are not Timbre's "
        "(notes.txt); name an empty folder\n"
    )
    assert notes.read_text() == "theirs"
    if os.name == "posix":
        assert tmp_path.stat().st_mode & 0o7777 == 0o2775


def test_clips_whose_database_is_gone_are_not_taken_for_nobodys(
    timbre_here: Callable[..., tuple[int, str]], tmp_path: Path
) -> None:
    """The message about a damaged database advises to move it away."""
    clip = tmp_path / "clips" / f"{'c' * 32}.flac"
    clip.parent.mkdir()
    clip.write_bytes(b"a voice")
    code, said = timbre_here(tmp_path, "cache", "list")
    assert code == 2
    assert "holds members' clips, but not their database timbre.db; put it back" in said
    assert said.count("\n") == 1
    clip.parent.rename(tmp_path.parent / "kept")
    assert timbre_here(tmp_path, "cache", "list")[0] == 0


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_rendered_speech_is_its_owners_alone(home: Path) -> None:
    kept = [home, home / "timbre.db", home / "speech", *(home / "speech").rglob("*")]
    assert [path for path in kept if path.suffix == ".ogg"]
    assert {path.stat().st_mode & 0o077 for path in kept} == {0}


@pytest.mark.skipif(os.name == "nt", reason="files cannot be limited there")
def test_a_full_disk_costs_no_speech(home: Path, tmp_path: Path) -> None:
    """No file may grow past 60 kB, less than the database has: said all the same, without a row."""
    full, out = shutil.copytree(home, tmp_path / "home"), tmp_path / "said.ogg"
    limited = (
        "import resource, runpy, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000)); "
        "sys.argv[0] = 'bot'; runpy.run_module('bot', run_name='__main__', alter_sys=True)"
    )
    given = "Not yet said.", "--out", str(out)
    ended = timbre(full, "say", *given, command=("-c", limited), **paced(tmp_path))
    assert "Traceback" not in ended.stderr
    assert out.exists(), ended.stderr
    assert ended.returncode == 0, ended.stderr


@pytest.mark.skipif(os.name == "nt", reason="a POSIX signal")
def test_ctrl_c_while_the_engine_loads_is_no_traceback(tmp_path: Path) -> None:
    """At the first sign of the worker, long before it is ready."""
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", "say", SENTENCE, "--out", str(tmp_path / "x.ogg")],
        cwd=ROOT,
        env={**environment_of(tmp_path / "home"), "TIMBRE_LOG_LEVEL": "DEBUG"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    signal.signal(signal.SIGINT, handler)
    assert process.stderr is not None
    while "speech worker started" not in (line := process.stderr.readline()):
        assert line, "it ended before it loaded"
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "Traceback" not in errors
    assert "never retrieved" not in errors
    assert not (tmp_path / "x.ogg").exists()
