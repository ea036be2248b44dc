"""What things are called when there are so many of them: units, currencies, months; from CLDR.

`babel` is loaded with the first text in a language other than English that has a figure.
"""

from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING

from bot.text.expressions import lazy_pattern

if TYPE_CHECKING:
    from babel import Locale

_FIGURES = lazy_pattern(r"\d[\d.,٫]*")
#: Norwegian is written as Bokmål; the others are called as they are here.
_CALLED = {"no": "nb"}


@lru_cache(maxsize=32)
def locale_of(code: str) -> "Locale":
    from babel import Locale  # noqa: PLC0415 - 25 ms, for those who speak it

    return Locale.parse(_CALLED.get(code, code))


@lru_cache(maxsize=4096)
def plural_form(code: str, amount: Decimal) -> str:
    """CLDR's category: "one", "two", "few", "many" or "other"."""
    return str(locale_of(code).plural_form(abs(amount)))


@lru_cache(maxsize=4096)
def so_many(code: str, unit: str, amount: Decimal) -> str:
    """``"ru", "duration-hour", 2`` -> "{} часа"; without "{}" where the words hold the number."""
    from babel.units import format_unit  # noqa: PLC0415 - as above

    said = format_unit(amount, unit, "long", "0.####################", locale=locale_of(code))
    return _FIGURES.sub("{}", said.replace("\xa0", " "), count=1)


@lru_cache(maxsize=4096)
def currency(code: str, iso: str, amount: Decimal) -> str:
    """``"ru", "USD", 5`` -> "долларов США"."""
    from babel.numbers import get_currency_name  # noqa: PLC0415 - as above

    return str(get_currency_name(iso, count=amount, locale=locale_of(code)))


@lru_cache(maxsize=32)
def months(code: str) -> dict[str, int]:
    """Names of the months as they are typed, in small letters and without points."""
    locale = locale_of(code)
    found = {}
    for context in ("format", "stand-alone"):
        for width in ("wide", "abbreviated"):
            for number, name in locale.months[context][width].items():
                found[name.lower().rstrip(".׳॰")] = int(number)
    return found


@lru_cache(maxsize=32)
def month_names(code: str) -> tuple[str, ...]:
    """The twelve as they are said after a day."""
    names = locale_of(code).months["format"]["wide"]
    return tuple(str(names[number]) for number in range(1, 13))
