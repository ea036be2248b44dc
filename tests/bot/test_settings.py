"""Settings: every one documented, every mistake one clear line."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bot import settings as settings_module
from bot.clips.limits import ClipLimits
from bot.settings import Settings, SettingsError, variable_name

ROOT = Path(__file__).parents[2]
DOCUMENTED = dict(
    re.findall(r"^#?([A-Z_]+)=(.*)$", (ROOT / ".env.example").read_text("utf-8"), re.MULTILINE)
)


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in DOCUMENTED:
        monkeypatch.delenv(name, raising=False)


def test_every_setting_is_documented_and_nothing_else_is() -> None:
    assert set(DOCUMENTED) == {variable_name(field) for field in Settings.model_fields}


@pytest.mark.parametrize("field", sorted(Settings.model_fields))
def test_the_documented_default_is_the_default(field: str) -> None:
    example = DOCUMENTED[variable_name(field)]
    default = Settings.model_fields[field].default
    if field in {"discord_resolve", "discord_ca"} or not example:
        assert default is None
    else:
        assert str(default) in {example, f"{example}.0"}


def paragraph_of(variable: str) -> str:
    """The paragraph of .env.example that a variable stands in, as one line of prose."""
    paragraphs = (ROOT / ".env.example").read_text("utf-8").split("\n\n")
    pattern = re.compile(rf"^#?{variable}=", re.MULTILINE)
    (found,) = [paragraph for paragraph in paragraphs if pattern.search(paragraph)]
    return " ".join(line.removeprefix("# ") for line in found.splitlines())


@pytest.mark.parametrize("field", sorted(Settings.model_fields))
def test_the_documented_range_is_the_range(field: str) -> None:
    limits = {
        name: getattr(limit, name)
        for limit in Settings.model_fields[field].metadata
        for name in ("ge", "gt", "le")
        if hasattr(limit, name)
    }
    if not limits:
        assert Settings.model_fields[field].annotation not in {int, float}
        return
    least = f"{limits['ge']}" if "ge" in limits else f"above {limits['gt']}"
    assert f"{least} to {limits['le']}" in paragraph_of(variable_name(field))


@pytest.mark.parametrize(
    ("name", "value", "mentions"),
    [
        ("TIMBRE_ENGINE", "fastest", "TIMBRE_ENGINE"),
        ("TIMBRE_QUEUE_MAX_JOBS", "many", "TIMBRE_QUEUE_MAX_JOBS"),
        ("TIMBRE_QUEUE_MAX_JOBS", "0", "TIMBRE_QUEUE_MAX_JOBS"),
        ("TIMBRE_LOUDNESS_LUFS", "3", "TIMBRE_LOUDNESS_LUFS"),
        ("CHATTERBOX_PYTHON", "no/such/python", "CHATTERBOX_PYTHON"),
        ("TIMBRE_WEIGHTS", "no/such/folder", "TIMBRE_WEIGHTS"),
        ("TIMBRE_DISCORD_RESOLVE", "10.0.0.1:443", "loopback"),
        ("TIMBRE_DISCORD_RESOLVE", "discord.com:443", "loopback"),
        ("TIMBRE_DISCORD_RESOLVE", "127.0.0.1", "loopback"),
        ("TIMBRE_DISCORD_RESOLVE", "127.0.0.1:99999", "loopback"),
        ("TIMBRE_DISCORD_RESOLVE", "127.0.0.1:443", "go together"),
        ("TIMBRE_FIRST_CHUNK_CHARS", "900", "TIMBRE_FIRST_CHUNK_CHARS"),
    ],
)
def test_a_wrong_value_is_one_line_that_names_the_setting(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, mentions: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as caught:
        settings_module.load()
    assert mentions in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_misspelt_setting_is_named_with_the_one_that_is_meant(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TIMBRE_OPUS_KPBS", "96")
    with pytest.raises(SettingsError, match=r"TIMBRE_OPUS_KPBS is no .* is TIMBRE_OPUS_KBPS meant"):
        settings_module.load()


def test_a_misspelt_setting_in_the_file_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(Settings.model_config, "env_file", ".env")
    Path(".env").write_text("timbre_colour=blue\n", "utf-8")
    with pytest.raises(SettingsError, match=r"TIMBRE_COLOUR is no setting$"):
        settings_module.load()


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("DISCORD_TOKENN=abc", "DISCORD_TOKENN is no setting; is DISCORD_TOKEN meant?"),
        ("CHATTERBOX_PYTON=python3", "is CHATTERBOX_PYTHON meant?"),
        ("\nDISCORD_TOKEN='abc", "line 2: not NAME=value"),
        ("DISCORD_TOKEN=a\x07b", "DISCORD_TOKEN holds a character"),
        ("DISCORD_TOKEN=a b", "DISCORD_TOKEN holds a character"),
        ("DISCORD_TOKEN=\N{LATIN SMALL LETTER O WITH DIAERESIS}", "holds a character"),
    ],
)
def test_a_wrong_line_in_the_file_is_one_line(tmp_path: Path, line: str, says: str) -> None:
    (tmp_path / ".env").write_text(line + "\n", "utf-8")
    ended = run_there(tmp_path)
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
    assert says in ended.stderr


def _folder(path: Path) -> None:
    path.mkdir()


def _loop(path: Path) -> None:
    path.symlink_to(path)


def _not_ours(path: Path) -> None:
    path.write_text("DISCORD_TOKEN=abc")
    path.chmod(0)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes, and asks for rights")
@pytest.mark.parametrize("make", [_folder, _loop, _not_ours])
def test_a_file_that_cannot_be_read_is_one_line(
    tmp_path: Path, make: Callable[[Path], None]
) -> None:
    if make is _not_ours and os.geteuid() == 0:
        pytest.skip("root reads everything")
    make(tmp_path / ".env")
    ended = run_there(tmp_path)
    assert ended.returncode == 2
    assert ended.stderr.startswith("timbre: .env cannot be read (")
    assert ended.stderr.count("\n") == 1


def test_a_settings_file_that_is_named_has_to_be_there(tmp_path: Path) -> None:
    ended = run_there(tmp_path, TIMBRE_ENV_FILE="no-such.env")
    assert (ended.returncode, ended.stderr) == (2, "timbre: TIMBRE_ENV_FILE: no file no-such.env\n")


def test_other_programs_variables_are_theirs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCORD_WEBHOOK", "https://example.org")
    settings_module.load()


def test_the_token_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", "very-secret")
    settings = settings_module.load()
    assert settings.require_token() == "very-secret"
    assert "very-secret" not in f"{settings} {settings!r} {settings.model_dump_json()}"


@pytest.mark.parametrize("command", [["run"], ["say", "hello", "--out", "x.ogg"], ["doctor"]])
def test_the_command_line_ends_with_2_and_no_traceback(command: list[str], tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("TIMBRE_ENGINE=fastest\n")
    ended = subprocess.run(
        [sys.executable, "-m", "bot", *command],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PATH": "", "SYSTEMROOT": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 2
    assert ended.stderr.startswith("timbre: TIMBRE_ENGINE: ")
    assert ended.stderr.count("\n") == 1


def run_there(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Start the bot in a folder, with nothing but that folder's settings."""
    return subprocess.run(
        [sys.executable, "-m", "bot", "run"],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT), "PATH": "", "SYSTEMROOT": "", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_running_without_a_token_says_what_to_do(tmp_path: Path) -> None:
    ended = run_there(tmp_path)
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
    assert "DISCORD_TOKEN" in ended.stderr


def test_settings_are_relative_to_timbres_folder_and_the_command_line_to_the_callers(
    tmp_path: Path,
) -> None:
    """As `timbre.py` starts the bot: `.env` and what is kept lie beside it."""
    folder, caller = tmp_path / "a folder", tmp_path / "caller"
    folder.mkdir()
    caller.mkdir()
    (folder / ".env").write_text("TIMBRE_HOME=kept\nTIMBRE_ENGINE=stock\n")
    made = subprocess.run(
        [sys.executable, "-P", "-m", "bot", "say", "Hello.", "--out", "x.ogg"],
        cwd=caller,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TIMBRE_FOLDER": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    assert [path.name for path in caller.iterdir()] == ["x.ogg"]
    assert (folder / "kept" / "timbre.db").is_file()


def test_the_limits_of_a_clip_are_those_that_were_tested() -> None:
    """What a clip is judged by in use are the defaults that the judge's own tests use."""
    assert Settings().clip_limits() == ClipLimits()
