"""Percentages, units and degrees."""

from bot.text.expressions import any_of
from bot.text.languages.forms.form import WrittenForm
from bot.text.languages.grammar import Grammar
from bot.text.languages.units import UNITS
from bot.text.rule import Match


def _percent(g: Grammar, m: Match) -> str:
    figures = m["n"] or m["last"]
    if g.percent:
        return g.percent.format(n=g.said(figures, g.percent_gender))
    return g.counted(figures, "concentr-percent")


PERCENT = WrittenForm(
    "percent",
    lambda g: rf"{g.start}(?P<n>{g.figures}) ?[%٪]|(?<![\w%])%(?P<last>{g.figures})(?!\d)",
    _percent,
)


_SMALL = "a-zß-öø-ÿąćęłńóśźżğıışа-яёά-ώ"


def _units(g: Grammar) -> dict[str, str]:
    return {**UNITS, **g.own_units}


UNIT = WrittenForm(
    "unit",
    lambda g: (
        rf"{g.start}(?P<n>{g.figures}) ?(?P<unit>{any_of(_units(g))}){g.end}"
        # The point of an abbreviation, unless a sentence ends there.
        rf"(?!['’^.]\w)(?:\.(?=,| [{_SMALL}]))?"
    ),
    lambda g, m: g.counted(m["n"], _units(g)[m["unit"]]),
    flags=0,
)
#: Languages that write "1m80".
_WITH_M = frozenset({"es", "fr", "it", "pt"})
HEIGHT = WrittenForm(
    "height",
    lambda g: rf"{g.start}(?P<m>[12])[mM](?P<cm>\d\d){g.end}" if g.code in _WITH_M else None,
    lambda g, m: g.joint(g.counted(m["m"], "length-meter"), g.whole(m["cm"])),
)
DEGREES = WrittenForm(
    "degrees",
    lambda g: rf"{g.start}(?P<n>{g.figures}) ?[°º](?![CFcf\w])",
    lambda g, m: (
        g.joint(g.said(m["n"]), g.degrees) if g.degrees else g.counted(m["n"], "angle-degree")
    ),
)
