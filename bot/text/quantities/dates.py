"""Days, months and years, and the instants that programs write."""

import re

from bot.text.expressions import lazy_pattern
from bot.text.quantities.counts import COUNTED_THINGS
from bot.text.quantities.measures import FREE_UNITS
from bot.text.quantities.numbers import cardinal, ordinal, year
from bot.text.quantities.parts import HALF_DAY, START
from bot.text.rule import Match, rule

MONTHS = (
    "January February March April May June July August September October November December"
).split()
_SHORT_MONTHS = tuple(month[:3].lower() for month in MONTHS)
_WRITTEN = "|".join(f"{m[:3]}(?:{m[3:]})?" if len(m) > 3 else m for m in MONTHS)
_MONTH = rf"(?P<month>{_WRITTEN}|Sept)\b"
_TH = r"(?:st|nd|rd|th)?\b"
_DAY = rf"(?P<day>\d{{1,2}}){_TH}"
_LAST_DAY = rf"(?P<last>\d{{1,2}}){_TH}"
_TO = r"(?: ?[-–] ?| to )"
_YEAR = r"(?:,? (?P<year>[12]\d{3})\b)?"


def _date(day: int, month: int, in_year: int | None, match: Match) -> str:
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return match[0]
    words = f"{MONTHS[month - 1]} {ordinal(day)}"
    return words if in_year is None else f"{words}, {year(in_year)}"


def _month(match: Match) -> int:
    return _number(match["month"])


def _number(name: str) -> int:
    return next(i for i, month in enumerate(MONTHS, 1) if month[:3] == name[:3])


def _named(match: Match) -> str:
    return _date(int(match["day"]), _month(match), int(match["year"] or 0) or None, match)


def _days(match: Match) -> str:
    day, last = int(match["day"]), int(match["last"])
    if not 1 <= day < last <= 31:
        return match[0]
    days = f"{MONTHS[_month(match) - 1]} {ordinal(day)} to {ordinal(last)}"
    return f"{days}, {year(int(match['year']))}" if match["year"] else days


short_year = rule(
    r"(?<!\w)'0(\d)(?!\w)(?!')",
    lambda m: f"oh {cardinal(int(m[1]))}",
    ("since '06", "since oh six"),
    needs=("'0",),
)
pointed = rule(
    r"(?<![\w./-])(?:(0?[1-9]|1[0-2])\.(1[3-9]|2\d|3[01])|(1[3-9]|2\d|3[01])\.(0?[1-9]|1[0-2]))\.(2\d)(?![\w/-])(?!\.\d)",
    lambda m: _date(int(m[2] or m[3]), int(m[1] or m[4]), 2000 + int(m[5]), m),
    ("on 9.14.24", "on September fourteenth, twenty twenty-four"),
    needs=(".2",),
)
month_of_year = rule(
    r"(?<![\w./-])(0[1-9]|1[0-2])/(20\d\d)(?![\w/-])",
    lambda m: f"{MONTHS[int(m[1]) - 1]} {m[2]}",
    ("exp. 08/2025", "exp. August 2025", "exp. August twenty twenty-five"),
    needs=("/20",),
)
from_day_of_month = rule(
    rf"\b{_MONTH}\.? {_DAY} ?[-–] ?(?=(?:{_WRITTEN}|Sept)\.? \d)",
    lambda m: f"{MONTHS[_month(m) - 1]} {ordinal(int(m['day']))} to ",
    ("June 14-Aug 28", "June fourteenth to Aug 28", "June fourteenth to August twenty-eighth"),
    needs=_SHORT_MONTHS,
)
month_and_days = rule(
    rf"\b{_MONTH}\.? {_DAY}{_TO}{_LAST_DAY}(?! ?{HALF_DAY})(?![-/:.,]\d){_YEAR}",
    _days,
    ("Aug. 30 – 31", "August thirtieth to thirty-first"),
    ("Jan 5th-7th, 2024", "January fifth to seventh, twenty twenty-four"),
    needs=_SHORT_MONTHS,
)
days_and_month = rule(
    rf"(?:\b[Tt]he )?(?<![\w.,/:-]){_DAY}{_TO}(?:the )?{_LAST_DAY} (?:of )?{_MONTH}\.?{_YEAR}",
    _days,
    ("from the 3rd to the 5th of May", "from May third to fifth"),
    ("24-26 December", "December twenty-fourth to twenty-sixth"),
    needs=_SHORT_MONTHS,
)
month_and_day = rule(
    rf"\b{_MONTH}\.? {_DAY}(?![:.,]\d){_YEAR}",
    _named,
    ("March 3rd, 2021", "March third, twenty twenty-one"),
    ("on Sept. 9", "on September ninth"),
    needs=_SHORT_MONTHS,
)
day_and_month = rule(
    rf"(?:\b[Tt]he )?\b{_DAY} (?:of )?{_MONTH}\.?{_YEAR}",
    _named,
    ("the 5th of May, 1995", "May fifth, nineteen ninety-five"),
    ("5 July", "July fifth"),
    needs=_SHORT_MONTHS,
)


def _instant(match: Match) -> str:
    """A date and a time that the rules for those can read."""
    # "10:00-12:00" is from one time to another.
    if match["ahead"] == "-" and not (match["seconds"] or "T" in match[0]):
        return match[0]
    zone = " UTC" if match["zone"] else ""
    hours, minutes = int(match["hours"] or 0), int(match["minutes"] or 0)
    if hours or minutes:
        zone += f" {'plus' if match['ahead'] == '+' else 'minus'} {cardinal(hours)}"
    if minutes:
        zone += f" {cardinal(minutes)}"
    seconds = match["seconds"] or ""
    return f"{match['date']} at {match['clock']}{seconds if seconds != ':00' else ''}{zone}"


instant = rule(
    r"(?<![\w.-])(?P<date>\d{4}-\d\d-\d\d)[T ](?P<clock>\d\d:\d\d)(?P<seconds>:\d\d)?"
    r"(?:[.,]\d{1,9})?(?P<zone>Z|(?P<ahead>[+-])(?P<hours>\d\d):?(?P<minutes>\d\d))?(?![\w:])",
    _instant,
    (
        "2024-01-05T18:30:07.123+02:00",
        "2024-01-05 at 18:30:07 UTC plus two",
        "January fifth, twenty twenty-four at eighteen thirty and seven seconds U T C plus two",
    ),
    (
        "2024-01-05 10:00-12:00",
        "2024-01-05 10:00-12:00",
        "January fifth, twenty twenty-four ten o'clock to twelve o'clock",
    ),
    needs=(":",),
)
year_first = rule(
    r"(?<![\w.-])(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?![\w-])",
    lambda m: _date(int(m[4]), int(m[3]), int(m[1]), m),
    ("2024-01-15", "January fifteenth, twenty twenty-four"),
    ("2024/13/15", "2024/13/15", "twenty twenty-four, thirteen, fifteen"),
)


#: Kills, deaths and assists, or points, rebounds and assists.
_STATISTICS = lazy_pattern(
    r"\b(?:averag\w{1,4}|dropped|kda|k/d|went|triple-double|double-double|put up|stat ?lines?|"
    r"stats|games?|mvp|"
    r"kills?|frag\w{0,5}|carr(?:y|ied))\b",
    re.IGNORECASE,
)


_SLASHED = lazy_pattern(r"(?<![\w./-])(\d\d?)/(\d\d?)/(?:\d{4}|\d\d)(?![\w/-])")


#: How many characters away another date may be that shows its author's order.
_NEAR = 100


def _writes_day_first(match: Match) -> bool:
    """Whether a date near `match` can have its day first only, and none its month first only."""
    first, last = max(match.start() - _NEAR, 0), match.end() + _NEAR
    dates = [(int(day), int(month)) for day, month in _SLASHED.findall(match.string, first, last)]
    return any(day > 12 for day, _ in dates) and all(month <= 12 for _, month in dates)


def _year_last(match: Match) -> str:
    first, second, in_year = int(match[1]), int(match[3]), int(match[4])
    if len(match[4]) == 2 and _STATISTICS.search(match.string):
        return " ".join(cardinal(int(figures)) for figures in (match[1], match[3], match[4]))
    if len(match[4]) == 2:
        in_year += 2000 if in_year < 70 else 1900
    # Month first, as most of Discord writes it, unless that is impossible or points separate.
    day_first = first > 12 or match[2] == "." or _writes_day_first(match)
    day, month = (first, second) if day_first else (second, first)
    return _date(day, month, in_year, match)


year_last = rule(
    r"(?<![\w./-])(\d{1,2})([-/.])(\d{1,2})\2(\d{4}|(?<=/)\d{2})(?![\w/-])(?!\.\d)",
    _year_last,
    ("12/25/2024", "December twenty-fifth, twenty twenty-four"),
    ("averaging 28/11/10", "averaging twenty-eight eleven ten"),
    ("25/12/99", "December twenty-fifth, nineteen ninety-nine"),
    (
        "1/6/99 to 30/8/99",
        "June first, nineteen ninety-nine to August thirtieth, nineteen ninety-nine",
    ),
    ("1.2.2024", "February first, twenty twenty-four"),
)
_COUNTED = rf"(?= (?:{COUNTED_THINGS})\b)"
_NOT_COUNTED = rf"(?! (?:{COUNTED_THINGS})\b)"
no_year = rule(
    rf"{START}(?<![-+\u2212$€£#~])([12]\d{{3}})(?:{_COUNTED}|(?= for (?:it|that|this|them)\b))|"
    r"(?<![\w.,])(?:(?<=paid )|(?<=cost )|(?<=owed ))([12]\d{3})(?![\w.,/:-]\w)",
    lambda m: cardinal(int(m[1] or m[2])),
    ("1984 people", "one thousand nine hundred eighty-four people"),
    ("it cost 2010", "it cost two thousand ten"),
)


def _before_christ(match: Match) -> str:
    first = f"{year(int(match[1]))} to " if match[1] else ""
    return f"{first}{year(int(match[2]))} {' '.join(match[3])}"


before_christ = rule(
    rf"{START}(?<![-+])(?:(\d{{1,4}}){_TO})?(\d{{1,4}}) ?(BCE?|CE|AD)\b(?!/)",
    _before_christ,
    ("1493 to 1479 BC", "fourteen ninety-three to fourteen seventy-nine B C"),
    ("44 BCE", "forty-four B C E"),
    needs=("bc", "ce", "ad"),
)
in_year = rule(
    r"\b((?:[Ii]n|[Ss]ince|[Yy]ear|[Cc]irca|[Uu]ntil|[Bb]efore|[Aa]fter|[Ee]stablished|[Bb]orn|"
    r"[Bb]y|[Aa]round|[Dd]uring|[Ff]rom|(?:[Ww]ar|[Cc]lass|[Ss]ummer|[Ww]inter|[Ff]all|[Ss]pring|[Cc]rash|[Ff]ire|[Pp]anic|"
    r"[Rr]evolution|[Tt]reaty|[Aa]ct|[Cc]onstitution|[Gg]reat \w{1,12}|[Bb]attle) of) )"
    r"(1\d{3})"
    r"(?![\w.,/:%°-]\w)(?![%°+])(?! [a-z]+(?<![uis])s\b)(?!\w)(?! ?[\u20a0-\u20bf¥£¢$¼-¾⅐-⅞])"
    rf"(?! ?(?i:{FREE_UNITS}|hp|k|usd|eur|gbp|jpy|cad|aud)(?!\w))",
    lambda m: f"{m[1]}{year(int(m[2]))}",
    ("in 1066", "in ten sixty-six"),
    ("the War of 1812", "the War of eighteen twelve"),
    ("since 1776", "since seventeen seventy-six"),
)
year_first_of_all = rule(
    r"^(1[0-8]\d\d)(?= (?:was|called|wants|saw|brought|marked|began)\b)",
    lambda m: year(int(m[1])),
    ("1848 was wild", "eighteen forty-eight was wild"),
)
month_and_year = rule(
    rf"\b{_MONTH}\.?,? ((?:1[5-9]|20)\d\d)(?![\w.,:/%-]\w)(?!\w){_NOT_COUNTED}",
    lambda m: f"{MONTHS[_month(m) - 1]} {year(int(m[2]))}",
    ("Sept 2024", "September twenty twenty-four"),
    needs=_SHORT_MONTHS,
)
from_month_to_month = rule(
    rf"\b{_MONTH}\.?(?: ?[-–] ?)(?P<other>Sept|{_WRITTEN})\b(?! \d{{1,2}}\b)\.?",
    lambda m: f"{MONTHS[_month(m) - 1]} to {MONTHS[_number(m['other']) - 1]}",
    ("Oct-Dec", "October to December"),
    needs=_SHORT_MONTHS,
)


year_in_brackets = rule(
    r"(?<=\()(1[0-9]\d\d)(?=\))",
    lambda m: year(int(m[1])),
    ("Plessy (1896)", "Plessy (eighteen ninety-six)"),
    needs=("(1",),
)
