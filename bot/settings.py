"""Every limit and choice of Timbre, read from the environment and `.env`.

A setting is declared once, in the room that acts on it: a field of a small frozen class there, with
its type, range, default and the name of its variable. `Settings` puts these classes together, and
each is handed on as it is. They are msgspec's, as some of them cross to another process, which
must not wait for pydantic; pydantic reads the values here, where an operator needs its sentences.
What a setting is for stands in `.env.example`. Nothing else in Timbre reads the environment, which
is why this file is longer than 300 lines.
"""

import difflib
import io
import os
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_type_hints
from urllib.parse import parse_qs, urlsplit

from dotenv import dotenv_values
from dotenv.parser import parse_stream
from msgspec import Meta, Struct
from pydantic import BeforeValidator, Field, SecretStr, TypeAdapter, ValidationError

from bot.base.bucket import ObjectsSettings
from bot.base.loopback_address import LoopbackAddress
from bot.channel.limits import VoiceLimits
from bot.clips.limits import ClipLimits
from bot.http.limits import HttpSettings
from bot.speech.audio.codec import Codec
from bot.text.limits import PronunciationLimits, TextLimits
from bot.voices.limits import ClonedVoiceLimits, StatementLimits
from engine.host.cluster import ExecutorSettings
from engine.host.limits import QueueLimits
from engine.messages import EngineConfig

#: Where the packages of Timbre are.
SOURCE = Path(__file__).resolve().parents[1]


def _root() -> Path:
    if not any(SOURCE.glob("timbre-*.dist-info")):  # what pip leaves beside what it installs
        return SOURCE
    from platformdirs import user_data_path  # noqa: PLC0415 - an installed package alone needs it

    return user_data_path("timbre", appauthor=False)


#: Where `.env` is and relative paths begin: beside timbre.py; installed, a folder of the user's.
ROOT = _root()
#: The settings that are paths, and what there has to be.
_PATHS = {
    "TIMBRE_HOME": "",
    "TIMBRE_WEIGHTS": "folder",
    "TIMBRE_WEIGHTS_HOME": "",
    "TIMBRE_LANGUAGES": "folder",
    "TIMBRE_DISCORD_CA": "file",
    "CHATTERBOX_PYTHON": "file",
}


#: What no other process is told, and no log.
SECRETS = (
    *("DISCORD_TOKEN", "TIMBRE_HTTP_TOKEN", "TIMBRE_DATABASE"),
    *("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"),
)


def without_secrets() -> dict[str, str]:
    """What other processes are told of this one's environment."""
    return {name: value for name, value in os.environ.items() if name.upper() not in SECRETS}


class SettingsError(Exception):
    """A setting is wrong; `str(error)` is one line naming it, without its value if it is secret."""


def _web_address(text: str) -> str:
    if not re.fullmatch(r"https?://[^\s<>]+", text):
        raise ValueError("has to be an address that begins with https://")
    return text


def _postgresql(text: str) -> str:
    if not re.match(r"postgres(ql)?://\S+$", text):
        raise ValueError("has to be an address that begins with postgresql://")
    if not _is_read_as_meant(text):
        raise ValueError(
            "cannot be read; in the user's name and the password write %40 for @, %2F for /, "
            "%3F for ?, %23 for # and %25 for %"
        )
    return text


def _is_read_as_meant(address: str) -> bool:
    """Whether no part of a password is taken for a host, a port or a query.

    asyncpg would show that part in its error, or ask a name server for it.
    """
    try:
        parts = urlsplit(address)
        if parts.query:
            parse_qs(parts.query, strict_parsing=True)
    except ValueError:
        return False
    _, at, after = parts.netloc.partition("@")  # as asyncpg does
    hosts = (after if at else parts.netloc).split(",")
    found = [re.fullmatch(r"(\[[^\[\]]+\]|[^:@\[\]]*)(:[0-9]{1,5})?", host) for host in hosts]
    ports = [int((one[2] or ":1")[1:]) for one in found if one]
    in_one_part = not parts.fragment and (bool(at) or "@" not in parts.path)
    return in_one_part and len(ports) == len(hosts) and all(0 < port < 65_536 for port in ports)


class DiscordSettings(Struct, frozen=True, kw_only=True):
    """How the bot comes to Discord. `resolve` and `ca` lead to a Discord on this machine."""

    token: Annotated[SecretStr | None, "DISCORD_TOKEN"] = None
    message_content: Annotated[bool, "TIMBRE_MESSAGE_CONTENT"] = True
    welcome: Annotated[bool, "TIMBRE_WELCOME"] = True
    requests_per_s: Annotated[int, Meta(ge=1, le=10_000), "TIMBRE_DISCORD_REQUESTS_PER_S"] = 50
    resolve: Annotated[
        LoopbackAddress | None, BeforeValidator(LoopbackAddress.parse), "TIMBRE_DISCORD_RESOLVE"
    ] = None
    ca: Annotated[Path | None, "TIMBRE_DISCORD_CA"] = None

    def __post_init__(self) -> None:
        if (self.resolve is None) != (self.ca is None):
            raise ValueError("TIMBRE_DISCORD_RESOLVE and TIMBRE_DISCORD_CA go together")

    def require_token(self) -> str:
        """The bot's token. Raises `SettingsError` when none is set."""
        token = self.token.get_secret_value().strip() if self.token else ""
        if not token:
            raise SettingsError(
                "DISCORD_TOKEN is not set: put your bot's token into .env "
                "(the README says how to get one)"
            )
        if not all("!" <= character <= "~" for character in token):
            raise SettingsError("DISCORD_TOKEN holds a character that no token has; copy it again")
        return token


class LogSettings(Struct, frozen=True, kw_only=True):
    """What is logged, and in which form."""

    level: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], "TIMBRE_LOG_LEVEL"] = "INFO"
    format: Annotated[Literal["console", "json"], "TIMBRE_LOG_FORMAT"] = "console"


class Settings(Struct, frozen=True, kw_only=True):
    """The settings by subject; defaults suit a machine with one GPU or none."""

    home: Annotated[Path, "TIMBRE_HOME"]
    database: Annotated[SecretStr | None, BeforeValidator(_postgresql), "TIMBRE_DATABASE"] = None
    objects: ObjectsSettings
    speech_cache_max_mib: Annotated[
        int, Meta(ge=1, le=1_000_000), "TIMBRE_SPEECH_CACHE_MAX_MIB"
    ] = 1024
    speech_cache_max_days: Annotated[float, Meta(gt=0, le=3650), "TIMBRE_SPEECH_CACHE_MAX_DAYS"] = (
        7.0
    )
    contact: Annotated[str | None, "TIMBRE_CONTACT"] = None
    source_url: Annotated[str | None, BeforeValidator(_web_address), "TIMBRE_SOURCE_URL"] = None
    languages: Annotated[Path | None, "TIMBRE_LANGUAGES"] = None
    discord: DiscordSettings
    engine: EngineConfig
    executor: ExecutorSettings
    engine_python: Annotated[Path | None, "CHATTERBOX_PYTHON"] = None
    queue: QueueLimits
    text: TextLimits
    pronunciations: PronunciationLimits
    sound: Codec
    clip: ClipLimits
    voices: ClonedVoiceLimits
    statement: StatementLimits
    channel: VoiceLimits
    http: HttpSettings
    log: LogSettings

    def __post_init__(self) -> None:
        if self.objects.place and self.database is None:
            raise ValueError(
                "TIMBRE_OBJECTS is for several machines, which meet in a PostgreSQL: set "
                "TIMBRE_DATABASE, too"
            )


_Subject = TypeVar("_Subject", bound=Struct)


def load() -> Settings:
    """The settings of this process. Raises `SettingsError` for the first wrong one."""
    return settings_of(given())


def given() -> dict[str, str]:
    """The variables of settings that are set, in the file or, which comes first, the environment.

    Raises `SettingsError` for one that looks like a setting and is none.
    """
    in_file = _in_file()
    in_environment = {name.upper(): value for name, value in os.environ.items()}
    # Other programs' variables may begin with DISCORD_ too, but not in our own file.
    complaint = _unknown(in_file, ("TIMBRE_", "DISCORD_", "CHATTERBOX_")) or _unknown(
        in_environment, ("TIMBRE_",)
    )
    if complaint:
        raise SettingsError(complaint)
    every = {**_set(in_file), **_set(in_environment)}
    return {name: every[name] for name in variable_names() if name in every}


def settings_of(variables: Mapping[str, str]) -> Settings:
    """The settings that these variables make. Raises `SettingsError` for the first wrong one."""
    return _read(Settings, {"TIMBRE_HOME": "var", **variables})


def variable_names(subject: type[Struct] = Settings) -> Iterator[str]:
    """The variables of a class of settings and of the classes in it."""
    for hint in get_type_hints(subject, include_extras=True).values():
        if _is_subject(hint):
            yield from variable_names(hint)
        elif variable := _variable_of(hint):
            yield variable


def _read(subject: type[_Subject], variables: Mapping[str, str]) -> _Subject:
    values = {}
    for field, hint in get_type_hints(subject, include_extras=True).items():
        if _is_subject(hint):
            values[field] = _read(hint, variables)
        elif (variable := _variable_of(hint)) in variables:
            values[field] = _value_of(variable, hint, variables[variable])
    try:
        return subject(**values)
    except ValueError as error:
        raise SettingsError(str(error)) from None


def _is_subject(hint: Any) -> bool:
    return isinstance(hint, type) and issubclass(hint, Struct)


def _variable_of(hint: Any) -> str:
    """The variable that a field is annotated with, "" for a field that is no setting."""
    return next((note for note in getattr(hint, "__metadata__", ()) if isinstance(note, str)), "")


def _value_of(variable: str, hint: Any, text: str) -> object:
    if variable in _PATHS:
        text = _path(variable, text)
    for meta in hint.__metadata__:
        if isinstance(meta, Meta):
            hint = Annotated[hint, Field(ge=meta.ge, gt=meta.gt, le=meta.le)]
    try:
        return TypeAdapter[object](hint).validate_python(text)
    except ValidationError as error:
        message = error.errors(include_url=False, include_context=False)[0]["msg"]
        raise SettingsError(f"{variable}: {message.removeprefix('Value error, ')}") from None


#: What a backslash and a letter are read as between double quotes in `.env`.
_ESCAPED = {"\a": "a", "\b": "b", "\t": "t", "\n": "n", "\v": "v", "\f": "f", "\r": "r"}


def _path(variable: str, text: str) -> str:
    for character in text:
        if unicodedata.category(character) == "Cc":
            raise SettingsError(f"{variable}: {_about_control(character)}")
    # Not resolved: a virtual environment's python is a symbolic link, and to follow it would leave
    # the environment.
    try:
        path = ROOT / Path(text).expanduser()
    except RuntimeError as error:  # ~ and a user who does not exist
        raise SettingsError(f"{variable}: {error}") from None
    kind = _PATHS[variable]
    if (kind == "file" and not path.is_file()) or (kind == "folder" and not path.is_dir()):
        raise SettingsError(f"{variable}: no {kind} {path}")
    return str(path)


def _about_control(character: str) -> str:
    letter = _ESCAPED.get(character)
    if letter is None:
        return f"the path holds a control character (U+{ord(character):04X})"
    return (
        f"the path holds a control character, as which \\{letter} is read between double quotes; "
        "write it in single quotes, or with / for \\"
    )


def _set(variables: Mapping[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in variables.items() if value}


def _unknown(given: Iterable[str], prefixes: tuple[str, ...]) -> str | None:
    """A sentence about the first variable that looks like a setting and is none."""
    known = list(variable_names())
    for name in sorted(given):
        if name.startswith(prefixes) and name not in (*known, "TIMBRE_ENV_FILE"):
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.8)
            return f"{name} is no setting" + (f"; is {near[0]} meant?" if near else "")
    return None


def settings_file() -> Path | None:
    """The file that settings are read from, which need not be there; None: from none."""
    # Tests set it to nothing: what they see must not depend on whose machine it is.
    name = os.environ.get("TIMBRE_ENV_FILE", ".env")
    return ROOT / name if name else None


def exposed_token() -> str | None:
    """What is wrong with a settings file that holds a secret and that others may read."""
    file = settings_file()
    if (
        file is None
        or os.name != "posix"
        or not file.is_file()
        or not any(map(_in_file().get, SECRETS))
    ):
        return None
    if not file.stat().st_mode & 0o077:
        return None
    return (
        f"{file} holds a token or password of the bot, and others on this machine may read it: "
        f"chmod 600 {file}"
    )


def _in_file() -> dict[str, str | None]:
    """What `.env` sets. Raises `SettingsError` unless every line of it can be used."""
    file = settings_file()
    if file is None:
        return {}
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        if "TIMBRE_ENV_FILE" in os.environ:
            raise SettingsError(f"TIMBRE_ENV_FILE: no file {file}") from None
        return {}
    except UnicodeDecodeError:
        raise SettingsError(f"{file} is not UTF-8 text") from None
    except OSError as error:
        raise SettingsError(f"{file} cannot be read ({error.strerror})") from None
    for binding in parse_stream(io.StringIO(text)):
        if binding.error:
            lead, _, _ = binding.original.string.partition(binding.original.string.strip())
            line = binding.original.line + lead.count("\n")
            raise SettingsError(f"{file}, line {line}: not NAME=value; is a quote left open?")
    values = dotenv_values(stream=io.StringIO(text))
    return {name.upper(): value for name, value in values.items()}
