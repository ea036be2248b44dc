"""Discord's own tags in words: members, roles, channels, commands, emoji and moments.

Names come in as plain mappings; an unknown id is said as "someone", "a role" or "a channel",
never as digits.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from bot.text.characters import clean_characters
from bot.text.expressions import lazy_pattern, sub_apart
from bot.text.wording import ENGLISH, Wording

_TAG = lazy_pattern(r"<(?:@!?(?P<user>\d{1,20})|@&(?P<role>\d{1,20})|#(?P<channel>\d{1,20}))>")
_COMMAND = lazy_pattern(r"</([^<>:\n]{1,100}):\d{1,20}>")
_PLACE = lazy_pattern(r"<id:(customize|browse|guide|home|linked-roles)(?::\d{1,20})?>")
_PLACES = {
    "customize": "channels and roles",
    "browse": "browse channels",
    "guide": "the server guide",
    "home": "the server guide",
    "linked-roles": "linked roles",
}
_CUSTOM_EMOJI = lazy_pattern(r"<a?:([A-Za-z0-9_~]{1,40}):\d{1,20}>")
_MOMENT = lazy_pattern(r"<t:(-?\d{1,15})(?::([tTdDfFRsS]))?>")
_BROKEN_TAG = lazy_pattern(r"<(?:@[!&]?|#)(?=\d)")
_AT_NAME = lazy_pattern(r"(?<!\w)@(?=\w)")
_NAME_MARKUP = lazy_pattern(r"<(?!3)|[>|`*~\[\]]|https?://")
_MOST_NAME_CHARS = 100
# Discord's own client counts in these, months as 30 and years as 365 days.
_SPANS = (
    (365 * 86400, "year"),
    (30 * 86400, "month"),
    (86400, "day"),
    (3600, "hour"),
    (60, "minute"),
    (1, "second"),
)

#: How long until then, in seconds, and a moment in one of Discord's styles, in a language.
HowMoments = tuple[Callable[[int], str], Callable[[datetime, str], str]]


@dataclass(frozen=True, slots=True)
class Names:
    """How to say ids. Whatever is missing gets a spoken fallback."""

    users: Mapping[int, str] = field(default_factory=dict)
    roles: Mapping[int, str] = field(default_factory=dict)
    channels: Mapping[int, str] = field(default_factory=dict)


def mentions(text: str, names: Names, wording: Wording = ENGLISH) -> str:
    """Say members, roles, channels, slash commands and server places by name."""

    def tag(match: re.Match[str]) -> str:
        if match["user"]:
            return plain_name(names.users.get(int(match["user"])), wording.someone)
        if match["role"]:
            return plain_name(names.roles.get(int(match["role"])), wording.role)
        channel = plain_name(names.channels.get(int(match["channel"])), wording.channel)
        return channel.replace("-", " ")

    text = sub_apart(_TAG, tag, text)
    text = sub_apart(_COMMAND, lambda m: f"{wording.command} {m[1]}", text)
    english = wording is ENGLISH
    text = sub_apart(_PLACE, lambda m: _PLACES[m[1]] if english else wording.channel, text)
    text = _BROKEN_TAG.sub("", text)
    return _AT_NAME.sub("", text)


def plain_name(name: str | None, fallback: str, most_chars: int = _MOST_NAME_CHARS) -> str:
    """Return one line of plain words: a name must not open a spoiler or hide what follows."""
    plain = _NAME_MARKUP.sub(" ", clean_characters(name or "").replace("\n", " "))
    plain = " ".join(plain[:most_chars].split())
    return plain if any(char.isalnum() or ord(char) > 0x2000 for char in plain) else fallback


def custom_emoji(text: str) -> str:
    """``<a:party_blob:123>`` -> ``:party_blob:``, which people type as well."""
    return _CUSTOM_EMOJI.sub(lambda m: f" :{m[1]}: ", text)


def moments(text: str, now: datetime, how: HowMoments | None = None) -> str:
    """``<t:1618953630:R>`` -> "2 years ago", in `now`'s time zone; in English without `how`."""
    relative, written = how or (_relative, _written)

    def moment(match: re.Match[str]) -> str:
        seconds, style = int(match[1]), match[2] or "f"
        if style == "R":
            return relative(seconds - int(now.timestamp()))
        try:
            when = datetime.fromtimestamp(0, UTC) + timedelta(seconds=seconds)
            when = when.astimezone(now.tzinfo or UTC)
        except OverflowError:
            return "some other time" if how is None else ""
        return written(when, style)

    return sub_apart(_MOMENT, moment, text)


def _relative(seconds: int) -> str:
    for size, unit in _SPANS:
        count = round(abs(seconds) / size) if size > 1 else abs(seconds)
        if abs(seconds) >= size and count:
            plural = unit if count == 1 else f"{unit}s"
            return f"in {count} {plural}" if seconds > 0 else f"{count} {plural} ago"
    return "now"


def _written(when: datetime, style: str) -> str:
    date = f"{when:%B} {when.day}, {when.year:04d}"
    hour = when.hour % 12 or 12
    half = "AM" if when.hour < 12 else "PM"
    clock = f"{hour}:{when.minute:02d} {half}"
    if style == "t":
        return clock
    if style == "T":
        return f"{hour}:{when.minute:02d}:{when.second:02d} {half}"
    if style in "dD":
        return date
    if style == "F":
        return f"{when:%A}, {date} at {clock}"
    return f"{date} at {clock}"
