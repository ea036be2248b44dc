"""Signs at numbers and between them."""

from bot.text.languages.forms.form import WrittenForm, between
from bot.text.languages.grammar import Grammar
from bot.text.rule import Match

_WORDS = {
    "≤": "at_most", "<=": "at_most", "=<": "at_most", "≥": "at_least", ">=": "at_least",
    "<": "less", ">": "more", "~": "about", "≈": "about", "±": "plus_minus", "+-": "plus_minus",
    "-": "minus", "−": "minus", "–": "minus", "+": "plus", "√": "root", "×": "times", "x": "times",
    "*": "times", "÷": "divided", "=": "equals", "^": "power",
}  # fmt: skip
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")


def _word(grammar: Grammar, sign: str) -> str:
    word: str = getattr(grammar, _WORDS[sign])
    return word


def _before(grammar: Grammar, word: str) -> str:
    return f"{word} " if grammar.spaced else word


def _beside(g: Grammar) -> str:
    """What a sign before a number stands behind, so that it is none: "2-3", or "b-5" in Hebrew."""
    return r"\w" if g.spaced else g.letter


SIGN = WrittenForm(
    "sign",
    lambda g: (
        rf"(?<![{_beside(g)})\]%°²³])(?<!\d[.,:])(?P<sign>≤|<=|=<|≥|>=|<|>|"
        r"~|≈|±|\+-|[-−+](?! )|√) ?"
        r"(?=[.,]?\d|[$€£¥₹₽₩₺]\d)"
    ),
    lambda g, m: _before(g, _word(g, m["sign"])),
    apart=False,
)
COMPARED = WrittenForm(
    "comparison",
    r"(?<=\w) ?(?P<sign>≤|<=|=<|≥|>=|≈|±) ?(?=\w)",
    lambda g, m: between(g, _word(g, m["sign"])),
    apart=False,
)
OR_MORE = WrittenForm(
    "or more",
    r"(?<=\d)\+(?![\w+])",
    lambda g, _: f" {g.plus}" if g.spaced else g.plus,
    apart=False,
)
ARITHMETIC = WrittenForm(
    "arithmetic",
    r"(?<=\d)(?: ?(?P<sign>[+×x*÷=^]) ?| (?P<minus>[-−–]) )(?=[-−+]?\d)",
    lambda g, m: between(g, _word(g, m["sign"] or m["minus"])),
    apart=False,
)
TIMES = WrittenForm(
    "times",
    lambda g: rf"{g.start}(?:x(?P<last>\d{{1,4}})|(?P<n>\d{{1,4}})x){g.end}",
    lambda g, m: g.folded(int(m["n"])) if m["n"] else g.joint(g.times, g.say(int(m["last"]))),
)


def _power(g: Grammar, m: Match) -> str:
    figures = m[0].translate(_RAISED)
    sign = _before(g, g.minus) if figures.startswith("-") else ""
    said = f"{sign}{g.whole(figures.lstrip('-'))}"
    return f" {g.power} {said}" if g.spaced else g.power + said


POWER = WrittenForm("power", r"(?<=[\w)])⁻?[⁰¹²³⁴⁵⁶⁷⁸⁹]+", _power)
NUMBERED = WrittenForm(
    "number sign",
    r"(?<!\w)(?:#|№ ?|n\.?[º°] ?)(?=\d)",
    lambda g, _: _before(g, g.number),
    apart=False,
)
