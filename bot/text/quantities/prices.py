"""Prices without a sign, which only words and their two decimals tell from other numbers."""

import re

from bot.text.quantities.measures import FREE_UNITS
from bot.text.quantities.numbers import cardinal, in_pairs
from bot.text.rule import Match, rule

_PRICED = re.compile(
    r"\b(?:bucks?|bought|buy(?:ing)?|cash|charg(?:e|ed|es|ing)|cheap(?:er|est)?|costs?|coffee|"
    r"coupon|deal|"
    r"dollars?|eggs|expensive|fees?|gallon|gas|grocer(?:y|ies)|menu|milk|on sale|paid|pay|pizza|"
    r"prices?|priced|refund|rent|rip-?off|sale|sells?|selling|shipping|sold|spent|steam|store|"
    r"subscription|tickets?|tip|total|worth)\b",
    re.IGNORECASE,
)
#: Of which a number with two decimals is no price.
_RATED = re.compile(
    r"\b(?:apr|apy|average|avg|beta|bpm|drivers?|era|freq\w*|gpa|grade|interest|k/?d|kda|"
    r"mortgage|odds|patch|pi|"
    r"ph|python|rates?|ratio|score|scored|time|update|ver|versions?|yield)\b|%",
    re.IGNORECASE,
)
_DECIMAL = r"\d{1,3}\.\d\d"
_NO_UNIT = (
    r"(?![\w%°/:-])(?![.,]\d)"
    rf"(?! ?(?i:{FREE_UNITS}|x|gpa|times|points?|inch(?:es)?|miles|meters|k)(?!\w))"
)


def _price(figures: str) -> str:
    whole, cents = figures.split(".")
    said = in_pairs(whole)
    return f"{said} {'oh ' if cents[0] == '0' else ''}{cardinal(int(cents))}"


def _unsigned(match: Match) -> str:
    figures = re.findall(_DECIMAL, match[0])
    as_in_shops = all(one.endswith(("99", "49", "95")) for one in figures)
    plain = any(one.endswith(".00") or one.startswith("0") for one in figures)
    if plain or not (as_in_shops or _PRICED.search(match.string)) or _RATED.search(match.string):
        return match[0]
    return re.sub(_DECIMAL, lambda one: _price(one[0]), match[0])


unsigned = rule(
    rf"\b(?:(?:[Ff]rom|[Ww]as|[Ww]ent|[Bb]etween) {_DECIMAL} (?:to|and|now|->) |(?:[Ff]rom|"
    rf"[Ff]or|[Aa]t|[Tt]o|[Ii]t'?s|"
    r"[Ii]s|[Ww]as|[Aa]re|[Ww]ere|[Cc]osts?|[Pp]aid|[Oo]nly|[Jj]ust|[Pp]ay|[Nn]ow|[Ll]ike|"
    r"[Cc]harged?|[Ss]pent|[Ss]ells?|"
    rf"[Uu]nder|[Oo]ver|[Aa]bout|[Aa]nother) (?:(?:only|just|like|about|now|"
    rf"me) )?){_DECIMAL}{_NO_UNIT}",
    _unsigned,
    ("from 2.99 to 5.49", "from two ninety-nine to five forty-nine"),
    ("it's 4.99 now", "it's four ninety-nine now"),
    ("gas is at 3.05", "gas is at three oh five"),
    ("my gpa is 3.49", "my gpa is 3.49", "my G P A is three point four nine"),
    ("it's 4.99 kg", "it's 4.99 kg", "it's four point nine nine kilograms"),
    needs=(".",),
)
