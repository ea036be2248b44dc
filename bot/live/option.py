"""What an option of a server is: how its value is chosen, checked and shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, StrEnum, auto

from bot.base.errors import UserError
from bot.catalogue import Listing, Said, Sentence
from bot.speech.languages import LANGUAGES, name_of
from bot.speech.models import Preference
from bot.voices.proving import Demand
from data.rows import GuildSettings

OptionValue = bool | int | str | None

#: What buttons of switches send.
YES, NO = "yes", "no"
NOTHING = Sentence("nothing")
#: As values are shown.
SHOWN = {True: Sentence("yes"), False: Sentence("no")}
DEMANDS = {
    Demand.OFF: Sentence("anybody's; nobody says a sentence"),
    Demand.ALWAYS: Sentence(
        "their own, or another's with permission; whoever's voice it is says a sentence"
    ),
    Demand.OWN: Sentence("only their own; they say a sentence"),
}
PREFERENCES = {Preference.QUALITY: Sentence("quality"), Preference.SPEED: Sentence("speed")}


class Kind(Enum):
    """How a value is chosen."""

    SWITCH = auto()
    NUMBER = auto()
    NUMBER_OR_USUAL = auto()  # nothing is the usual
    TEXT = auto()  # nothing is none, where `least` is 0
    ROLE = auto()
    CHANNEL = auto()
    LANGUAGE = auto()
    LANGUAGES = auto()
    STOCK_VOICE = auto()
    VOICE = auto()
    DEMAND = auto()
    PREFERENCE = auto()


class Page(StrEnum):
    """What options are about: a page of the panel each."""

    READING = "Reading"
    LEFT_OUT = "Left out"
    MEMBERS = "Members"
    GREETINGS = "Greetings"
    VOICES = "Voices"
    LANGUAGES = "Languages"
    CHANNELS = "Channels"


PAGES = {
    Page.READING: Sentence("Reading"),
    Page.LEFT_OUT: Sentence("Left out"),
    Page.MEMBERS: Sentence("Members"),
    Page.GREETINGS: Sentence("Greetings"),
    Page.VOICES: Sentence("Voices"),
    Page.LANGUAGES: Sentence("Languages"),
    Page.CHANNELS: Sentence("Channels"),
}


@dataclass(frozen=True, slots=True)
class Option:
    """One column of `GuildSettings`. `least` and `most` are of numbers, or of a text's length."""

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
    def is_typed(self) -> bool:
        return self.is_number or self.kind is Kind.TEXT

    @property
    def hint(self) -> Sentence:
        """What a number or a text may be."""
        range_ = {"least": self.least, "most": self.most}
        if self.kind is Kind.NUMBER_OR_USUAL:
            # At most 50 characters.
            return Sentence("{least} to {most}; empty for the default", **range_)
        if self.kind is Kind.NUMBER:
            return Sentence("{least} to {most}", **range_)
        if self.least:
            # At most 50 characters.
            return Sentence("{least} to {most} characters", **range_)
        # At most 50 characters.
        return Sentence("1 to {most} characters, or empty", most=self.most)

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
            case Kind.TEXT if self.least <= len(one) <= self.most:
                return one or None
            case Kind.ROLE | Kind.CHANNEL if not one or one.isdecimal():
                return int(one) if one else None
            case Kind.LANGUAGES if all(code in LANGUAGES for code in chosen):
                return " ".join(dict.fromkeys(chosen)) or None
            case Kind.LANGUAGE if not one or one in LANGUAGES:
                return one or None
            case Kind.DEMAND if not one or one in list(Demand):
                return one or None
            case Kind.PREFERENCE if not one or one in list(Preference):
                return one or None
            case Kind.VOICE | Kind.STOCK_VOICE:
                return one or None
        if self.is_typed:
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
                return names.get(value) or Sentence("deleted ({id})", id=str(value))
            case Kind.DEMAND:
                return DEMANDS[Demand(value)]
            case Kind.PREFERENCE:
                return PREFERENCES[Preference(value)]
        return str(value)
