"""Settings: every one documented, every mistake one clear line.

Longer than most files: every rule here is of all settings.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import get_args, get_type_hints

import msgspec
import pytest

from bot.settings import (
    Settings,
    SettingsError,
    exposed_token,
    load,
    settings_of,
    variable_names,
)
from tests.end_to_end.paced_worker import paced

ROOT = Path(__file__).parents[2]
DOCUMENTED = dict(
    re.findall(r"^#?([A-Z_]+)=(.*)$", (ROOT / ".env.example").read_text("utf-8"), re.MULTILINE)
)


@dataclass(frozen=True)
class Declared:
    """A setting as its field declares it."""

    default: object
    kind: object
    ranges: tuple[msgspec.Meta, ...]


def declared(subject: type[msgspec.Struct] = Settings) -> Iterator[tuple[str, Declared]]:
    """Every setting by its variable."""
    hints = get_type_hints(subject, include_extras=True)
    for field in msgspec.structs.fields(subject):
        hint = hints[field.name]
        if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
            yield from declared(hint)
            continue
        notes = getattr(hint, "__metadata__", ())
        for variable in (note for note in notes if isinstance(note, str)):
            ranges = tuple(note for note in notes if isinstance(note, msgspec.Meta))
            yield variable, Declared(field.default, get_args(hint)[0], ranges)


DECLARED = dict(declared())


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in DOCUMENTED:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TIMBRE_ENV_FILE", "")


def test_every_setting_is_documented_and_nothing_else_is() -> None:
    assert set(DOCUMENTED) == set(DECLARED) == set(variable_names())


@pytest.mark.parametrize("variable", sorted(DECLARED.keys() - {"TIMBRE_HOME"}))
def test_the_documented_default_is_the_default(variable: str) -> None:
    example, default = DOCUMENTED[variable], DECLARED[variable].default
    if variable in {"TIMBRE_DISCORD_RESOLVE", "TIMBRE_DISCORD_CA"} or not example:
        assert default is None
    else:
        assert str(default) in {example, f"{example}.0"}


def test_the_documented_home_is_beside_the_bot() -> None:
    assert settings_of({}).home == ROOT / DOCUMENTED["TIMBRE_HOME"]


def paragraph_of(variable: str) -> str:
    """The paragraph of .env.example that a variable stands in, as one line of prose."""
    paragraphs = (ROOT / ".env.example").read_text("utf-8").split("\n\n")
    pattern = re.compile(rf"^#?{variable}=", re.MULTILINE)
    (found,) = [paragraph for paragraph in paragraphs if pattern.search(paragraph)]
    return " ".join(line.removeprefix("# ") for line in found.splitlines())


@pytest.mark.parametrize("variable", sorted(DECLARED))
def test_the_documented_range_is_the_range(variable: str) -> None:
    setting = DECLARED[variable]
    if setting.kind in {int, float}:
        (limits,) = setting.ranges
        least = f"{limits.ge}" if limits.gt is None else f"above {limits.gt}"
        assert f"{least} to {limits.le}" in paragraph_of(variable)
    else:
        assert not setting.ranges


@pytest.mark.parametrize(
    ("name", "value", "mentions"),
    [
        ("TIMBRE_ENGINE", "fastest", "TIMBRE_ENGINE"),
        ("TIMBRE_DEVICE", "cuda1", "TIMBRE_DEVICE: cuda1 is none of auto, cpu, cuda and cuda:N"),
        ("TIMBRE_DEVICE", "cuda:", "TIMBRE_DEVICE: cuda: is none of "),
        ("TIMBRE_DEVICE", "gpu", "TIMBRE_DEVICE"),
        ("TIMBRE_GPUS", "0,0", "TIMBRE_GPUS: 0,0 is neither all nor numbers of cards"),
        ("TIMBRE_GPUS", "cuda:1", "TIMBRE_GPUS: cuda:1 is neither"),
        ("TIMBRE_EXECUTOR", "ray", "TIMBRE_EXECUTOR=ray needs TIMBRE_RAY_ADDRESS"),
        ("TIMBRE_RAY_ADDRESS", "ray://head", "TIMBRE_RAY_ADDRESS has to be the address and port"),
        (
            "TIMBRE_RAY_ADDRESS",
            "http://head:1",
            "TIMBRE_RAY_ADDRESS has to be the address and port",
        ),
        ("TIMBRE_RAY_ADDRESS", "head:99999", "TIMBRE_RAY_ADDRESS has to be the address and port"),
        ("TIMBRE_RAY_ADDRESS", "head:0", "TIMBRE_RAY_ADDRESS has to be the address and port"),
        ("TIMBRE_RAY_WORKERS_MAX", "65", "TIMBRE_RAY_WORKERS_MAX"),
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
        ("TIMBRE_DISCORD_RESOLVE", "0.0.0.0:443", "loopback"),
        ("TIMBRE_DISCORD_RESOLVE", "127.0.0.1:0", "loopback"),
        ("TIMBRE_DISCORD_RESOLVE", "127.0.0.1:", "loopback"),
        ("TIMBRE_DATABASE", "mysql://bot:hidden@host/timbre", "begins with postgresql://"),
        ("TIMBRE_DATABASE", "postgresql://bot:hidden/7@host/timbre", "write %40 for @, %2F for /"),
        ("TIMBRE_DATABASE", "postgresql://bot:77/hidden@host/timbre", "TIMBRE_DATABASE: cannot be"),
        ("TIMBRE_DATABASE", "postgresql://bot:77#hidden@host/timbre", "TIMBRE_DATABASE: cannot be"),
        ("TIMBRE_DATABASE", "postgresql://bot:7?hidden@host/timbre", "TIMBRE_DATABASE: cannot be"),
        ("TIMBRE_DATABASE", "postgresql://bot:7@hidden@host/timbre", "TIMBRE_DATABASE: cannot be"),
        ("TIMBRE_DATABASE", "postgresql://bot:hidden@host:99999/a", "TIMBRE_DATABASE: cannot be"),
        ("TIMBRE_DATABASE", "postgresql://bot:hidden@[::1/a", "TIMBRE_DATABASE: cannot be"),
        ("TIMBRE_CLIP_MIN_VOICED_S", "50", "TIMBRE_CLIP_MIN_VOICED_S must not exceed"),
    ],
)
def test_a_wrong_value_is_one_line_that_names_the_setting(
    name: str, value: str, mentions: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        settings_of({name: value})
    assert mentions in str(caught.value)
    assert "hidden" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_misspelt_setting_is_named_with_the_one_that_is_meant(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TIMBRE_OPUS_KPBS", "96")
    with pytest.raises(SettingsError, match=r"TIMBRE_OPUS_KPBS is no .* is TIMBRE_OPUS_KBPS meant"):
        load()


def test_other_programs_variables_are_theirs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCORD_WEBHOOK", "https://example.org")
    load()


@pytest.fixture
def env_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Where this process's `.env` is; there is none yet."""
    path = tmp_path / ".env"
    monkeypatch.setenv("TIMBRE_ENV_FILE", str(path))
    return path


def test_the_environment_goes_before_the_file_and_what_is_empty_counts_nowhere(
    env_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    env_file.write_text(
        "timbre_opus_kbps=96\nTIMBRE_LOG_LEVEL=DEBUG\nTIMBRE_DEVICE=\nTIMBRE_HOME='a b'\n", "utf-8"
    )
    monkeypatch.setenv("TIMBRE_LOG_LEVEL", "ERROR")
    monkeypatch.setenv("TIMBRE_OPUS_KBPS", "")
    settings = load()
    assert (settings.sound.opus_kbps, settings.log.level) == (96, "ERROR")
    assert settings.engine.device == "auto"
    assert settings.home == ROOT / "a b"


@pytest.mark.parametrize("device", ["cpu", "cuda:1"])
def test_one_device_and_cards_by_number_do_not_go_together(device: str) -> None:
    with pytest.raises(SettingsError, match=r"TIMBRE_DEVICE=.* and TIMBRE_GPUS=all name different"):
        settings_of({"TIMBRE_DEVICE": device, "TIMBRE_GPUS": "all"})
    assert settings_of({"TIMBRE_DEVICE": "cuda", "TIMBRE_GPUS": "0,1"}).engine.gpus == "0,1"


@pytest.mark.parametrize("line", [r"TIMBRE_HOME='C:\timbre\new'", r"TIMBRE_HOME=C:\timbre\new"])
def test_a_path_with_backslashes_is_taken_without_double_quotes(env_file: Path, line: str) -> None:
    env_file.write_text(line + "\n", "utf-8")
    assert str(load().home).endswith(r"C:\timbre\new")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("timbre_colour=blue", "TIMBRE_COLOUR is no setting"),
        ("DISCORD_TOKENN=abc", "DISCORD_TOKENN is no setting; is DISCORD_TOKEN meant?"),
        ("CHATTERBOX_PYTON=python3", "is CHATTERBOX_PYTHON meant?"),
        (
            r'TIMBRE_HOME="C:\timbre\new"',
            r"TIMBRE_HOME: the path holds a control character, as which \t ",
        ),
        (
            r'TIMBRE_WEIGHTS="D:\new"',
            r"\n is read between double quotes; write it in single quotes",
        ),
        (
            "TIMBRE_HOME=/srv/tim\x1bbre",
            "TIMBRE_HOME: the path holds a control character (U+001B)",
        ),
        ("\nDISCORD_TOKEN='abc", "line 2: not NAME=value"),
        ("DISCORD_TOKEN=a\x07b", "DISCORD_TOKEN holds a character"),
        ("DISCORD_TOKEN=a b", "DISCORD_TOKEN holds a character"),
        ("DISCORD_TOKEN=\N{LATIN SMALL LETTER O WITH DIAERESIS}", "holds a character"),
        ("", "DISCORD_TOKEN is not set"),
    ],
)
def test_a_wrong_line_in_the_file_is_named(env_file: Path, line: str, says: str) -> None:
    env_file.write_text(line + "\n", "utf-8")
    with pytest.raises(SettingsError) as caught:
        load().discord.require_token()
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def _folder(path: Path) -> None:
    path.mkdir()


def _loop(path: Path) -> None:
    path.symlink_to(path)


def _not_ours(path: Path) -> None:
    path.write_text("DISCORD_TOKEN=abc")
    path.chmod(0)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes, and asks for rights")
@pytest.mark.parametrize("make", [_folder, _loop, _not_ours])
def test_a_file_that_cannot_be_read_is_named(env_file: Path, make: Callable[[Path], None]) -> None:
    if make is _not_ours and os.geteuid() == 0:
        pytest.skip("root reads everything")
    make(env_file)
    with pytest.raises(SettingsError, match=r"\.env cannot be read \("):
        load()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_a_token_that_others_can_read_is_said(env_file: Path) -> None:
    env_file.write_text("DISCORD_TOKEN=abc")
    env_file.chmod(0o644)
    assert exposed_token() == (
        f"{env_file} holds a token or password of the bot, and others on this machine may read it: "
        f"chmod 600 {env_file}"
    )
    env_file.chmod(0o600)
    assert exposed_token() is None
    env_file.write_text("TIMBRE_ENGINE=stock")
    env_file.chmod(0o644)
    assert exposed_token() is None


def test_a_settings_file_that_is_named_has_to_be_there(env_file: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        load()
    assert str(caught.value) == f"TIMBRE_ENV_FILE: no file {env_file}"


def test_the_token_is_never_shown() -> None:
    settings = settings_of({"DISCORD_TOKEN": "very-secret"})
    assert settings.discord.require_token() == "very-secret"
    assert "very-secret" not in f"{settings} {settings!r} {settings.discord}"


@pytest.mark.parametrize("command", [["run"], ["say", "hello", "--out", "x.ogg"], ["doctor"]])
def test_the_command_line_ends_with_2_and_no_traceback(command: list[str], tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("TIMBRE_ENGINE=fastest\n")
    ended = subprocess.run(
        [sys.executable, "-m", "bot", *command],
        cwd=ROOT,
        env={"TIMBRE_ENV_FILE": str(tmp_path / ".env"), "PATH": "", "SYSTEMROOT": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 2
    assert ended.stderr.startswith("timbre: TIMBRE_ENGINE: ")
    assert ended.stderr.count("\n") == 1


def test_settings_are_relative_to_the_bots_folder_and_the_command_line_to_the_callers(
    tmp_path: Path,
) -> None:
    folder, caller = tmp_path / "a folder", tmp_path / "caller"
    caller.mkdir()
    for package in ("bot", "data", "engine"):
        shutil.copytree(ROOT / package, folder / package)  # compiled as they are
    (folder / ".env").write_text("TIMBRE_HOME=kept\nTIMBRE_ENGINE=stock\n")
    made = subprocess.run(
        [sys.executable, "-P", "-m", "bot", "say", "Hello.", "--out", "x.ogg"],
        cwd=caller,
        env={
            **{name: value for name, value in os.environ.items() if name != "TIMBRE_ENV_FILE"},
            "PYTHONPATH": str(folder),
            **paced(tmp_path),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    assert [path.name for path in caller.iterdir()] == ["x.ogg"]
    assert (folder / "kept" / "timbre.db").is_file()


@pytest.mark.parametrize("place", ["voices", "https://voices", "s3://", "s3://Voices", "s3://a/.."])
def test_a_bucket_is_named_in_one_way(place: str) -> None:
    with pytest.raises(SettingsError, match=r"TIMBRE_OBJECTS: has to be s3://bucket"):
        settings_of({"TIMBRE_OBJECTS": place})


def test_a_bucket_wants_a_database_that_machines_share() -> None:
    with pytest.raises(SettingsError, match="TIMBRE_DATABASE, too"):
        settings_of({"TIMBRE_OBJECTS": "s3://voices/timbre"})


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://bot:p%40ss%2F%23%3F@db.example.com:5432/timbre?sslmode=verify-full",
        "postgres://bot@/timbre?host=/run/postgresql",
        "postgresql://bot:a:b@[::1]:5432,db-2/timbre",
        "postgresql://%2Frun%2Fpostgresql/timbre",
    ],
)
def test_every_way_to_name_a_postgresql_is_taken(address: str) -> None:
    database = settings_of({"TIMBRE_DATABASE": address}).database
    assert database is not None
    assert database.get_secret_value() == address


IN_A_BUCKET = {"TIMBRE_OBJECTS": "s3://voices/timbre", "TIMBRE_DATABASE": "postgresql://host/db"}


@pytest.mark.parametrize(
    ("given", "says"),
    [
        *(
            ({"AWS_ENDPOINT_URL": address}, "AWS_ENDPOINT_URL has to be an address such as https:")
            for address in (
                *("store", "127.0.0.1:9000", "http://", "http://[::1", "http://127.0.0.1:99999"),
                *(
                    "ftp://store",
                    "https://a store",
                    "https://\N{LATIN SMALL LETTER U WITH DIAERESIS}",
                ),
                *("https://user:hidden@store", "https://store/?hidden", "https://store/#hidden"),
            )
        ),
        ({"AWS_REGION": "here\n"}, "AWS_REGION holds a line break"),
        ({"AWS_SESSION_TOKEN": "hidden\n"}, "AWS_SESSION_TOKEN holds a line break"),
        ({"AWS_ACCESS_KEY_ID": "id"}, "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY go together"),
        ({"AWS_SECRET_ACCESS_KEY": "hidden"}, "AWS_SECRET_ACCESS_KEY go together"),
        ({"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "hidden\r"}, "holds a line break"),
    ],
)
def test_where_a_bucket_is_cannot_be_nonsense(given: dict[str, str], says: str) -> None:
    """But for who has no bucket: then these are other programs'."""
    with pytest.raises(SettingsError) as caught:
        settings_of(IN_A_BUCKET | given)
    assert says in str(caught.value)
    assert "hidden" not in str(caught.value)
    assert "\n" not in str(caught.value)
    settings_of(given)


@pytest.mark.parametrize("address", ["https://s3.eu-1.example.com", "http://[::1]:9000/sub/"])
def test_a_buckets_address_is_taken_as_it_is(address: str) -> None:
    assert settings_of(IN_A_BUCKET | {"AWS_ENDPOINT_URL": address}).objects.endpoint == address


def test_a_buckets_key_is_never_shown() -> None:
    settings = settings_of({"AWS_SECRET_ACCESS_KEY": "very secret", "AWS_SESSION_TOKEN": "as well"})
    assert settings.objects.secrets == ("very secret", "as well")
    assert "secret" not in repr(settings.objects).replace("SecretStr", "")
    assert "as well" not in repr(settings)
