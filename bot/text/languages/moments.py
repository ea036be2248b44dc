"""Discord's timestamps in other languages than English, in figures that `quantities` says."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Literal

from bot.text.languages.names import locale_of

#: Ten thousand years, beyond which nobody counts.
_LONGEST_S = 10_000 * 365 * 86_400
_FULL: dict[str, Literal["full", "long"]] = {"F": "full"}


def how(code: str) -> tuple[Callable[[int], str], Callable[[datetime, str], str]]:
    """Return how to say the seconds until a moment, and a moment in one of Discord's styles."""

    def plain(said: str) -> str:
        said = " ".join(said.split())
        return said.replace(" ", "") if code in {"ja", "zh"} else said

    def relative(seconds: int) -> str:
        from babel.dates import format_timedelta  # noqa: PLC0415 - for those who speak it

        span = timedelta(seconds=max(-_LONGEST_S, min(seconds, _LONGEST_S)))
        said = format_timedelta(span, add_direction=True, threshold=0.99, locale=locale_of(code))
        return plain(str(said))

    def written(when: datetime, style: str) -> str:
        from babel.dates import format_date  # noqa: PLC0415 - as above

        clock = f"{when.hour}:{when.minute:02d}"
        if style == "t":
            return clock
        if style == "T":
            return f"{clock}:{when.second:02d}"
        date = plain(format_date(when.date(), _FULL.get(style, "long"), locale_of(code)))
        return date if style in "dD" else f"{date}, {clock}"

    return relative, written
