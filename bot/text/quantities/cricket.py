"""Scores of cricket: "312/5" is so many runs for so many wickets, "104*" is not out."""

import re

from bot.text.expressions import lazy_pattern
from bot.text.quantities.numbers import decimal, in_pairs
from bot.text.rule import Match, rule

_CRICKET = lazy_pattern(
    r"\b(?:all out|ashes|batting|batsm[ae]n|batters?|bowled|bowler|bowling|century|crease|"
    r"cricket|declared|duck|innings|lbw|odi|overs?|partnership|run chase|spinner|stumps|"
    r"t20i?|test match|wickets?)\b|\b(?:at|before|by) (?:lunch|tea)\b",
    re.IGNORECASE,
)
_NATION = lazy_pattern(
    r"\b(?:england|australia|india|pakistan|new zealand|south africa|west indies|bangladesh|"
    r"sri lanka|(?:eng|aus|ind|pak|nz|sa|wi|sl) (?:are|is|were|v|vs|\d))\b",
    re.IGNORECASE,
)


def _of_nations(text: str) -> bool:
    return bool(_CRICKET.search(text) or _NATION.search(text))


def _for_wickets(match: Match) -> str:
    return f"{in_pairs(match[1])} for {decimal(match[2])}"


not_out = rule(
    r"(?<![\w.*★/])(\d{1,3})[*★](?![\w*★])",
    lambda m: f"{in_pairs(m[1])} not out",
    ("root 104* at tea", "root one oh four not out at tea"),
    ("take 104* of it", "take 104* of it", "take one hundred four of it"),
    needs=("*", "★"),
    about=_CRICKET.search,
)
for_wickets = rule(
    r"(?<![\w/.,$])([1-9]\d{2})/(\d|10)(?![\w/%]|[.,]\d)",
    _for_wickets,
    (
        "aus 312/5 off 50 overs",
        "aus three twelve for five off 50 overs",
        "Australia three twelve for five off fifty overs",
    ),
    ("about 312/5", "about 312/5", "about three hundred twelve slash five"),
    needs=("/",),
    about=_of_nations,
)
for_few_runs = rule(
    r"(?<![\w/.,$])([1-9]\d)/(\d|10)(?![\w/%]|[.,]\d)",
    _for_wickets,
    (
        "at 45/2 after 9 overs",
        "at forty-five for two after 9 overs",
        "at forty-five for two after nine overs",
    ),
    needs=("/",),
    about=_CRICKET.search,
)
figures = rule(
    r"(?<![\w/.,$])(\d)/(\d{1,3})(?= (?:from|off|in) \d{1,2}(?:\.\d)? overs?\b)",
    lambda m: f"{decimal(m[1])} for {decimal(m[2])}",
    (
        "took 4/38 off 10 overs",
        "took four for thirty-eight off 10 overs",
        "took four for thirty-eight off ten overs",
    ),
    needs=("/",),
)
