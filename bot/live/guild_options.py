"""What a server can choose: each option declared once, for its panel, its checks and its words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bot.base.errors import UserError
from bot.speech.languages import language_named, name_of
from bot.voices.proving import Demand
from data.rows import GuildSettings

OptionValue = bool | int | str | None

#: As much as a field of the form takes.
_FIELD_CHARS = 100
_YES = frozenset({"yes", "y", "on", "true", "1"})
_NO = frozenset({"no", "n", "off", "false", "0"})


class Kind(StrEnum):
    """How a value is typed."""

    YES_NO = "yes or no"
    NUMBER = "a number"
    NUMBER_OR_USUAL = "a number, or nothing for the usual"
    ROLE = "the name of a role, or nothing"
    LANGUAGE = "a language, or nothing for English"
    LANGUAGES = "languages with commas, or nothing for all"
    STOCK_VOICE = "the name of a stock voice, or nothing"
    VOICE = "the name of a shared voice, or nothing"
    DEMAND = "off, always, own, or nothing for the usual"


@dataclass(frozen=True, slots=True)
class Option:
    """One column of `GuildSettings`. `least` and `most` are for numbers."""

    field: str
    title: str
    sentence: str
    kind: Kind
    least: int = 0
    most: int = 0

    @property
    def hint(self) -> str:
        if self.kind is Kind.NUMBER:
            return f"{self.least} to {self.most}"
        if self.kind is Kind.NUMBER_OR_USUAL:
            return f"{self.least} to {self.most}, or nothing for the usual"
        return str(self.kind)

    def parse(
        self, typed: str, roles: Mapping[str, int], stock_voices: Sequence[str]
    ) -> OptionValue:
        """The value that somebody typed. Raises `UserError` with what would be right.

        Of a voice it is the name: whose voice that is, and whether they may, is not decided here.
        """
        typed = typed.strip()
        match self.kind:
            case Kind.YES_NO if typed.lower() in _YES | _NO:
                return typed.lower() in _YES
            case Kind.NUMBER_OR_USUAL if not typed:
                return None
            case Kind.NUMBER | Kind.NUMBER_OR_USUAL if (
                # Not isdigit: "²" is a digit that int refuses.
                typed.isdecimal() and len(typed) < 10 and self.least <= int(typed) <= self.most
            ):
                return int(typed)
            case Kind.ROLE if not typed or typed in roles:
                return roles[typed] if typed else None
            case Kind.VOICE:
                return typed or None
            case Kind.LANGUAGE if not typed or language_named(typed):
                return language_named(typed)
            case Kind.LANGUAGES if all(map(language_named, _listed(typed))):
                codes = [code for one in _listed(typed) if (code := language_named(one))]
                return " ".join(dict.fromkeys(codes)) or None
            case Kind.DEMAND if not typed or typed.lower() in list(Demand):
                return typed.lower() or None
            case Kind.STOCK_VOICE if not typed or typed in stock_voices:
                return typed or None
        raise UserError(f"{self.title} has to be {self.hint}.")

    def shown(self, settings: GuildSettings, names: Mapping[int, str]) -> str:
        """The present value, as one would type it; "" for nothing.

        `names` are of roles and voices by id: Discord's ids are far larger than a voice's.
        """
        value = getattr(settings, self.field)
        if value is None:
            return ""
        if self.kind is Kind.YES_NO:
            return "yes" if value else "no"
        if self.kind is Kind.LANGUAGE:
            return name_of(value)
        if self.kind is Kind.LANGUAGES:
            named = ", ".join(map(name_of, value.split()))
            return named if len(named) <= _FIELD_CHARS else ", ".join(value.split())
        return names.get(value, str(value)) if self.kind in (Kind.ROLE, Kind.VOICE) else str(value)


def _listed(typed: str) -> list[str]:
    return [one for one in typed.split(",") if one.strip()]


OPTIONS = (
    Option("read_names", "Names", "Say who speaks before what they wrote.", Kind.YES_NO),
    Option(
        "name_pause_s",
        "Pause before a name",
        "Say the name of the same member again after this many quiet seconds.",
        Kind.NUMBER,
        5,
        3600,
    ),
    Option("announce_moves", "Announcements", "Say who joins and who leaves.", Kind.YES_NO),
    Option("read_bots", "Bots", "Read what other bots and webhooks write.", Kind.YES_NO),
    Option(
        "only_in_channel",
        "Only members in the channel",
        "Read only members who sit in my voice channel.",
        Kind.YES_NO,
    ),
    Option("required_role_id", "Required role", "Read only members with this role.", Kind.ROLE),
    Option(
        "max_message_chars",
        "Longest message",
        "Read this many characters of a message; what is past them is left out.",
        Kind.NUMBER,
        20,
        2000,
    ),
    Option(
        "default_voice_id",
        "Default voice",
        "The voice of members without one; it has to be shared with this server.",
        Kind.VOICE,
    ),
    Option(
        "stock_voice",
        "Stock voice",
        "Without a default voice; with nothing here, each member has one that stays theirs.",
        Kind.STOCK_VOICE,
    ),
    Option(
        "language",
        "Language",
        "What I say of myself, and what a line is read in that shows no other.",
        Kind.LANGUAGE,
    ),
    Option(
        "languages",
        "Languages",
        "I read nothing but these here, and everything as one of them.",
        Kind.LANGUAGES,
    ),
    Option(
        "volume_percent",
        "Volume",
        "How loud I am in voice channels, in percent of the usual.",
        Kind.NUMBER,
        10,
        200,
    ),
    Option(
        "alone_leave_s",
        "Leave when alone",
        "Leave a voice channel after this many seconds alone in it; 0 for never.",
        Kind.NUMBER_OR_USUAL,
        0,
        86_400,
    ),
    Option(
        "idle_leave_s",
        "Leave when idle",
        "Leave a voice channel after this many seconds without a word; 0 for never.",
        Kind.NUMBER_OR_USUAL,
        0,
        86_400,
    ),
    Option(
        "voice_statement",
        "Spoken statement",
        "Whose voices are registered, and who says a sentence. Only a stricter choice counts.",
        Kind.DEMAND,
    ),
)
