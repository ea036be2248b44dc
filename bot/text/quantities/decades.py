"""Decades and ages: "30s" is half a minute unless the words beside it make it a decade."""

import re

from bot.text.expressions import lazy_pattern
from bot.text.quantities.numbers import cardinal, plural, year
from bot.text.quantities.parts import START
from bot.text.rule import Match, rule

_NAMES_A_DECADE = frozenset(
    "early her high his its late low mid my our roaring the their upper your".split()
)
_TIMED_THINGS = frozenset(
    "ban cd cooldown countdown delay limit mark mute respawn slowmode timeout timer window".split()
)
_DECADE_THINGS = frozenset(
    "aesthetic anime babies baby cars cartoon cartoons child children disco era fashion film films "
    "games hair hits jazz kid kids metal movie movies music nostalgia pop rap rock show shows song "
    "songs style synth themed vibe vibes".split()
)
_NO_DECADE_BEFORE = _TIMED_THINGS | frozenset(
    "'til a about after ago and apart as at because before behind between but by cuz during each "
    "every extra for from i i'll i'm if im in into is isn't it it's its just late later left lol "
    "long max maybe min more of off okay ok on only or over per pls please remaining since so "
    "than that the then there this til till to too top tops total u under until up via wait was "
    "we when while with within without worth you your".split()
)
_WAITED = frozenset(
    "about after almost another around brb every for gimme in just last like me my next only over "
    "takes than took under wait within".split()
)
_TENS = r"'?(?:(?:1\d|20)\d0|[2-9]0)'?[sS]"
_TEN = lazy_pattern(r"'?(\d+)'?[sS]")


def _decades(match: Match) -> str:
    figures = _TEN.findall(match["tens"])
    before, after = ((match[side] or "").lower() for side in ("before", "after"))
    written = "'" in match["tens"] or any(len(ten) == 4 for ten in figures)
    named = before in _NAMES_A_DECADE and after not in _TIMED_THINGS
    described = all(ten >= "5" for ten in figures) and (
        after in _DECADE_THINGS
        or (after and after not in _NO_DECADE_BEFORE and before not in _WAITED)
    )
    if not (written or named or described):
        return match[0]
    lead = match[0][: match.start("tens") - match.start()]
    return lead + _TEN.sub(lambda m: _decade(m[1]), match["tens"])


decades = rule(
    rf"(?:\b(?P<before>[A-Za-z]{{1,12}})[ -])?{START}"
    rf"(?P<tens>{_TENS}(?:(?: ?[/,&] ?|,? and |,? or | to ){_TENS}){{0,3}})\b"
    r"(?:-(?=[a-z]))?(?= ?(?P<after>[A-Za-z']{1,20}))?",
    _decades,
    ("the '80s were better", "the eighties were better"),
    ("70s and 80s rock", "seventies and eighties rock"),
    ("80s-style synths", "eighties style synths"),
    ("2000s", "two thousands"),
    ("90s left", "90s left", "ninety seconds left"),
    ("the 60s cooldown", "the 60s cooldown", "the sixty second cooldown"),
    needs=("0s", "0's"),
)


def _decade(figures: str) -> str:
    return plural(year(int(figures)) if len(figures) == 4 else cardinal(int(figures)))


_AGES = "years?|yrs?|y|months?|mos?|mths?|weeks?|wks?|days?"
_IN_FULL = {"y": "year", "m": "month", "w": "week", "d": "day"}


def _old(match: Match) -> str:
    if not match[2]:
        many = match[1] != "1" and _IS.search(match.string, 0, match.start())
        return f"{match[1]} {_IN_FULL[match[3] or 'y']}{'s' if many else ''} old"
    unit = _IN_FULL[match[2][0]]
    counted_one = (
        match[1] == "1"
        or match[0][len(match[1])] == "-"
        or _OWNED.search(match.string, 0, match.start())
    )
    return f"{match[1]} {unit}{'' if counted_one else 's'} old"


_IS = lazy_pattern(
    r"(?:'s|'m|'re|\b(?:am|is|are|was|were|be|im|hes|shes|turned|turning|at)) $", re.IGNORECASE
)
_OWNED = lazy_pattern(r"\b(?:an?|the|my|his|her|our|their|your|this|that) $", re.IGNORECASE)
old = rule(
    rf"{START}(\d{{1,3}})(?:[ -]?(?:yo\b(?!-)|y/o\b|y\.o\.)|[ -]?({_AGES})[ -]old\b|"
    r"[ -]?(m)/o\b(?:[ -]old\b)?)",
    _old,
    ("my 4yo", "my 4 year old", "my four year old"),
    ("an 18-mo-old", "an 18 month old", "an eighteen month old"),
    ("she is 3 yrs old", "she is 3 years old", "she is three years old"),
    needs=("old", "yo", "y/o", "y.o", "m/o"),
)
warm = rule(
    r"(?<![\w'.$])([1-9]0)s(?=(?: ?& ?| and |, )(?:breezy|clear|cloudy|cool|humid|partly|"
    r"rain\w{0,3}|"
    r"sunny|warm|windy)\b| (?:breezy|clear|cloudy|humid|rain\w{0,3}|sunny|windy)\b| (?:all week|"
    r"with (?:rain|"
    r"sun|wind))\b)",
    lambda m: plural(cardinal(int(m[1]))),
    ("60s & sunny", "sixties & sunny", "sixties and sunny"),
    ("a 60s window", "a 60s window", "a sixty second window"),
    needs=("0s",),
)
