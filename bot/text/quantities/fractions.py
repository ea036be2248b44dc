"""Fractions: alone, after a whole number, of a unit, and what is written like one."""

import re

from bot.text.expressions import lazy_pattern
from bot.text.quantities.counts import COUNTED_THINGS
from bot.text.quantities.measures import FREE_UNITS, UNITS
from bot.text.quantities.numbers import cardinal, decimal
from bot.text.quantities.parts import START
from bot.text.rule import Match, rule

_PARTS = {
    2: "half", 3: "third", 4: "quarter", 5: "fifth", 6: "sixth", 8: "eighth", 16: "sixteenth",
}  # fmt: skip
_VULGAR = {
    "½": (1, 2), "⅓": (1, 3), "⅔": (2, 3), "¼": (1, 4), "¾": (3, 4), "⅕": (1, 5), "⅖": (2, 5),
    "⅗": (3, 5), "⅘": (4, 5), "⅙": (1, 6), "⅚": (5, 6), "⅛": (1, 8), "⅜": (3, 8), "⅝": (5, 8),
    "⅞": (7, 8),
}  # fmt: skip
VULGAR = "".join(_VULGAR)
_UNIT = rf"(?: ?(?P<unit>{FREE_UNITS})(?!\w)(?:(?<=[a-z]{{2}})\.(?=[,)]| (?-i:[a-z])))?)"
_DONE = (
    r"right|correct|wrong|done|complete|completed|passed|failed|left|remaining|full|online|slots?|"
    r"hp|health|mana|lives|hearts|rounds|matches|games|wins|stars|marks|questions|answers|students"
)
_SLASHED = r"(?P<top>\d{1,2})/(?P<bottom>\d{1,2})"


def _part(top: int, bottom: int) -> str:
    return f"{cardinal(top)} {_PARTS[bottom]}{'' if top == 1 else 's'}"


def _said(whole: str | None, part: str, unit: str | None) -> str:
    if whole:
        part = f"{decimal(whole)} and {re.sub('^one ', 'a ', part)}"
    return f"{part} {UNITS[unit.lower()][bool(whole)]}" if unit else part


def _is_part(top: int, bottom: int) -> bool:
    """Whether a slash means a fraction; out of five are stars."""
    return 0 < top < bottom and bottom in _PARTS and bottom != 5


negative = rule(
    r"(?:(?<=[\s(=,])|^)[-\u2212](?=\d{1,3}/\d{1,3}(?![\w/-]))",
    lambda _: "minus ",
    ("the answer is -1/2", "the answer is minus 1/2", "the answer is minus one half"),
    needs=("/",),
)
vulgar = rule(
    rf"(?:{START}(?P<whole>\d{{1,6}}) ?)?(?P<part>[{VULGAR}]){_UNIT}?",
    lambda m: _said(m["whole"], _part(*_VULGAR[m["part"]]), m["unit"]),
    ("½ price", "one half price"),
    ("1½ hours", "one and a half hours"),
    ("2 ¾ lbs", "two and three quarters pounds"),
    flags=re.IGNORECASE,
    needs=tuple(VULGAR),
)


_HALVED = lazy_pattern(
    r"\b(?:broke|chop(?:ped)?|cut|divid\w{1,3}|fold(?:ed)?|rip(?:ped)?|slic\w{1,3}|snap(?:ped)?|split|tear|tore)\b",
    re.IGNORECASE,
)


def _of_something(match: Match) -> str:
    top, bottom = int(match["top"]), int(match["bottom"])
    if not _is_part(top, bottom):
        whole = match.groupdict().get("whole")
        return match[0] if whole or not match["unit"] else _slashed_unit(top, bottom, match["unit"])
    return _said(match.groupdict().get("whole"), _part(top, bottom), match["unit"])


#: Of which so much is in use.
_STORED = frozenset("kb mb gb tb gib mib".split())


def _slashed_unit(top: int, bottom: int, unit: str) -> str:
    between = "out of" if unit.lower() in _STORED and top <= bottom else "slash"
    return f"{cardinal(top)} {between} {cardinal(bottom)} {UNITS[unit.lower()][1]}"


stored = rule(
    r"(?<![\w/.,])(\d{1,5}(?:\.\d{1,2})?)/(\d{2,5}) ?([kmgt]i?b)(?![\w/])",
    lambda m: (
        f"{decimal(m[1])} out of {decimal(m[2])} {UNITS[m[3].lower()][1]}"
        if float(m[1]) <= int(m[2])
        else m[0]
    ),
    ("480/512 GB", "four hundred eighty out of five hundred twelve gigabytes"),
    flags=re.IGNORECASE,
    needs=("/",),
)
half_the = rule(
    r"(?<![\w/.,])(?<!\d )1/2 (?=(?:the|my|your|ur|his|her|their|our|an?)\b)",
    lambda _: "half ",
    ("used 1/2 the sugar", "used half the sugar"),
    ("juice of 1/2 a lemon", "juice of half a lemon"),
    spaced=False,
    needs=("1/2 ",),
)
in_half = rule(
    r"(?<=\bin )1/2(?=$|[.,!?]| (?:and|so|for|with|lengthwise|crosswise|when|then|"
    r"before)\b)(?!\.\d)",
    lambda m: "half" if _HALVED.search(m.string, 0, m.start()) else m[0],
    ("cut it in 1/2", "cut it in half"),
    ("in 1/2", "in 1/2", "in one half"),
    needs=("1/2",),
)
whole_and_slashed = rule(
    rf"(?<![\w/.,:])(?P<whole>\d{{1,3}})[ -]{_SLASHED}(?![\d/])(?!\.\d)(?:{_UNIT}|(?!\w))",
    _of_something,
    ("2 3/4 cups", "two and three quarters cups"),
    ("12 1/2 ft tall", "twelve and a half feet tall"),
    ("s 2 7/10", "s 2 7/10", "s two seven out of ten"),
    flags=re.IGNORECASE,
    needs=("/",),
)
slashed_of_unit = rule(
    rf"(?<![\w/.,]){_SLASHED}{_UNIT}",
    _of_something,
    ("a 1/2 lb burger", "a one half pound burger"),
    ("3/4 mile", "3/4 mile", "three quarters mile"),
    ("31/32 GB", "thirty-one out of thirty-two gigabytes"),
    ("2/18 lbs", "two slash eighteen pounds"),
    flags=re.IGNORECASE,
    needs=("/",),
)


def _inches(match: Match) -> str:
    top, bottom = int(match["top"]), int(match["bottom"])
    if not _is_part(top, bottom):
        return match[0]
    said = _said(match["whole"], _part(top, bottom), None)
    return f"{said} {'inches' if match['whole'] else 'inch'}"


inches = rule(
    rf"(?<![\w/.,:])(?:(?P<whole>\d{{1,3}})[ -])?{_SLASHED}\"(?![\w\"])",
    _inches,
    ('a 1/4" jack', "a one quarter inch jack"),
    ('2 1/2" pipe', "two and a half inches pipe"),
    needs=("/",),
)
_DAY_ASKED = lazy_pattern(r"\b(?:on|by|due|until|till|before|drops|releases|out|starts|ends|is) $")
of_all = rule(
    rf"(?<![\w/.,$])(?<!\d )(\d{{1,4}})/(\d{{1,4}})"
    rf"(?= (?!(?:hours|dollars|euros)\b)(?:{COUNTED_THINGS}|{_DONE})\b)|"
    r"(?<=\b(?:got|hit) )(\d{1,4})/(\d{1,4})(?![\w/%])(?! [a-z]{1,12}s\b)",
    lambda m: (
        m[0]
        if (_DAY_ASKED.search(m.string[: m.start()]) and m.string.startswith(" right", m.end()))
        or m.string[: m.start()].rstrip().endswith("=")
        or (m[1] and m.string.startswith(" full", m.end()) and _is_part(int(m[1]), int(m[2])))
        else f"{decimal(m[1] or m[3])} out of {decimal(m[2] or m[4])}"
    ),
    ("on 11/22 right?", "on 11/22 right?", "on November twenty-second right?"),
    ("5/8 = 7/8 right?", "5/8 = 7/8 right?", "five eighths equals seven eighths right?"),
    ("7/25 people", "seven out of twenty-five people"),
    ("got 7/25", "got seven out of twenty-five"),
    ("3/4 done", "three out of four done"),
    ("3/4 full", "3/4 full", "three quarters full"),
    needs=("/",),
)
out_of = rule(
    r"(?<![\w/.,])(\d{1,3}\.\d{1,2})/(5|10|20|100)(?![\w/.])",
    lambda m: f"{decimal(m[1])} out of {decimal(m[2])}",
    ("98.5/100", "ninety-eight point five out of one hundred"),
    needs=("/",),
)


#: Dates, halves, and measures of music that are no fractions in their lowest terms.
_SAID_AS_PAIRS = {
    (9, 11), (50, 50), (4, 20), (2, 4), (5, 4), (7, 4), (6, 8), (9, 8), (12, 8),
}  # fmt: skip
_BEAT = lazy_pattern(r" (?:time|bars?|beats?|measures?|signature|groove|feel|riff|section)\b")
_MUSIC = lazy_pattern(
    r"\b(?:bass(?:line)?|beats?|chorus|drum(?:s|mer)?|groove|meters?|metre|riff|rhythm|songs?|time "
    r"signature|"
    r"track|tempo|bpm|verse|waltz|polyrhythm)\b",
    re.IGNORECASE,
)


_EQUALS = lazy_pattern(r" ?=| equals\b| is (?:just )?\d| ?[A-Zxyz](?!\w) [-+=]")
_TIMES = lazy_pattern(r"\btimes $")


def _slashed(match: Match) -> str:
    top, bottom = int(match[1]), int(match[2])
    if (top, bottom) == (24, 7):
        return "twenty-four seven"
    signature = bottom in {4, 8} and (
        "4/4" in match.string
        or _BEAT.match(match.string, match.end())
        or (match.string[: match.start()].endswith("in ") and _MUSIC.search(match.string))
        or re.search(r"\b(?:[Ii]t'?s|[Ii]s|[Pp]lay(?:ed)? it) in $", match.string[: match.start()])
    )
    pair = (top, bottom) in _SAID_AS_PAIRS or top + bottom == 100
    if pair and match.string.startswith(" of ", match.end()):
        return f"{cardinal(top)} out of {cardinal(bottom)}"
    if signature or pair:
        return f"{cardinal(top)} {cardinal(bottom)}"
    if _is_part(top, bottom):
        return _part(top, bottom)
    if top == 1 and bottom > 20 and bottom != 100:
        return f"one in {cardinal(bottom)}"
    pressure = 80 <= top <= 220 and 40 <= bottom <= 130 and top > bottom
    counted = bottom in {10, 100} or (top <= bottom and (bottom in {5, 20} or bottom > 31))
    if _EQUALS.match(match.string, match.end()) or _TIMES.search(
        match.string, max(match.start() - 8, 0), match.start()
    ):
        return f"{cardinal(top)} {'divided by' if top > bottom else 'over'} {cardinal(bottom)}"
    between = "out of" if counted else "over" if pressure else "slash"
    return f"{cardinal(top)} {between} {cardinal(bottom)}"


slashed = rule(
    r"(?<![\w/.,])(\d{1,4})/(\d{1,4})(?![\w/])(?!\.\d)",
    _slashed,
    ("3/4", "three quarters"),
    ("7/10", "seven out of ten"),
    ("open 24/7", "open twenty-four seven"),
    ("9/11", "nine eleven"),
    ("7/7", "seven slash seven"),
    ("in 6/8", "in six eight"),
    ("6/8 of them", "six out of eight of them"),
    ("an 80/20 mix", "an eighty twenty mix"),
    ("a bassline in 7/8", "a bassline in seven eight"),
    ("in 4/4 or 3/4", "in four four or three four"),
    ("12/4 = 3", "twelve divided by four = 3", "twelve divided by four equals three"),
    ("9/5 C + 32", "nine divided by five C + 32", "nine divided by five C plus thirty-two"),
    ("pity at 74/90", "pity at seventy-four out of ninety"),
    ("1/128 drop", "one in one hundred twenty-eight drop"),
    ("BP 120/80", "BP one hundred twenty over eighty", "B P one hundred twenty over eighty"),
    needs=("/",),
)
_HALF_OF = "acre|bag|bottle|dozen|hour|hr|kilo|mile|stone|tank|ton"
half_of = rule(
    rf"(?<![\w/.,])(?<!\d )(?<!\d-)1/2[ -](?=(?:off|price|priced|way|term|marathon|day|time|court|"
    rf"baked|full|empty|asleep|sister|brother|as|off)\b)|"
    rf"(?<![\w/.,])(?<!\d )(?<!\b[Aa] )(?<!\d-)1/2 (an? )?(?=(?:{_HALF_OF})(?!\w))",
    lambda m: (
        "half "
        if not re.match(rf"(?:{_HALF_OF})(?!\w)", m.string[m.end() :])
        else f"half {'an' if m.string[m.end()] in 'aih' else 'a'} "
    ),
    ("tickets are 1/2 off", "tickets are half off"),
    ("lost 1/2 stone", "lost half a stone"),
    ("for 1/2 hour", "for half an hour"),
    ("a 1/2 lb burger", "a 1/2 lb burger", "a one half pound burger"),
    spaced=False,
    needs=("1/2",),
)
and_half = rule(
    r"(?<=\d) (?:and|&) 1/2(?![\w/])",
    lambda _: " and a half",
    ("12 and 1/2 stone", "12 and a half stone", "twelve and a half stone"),
    spaced=False,
    needs=("1/2",),
)
