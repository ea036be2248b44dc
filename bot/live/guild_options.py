"""What a server can choose: each option declared once, for its panel, its checks and its words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, StrEnum, auto

from bot.base.errors import UserError
from bot.catalogue import Listing, Said, Sentence
from bot.speech.languages import LANGUAGES, name_of
from bot.voices.proving import Demand
from data.rows import GuildSettings

OptionValue = bool | int | str | None

#: What buttons of switches send.
YES, NO = "yes", "no"
NOTHING = Sentence("nothing")
#: As values are shown.
SHOWN = {True: Sentence("yes"), False: Sentence("no")}
DEMANDS = {
    Demand.OFF: Sentence("anybody's, without a sentence"),
    Demand.ALWAYS: Sentence("one's own, or another's with permission"),
    Demand.OWN: Sentence("one's own alone"),
}


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


PAGES = {
    Page.READING: Sentence("Reading"),
    Page.MEMBERS: Sentence("Members"),
    Page.VOICES: Sentence("Voices"),
    Page.LANGUAGES: Sentence("Languages"),
    Page.CHANNELS: Sentence("Channels"),
}


@dataclass(frozen=True, slots=True)
class Option:
    """One column of `GuildSettings`. `least` and `most` are for numbers."""

    field: str
    title: Sentence
    sentence: Sentence
    kind: Kind
    page: Page
    least: int = 0
    most: int = 0

    @property
    def is_number(self) -> bool:
        return self.kind in (Kind.NUMBER, Kind.NUMBER_OR_USUAL)

    @property
    def hint(self) -> Sentence:
        """What a number may be."""
        range_ = {"least": self.least, "most": self.most}
        if self.kind is Kind.NUMBER_OR_USUAL:
            # At most 50 characters.
            return Sentence("{least} to {most}, or nothing for the usual", **range_)
        return Sentence("{least} to {most}", **range_)

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
            raise UserError("{title} has to be {hint}.", title=self.title, hint=self.hint)
        raise UserError(
            "{title}: I do not know this choice. Please pick one from the menu.", title=self.title
        )

    def shown(self, settings: GuildSettings, names: Mapping[int, str]) -> Said | str:
        """The present value in words.

        `names` are of roles, channels and voices by id: Discord's ids are far larger than a
        voice's.
        """
        value = getattr(settings, self.field)
        if value is None:
            return NOTHING
        match self.kind:
            case Kind.SWITCH:
                return SHOWN[bool(value)]
            case Kind.LANGUAGE | Kind.LANGUAGES:
                return Listing(map(name_of, value.split()))
            case Kind.ROLE | Kind.CHANNEL | Kind.VOICE:
                return names.get(value) or Sentence("one that is gone ({id})", id=str(value))
            case Kind.DEMAND:
                return DEMANDS[Demand(value)]
        return str(value)


OPTIONS = (
    Option(
        "read_names",
        Sentence("Names"),
        Sentence("Say who speaks before what they wrote."),
        Kind.SWITCH,
        Page.READING,
    ),
    Option(
        "name_pause_s",
        Sentence("Pause before a name"),
        Sentence("Say the name of the same member again after this many quiet seconds."),
        Kind.NUMBER,
        Page.READING,
        5,
        3600,
    ),
    Option(
        "announce_moves",
        Sentence("Announcements"),
        Sentence("Say who joins and who leaves."),
        Kind.SWITCH,
        Page.READING,
    ),
    Option(
        "read_bots",
        Sentence("Bots"),
        Sentence("Read what other bots and webhooks write."),
        Kind.SWITCH,
        Page.READING,
    ),
    Option(
        "only_in_channel",
        Sentence("Only members in the channel"),
        Sentence("Read only members who sit in my voice channel."),
        Kind.SWITCH,
        Page.READING,
    ),
    Option(
        "required_role_id",
        Sentence("Required role"),
        Sentence("Read only members with this role."),
        Kind.ROLE,
        Page.MEMBERS,
    ),
    Option(
        "max_message_chars",
        Sentence("Longest message"),
        Sentence("Read this many characters of a message, and leave out the rest."),
        Kind.NUMBER,
        Page.READING,
        20,
        2000,
    ),
    Option(
        "default_voice_id",
        Sentence("Default voice"),
        Sentence("The voice of members without one. Its owner has to share it with this server."),
        Kind.VOICE,
        Page.VOICES,
    ),
    Option(
        "stock_voice",
        Sentence("Stock voice"),
        Sentence(
            "The voice where there is no default voice. With nothing, each member has their own."
        ),
        Kind.STOCK_VOICE,
        Page.VOICES,
    ),
    Option(
        "language",
        Sentence("Language"),
        Sentence("The language of my own words, and of lines that show no other."),
        Kind.LANGUAGE,
        Page.LANGUAGES,
    ),
    Option(
        "languages",
        Sentence("Languages"),
        Sentence("The only languages that I read here. With nothing, I read all that I can."),
        Kind.LANGUAGES,
        Page.LANGUAGES,
    ),
    Option(
        "volume_percent",
        Sentence("Volume"),
        Sentence("How loud I am in voice channels, in percent of the usual."),
        Kind.NUMBER,
        Page.CHANNELS,
        10,
        200,
    ),
    Option(
        "alone_leave_s",
        Sentence("Leave when alone"),
        Sentence("Leave a voice channel after this many seconds alone in it; 0 means never."),
        Kind.NUMBER_OR_USUAL,
        Page.CHANNELS,
        0,
        86_400,
    ),
    Option(
        "idle_leave_s",
        Sentence("Leave when idle"),
        Sentence("Leave a voice channel after this many seconds without a word; 0 means never."),
        Kind.NUMBER_OR_USUAL,
        Page.CHANNELS,
        0,
        86_400,
    ),
    Option(
        "voice_statement",
        Sentence("Spoken statement"),
        Sentence(
            "Whose voices are registered, and who says a sentence. Only a stricter choice counts."
        ),
        Kind.DEMAND,
        Page.VOICES,
    ),
    Option(
        "log_channel_id",
        Sentence("Log channel"),
        Sentence("Where I tell moderators what was reported and decided."),
        Kind.CHANNEL,
        Page.CHANNELS,
    ),
)
