"""Settings: every one documented, every mistake one clear line."""

import re
import subprocess
import sys
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


def test_running_without_a_token_says_what_to_do(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "bot", "run"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PATH": "", "SYSTEMROOT": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
    assert "DISCORD_TOKEN" in ended.stderr


def test_the_limits_of_a_clip_are_those_that_were_tested() -> None:
    """What a clip is judged by in use are the defaults that the judge's own tests use."""
    assert Settings().clip_limits() == ClipLimits()
