"""Prices."""

import unicodedata
from decimal import Decimal

from bot.text.expressions import any_of
from bot.text.languages.forms.form import WrittenForm, between
from bot.text.languages.grammar import Grammar
from bot.text.languages.names import so_many
from bot.text.languages.units import CURRENCIES, SIGNS, UNITS
from bot.text.rule import Match


def _sign_of(g: Grammar, sign: str) -> str:
    return g.signs.get(sign.lower()) or SIGNS.get(sign.lower()) or sign.upper()


def _money(g: Grammar, m: Match) -> str:
    minus = between(g, g.minus).lstrip() if m.groupdict().get("inner") else ""
    return minus + g.priced(m["n"], _sign_of(g, m["sign"]))


def _one(g: Grammar, unit: str) -> str:
    """``kg`` -> kilogram; other words as they are."""
    if unit not in UNITS:
        return unit
    return so_many(g.code, UNITS[unit], Decimal(1)).replace("{}", "").strip()


def _is_word(sign: str) -> bool:
    return unicodedata.category(sign[-1])[0] in "LM"


def _symbols(g: Grammar) -> str:
    signs = {*SIGNS, *g.signs}
    letters = any_of({sign for sign in signs if _is_word(sign)} | set(CURRENCIES))
    end = r"(?!\w)" if g.spaced else g.end
    return rf"(?:{any_of(sign for sign in signs if not _is_word(sign))}|(?:{letters}){end})"


def _first_symbols(g: Grammar) -> str:
    return any_of(
        {*SIGNS, *(sign for sign in g.signs if len(sign) > 1 or sign == "¥"), *CURRENCIES}
    )


SIGN_FIRST = WrittenForm(
    "price, sign first",
    lambda g: (
        rf"(?<![{g.letter}])(?<!\d )(?P<sign>{_first_symbols(g)}) ?(?P<inner>[-−])?"
        rf"(?P<n>{g.figures})(?!\d)"
    ),
    _money,
)
#: "5 €/Monat": so much for each.
RATE = WrittenForm(
    "rate",
    lambda g: rf"(?P<sum>\d ?{_symbols(g)})/(?P<each>[^\W\d_]+)",
    lambda g, m: f"{m['sum']}{between(g, g.per)}{_one(g, m['each'])}",
    apart=False,
)
SIGN_LAST = WrittenForm(
    "price, sign last",
    lambda g: rf"{g.start}(?P<n>{g.figures}) ?(?P<sign>{_symbols(g)})",
    _money,
)
