"""The forms that figures are written in, and how a grammar says each.

A form becomes a rule of each language that has it, beside that language's own examples.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal

from bot.text.expressions import any_of
from bot.text.languages.grammar import Grammar
from bot.text.languages.names import month_names, months
from bot.text.languages.spelling import spelled
from bot.text.languages.units import CURRENCIES, SIGNS, UNITS
from bot.text.rule import Match, Rule

Say = Callable[[Grammar, Match], str]
_MOST_HOURS = 24
#: Between two numbers that are said as one word; `quantities` makes it an ordinary hyphen.
HYPHEN = "\u2011"


@dataclass(frozen=True, slots=True)
class Form:
    """`pattern` is None for a language that does not write so."""

    name: str
    pattern: Callable[[Grammar], str | None]
    say: Say
    flags: int = re.IGNORECASE
    #: Whether words may have to be parted from what they touch.
    apart: bool = True

    def rule(self, grammar: Grammar) -> Rule | None:
        pattern = self.pattern(grammar)
        if pattern is None:
            return None
        return Rule(
            re.compile(pattern, self.flags),
            lambda match: self.say(grammar, match),
            grammar.examples.get(self.name, ()),
            spaced=self.apart and grammar.spaced,
        )


def rules_of(grammar: Grammar) -> dict[str, Rule]:
    """The rules of a language by the names of their forms, in order."""
    made = ((form.name, form.rule(grammar)) for form in FORMS)
    return {name: rule for name, rule in made if rule is not None}


def _before(match: Match, most: int = 24) -> str:
    return match.string[max(0, match.start() - most) : match.start()]


def _after(match: Match, most: int = 30) -> str:
    """The word after a match."""
    found = re.match(r" ?([^\W\d_]+)", match.string[match.end() : match.end() + most])
    return found[1] if found else ""


# -- figures that are no number -----------------------------------------------------------------


def _telephone(g: Grammar, m: Match) -> str:
    groups = re.findall(r"\d+", m[0])
    said = [g.one_by_one(group) for group in groups]
    return f"{f'{g.plus} ' if m[0].startswith('+') else ''}{g.pause.join(said)}"


TELEPHONE = Form(
    "telephone",
    lambda g: (
        rf"{g.start}(?:\+\d{{1,3}}(?:[ ./-]?\(?\d{{1,4}}\)?){{2,6}}|"
        rf"(?:0\d{{2,5}}[ /-]\d{{3,9}}|0\d[ /-]\d{{6,9}})(?:[ -]\d{{2,5}}){{0,4}}|0\d(?:[ .-]\d\d){{4}}|\d{{2,3}}-\d{{3,4}}-\d{{4}})"
        rf"(?!\d)(?![.,:]\d)"
    ),
    _telephone,
)


def _version(g: Grammar, m: Match) -> str:
    point = f" {g.point} " if g.spaced else g.point
    said = point.join(g.whole(part) for part in m["numbers"].split("."))
    return f"{m['v'] or ''} {said}".strip() if g.spaced else f"{m['v'] or ''}{said}"


VERSION = Form(
    "version",
    lambda g: (
        r"(?<![^\W_])(?<!\d[.,])(?P<v>v)?(?P<numbers>(?(v)\d{1,4}(?:\.\d{1,4}){1,3}|"
        r"\d{1,4}(?:\.\d{1,4}){2,3}))(?![.,]?\d)"
    ),
    _version,
)

# -- dates --------------------------------------------------------------------------------------


def _date(g: Grammar, day: int, month: int, year: int | None, m: Match) -> str:
    if not (1 <= day <= 31 and 1 <= month <= 12):
        return m[0]
    before = _before(m)
    said = g.date if year is not None else g.day_month
    return said.format(
        d=g.day_said(day, before),
        month=month_names(g.code)[month - 1] if g.spaced else g.say(month, "", "월"),
        y="" if year is None else g.year_said(year, "month"),
    )


DATE_YEAR_FIRST = Form(
    "date, year first",
    lambda g: rf"{g.start}(\d{{4}})([-/.])(\d{{1,2}})\2(\d{{1,2}}){g.end}(?!-|\.\d)",
    lambda g, m: _date(g, int(m[4]), int(m[3]), int(m[1]), m),
)


def _full_year(typed: str) -> int:
    year = int(typed)
    return year if len(typed) == 4 else year + (2000 if year < 70 else 1900)


DATE = Form(
    "date",
    lambda g: (
        rf"{g.start}(\d{{1,2}})([{re.escape(g.slashed)}])(\d{{1,2}})\2 ?(\d{{4}}|\d{{2}})(?![\w/-])"
        rf"(?!\.\d){g.after_year and f'(?:{g.after_year})?'}"
        if g.slashed
        else None
    ),
    lambda g, m: _date(g, int(m[1]), int(m[3]), _full_year(m[4]), m),
)
SHORT_DATE = Form(
    "date without year",
    lambda g: rf"{g.start}{g.short_date}" if g.short_date else None,
    lambda g, m: _date(g, int(m["day"]), int(m["month"]), None, m),
)


def _month_pattern(g: Grammar) -> str:
    return rf"(?P<month>{any_of(months(g.code))})(?![^\W\d_])\.?"


def _named(g: Grammar, m: Match) -> str:
    month = months(g.code)[m["month"].lower()]
    year = int(m["year"]) if m["year"] else None
    said = _date(g, int(m["day"]), month, year, m)
    if m["last"]:
        last = g.day_said(int(m["last"]), _before(m))
        first = g.day_said(int(m["day"]), _before(m))
        rest = said.removeprefix(first)
        return f"{first} {g.to} {last}{rest}" if said.startswith(first) else m[0]
    return said


NAMED_DATE = Form(
    "day and month",
    lambda g: (
        rf"{g.start}(?P<day>\d{{1,2}})(?:\.?(?: ?[-–] ?)(?P<last>\d{{1,2}}))?"
        rf"(?:st|nd|rd|th|er|º|°|:[ae]|e)?(?:{g.joined}){_month_pattern(g)}"
        rf"(?:(?:{g.before_year})(?P<year>[12]\d{{3}})(?!\d)(?:{g.after_year})?)?"
        if g.spaced and g.code != "ko"
        else None
    ),
    _named,
)
YEAR = Form(
    "year",
    lambda g: (
        rf"(?P<before>{g.year_after})(?P<year>1[1-9]\d\d|20\d\d){g.end}(?![%°])(?![.,:/-]\d)"
        if g.year_after
        else None
    ),
    lambda g, m: (
        f"{m['before']}{g.year_said(int(m['year']), m['before'] or _before(m), _after(m))}"
    ),
    apart=False,
)

# -- times --------------------------------------------------------------------------------------


def _time(g: Grammar, m: Match) -> str:
    hours, minutes = int(m["h"]), int(m["m"] or 0)
    if hours > _MOST_HOURS or minutes > 59:
        return g.joint(g.say(hours), g.say(minutes))
    before = _before(m)
    hour = g.hour_said(hours, before)
    if minutes:
        minute = g.say(minutes, g.minute_gender)
        if minutes < 10 and g.zero_minutes:
            minute = g.joint(g.say(0), minute)
        said = g.time.format(h=hour, m=minute)
    else:
        said = g.full_hour.format(h=hour)
    if "{}" in said:
        said = said.replace("{}", g.counted(str(hours), "duration-hour"))
    seconds = m.groupdict().get("s")
    if seconds and int(seconds):
        said = g.joint(said, g.counted(str(int(seconds)), "duration-second"))
    return said


TIMES_BETWEEN = Form(
    "from time to time",
    lambda g: r"(?<=\d[:h]\d\d) ?[-–~] ?(?=\d{1,2}[:h]\d\d(?![\d:]))",
    lambda g, m: HYPHEN if g.to == "-" else f" {g.to} " if g.spaced else g.to,
    apart=False,
)
TIME = Form(
    "time",
    lambda g: (
        rf"(?<![{g.letter}:.,])(?P<h>\d{{1,2}}):(?P<m>\d\d)(?::(?P<s>[0-5]\d))?(?![\d:])"
        rf"{g.after_time and f'(?:{g.after_time})?'}"
    ),
    _time,
)
TIME_WITH_H = Form(
    "time with an h",
    lambda g: (
        rf"(?<![\w:.,])(?P<h>[01]?\d|2[0-4])h(?P<m>[0-5]\d)(?:min|m)?(?!\w)"
        if g.code in {"fr", "es", "pt", "it"}
        else None
    ),
    _time,
)
POINTED_TIME = Form(
    "time with a point",
    lambda g: (
        rf"(?:{g.dotted_time})(?P<h>\d{{1,2}})\.(?P<m>[0-5]\d)(?![\d.])"
        rf"{g.after_time and f'(?:{g.after_time})?'}"
        if g.dotted_time
        else None
    ),
    _time,
)
# -- money --------------------------------------------------------------------------------------

_SCALES = {"k": 3, "m": 6, "mio": 6}


def _scaled(g: Grammar, typed: str, scale: str | None) -> str:
    """``1,5`` thousands -> 1500."""
    if not scale:
        return typed
    value = g.parsed(typed).amount * 10 ** _SCALES[scale.lower()]
    return f"{value:f}".partition(".")[0] if value == int(value) else typed


def _sign_of(g: Grammar, sign: str) -> str:
    return g.signs.get(sign.lower()) or SIGNS.get(sign.lower()) or sign.upper()


def _money(g: Grammar, m: Match) -> str:
    sign = f"{g.minus} " if m.groupdict().get("inner") else ""
    return sign + g.priced(_scaled(g, m["n"], m["scale"]), _sign_of(g, m["sign"]))


def _symbols(g: Grammar) -> str:
    signs = {*SIGNS, *g.signs}
    letters = any_of({sign for sign in signs if sign[-1].isalpha()} | set(CURRENCIES))
    return rf"(?:{any_of(sign for sign in signs if not sign[-1].isalpha())}|(?:{letters}){g.end})"


def _first_symbols(g: Grammar) -> str:
    return any_of({*SIGNS, *(sign for sign in g.signs if len(sign) > 1 or sign == "¥"), *CURRENCIES})


SIGN_FIRST = Form(
    "price, sign first",
    lambda g: (
        rf"(?<![{g.letter}])(?P<sign>{_first_symbols(g)}) ?(?P<inner>[-−])?"
        rf"(?P<n>{g.figures})(?:(?P<scale>[km]){g.end})?(?!\d)"
    ),
    _money,
)
SIGN_LAST = Form(
    "price, sign last",
    lambda g: (
        rf"{g.start}(?P<n>{g.figures}) ?(?P<scale>[km](?= ?[€$£]))? ?"
        rf"(?P<sign>{_symbols(g)})"
    ),
    _money,
)

# -- units --------------------------------------------------------------------------------------


def _percent(g: Grammar, m: Match) -> str:
    if g.percent:
        return g.percent.format(n=g.said(m["n"]))
    return g.counted(m["n"], "concentr-percent")


PERCENT = Form("percent", lambda g: rf"{g.start}(?P<n>{g.figures}) ?[%٪]", _percent)


def _units(g: Grammar) -> dict[str, str]:
    return {**UNITS, **g.own_units}


UNIT = Form(
    "unit",
    lambda g: rf"{g.start}(?P<n>{g.figures}) ?(?P<unit>{any_of(_units(g))}){g.end}(?!['’^.]\w)",
    lambda g, m: g.counted(m["n"], _units(g)[m["unit"]]),
    flags=0,
)
DEGREES = Form(
    "degrees",
    lambda g: rf"{g.start}(?P<n>{g.figures}) ?[°º](?![CFcf\w])",
    lambda g, m: g.counted(m["n"], "angle-degree") if not g.degrees else g.joint(g.said(m["n"]), g.degrees),
)

# -- ordinals and how numbers stand to one another ------------------------------------------------


def _ordinal(g: Grammar, m: Match) -> str:
    for index, (_, rules) in enumerate(g.ordinals):
        if m[f"o{index}"] is not None:
            return g.ordinal(int(m["n"]), rules, _before(m), _after(m))
    return m[0]


ORDINAL = Form(
    "ordinal",
    lambda g: (
        rf"{g.start}(?P<n>\d{{1,4}})(?:"
        + "|".join(f"(?P<o{index}>{suffix})" for index, (suffix, _) in enumerate(g.ordinals))
        + r")(?![^\W\d_])"
        if g.ordinals
        else None
    ),
    _ordinal,
    flags=0,
)


def _range(g: Grammar, m: Match) -> str:
    first, last = int(m[1]), int(m[2])
    if first > last:
        between = "-" if g.score == "-" else f" {g.score} " if g.spaced else g.score
        return f"{g.whole(m[1])}{between}{g.whole(m[2])}"
    if g.to == "-":
        return f"{g.whole(m[1])}{HYPHEN}{m[2]}"
    return f"{m[1]} {g.to} {m[2]}" if g.spaced else f"{m[1]}{g.to}{m[2]}"


RANGE = Form(
    "range",
    lambda g: rf"{g.start}(\d{{1,9}})(?: ?[-–~〜～] ?|:(?=\d(?!\d)))(\d{{1,9}})(?![\d:/-])",
    _range,
    apart=False,
)
_COMPARED = {"≤": "at_most", "<=": "at_most", "≥": "at_least", ">=": "at_least", "=<": "at_most",
    "<": "less", ">": "more", "~": "about", "≈": "about", "±": "plus_minus", "+-": "plus_minus",
    "-": "minus", "−": "minus", "+": "plus", "√": "root"}  # fmt: skip


def _word(g: Grammar, name: str) -> str:
    word: str = getattr(g, name)
    return word


def _beside(g: Grammar) -> str:
    """What a sign before a number stands between, so that it is none: "2-3", or "b-5" in Hebrew."""
    return r"\w" if g.spaced else g.letter


SIGN = Form(
    "sign",
    lambda g: (
        rf"(?<![{_beside(g)})\]%°²³])(?<!\d[.,:])(?P<sign>≤|<=|=<|≥|>=|<|>|~|≈|±|\+-|[-−+](?! )|√) ?"
        r"(?=[.,]?\d|[$€£¥₹₽₩₺]\d)"
    ),
    lambda g, m: f"{_word(g, _COMPARED[m['sign']])} " if g.spaced else _word(g, _COMPARED[m["sign"]]),
    apart=False,
)
COMPARED = Form(
    "comparison",
    lambda g: r"(?<=\w) ?(?P<sign>≤|<=|=<|≥|>=|≈|±) ?(?=\w)",
    lambda g, m: f" {_word(g, _COMPARED[m['sign']])} " if g.spaced else _word(g, _COMPARED[m["sign"]]),
    apart=False,
)
OR_MORE = Form(
    "or more",
    lambda g: r"(?<=\d)\+(?![\w+])",
    lambda g, m: f" {g.plus}" if g.spaced else g.plus,
    apart=False,
)
_SIGNS_BETWEEN = {"+": "plus", "-": "minus", "−": "minus", "–": "minus", "×": "times", "x": "times",
    "*": "times", "÷": "divided", "=": "equals", "^": "power"}  # fmt: skip
ARITHMETIC = Form(
    "arithmetic",
    lambda g: r"(?<=\d)(?: ?(?P<sign>[+×x*÷=^]) ?| (?P<minus>[-−–]) )(?=[-−+]?\d)",
    lambda g, m: (
        f" {_word(g, _SIGNS_BETWEEN[m['sign'] or m['minus']])} "
        if g.spaced
        else _word(g, _SIGNS_BETWEEN[m["sign"] or m["minus"]])
    ),
    apart=False,
)
TIMES = Form(
    "times",
    lambda g: rf"{g.start}(?:x(?P<last>\d{{1,4}})|(?P<n>\d{{1,4}})x){g.end}",
    lambda g, m: (
        g.joint(g.say(int(m["n"])), g.times) if m["n"] else g.joint(g.times, g.say(int(m["last"])))
    ),
)
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")


def _power(g: Grammar, m: Match) -> str:
    figures = m[0].translate(_RAISED)
    sign = f"{g.minus} " if figures.startswith("-") else ""
    said = f"{sign}{g.whole(figures.lstrip('-') or '0')}"
    return f" {g.power} {said}" if g.spaced else g.power + said


POWER = Form("power", lambda g: "(?<=[\\w)])⁻?[⁰¹²³⁴⁵⁶⁷⁸⁹]+", _power)
NUMBERED = Form(
    "number sign",
    lambda g: rf"(?<!\w)(?:#|№ ?)(?=\d)",
    lambda g, m: f"{g.number} " if g.spaced else g.number,
    apart=False,
)

# -- fractions ------------------------------------------------------------------------------------

_VULGAR = {"½": (1, 2), "¼": (1, 4), "¾": (3, 4), "⅓": (1, 3), "⅔": (2, 3), "⅕": (1, 5),
    "⅖": (2, 5), "⅗": (3, 5), "⅘": (4, 5), "⅙": (1, 6), "⅚": (5, 6), "⅛": (1, 8), "⅜": (3, 8),
    "⅝": (5, 8), "⅞": (7, 8), "⅐": (1, 7), "⅑": (1, 9), "⅒": (1, 10)}  # fmt: skip


def _fraction(g: Grammar, m: Match) -> str:
    if m["vulgar"]:
        above, below = _VULGAR[m["vulgar"]]
    else:
        above, below = int(m["above"]), int(m["below"])
    if (above, below) == (24, 7):
        return g.joint(g.say(24), g.say(7))
    known = {(1, 2): g.half, (1, 4): g.quarter, (3, 4): g.three_quarters}.get((above, below))
    if known and m["n"]:
        whole = g.say(int(m["n"]))
        if below == 2:
            return g.and_half.format(n=whole)
        return g.joint(whole, known) if not g.spaced else f"{whole} {known}"
    last = spelled(g.code, below, g.of_rules) if g.of_rules else g.say(below)
    said = known or g.of.format(a=g.say(above), b=last)
    return f"{g.say(int(m['n']))} {said}" if m["n"] else said


FRACTION = Form(
    "fraction",
    lambda g: (
        rf"{g.start}(?:(?P<n>\d{{1,4}}) ?)?(?P<vulgar>[{''.join(_VULGAR)}])|"
        rf"{g.start}(?P<above>\d{{1,6}})/(?P<below>\d{{1,6}})(?![\d/])"
    ),
    _fraction,
)

# -- what is left -----------------------------------------------------------------------------------


THOUSANDS = Form(
    "thousands",
    lambda g: rf"{g.start}(?P<n>{g.figures})k{g.end}",
    lambda g, m: g.whole(_scaled(g, m["n"], "k")) if Decimal(g.parsed(m["n"]).amount * 1000) % 1 == 0 else m[0],
)


def _number(g: Grammar, m: Match) -> str:
    after = _after(m) if not _before(m).endswith("第") else ""
    gender = ""
    if after:
        gender = next((gender for end, gender in g.nouns if re.search(end, after.lower())), "")
    return g.said(m[0], gender, after)


NUMBER = Form("number", lambda g: rf"{g.start}{g.figures}(?![.,]\d)", _number)
#: Whatever figure is left, inside a word too.
LEFT = Form(
    "figures in a word",
    lambda g: r"\d{1,24}(?:[.,]\d{1,24})?",
    lambda g, m: g.said(m[0], "", _after(m)),
)
FRACTION_ONLY = Form(
    "fraction without a whole",
    lambda g: rf"(?<![\w.,])[.,](\d{{1,9}}){g.end}",
    lambda g, m: g.said(f"0{g.decimal}{m[1]}"),
)

FORMS: tuple[Form, ...] = (
    TELEPHONE, DATE_YEAR_FIRST, DATE, SHORT_DATE, NAMED_DATE, TIMES_BETWEEN, TIME, TIME_WITH_H,
    POINTED_TIME, VERSION, NUMBERED, SIGN, COMPARED, FRACTION_ONLY, FRACTION, SIGN_FIRST, SIGN_LAST, PERCENT,
    UNIT, ORDINAL, DEGREES, YEAR, RANGE, ARITHMETIC, TIMES, OR_MORE, POWER, THOUSANDS, NUMBER, LEFT,
)  # fmt: skip


def examples_of(rules: Iterable[Rule]) -> int:
    return sum(len(rule.examples) for rule in rules)
