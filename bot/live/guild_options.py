"""What a server can choose: each option declared once, for its panel, its checks and its words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, StrEnum, auto

from bot.base.errors import UserError
from bot.speech.languages import LANGUAGES, name_of
from bot.voices.proving import Demand
from data.rows import GuildSettings

OptionValue = bool | int | str | None

YES, NO = "yes", "no"
NOTHING = "nothing"


class Kind(Enum):
    """How a value is chosen."""

    SWITCH = auto()
    NUMBER = auto()
    NUMBER_OR_USUAL = auto()  # nothing is the usual
    ROLE = auto()
    CHANNEL = auto()
    LANGUAGE = auto()
    LANGUAGES = auto()
    STOCK_VOICE = auto()
    VOICE = auto()
    DEMAND = auto()


class Page(StrEnum):
    """What options are about: a page of the panel each."""

    READING = "Reading"
    MEMBERS = "Members"
    VOICES = "Voices"
    LANGUAGES = "Languages"
    CHANNELS = "Channels"


@dataclass(frozen=True, slots=True)
class Option:
    """One column of `GuildSettings`. `least` and `most` are for numbers."""

    field: str
    title: str
    sentence: str
    kind: Kind
    page: Page
    least: int = 0
    most: int = 0

    @property
    def is_number(self) -> bool:
        return self.kind in (Kind.NUMBER, Kind.NUMBER_OR_USUAL)

    @property
    def hint(self) -> str:
        """What a number may be."""
        usual = ", or nothing for the usual" if self.kind is Kind.NUMBER_OR_USUAL else ""
        return f"{self.least} to {self.most}{usual}"

    def value(self, chosen: Sequence[str]) -> OptionValue:
        """The value that somebody typed, pressed or picked, which nothing of may be forged.

        Ids are decimal, languages are codes. Which stock voices, voices, roles and channels there
        are is not known here. Raises `UserError` with what would be right.
        """
        one = chosen[0].strip() if chosen else ""
        match self.kind:
            case Kind.SWITCH if one in (YES, NO):
                return one == YES
            case Kind.NUMBER_OR_USUAL if not one:
                return None
            case Kind.NUMBER | Kind.NUMBER_OR_USUAL if (
                # Not isdigit: "²" is a digit that int refuses.
                one.isdecimal() and len(one) < 10 and self.least <= int(one) <= self.most
            ):
                return int(one)
            case Kind.ROLE | Kind.CHANNEL if not one or one.isdecimal():
                return int(one) if one else None
            case Kind.LANGUAGES if all(code in LANGUAGES for code in chosen):
                return " ".join(dict.fromkeys(chosen)) or None
            case Kind.LANGUAGE if not one or one in LANGUAGES:
                return one or None
            case Kind.DEMAND if not one or one in list(Demand):
                return one or None
            case Kind.VOICE | Kind.STOCK_VOICE:
                return one or None
        if self.is_number:
            raise UserError(f"{self.title} has to be {self.hint}.")
        raise UserError(f"{self.title}: I do not know this choice. Please pick one from the menu.")

    def shown(self, settings: GuildSettings, names: Mapping[int, str]) -> str:
        """The present value in words.

        `names` are of roles, channels and voices by id: Discord's ids are far larger than a
        voice's.
        """
        value = getattr(settings, self.field)
        if value is None:
            return NOTHING
        match self.kind:
            case Kind.SWITCH:
                return YES if value else NO
            case Kind.LANGUAGE | Kind.LANGUAGES:
                return ", ".join(map(name_of, value.split()))
            case Kind.ROLE | Kind.CHANNEL | Kind.VOICE:
                return names.get(value, f"one that is gone ({value})")
        return str(value)


OPTIONS = (
    Option(
        "read_names", "Names", "Say who speaks before what they wrote.", Kind.SWITCH, Page.READING
    ),
    Option(
        "name_pause_s",
        "Pause before a name",
        "Say the name of the same member again after this many quiet seconds.",
        Kind.NUMBER,
        Page.READING,
        5,
        3600,
    ),
    Option(
        "announce_moves",
        "Announcements",
        "Say who joins and who leaves.",
        Kind.SWITCH,
        Page.READING,
    ),
    Option(
        "read_bots", "Bots", "Read what other bots and webhooks write.", Kind.SWITCH, Page.READING
    ),
    Option(
        "only_in_channel",
        "Only members in the channel",
        "Read only members who sit in my voice channel.",
        Kind.SWITCH,
        Page.READING,
    ),
    Option(
        "required_role_id",
        "Required role",
        "Read only members with this role.",
        Kind.ROLE,
        Page.MEMBERS,
    ),
    Option(
        "max_message_chars",
        "Longest message",
        "Read this many characters of a message, and leave out the rest.",
        Kind.NUMBER,
        Page.READING,
        20,
        2000,
    ),
    Option(
        "default_voice_id",
        "Default voice",
        "The voice of members without one. Its owner has to share it with this server.",
        Kind.VOICE,
        Page.VOICES,
    ),
    Option(
        "stock_voice",
        "Stock voice",
        "The voice where there is no default voice. With nothing, each member has their own.",
        Kind.STOCK_VOICE,
        Page.VOICES,
    ),
    Option(
        "language",
        "Language",
        "The language of my own words, and of lines that show no other.",
        Kind.LANGUAGE,
        Page.LANGUAGES,
    ),
    Option(
        "languages",
        "Languages",
        "The only languages that I read here. With nothing, I read all that I can.",
        Kind.LANGUAGES,
        Page.LANGUAGES,
    ),
    Option(
        "volume_percent",
        "Volume",
        "How loud I am in voice channels, in percent of the usual.",
        Kind.NUMBER,
        Page.CHANNELS,
        10,
        200,
    ),
    Option(
        "alone_leave_s",
        "Leave when alone",
        "Leave a voice channel after this many seconds alone in it; 0 means never.",
        Kind.NUMBER_OR_USUAL,
        Page.CHANNELS,
        0,
        86_400,
    ),
    Option(
        "idle_leave_s",
        "Leave when idle",
        "Leave a voice channel after this many seconds without a word; 0 means never.",
        Kind.NUMBER_OR_USUAL,
        Page.CHANNELS,
        0,
        86_400,
    ),
    Option(
        "voice_statement",
        "Spoken statement",
        "Whose voices are registered, and who says a sentence. Only a stricter choice counts.",
        Kind.DEMAND,
        Page.VOICES,
    ),
    Option(
        "show_words",
        "Show what is said",
        "Write what `/say` says into the voice channel's chat, for who cannot hear.",
        Kind.SWITCH,
        Page.CHANNELS,
    ),
    Option(
        "log_channel_id",
        "Log channel",
        "Where I tell moderators what was reported and decided.",
        Kind.CHANNEL,
        Page.CHANNELS,
    ),
)
