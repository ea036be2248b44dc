"""Every limit and choice of Timbre, read from the environment and `.env`.

One class, so that a setting is declared once: name, type, range, default and, in `.env.example`,
its sentence. Nothing else in Timbre reads the environment.
"""

import difflib
import io
import ipaddress
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal, Self

from dotenv.parser import parse_stream
from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from bot.clips.limits import ClipLimits
from bot.text.limits import PronunciationLimits
from engine.messages import EngineConfig

#: Where `.env` is, and what relative paths in settings are relative to. `timbre.py` names its own
#: folder, wherever the caller stands.
FOLDER = Path(os.environ.get("TIMBRE_FOLDER", ""))
_ENV_FILE = os.environ.get("TIMBRE_ENV_FILE", ".env")


class SettingsError(Exception):
    """A setting is wrong; `str(error)` is one line naming it, without its value if it is secret."""


class Settings(BaseSettings):
    """The settings. Units are in the names; defaults suit a machine with one GPU or none."""

    model_config = SettingsConfigDict(
        env_prefix="TIMBRE_",
        # Tests set it to nothing: what they see must not depend on whose machine it is.
        env_file=(FOLDER / _ENV_FILE) if _ENV_FILE else None,
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        populate_by_name=True,
    )

    # Discord
    discord_token: SecretStr | None = Field(default=None, validation_alias="DISCORD_TOKEN")
    message_content: bool = True
    discord_resolve: str | None = None
    discord_ca: Path | None = None

    # Where things are kept
    home: Path = Path("var")
    speech_cache_max_mib: Annotated[int, Field(ge=1, le=1_000_000)] = 1024

    # The engine
    engine: Literal["auto", "chatterbox", "stock"] = "auto"
    chatterbox_python: Path | None = Field(default=None, validation_alias="CHATTERBOX_PYTHON")
    weights: Path | None = None
    weights_home: Path | None = None
    weights_revision: str | None = None
    device: Literal["auto", "cuda", "cpu"] = "auto"
    precision: Literal["auto", "bf16", "fp16", "fp32"] = "auto"
    engine_threads: Annotated[int, Field(ge=0, le=1024)] = 0
    max_streams: Annotated[int, Field(ge=1, le=128)] = 32
    conditionals_in_memory: Annotated[int, Field(ge=1, le=100_000)] = 256

    # The queue between the two processes
    queue_max_jobs: Annotated[int, Field(ge=1, le=100_000)] = 256
    request_deadline_s: Annotated[float, Field(gt=0, le=3600)] = 60.0
    # Heartbeats come once a second.
    heartbeat_timeout_s: Annotated[float, Field(ge=3, le=3600)] = 15.0
    step_timeout_s: Annotated[float, Field(ge=1, le=3600)] = 120.0

    # Text
    max_text_chars: Annotated[int, Field(ge=1, le=4000)] = 2000
    max_spoken_chars: Annotated[int, Field(ge=1, le=20_000)] = 1500
    max_chunk_chars: Annotated[int, Field(ge=40, le=1000)] = 280
    first_chunk_chars: Annotated[int, Field(ge=10, le=1000)] = 60
    synthesis_time_ratio: Annotated[float, Field(ge=0.01, le=1)] = 0.7
    look_ahead_chunks: Annotated[int, Field(ge=1, le=16)] = 2

    # Pronunciations, of one server or one member
    pronunciations_max_entries: Annotated[int, Field(ge=0, le=100_000)] = 1000
    pronunciation_max_word_chars: Annotated[int, Field(ge=1, le=100)] = 60
    pronunciation_max_spoken_chars: Annotated[int, Field(ge=1, le=400)] = 200
    pronunciations_max_file_kib: Annotated[int, Field(ge=1, le=10_240)] = 1024

    # Sound
    loudness_lufs: Annotated[float, Field(ge=-40, le=-10)] = -18.0
    true_peak_max_dbtp: Annotated[float, Field(ge=-20, le=0)] = -1.5
    opus_kbps: Annotated[int, Field(ge=16, le=256)] = 64

    # Registering a voice
    clip_max_mib: Annotated[float, Field(gt=0, le=500)] = 10.0
    clip_min_voiced_s: Annotated[float, Field(ge=1, le=60)] = 5.0
    clip_max_voiced_s: Annotated[float, Field(ge=1, le=60)] = 30.0
    clip_max_decoded_s: Annotated[float, Field(ge=1, le=7200)] = 300.0
    clip_decode_cpu_s: Annotated[int, Field(ge=1, le=600)] = 20
    clip_decode_wall_s: Annotated[float, Field(ge=1, le=600)] = 30.0
    clip_decode_memory_mib: Annotated[int, Field(ge=128, le=16_384)] = 512
    clip_min_snr_db: Annotated[float, Field(ge=0, le=60)] = 12.0
    clip_max_clipped_share: Annotated[float, Field(ge=0, le=1)] = 0.01
    clip_min_loudness_lufs: Annotated[float, Field(ge=-70, le=0)] = -50.0
    clip_min_same_speaker_similarity: Annotated[float, Field(ge=0, le=1)] = 0.8
    clip_checks_at_once: Annotated[int, Field(ge=1, le=64)] = 2

    # Voices
    max_voices_per_user: Annotated[int, Field(ge=1, le=1000)] = 5
    max_voices_per_guild: Annotated[int, Field(ge=1, le=1_000_000)] = 500
    registration_cooldown_s: Annotated[float, Field(ge=0, le=86_400)] = 10.0
    report_cooldown_s: Annotated[float, Field(ge=0, le=86_400)] = 30.0
    guild_grace_days: Annotated[float, Field(ge=0, le=3650)] = 7.0

    # The voice connection
    voice_connect_timeout_s: Annotated[float, Field(gt=0, le=60)] = 10.0
    voice_encryption_timeout_s: Annotated[float, Field(gt=0, le=30)] = 2.0
    voice_lead_in_ms: Annotated[int, Field(ge=0, le=1000)] = 40
    voice_first_lead_in_ms: Annotated[int, Field(ge=0, le=1000)] = 200
    voice_queue_max_utterances: Annotated[int, Field(ge=1, le=1000)] = 50
    voice_queue_max_wait_s: Annotated[float, Field(gt=0, le=3600)] = 180.0
    voice_alone_leave_s: Annotated[float, Field(ge=0, le=86_400)] = 120.0
    voice_idle_leave_s: Annotated[float, Field(ge=0, le=86_400)] = 1800.0
    voice_keep_alive_s: Annotated[float, Field(ge=1, le=50)] = 15.0

    # Logs
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["console", "json"] = "console"

    @field_validator(
        "home", "weights", "weights_home", "chatterbox_python", "discord_ca", mode="after"
    )
    @classmethod
    def _absolute(cls, path: Path | None) -> Path | None:
        # `absolute`, not `resolve`: a virtual environment's python is a symbolic link, and to
        # follow it would leave the environment.
        try:
            return (FOLDER / path.expanduser()).absolute() if path else None
        except RuntimeError as error:  # ~somebody who is not there
            raise ValueError(str(error)) from None

    @field_validator("chatterbox_python", "discord_ca", mode="after")
    @classmethod
    def _a_file(cls, path: Path | None) -> Path | None:
        if path is not None and not path.is_file():
            raise ValueError(f"no file {path}")
        return path

    @field_validator("weights", mode="after")
    @classmethod
    def _a_folder(cls, path: Path | None) -> Path | None:
        if path is not None and not path.is_dir():
            raise ValueError(f"no folder {path}")
        return path

    @field_validator("discord_resolve", mode="after")
    @classmethod
    def _on_loopback(cls, value: str | None) -> str | None:
        if value is None:
            return None
        host, _, port = value.rpartition(":")
        try:
            loopback = ipaddress.ip_address(host.strip("[]")).is_loopback
        except ValueError:
            loopback = False
        if not loopback or not port.isdecimal() or not 0 < int(port) < 65536:
            raise ValueError("must be a loopback address and a port, such as 127.0.0.1:8443")
        return value

    @model_validator(mode="after")
    def _together(self) -> Self:
        if (self.discord_resolve is None) != (self.discord_ca is None):
            raise ValueError("TIMBRE_DISCORD_RESOLVE and TIMBRE_DISCORD_CA go together")
        if self.first_chunk_chars > self.max_chunk_chars:
            raise ValueError("TIMBRE_FIRST_CHUNK_CHARS must not exceed TIMBRE_MAX_CHUNK_CHARS")
        if self.clip_min_voiced_s > self.clip_max_voiced_s:
            raise ValueError("TIMBRE_CLIP_MIN_VOICED_S must not exceed TIMBRE_CLIP_MAX_VOICED_S")
        return self

    def weights_folder(self) -> Path:
        """Where weights from the model hub are kept."""
        return self.weights_home or self.home / "weights"

    def engine_config(self) -> EngineConfig:
        """What the worker needs to know of these settings."""
        return EngineConfig(
            engine=self.engine,
            home=str(self.home),
            weights=str(self.weights) if self.weights else None,
            weights_home=str(self.weights_folder()),
            revision=self.weights_revision,
            device=self.device,
            precision=self.precision,
            threads=self.engine_threads,
            conditionals_in_memory=self.conditionals_in_memory,
            max_streams=self.max_streams,
        )

    def pronunciation_limits(self) -> PronunciationLimits:
        """How much may be kept of how words are said."""
        return PronunciationLimits(
            max_entries=self.pronunciations_max_entries,
            max_word_chars=self.pronunciation_max_word_chars,
            max_spoken_chars=self.pronunciation_max_spoken_chars,
            max_file_bytes=self.pronunciations_max_file_kib * 1024,
        )

    def clip_limits(self) -> ClipLimits:
        """What a clip may cost and how it has to sound."""
        return ClipLimits(
            max_upload_mib=self.clip_max_mib,
            decode_cpu_s=self.clip_decode_cpu_s,
            decode_wall_s=self.clip_decode_wall_s,
            decode_memory_mib=self.clip_decode_memory_mib,
            max_decoded_s=self.clip_max_decoded_s,
            min_voiced_s=self.clip_min_voiced_s,
            max_voiced_s=self.clip_max_voiced_s,
            min_snr_db=self.clip_min_snr_db,
            max_clipped_share=self.clip_max_clipped_share,
            min_loudness_lufs=self.clip_min_loudness_lufs,
            min_same_speaker_similarity=self.clip_min_same_speaker_similarity,
        )

    def require_token(self) -> str:
        """The bot's token. Raises `SettingsError` when none is set."""
        token = self.discord_token.get_secret_value().strip() if self.discord_token else ""
        if not token:
            raise SettingsError(
                "DISCORD_TOKEN is not set: put your bot's token into .env "
                "(the README says how to get one)"
            )
        if not all("!" <= character <= "~" for character in token):
            raise SettingsError("DISCORD_TOKEN holds a character that no token has; copy it again")
        return token


def variable_name(field: str) -> str:
    """The environment variable of a field of `Settings`."""
    alias = Settings.model_fields[field].validation_alias
    return alias if isinstance(alias, str) else f"TIMBRE_{field.upper()}"


def _unknown(given: Iterable[str], prefixes: tuple[str, ...]) -> str | None:
    """A sentence about the first variable that looks like a setting and is none."""
    known = [variable_name(field) for field in Settings.model_fields]
    for name in sorted(given):
        if name.startswith(prefixes) and name not in (*known, "TIMBRE_ENV_FILE", "TIMBRE_FOLDER"):
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.8)
            return f"{name} is no setting" + (f"; is {near[0]} meant?" if near else "")
    return None


def _names_in(file: Path) -> set[str]:
    """The variables that `file` sets. Raises `SettingsError` unless every line can be used."""
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        if "TIMBRE_ENV_FILE" in os.environ:
            raise SettingsError(f"TIMBRE_ENV_FILE: no file {file}") from None
        return set()
    except UnicodeDecodeError:
        raise SettingsError(f"{file} is not UTF-8 text") from None
    except OSError as error:
        raise SettingsError(f"{file} cannot be read ({error.strerror})") from None
    names = set()
    for binding in parse_stream(io.StringIO(text)):
        if binding.error:
            lead, _, _ = binding.original.string.partition(binding.original.string.strip())
            line = binding.original.line + lead.count("\n")
            raise SettingsError(f"{file}, line {line}: not NAME=value; is a quote left open?")
        if binding.key:
            names.add(binding.key.upper())
    return names


def load() -> Settings:
    """The settings of this process. Raises `SettingsError` for the first wrong one."""
    try:
        file = Settings.model_config.get("env_file")
        in_file = _names_in(Path(file)) if isinstance(file, str | Path) else set()
        # Other programs' variables may begin with DISCORD_ too, but not in our own file. Upper
        # case, as on Windows: pydantic takes either.
        complaint = _unknown(in_file, ("TIMBRE_", "DISCORD_", "CHATTERBOX_")) or _unknown(
            (name.upper() for name in os.environ), ("TIMBRE_",)
        )
        if complaint:
            raise SettingsError(complaint)
        return Settings()
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        field = str(first["loc"][0]) if first["loc"] else ""
        name = variable_name(field) if field in Settings.model_fields else field
        message = first["msg"].removeprefix("Value error, ")
        sentence = f"{name}: {message}" if name else message
        raise SettingsError(sentence[0].upper() + sentence[1:]) from None
