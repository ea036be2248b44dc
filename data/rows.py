"""The rows of the database as frozen types. Field names are column names.

Times are UTC in Unix seconds, paths relative to TIMBRE_HOME, digests lower-case hex.
"""

import functools
from collections.abc import Iterable, Iterator
from typing import Any, Protocol, TypeVar

import msgspec


class NewVoice(msgspec.Struct, frozen=True, kw_only=True):
    """A member's voice before it has a number. It may be used in `guild_id` alone, None: anywhere.

    `origin_guild_id` is where it was registered, `language` the clip's, if its owner said so. The
    last four say that its person spoke a statement, None: nobody had to.
    """

    owner_id: int
    guild_id: int | None
    name: str
    clip_sha256: str
    clip_path: str
    duration_s: float
    consent_version: int
    consented_at: float
    origin_guild_id: int | None = None
    language: str | None = None
    proven_at: float | None = None
    statement_version: int | None = None
    words_heard: float | None = None
    likeness: float | None = None


class VoiceRow(NewVoice, frozen=True, kw_only=True):
    """A member's voice. `disabled_at` is set where the bot's owner forbade it.

    `used_at` is when it was last spoken in, at most a day late; None where that is not known.
    `model` is the engine's model that speaks in it, None: the server's. The last four are
    `engine.speech.SpeechParameters` of these names.
    """

    voice_id: int
    created_at: float
    disabled_at: float | None = None
    used_at: float | None = None
    model: str | None = None
    exaggeration: float = 0.5
    cfg_weight: float = 0.5
    temperature: float = 0.8
    seed: int = 0


class VoicePermission(msgspec.Struct, frozen=True, kw_only=True):
    """That `user_id`, whose voice it is, allowed its owner to register a voice.

    `text_version` is of what they agreed to; the last four say that they spoke a statement.
    """

    voice_id: int
    user_id: int
    given_at: float
    text_version: int
    proven_at: float | None = None
    statement_version: int | None = None
    words_heard: float | None = None
    likeness: float | None = None


class VoiceUse(msgspec.Struct, frozen=True, kw_only=True):
    """On how many days somebody spoke in another member's voice in a server.

    `last_day` is counted from 1970 in UTC.
    """

    voice_id: int
    name: str
    owner_id: int
    user_id: int
    days: int
    last_day: int


class VoiceShare(msgspec.Struct, frozen=True, kw_only=True):
    """All members of a server may speak in a voice."""

    guild_id: int
    voice_id: int
    shared_at: float


class VoiceReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a member told a server's moderators about how another member speaks.

    A `voice_id` of None is a stock voice or one that is deleted, `handled_at` is None while the
    report is open. Who deleted their data is None in `about_id` or `by_id`; `person` is then the
    code of whom it is about.
    """

    report_id: int
    guild_id: int
    voice_id: int | None
    reason: str
    reported_at: float
    handled_at: float | None
    about_id: int | None
    by_id: int | None
    person: str | None


class CopiedClip(msgspec.Struct, frozen=True, kw_only=True):
    """That a member sent a clip which is another member's voice; not whose."""

    guild_id: int
    user_id: int
    sent_at: float


class DisabledClip(msgspec.Struct, frozen=True, kw_only=True):
    """A clip that may not be spoken in nor registered, in a server or (None) in every one.

    `clip_digest` is made from the clip's SHA-256 and is no digest of the clip itself. `voiceprint`
    has 256 float32, by which a changed copy is known.
    """

    guild_id: int | None
    clip_digest: str
    disabled_at: float
    voiceprint: bytes | None = None


class GuildSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What a server has chosen. A server that never chose anything has the defaults.

    A `_leave_s` of 0 is never; None is what the bot's settings say. `language` is what a line is
    read in that shows no other (None: English), `languages` those that may be read, with spaces
    between (None: all). `model_preference` is "quality" or "speed", None: neither. `unread_words`
    have commas between; a line says who with `{name}`.
    """

    guild_id: int
    default_voice_id: int | None = None
    read_names: bool = True
    name_pause_s: int = 60
    announce_moves: bool = False
    read_bots: bool = False
    only_in_channel: bool = True
    required_role_id: int | None = None
    max_message_chars: int = 500
    stock_voice: str | None = None
    language: str | None = None
    languages: str | None = None
    volume_percent: int = 100
    alone_leave_s: int | None = None
    idle_leave_s: int | None = None
    voice_statement: str | None = None
    log_channel_id: int | None = None
    auto_join: bool = False
    excluded_role_id: int | None = None
    read_silent: bool = False
    read_links: bool = True
    read_emoji: bool = True
    unread_prefix: str = ";"
    unread_words: str | None = None
    use_nicknames: bool = True
    own_greetings: bool = False
    arrival_line: str | None = None
    departure_line: str | None = None
    catch_up_percent: int = 140
    skip_votes: bool = False
    show_words: bool = False
    model_preference: str | None = None


class MemberSound(msgspec.Struct, frozen=True, kw_only=True):
    """How a member sounds in a server.

    At a `speed` of 2.0 they speak twice as fast as their voice does. The last two are moderators'
    choice: how loud they are beside others, and the only voice that they speak in (None: any).
    """

    speed: float
    pitch_semitones: int
    volume_percent: int
    stock_voice: str | None


class LiveBinding(msgspec.Struct, frozen=True, kw_only=True):
    """Which text channel is read into which voice channel of a server.

    `approved`: a moderator wants it read to people, too, who cannot see the text channel. One that
    `follows_authors` is read where each author sits; its voice channel is where the bot was last.
    """

    guild_id: int
    text_channel_id: int
    voice_channel_id: int
    approved: bool = False
    follows_authors: bool = False


class NewConditionals(msgspec.Struct, frozen=True, kw_only=True):
    """A clip's enrolment on disk, as made by one engine version with one model revision."""

    key: str
    voice_identity: str
    model_revision: str
    engine_version: str
    path: str
    size_bytes: int


class ConditionalsKey(NewConditionals, frozen=True, kw_only=True):
    """A clip's enrolment, with when it was made and used."""

    created_at: float
    last_used_at: float


class NewSpeech(msgspec.Struct, frozen=True, kw_only=True):
    """A rendered Ogg Opus file.

    `voice_identity` is `clip:<owner>:<sha256>` or `stock:<name>`, as engine voices name themselves.
    """

    key: str
    voice_identity: str
    path: str
    size_bytes: int
    duration_s: float


class SpeechKey(NewSpeech, frozen=True, kw_only=True):
    """A rendering, with when it was made and used."""

    created_at: float
    last_used_at: float


class SpeechOrigin(msgspec.Struct, frozen=True, kw_only=True):
    """Who had something said, in which server (None: in none), and by which message, if by one."""

    user_id: int
    guild_id: int | None
    message_id: int | None = None


class OwnName(msgspec.Struct, frozen=True):
    """What a member chose to be called in a server."""

    user_id: int
    words: str


RowT = TypeVar("RowT", bound=msgspec.Struct)


@functools.cache
def _bools(row_type: type[msgspec.Struct]) -> tuple[str, ...]:
    return tuple(field.name for field in msgspec.structs.fields(row_type) if field.type is bool)


class Record(Protocol):
    """A row as the database gives it: its values by number and by column, in order."""

    def __getitem__(self, which: Any, /) -> Any: ...

    def __iter__(self) -> Iterator[Any]: ...

    def keys(self) -> Iterable[str]: ...


def typed(row: Record, row_type: type[RowT]) -> RowT:
    """Turn the database's row into ours.

    Raises `msgspec.ValidationError` where a value's type differs: SQLite keeps any type in any
    column. A bool is 0 or 1 in the database.
    """
    values = {name: row[name] for name in row.keys()}  # noqa: SIM118 - it gives values
    for name in _bools(row_type):
        if values[name] in (0, 1):
            values[name] = bool(values[name])
    return msgspec.convert(values, row_type)
