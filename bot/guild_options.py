"""What a server can choose: each option declared once, for its panel, its checks and its words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bot.errors import UserError
from data.rows import GuildSettings

Value = bool | int | str | None

_YES = frozenset({"yes", "y", "on", "true", "1"})
_NO = frozenset({"no", "n", "off", "false", "0"})


class Kind(StrEnum):
    """How a value is typed."""

    YES_NO = "yes or no"
    NUMBER = "a number"
    ROLE = "the name of a role, or nothing"
    STOCK_VOICE = "the name of a stock voice, or nothing"


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
        """What to type."""
        if self.kind is Kind.NUMBER:
            return f"{self.least} to {self.most}"
        return str(self.kind)

    def parse(self, typed: str, roles: Mapping[str, int], stock_voices: Sequence[str]) -> Value:
        """The value that somebody typed. Raises `UserError` with what would be right."""
        typed = typed.strip()
        match self.kind:
            case Kind.YES_NO if typed.lower() in _YES | _NO:
                return typed.lower() in _YES
            case Kind.NUMBER if (
                # Not isdigit: "²" is a digit that int refuses.
                typed.isdecimal() and len(typed) < 10 and self.least <= int(typed) <= self.most
            ):
                return int(typed)
            case Kind.ROLE if not typed or typed in roles:
                return roles[typed] if typed else None
            case Kind.STOCK_VOICE if not typed or typed in stock_voices:
                return typed or None
        raise UserError(f"{self.title} has to be {self.hint}.")

    def shown(self, settings: GuildSettings, role_names: Mapping[int, str]) -> str:
        """The present value, as one would type it; "" for nothing."""
        value = getattr(settings, self.field)
        if value is None:
            return ""
        if self.kind is Kind.YES_NO:
            return "yes" if value else "no"
        return role_names.get(value, str(value)) if self.kind is Kind.ROLE else str(value)


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
        "stock_voice",
        "Stock voice",
        "The voice of members without one; with nothing here, each has one that stays theirs.",
        Kind.STOCK_VOICE,
    ),
)
