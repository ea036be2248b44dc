"""Scores of cricket: "312/5" is so many runs for so many wickets, "104*" is not out."""

import re

from bot.text.quantities.numbers import decimal, in_pairs
from bot.text.rule import Match, rule

_CRICKET = re.compile(
    r"\b(?:all out|ashes|batting|batsm[ae]n|batters?|bowled|bowler|bowling|century|crease|"
    r"cricket|declared|duck|innings|lbw|odi|overs?|partnership|run chase|spinner|stumps|"
    r"t20i?|test match|wickets?)\b|\b(?:at|before|by) (?:lunch|tea)\b",
    re.IGNORECASE,
)
_NATION = re.compile(
    r"\b(?:england|australia|india|pakistan|new zealand|south africa|west indies|bangladesh|"
    r"sri lanka|(?:eng|aus|ind|pak|nz|sa|wi|sl) (?:are|is|were|v|vs|\d))\b",
    re.IGNORECASE,
)


def _is_cricket(match: Match) -> bool:
    return _CRICKET.search(match.string) is not None


not_out = rule(
    r"(?<![\w.*★/])(\d{1,3})[*★](?![\w*★])",
    lambda m: f"{in_pairs(m[1])} not out" if _is_cricket(m) else m[0],
    ("root 104* at tea", "root one oh four not out at tea"),
    ("take 104* of it", "take 104* of it", "take one hundred four of it"),
    needs=("*", "★"),
)
for_wickets = rule(
    r"(?<![\w/.,$])([1-9]\d{1,2})/(\d|10)(?![\w/%]|[.,]\d)",
    lambda m: (
        f"{in_pairs(m[1])} for {decimal(m[2])}"
        if _is_cricket(m) or (_NATION.search(m.string) and len(m[1]) == 3)
        else m[0]
    ),
    (
        "aus 312/5 off 50 overs",
        "aus three twelve for five off 50 overs",
        "Australia three twelve for five off fifty overs",
    ),
    ("about 312/5", "about 312/5", "about three hundred twelve slash five"),
    needs=("/",),
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
