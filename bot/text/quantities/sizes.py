"""Heights, sides and lengths by their marks: 5'10", 3" x 5", 2x4s, 4x400m."""

import re

from bot.text.expressions import lazy_pattern
from bot.text.quantities.measures import FREE_UNITS, several
from bot.text.quantities.numbers import cardinal, counted, decimal, in_pairs, ordinal, plural
from bot.text.quantities.parts import NUMBER, START, THING, after_article
from bot.text.rule import Match, rule
from bot.text.sentences import STARTERS

_QUOTE = lazy_pattern(r'(\d?)"')


def _closes_nothing(match: Match) -> bool:
    """Whether no quotation is open before `match`; a mark after a figure opens none."""
    quoted = False
    for mark in _QUOTE.finditer(match.string, max(0, match.start() - 300), match.start()):
        quoted = not quoted if quoted or not mark[1] else quoted
    return not quoted


sides_in_inches = rule(
    rf"{START}({NUMBER})\"? ?[xX×] ?({NUMBER})\"(?: ?[xX×] ?({NUMBER})\")?(?!\w)",
    lambda m: (
        " by ".join(decimal(one) for one in m.groups() if one)
        + (" inch" if THING.match(m.string, m.end()) else " inches")
    ),
    ('3" x 5" cards', "three by five inch cards"),
    needs=('"',),
)
sides_with_units = rule(
    r"(?<=\d)( ?(?:mm|cm|m|km|ft|in|yd|px)) ?[x×] ?(?=\d{1,5}(?:\.\d+)? ?(?:mm|cm|m|km|ft|in|yd|"
    r"px)\b)",
    lambda m: f"{m[1]} by ",
    ("5cm x 10cm", "5 cm by 10cm", "five centimeters by ten centimeters"),
    needs=("x", "×"),
)
sides_before_unit = rule(
    r"(?<![\w.])(\d{1,4}(?:\.\d)?) ?[x×] ?(?=\d{1,4}(?:\.\d)? ?(?:cm|mm|ft|in|px|yd)(?!\w))",
    lambda m: f"{decimal(m[1])} by ",
    (
        "it's 120x60cm",
        "it's one hundred twenty by 60cm",
        "it's one hundred twenty by sixty centimeters",
    ),
    needs=("x", "×"),
)
_WAYS = {"H": "high", "W": "wide", "D": "deep", "L": "long", "T": "tall"}
way = rule(
    r"(?<=\d[\"'])([HWDLT])(?!\w)(?: ?([x×]) ?(?=\d))?",
    lambda m: f" {_WAYS[m[1]]}{' by ' if m[2] else ''}",
    ('24" x 30"H', '24" x 30" high', "twenty-four by thirty inches high"),
    spaced=False,
    needs=('"', "'"),
)
three_sides = rule(
    r"(?<![\w.])(\d{1,5}(?:\.\d{1,3})?)(?: ?x ?|×)(\d{1,5}(?:\.\d{1,3})?)(?: ?x ?|"
    r"×)(\d{1,5}(?:\.\d{1,3})?)(?!\d)(?!\.\d)(?![xX×])",
    lambda m: f"{decimal(m[1])} by {decimal(m[2])} by {m[3]}",
    ("a 2x4x8", "a two by four by 8", "a two by four by eight"),
    needs=("x", "×"),
)
lumber = rule(
    r"(?<![\w.])(\d{1,2})x(\d{1,2})s(?!\w)",
    lambda m: f"{decimal(m[1])} by {plural(decimal(m[2]))}",
    ("some 2x4s", "some two by fours"),
    needs=("x",),
)
_MATCH = lazy_pattern(
    r"\b(?:goals?|scor(?:e|es|ed|ing)|red card|yellow|stoppage|added|minute|kick-?off|penalty|"
    r"equali[sz]er|\d{2}\+\d|header|offside)\b",
    re.IGNORECASE,
)


_SCORE = lazy_pattern(r"(?<![\w-])\d ?[-–] ?\d(?![\w-])")


def _minute(match: Match) -> str:
    """Of football: the minute of what happened, unless some were added."""
    scored = int(match["number"]) > 12 and _SCORE.search(match.string)
    if not scored and not _MATCH.search(match.string):
        return match[0]
    if match["of"]:
        return f"{match['number']} minutes{match['of']}"
    return f"{ordinal(int(match['number']))} minute"


minute_of_match = rule(
    r"(?<![\w.'\"/+])(?P<number>\d{1,3})'(?:(?P<of> (?:of |added|stoppage))| min(?:ute)?\b)?(?=$|[ "
    r".,!?)a-z])(?! ?\d)",
    _minute,
    ("scored in the 87'", "scored in the eighty-seventh minute"),
    ("5' of stoppage", "5 minutes of stoppage", "five minutes of stoppage"),
    ("a 6' table", "a 6' table", "a six foot table"),
    needs=("'",),
)
range_with_mark = rule(
    r"(?<![\w.,/'\"-])(\d{1,4})[-–](\d{1,4})(?=[\"'](?![\w\"']))",
    lambda m: (
        f"{decimal(m[1])} to {m[2]}" if int(m[1]) < int(m[2]) and not _open_quote(m) else m[0]
    ),
    ('6-8" of snow', 'six to 8" of snow', "six to eight inches of snow"),
    ('he said "1-2"', 'he said "1-2"', 'he said "one to two"'),
    needs=("'", '"'),
)
feet_by_feet = rule(
    r"(?<![\w.])(\d{1,3})'? ?[x×] ?(\d{1,3})'(?!\w)",
    lambda m: f"{decimal(m[1])} by {decimal(m[2])} feet",
    ("12' x 14' room", "twelve by fourteen feet room"),
    needs=("'",),
)


def _open_quote(match: Match) -> bool:
    """Whether a quotation that began before `match` may end in it."""
    before = match.string[: match.start()]
    return re.search(r"(?<!\w)['\"](?=\w)", before) is not None


def _feet(match: Match) -> str:
    if re.search(r"(?<!\w)'(?=\w)", match.string[: match.start()]):
        return match[0]
    if THING.match(match.string, match.end()):
        return counted(match[1], "foot", "foot")
    return several(match, match[1], "foot", "feet")


feet = rule(
    r"(?<![\w.,'\"/])(\d{1,3}(?:,\d{3})?(?:\.\d)?)'(?=$|[ .,!?)])(?! ?\d)",
    _feet,
    ("a 6' table", "a six foot table"),
    ("she's 5' tall", "she's five feet tall"),
    needs=("'",),
)
feet_and_inches = rule(
    r"(?<![\w.,])(\d{1,2}) ?ft\.? ?(\d{1,2}) ?in\b\.?(?! (?:the|a|my|your)\b)|"
    r"(?<![\w.,])([3-7]) ?ft\.? ?(\d|1[01])(?![\w.,:/-]?\d)(?!['\"\w/-])(?! (?:[a-z]{2,12}s|x|by|"
    r"or|people)\b)",
    lambda m: f"{cardinal(int(m[1] or m[3]))} foot {cardinal(int(m[2] or m[4]))}",
    ("5ft 10in", "five foot ten"),
    ("she's 5 ft 4", "she's five foot four"),
    needs=("ft",),
)


#: "65" LG OLED", "macbook pro 16"".
_OF_MAKE = lazy_pattern(rf" (?!(?:{STARTERS})\b)[A-Z][A-Za-z]+")
_SCREEN = lazy_pattern(r"\b(?:the|my|your|this|that|new|a used) $", re.IGNORECASE)
_PRODUCT = lazy_pattern(
    r"\b(?:macbook|imac|ipad|surface|thinkpad)(?: (?:air|pro|mini|max))? $", re.IGNORECASE
)


def _inches(match: Match) -> str:
    """As one where a thing follows that is so long."""
    if not _closes_nothing(match):
        return match[0]
    one = (
        THING.match(match.string, match.end()) is not None
        or _OF_MAKE.match(match.string, match.end()) is not None
        or _PRODUCT.search(match.string, 0, match.start()) is not None
        or (
            match[1] in {"11", "12.9", "13", "14", "15", "16", "17", "24", "27", "32"}
            and _SCREEN.search(match.string, max(match.start() - 8, 0), match.start()) is not None
        )
        or re.match(r" (?:4k|\d{3,4}p|OLED|IPS|LED|QD|TV|LCD)\b", match.string[match.end() :])
        is not None
    )
    return counted(match[1], "inch", "inch" if one or after_article(match) else "inches")


inches = rule(
    rf"{START}(?<!')({NUMBER})\"(?![\w\"])",
    _inches,
    ('two 3" screws', "two three inch screws"),
    ('a 6" pipe', "a six inch pipe"),
    ('he said "room 6"', 'he said "room 6"', 'he said "room six"'),
    needs=('"',),
)
height_with_dash = rule(
    r"(?<![\w-])([4-7])-(\d|1[01])(?![\w/-]|[.,:]\d)(?=,? (?:1\d\d|2\d\d|3[0-4]\d)(?: ?lbs?| "
    r"?pounds|[ ,.!?]|$)| tall\b)",
    lambda m: f"{cardinal(int(m[1]))} foot {cardinal(int(m[2]))}",
    ("he's 5-11, 190", "he's five foot eleven, 190", "he's five foot eleven, one hundred ninety"),
    ("lost 5-11", "lost 5-11", "lost five to eleven"),
    needs=("-",),
)
height = rule(
    r"(?<!\w)(\d)'(\d{1,2})(?:\"|''|(?!\w))",
    lambda m: f"{cardinal(int(m[1]))} foot {cardinal(int(m[2])) if int(m[2]) else ''}".rstrip(),
    ("I'm 5'11\"", "I'm five foot eleven"),
    ("he's 6'0 now", "he's six foot now"),
    ("6'2 tall", "six foot two tall"),
    needs=("'",),
)
trousers = rule(
    r"(?<![\w.])([23456]\d)W(?: ?[x×/,] ?| )([23]\d)L(?!\w)",
    lambda m: f"{decimal(m[1])} waist {decimal(m[2])} length",
    ("shorts are 32W 30L", "shorts are thirty-two waist thirty length"),
    needs=("w",),
)
race = rule(
    r"(?<![\w.])(?:(\d) ?x ?|(?<=the ))((?:50|[1-48]00|1500|3000|5000))m(?![\w'])",
    lambda m: ((m[1] and decimal(m[1]) + " by ") or "") + several(m, m[2], "meter", "meters"),
    ("4x400m", "four by four hundred meters"),
    ("the 100m", "the one hundred meters"),
    needs=("m",),
)
screw = rule(
    r"(?<=\b[A-Z]\d) ?x ?(?=\d)",
    lambda _: " by ",
    ("M3 x 8mm", "M3 by 8mm", "M three by eight millimeters"),
    needs=("x",),
)
_ASKED = lazy_pattern(r"\bwhat(?:'s| is|s) $", re.IGNORECASE)
_EQUALS = lazy_pattern(r" ?=| is \d")
_UNIT_FOLLOWS = lazy_pattern(rf" (?:{FREE_UNITS})(?!\w)", re.IGNORECASE)


def _dimensions(match: Match) -> str:
    """Two sides of something, or a price with cents so many times."""
    priced = re.fullmatch(r"\d+\.\d\d", match[1]) and match[2].isdigit()
    if " " in match[0] and (
        _ASKED.search(match.string, 0, match.start()) or _EQUALS.match(match.string, match.end())
    ):
        return f"{in_pairs(match[1])} times {in_pairs(match[2])}"
    last = match[2] if _UNIT_FOLLOWS.match(match.string, match.end()) else in_pairs(match[2])
    return f"{in_pairs(match[1])} {'times' if priced else 'by'} {last}"


dimensions = rule(
    r"(?<![\w.])(\d{1,5}(?:\.\d{1,4})?)(?: ?x ?|×)(\d{1,5}(?:\.\d{1,4})?)(?![\w^⁰¹²³⁴-⁹⁻])(?!\.\d)",
    _dimensions,
    ("1920x1080", "nineteen twenty by ten eighty"),
    ("2 x 4", "two by four"),
    ("2.5x4", "two point five by four"),
    ("1.00x20", "one point zero zero times twenty"),
    needs=("x", "×"),
)
_LONG = lazy_pattern(
    r"\b(?:ran|row|rowed|swam|swim|boards?|cables?|cord|deep|dive|fence|height|hose|jump|ladder|length|pipe|pole|pool|rope|span|tall|tarp|"
    r"trench|wall|wide|width|wire|yarn)\b"
)
lengths = rule(
    rf"{START}({NUMBER})m(?![\w'/²³^])",
    lambda m: counted(m[1], "meter") if _LONG.search(m.string) else m[0],
    ("the cable is 2m", "the cable is two meters"),
    ("5m brb", "5m brb", "five m be right back"),
    needs=("m",),
)
range_in_inches = rule(
    r"(?<![\w.,/-])(\d{1,3}(?:\.\d)?)[-–](?=\d{1,3}(?:\.\d)? ?in(?:\.(?= [a-z])| (?:wide|tall|"
    r"long|deep|high|"
    r"thick|across|of (?:rain|snow|ice))\b))",
    lambda m: f"{decimal(m[1])} to ",
    ("2-4 in. of snow", "two to 4 in. of snow", "two to four inches of snow"),
    needs=("in",),
)
inches_in_letters = rule(
    rf"{START}({NUMBER})in(?!\w)|{START}({NUMBER}) ?in(?:\.(?= [a-z])|(?= (?:wide|tall|long|deep|"
    rf"high|thick|across|of (?:rain|snow|ice))\b))",
    lambda m: several(m, m[1] or m[2], "inch", "inches"),
    ("30 in. wide", "thirty inches wide"),
    ("a 27in screen", "a twenty-seven inch screen"),
    ("8in tall", "eight inches tall"),
    needs=("in",),
)
