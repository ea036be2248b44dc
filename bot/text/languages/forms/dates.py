"""Days, months and years."""

import re

from bot.text.expressions import any_of
from bot.text.languages.forms.form import WrittenForm, before, word_after
from bot.text.languages.grammar import Grammar
from bot.text.languages.names import month_names, months
from bot.text.rule import Match


def _date(g: Grammar, day: int, month: int, year: int | None, m: Match) -> str:
    if not (1 <= day <= 31 and 1 <= month <= 12):
        return m[0]
    written = before(m)
    said = g.date if year is not None else g.day_month
    return said.format(
        d=g.day_said(day, written),
        month=month_names(g.code)[month - 1] if g.spaced else g.say(month, "", "월"),
        y="" if year is None else g.year_said(year, "month"),
    )


DATE_YEAR_FIRST = WrittenForm(
    "date, year first",
    lambda g: rf"{g.start}(\d{{4}})([-/.])(\d{{1,2}})\2(\d{{1,2}}){g.end}(?!-|\.\d)",
    lambda g, m: _date(g, int(m[4]), int(m[3]), int(m[1]), m),
)


def _full_year(typed: str) -> int:
    year = int(typed)
    return year if len(typed) == 4 else year + (2000 if year < 70 else 1900)


DATE = WrittenForm(
    "date",
    lambda g: (
        rf"{g.start}(\d{{1,2}})([{re.escape(g.slashed)}])(\d{{1,2}})\2 ?(\d{{4}}|\d{{2}})(?![\w/-])"
        rf"(?!\.\d){g.after_year and f'(?:{g.after_year})?'}"
        if g.slashed
        else None
    ),
    lambda g, m: _date(g, int(m[1]), int(m[3]), _full_year(m[4]), m),
)
SHORT_DATE = WrittenForm(
    "date without year",
    lambda g: rf"{g.start}(?<![-−–+<>=≤≥~≈±$€£])(?!24/7){g.short_date}" if g.short_date else None,
    lambda g, m: _date(g, int(m["day"]), int(m["month"]), None, m),
)


def _month_pattern(g: Grammar) -> str:
    return rf"(?P<month>{any_of(months(g.code))})(?![^\W\d_])\.?"


def _named(g: Grammar, m: Match) -> str:
    month = months(g.code)[m["month"].lower()]
    year = int(m["year"]) if m["year"] else None
    said = _date(g, int(m["day"]), month, year, m)
    if m["last"]:
        last = g.day_said(int(m["last"]), before(m))
        first = g.day_said(int(m["day"]), before(m))
        rest = said.removeprefix(first)
        return f"{first} {g.to} {last}{rest}" if said.startswith(first) else m[0]
    return said


NAMED_DATE = WrittenForm(
    "day and month",
    lambda g: (
        rf"{g.start}(?P<day>\d{{1,2}})(?:\.?(?: ?[-–] ?)(?P<last>\d{{1,2}}))?"
        rf"(?:st|nd|rd|th|er|º|°|:[ae]|e)?(?:{g.joined}){_month_pattern(g)}"
        rf"(?:(?:{g.before_year})(?P<year>[12]\d{{3}})(?!\d)(?:{g.after_year})?)?"
        if g.spaced
        else None
    ),
    _named,
)
YEAR = WrittenForm(
    "year",
    lambda g: (
        rf"(?P<before>{g.year_after})(?P<year>1[1-9]\d\d|20\d\d){g.end}(?![%°])(?![.,:/-]\d)"
        if g.year_after
        else None
    ),
    lambda g, m: (
        f"{m['before']}{g.year_said(int(m['year']), m['before'] or before(m), word_after(m))}"
    ),
    apart=False,
)
