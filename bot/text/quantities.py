"""Figures in words: dates, times, money, units, fractions, versions, telephone-like digits.

Ordered from the most specific form to the bare number. Every repetition is bounded, so that the
time is linear in the text. Works on English text only; `pipeline` keeps other scripts away.
"""

import re
from collections.abc import Callable

from bot.text.numbers import cardinal, decimal, digits, ordinal, year
from bot.text.spacing import sub_apart
from bot.text.units import (
    CURRENCIES,
    CURRENCY_CODES,
    CURRENCY_SIGNS,
    DECADE_THINGS,
    FRACTIONS,
    FREE_UNITS,
    NAMES_A_DECADE,
    NO_DECADE_BEFORE,
    PLURALS,
    SAME_PLURAL,
    SCALES,
    SUPERSCRIPTS,
    TIMED_THINGS,
    TOUCHING_UNITS,
    UNITS,
    VULGAR,
    WAITED,
)

_MONTHS = (
    "January February March April May June July August September October November December"
).split()
_MONTH = "|".join(f"{m[:3]}(?:{m[3:]})?" if len(m) > 3 else m for m in _MONTHS) + "|Sept"
_WHOLE = r"(?:\d{1,3}(?:,\d{3}){1,4}(?!\d)|\d{1,24})"
_NUMBER = rf"{_WHOLE}(?:\.\d{{1,24}})?"
_START = r"(?<![\w.,])"
_SIGN = r"(?:(?<![\w)\]%°])[-\u2212])?"
_MEASURE = rf"(?: ?({FREE_UNITS})(?!\w))"
_DAY = r"(\d{1,2})(?:st|nd|rd|th)?\b"
_TO = r"(?: ?[-–] ?| to )"
_COMMA_DECIMAL = r"(?:\d{1,3}(?:\.\d{3}){1,4}|\d{1,12}),\d{1,2}(?![\d,]|\.\d)"
_SCALE = r"(?:[kKmMbB]|mil|bn)"
_PAID = rf" ?{_SCALE}? ?(?:[{CURRENCY_SIGNS}](?!\d)|(?:{CURRENCY_CODES})\b)"
_Match = re.Match[str]
_Rule = tuple[re.Pattern[str], Callable[[_Match], str]]


def _plural(count: str, one: str, many: str) -> str:
    return one if count == "1" else many


def _signed(sign: str | None, words: str) -> str:
    return f"minus {words}" if sign else words


def _date(day: int, month: int, in_year: int | None, match: _Match) -> str:
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return match[0]
    words = f"{_MONTHS[month - 1]} {ordinal(day)}"
    return f"{words}, {year(in_year)}" if in_year is not None else words


def _iso_date(match: _Match) -> str:
    return _date(int(match[4]), int(match[3]), int(match[1]), match)


def _numeric_date(match: _Match) -> str:
    first, second, in_year = int(match[1]), int(match[3]), int(match[4])
    if len(match[4]) == 2:
        in_year += 2000 if in_year < 70 else 1900
    # Month first, as most of Discord writes it, unless that is impossible or points separate.
    day, month = (first, second) if first > 12 or match[2] == "." else (second, first)
    return _date(day, month, in_year, match)


def _instant(match: _Match) -> str:
    """``2024-01-05T10:00:00Z`` as a date and a time that the rules for those can read."""
    # "10:00-12:00" is from one time to another.
    if match["ahead"] == "-" and not (match["seconds"] or "T" in match[0]):
        return match[0]
    zone = " UTC" if match["zone"] else ""
    hours, minutes = int(match["hours"] or 0), int(match["minutes"] or 0)
    if hours or minutes:
        zone += f" {_OPERATORS[match['ahead']]} {cardinal(hours)}"
    if minutes:
        zone += f" {cardinal(minutes)}"
    seconds = match["seconds"] or ""
    return f"{match['date']} at {match['clock']}{seconds if seconds != ':00' else ''}{zone}"


def _days(month: str, first: str, last: str, in_year: str | None, match: _Match) -> str:
    if not 1 <= int(first) < int(last) <= 31:
        return match[0]
    days = f"{_MONTHS[_month_name(month) - 1]} {ordinal(int(first))} to {ordinal(int(last))}"
    return f"{days}, {year(int(in_year))}" if in_year else days


def _month_name(name: str) -> int:
    return next(i for i, month in enumerate(_MONTHS, 1) if month[:3] == name[:3])


def _month_first(match: _Match) -> str:
    return _date(int(match[2]), _month_name(match[1]), int(match[3]) if match[3] else None, match)


def _day_first(match: _Match) -> str:
    return _date(int(match[1]), _month_name(match[2]), int(match[3]) if match[3] else None, match)


def _clock(match: _Match) -> str:
    hour, minute, second = int(match["h"]), int(match["m"]), match["s"]
    half = match["half"]
    if hour > 24 or minute > 59 or (second and int(second) > 59):
        return match[0] if second else f"{cardinal(hour)} {cardinal(minute)}"
    if minute == 0 and half:
        words = cardinal(hour)
    elif minute == 0:
        words = (
            f"{cardinal(hour)} hundred" if hour > 12 or hour == 0 else f"{cardinal(hour)} o'clock"
        )
    else:
        words = f"{cardinal(hour)} {'oh ' if minute < 10 else ''}{cardinal(minute)}"
    if second:
        count = str(int(second))
        words = f"{words} and {decimal(count)} {_plural(count, 'second', 'seconds')}"
    return words + _half(half)


def _half(half: str | None) -> str:
    return f" {half[0].upper()} M" if half else ""


def _hour(match: _Match) -> str:
    return f"{cardinal(int(match[1]))}{_half(match[2])}"


def _phone(match: _Match) -> str:
    figures = re.sub(r"\D", "", match[0])
    if not 7 <= len(figures) <= 15:
        return match[0]
    groups = [digits(group) for group in re.findall(r"\d+", match[0])]
    return ("plus " if match[0].startswith("+") else "") + ", ".join(groups)


def _amount(sign: str | None, currency: str, figures: str, scale: str | None) -> str:
    one, cent = CURRENCIES[currency.upper()]
    many = one if one in SAME_PLURAL else f"{one}s"
    if scale:
        return _signed(sign, f"{decimal(figures)} {SCALES[scale.lower()]} {many}")
    whole, _, fraction = figures.replace(",", "").partition(".")
    if len(fraction) != 2 or not cent or len(whole) > 15:
        return _signed(sign, f"{decimal(figures)} {_plural(figures, one, many)}")
    parts = []
    if int(whole or "0") or fraction == "00":
        number = int(whole or "0")
        parts.append(f"{cardinal(number)} {_plural(str(number), one, many)}")
    if fraction != "00":
        cents = int(fraction)
        parts.append(
            f"{cardinal(cents)} {_plural(str(cents), cent, PLURALS.get(cent, cent + 's'))}"
        )
    return _signed(sign, " and ".join(parts))


def _pointed(match: _Match) -> str:
    """``1.234,50`` -> 1234.50, as most of Europe writes what it pays."""
    whole, _, fraction = match[0].rpartition(",")
    return f"{whole.replace('.', '')}.{fraction}"


def _version(match: _Match) -> str:
    parts = match[2].split(".")
    word = (
        "dot" if len(parts) == 4 and all(len(p) <= 3 for p in parts) and not match[1] else "point"
    )
    spoken = f" {word} ".join(decimal(part) for part in parts)
    return f"version {spoken}" if match[1] else spoken


def _unit(match: _Match) -> str:
    unit = match[3].lower()
    one, many = UNITS[unit if unit in UNITS else f"{unit}!"]
    return _signed(match[1], f"{decimal(match[2])} {_plural(match[2], one, many)}")


def _duration(match: _Match) -> str:
    parts = [
        f"{cardinal(int(figures))} {_plural(str(int(figures)), unit, unit + 's')}"
        for figures, unit in zip(match.groups(), ("day", "hour", "minute", "second"), strict=True)
        if figures
    ]
    return " ".join(parts)


def _portion(top: int, bottom: int) -> str:
    if bottom == 2:
        return "one half" if top == 1 else f"{cardinal(top)} halves"
    return f"{cardinal(top)} {FRACTIONS[bottom]}{'' if top == 1 else 's'}"


def _vulgar(match: _Match) -> str:
    part = _portion(*VULGAR[match[2]])
    if match[1]:
        return _measured(_mixed(match[1], part), match[3], several=True)
    return _measured(part, match[3], several=False)


def _measured(words: str, unit: str | None, *, several: bool) -> str:
    return f"{words} {UNITS[unit.lower()][several]}" if unit else words


def _mixed(whole: str, part: str) -> str:
    if part.startswith("one "):
        part = f"a {part.removeprefix('one ')}"
    return f"{decimal(whole)} and {part}"


def _is_part(top: int, bottom: int) -> bool:
    return 0 < top < bottom and bottom in FRACTIONS and bottom != 5


def _whole_and_slashed(match: _Match) -> str:
    top, bottom = int(match[2]), int(match[3])
    if not _is_part(top, bottom):
        return match[0]
    return _measured(_mixed(match[1], _portion(top, bottom)), match[4], several=True)


def _slashed_of_a_unit(match: _Match) -> str:
    top, bottom = int(match[1]), int(match[2])
    if not _is_part(top, bottom):
        return match[0]
    return _measured(_portion(top, bottom), match[3], several=False)


def _slashed(match: _Match) -> str:
    top, bottom = int(match[1]), int(match[2])
    if (top, bottom) == (24, 7):
        return "twenty-four seven"
    if (top, bottom) in {(9, 11), (50, 50), (4, 20)}:
        return f"{cardinal(top)} {cardinal(bottom)}"
    if _is_part(top, bottom):
        return _portion(top, bottom)
    if bottom in {5, 10, 20, 100}:
        return f"{cardinal(top)} out of {cardinal(bottom)}"
    return f"{cardinal(top)} slash {cardinal(bottom)}"


def _plain_number(figures: str) -> str:
    if len(figures) == 4 and figures.isdigit() and "1900" <= figures <= "2099":
        return year(int(figures))
    if "," not in figures and "." not in figures and len(figures) > 9:
        return digits(figures)
    return decimal(figures)


def _range(match: _Match) -> str:
    return f"{_plain_number(match[1])} to {_plain_number(match[2])}"


def _superscript(match: _Match) -> str:
    power = match[1].translate(SUPERSCRIPTS)
    return {"2": " squared", "3": " cubed"}.get(power, f" to the power of {decimal(power)}")


_OPERATORS = {
    "+": "plus", "=": "equals", "×": "times", "x": "by", "÷": "divided by", "^": "to the power of",
    "<": "is less than", ">": "is greater than", "<=": "is at most", ">=": "is at least",
    "≤": "is at most", "≥": "is at least", "≈": "is about", "≠": "is not", "!=": "is not",
    "==": "equals", "-": "minus", "\u2212": "minus", "±": "plus or minus", "/": "divided by",
}  # fmt: skip


_COMPARED = {"<": " less than ", ">": " more than "}


def _bare(match: _Match) -> str:
    return _signed(match[1], _plain_number(match[2]))


_TENS = r"'?(?:(?:1\d|20)\d0|[2-9]0)'?[sS]"
_TEN = re.compile(r"'?(\d+)'?[sS]")
_NO_DECADE_BEFORE = NO_DECADE_BEFORE | TIMED_THINGS | {""}


def _decades(match: _Match) -> str:
    """``the 80s``, ``80s music``; what is left as it is are seconds: ``back in 30s``."""
    figures = _TEN.findall(match["tens"])
    before, after = ((match[side] or "").lower() for side in ("before", "after"))
    written = "'" in match["tens"] or any(len(ten) == 4 for ten in figures)
    named = before in NAMES_A_DECADE and after not in TIMED_THINGS
    described = all(ten >= "5" for ten in figures) and (
        after in DECADE_THINGS or (after not in _NO_DECADE_BEFORE and before not in WAITED)
    )
    if not (written or named or described):
        return match[0]
    lead = match[0][: match.start("tens") - match.start()]
    return lead + _TEN.sub(lambda m: _decade(m[1]), match["tens"])


def _decade(figures: str) -> str:
    tens = year(int(figures)) if len(figures) == 4 else cardinal(int(figures))
    return f"{tens[:-1]}ies" if tens.endswith("y") else f"{tens}s"


def _rule(pattern: str, say: Callable[[_Match], str], flags: int = 0) -> _Rule:
    return re.compile(pattern, flags), say


_HALF = r"(?P<half>[AaPp]\.?[Mm]\b\.?(?!\w))"
_RULES: tuple[_Rule, ...] = (
    _rule(r"\d{25,}", lambda _: "a long number"),
    _rule(
        rf"\b({_MONTH})\b\.? {_DAY}{_TO}{_DAY}(?! ?[AaPp]\.?[Mm]\b)(?![-/:.,]\d)"
        r"(?:,? ([12]\d{3})\b)?",
        lambda m: _days(m[1], m[2], m[3], m[4], m),
    ),
    _rule(
        rf"(?:\b[Tt]he )?(?<![\w.,/:-]){_DAY}{_TO}(?:the )?{_DAY} (?:of )?({_MONTH})\b\.?"
        r"(?:,? ([12]\d{3})\b)?",
        lambda m: _days(m[3], m[1], m[2], m[4], m),
    ),
    _rule(
        rf"([{CURRENCY_SIGNS}])({_NUMBER})([kKmM]?) ?[-–] ?\1?(?={_NUMBER})",
        lambda m: f"{decimal(m[2])}{m[3] and ' ' + m[3].upper()} to {m[1]}",
    ),
    _rule(r"(?<=\d[dhkmsKM])[-–](?='?[\d.,]{1,8}'?[dhkmsKM]\b)", lambda _: " to "),
    _rule(r"(?<=[^\W\d_])(?<![AaPp][Mm])-(?=\d)", lambda _: " "),
    _rule(
        rf"([\d)] ?|\b[a-z] )?([<>])(?!=) ?(?=[{CURRENCY_SIGNS}]?\d)",
        lambda m: f"{m[1]} {_OPERATORS[m[2]]} " if m[1] else _COMPARED[m[2]],
    ),
    _rule(
        r"(?<![\w.-])(?P<date>\d{4}-\d\d-\d\d)[T ](?P<clock>\d\d:\d\d)(?P<seconds>:\d\d)?"
        r"(?:[.,]\d{1,9})?(?P<zone>Z|(?P<ahead>[+-])(?P<hours>\d\d):?(?P<minutes>\d\d))?(?![\w:])",
        _instant,
    ),
    _rule(r"(?<![\w.-])(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?![\w-])", _iso_date),
    _rule(
        r"(?<![\w./-])(\d{1,2})([-/.])(\d{1,2})\2(\d{4}|(?<=/)\d{2})(?![\w/-])(?!\.\d)",
        _numeric_date,
    ),
    _rule(
        rf"\b({_MONTH})\b\.? (\d{{1,2}})(?:st|nd|rd|th)?\b(?![:.,]\d)(?:,? ([12]\d{{3}})\b)?",
        _month_first,
    ),
    _rule(
        rf"(?:\b[Tt]he )?\b(\d{{1,2}})(?:st|nd|rd|th)? (?:of )?"
        rf"({_MONTH})\b\.?(?:,? ([12]\d{{3}})\b)?",
        _day_first,
    ),
    _rule(
        r"(?<=\d)(?: ?[AaPp]\.?[Mm]\.?)? ?[-–] ?(?=\d{1,2}(?::\d\d)? ?[AaPp]\.?[Mm]\b)",
        lambda m: f"{m[0].rstrip(' -–')} to ",
    ),
    _rule(
        rf"(?<![\w:.])(?P<h>\d{{1,2}}):(?P<m>\d{{2}})(?::(?P<s>\d{{2}}))?(?![\d:])(?: ?{_HALF})?",
        _clock,
    ),
    _rule(r"(?<![\w:.])(\d{1,2}) ?([AaPp]\.?[Mm]\b\.?)(?!\w)", _hour),
    _rule(
        r"(?<![\w:.])(\d{1,3}):(\d{1,3})(?![\w:])", lambda m: f"{decimal(m[1])} to {decimal(m[2])}"
    ),
    _rule(
        r"(?<![\w.,-])(?:\+\d{1,3}[ .-]?)?(?:\(\d{2,4}\) ?|\d{3}[ .-])\d{3}[ .-]\d{4}(?![\w-])|"
        r"(?<![\w.,-])\d{3}-\d{4}(?![\w-])|"
        r"(?<![\w.,-])0\d{2,4}(?:[ -]\d{3,4}){1,3}(?![\w-])|"
        r"(?<![\w.,-])\+\d{1,3}(?:[ .-]?\d{2,5}){2,5}(?![\w-])",
        _phone,
    ),
    _rule(rf"{_SIGN}{_START}{_COMMA_DECIMAL}(?=(?: ?[-–] ?[\d.,]{{1,20}})?{_PAID})", _pointed),
    _rule(rf"(?<=[{CURRENCY_SIGNS}]) ?{_COMMA_DECIMAL}{_SCALE}?", _pointed),
    _rule(
        rf"(?<=[{CURRENCY_SIGNS}]) ?[-–] ?(?={_NUMBER}{_PAID})",
        lambda _: " to ",
    ),
    _rule(
        rf"{_START}({_NUMBER})({_SCALE}?) ?[-–] ?(?={_NUMBER}{_PAID})",
        lambda m: f"{decimal(m[1])}{m[2] and ' ' + m[2].upper()} to ",
    ),
    _rule(
        rf"({_SIGN})([{CURRENCY_SIGNS}]) ?({_NUMBER})"
        r"(?:(k|m|mil|mill|mn|b|bn|t|tn)\b| (thousand|million|billion|trillion)\b)?",
        lambda m: _amount(m[1], m[2], m[3], m[4] or m[5]),
        re.IGNORECASE,
    ),
    _rule(
        rf"({_SIGN}){_START}({_NUMBER}) ?({_SCALE})? ?"
        rf"([{CURRENCY_SIGNS}]|(?:{CURRENCY_CODES})\b)",
        lambda m: _amount(m[1], m[4], m[2], m[3]),
    ),
    _rule(rf"{_START}({_NUMBER})¢", lambda m: f"{decimal(m[1])} {_plural(m[1], 'cent', 'cents')}"),
    _rule(r"(?<![\w.])([vV])\.?((?:\d{1,6}\.){0,5}\d{1,6})(?!\w)-?", _version),
    _rule(r"(?<![\w.])()((?:\d{1,6}\.){2,5}\d{1,6})(?![\w.]*\w)", _version),
    _rule(
        r"(?<!\w)(\d)'(\d{1,2})(?:\"|''|(?!\w))",
        lambda m: f"{cardinal(int(m[1]))} foot {cardinal(int(m[2]))}",
    ),
    _rule(
        r"(?<!\w)(?:(\d{1,4})d ?)?(?:(\d{1,4})h ?)(?:(\d{1,4})m(?:in)?)(?: ?(\d{1,4})s)?(?!\w)",
        _duration,
    ),
    _rule(r"(?<!\w)()()(\d{1,4})m ?(\d{1,4})s(?!\w)", _duration),
    _rule(
        r"(?<!\w)(\d{1,5})(?: ?x ?|×)(\d{1,5})(?!\w)",
        lambda m: f"{_pairs(m[1])} by {_pairs(m[2])}",
    ),
    _rule(r"(?<![\w.,])(\d{1,12})(?:st|nd|rd|th)\b", lambda m: ordinal(int(m[1])), re.IGNORECASE),
    _rule(
        rf"(?:\b(?P<before>[A-Za-z]{{1,12}})[ -])?(?<![\w.,])"
        rf"(?P<tens>{_TENS}(?:(?: ?[/,&] ?|,? and |,? or | to ){_TENS}){{0,3}})\b"
        r"(?:-(?=[a-z]))?(?= ?(?P<after>[A-Za-z']{1,20}))?",
        _decades,
    ),
    _rule(
        rf"(?:(?<![\w.,])(\d{{1,6}}) ?)?([{''.join(VULGAR)}]){_MEASURE}?", _vulgar, re.IGNORECASE
    ),
    _rule(
        rf"(?<![\w/.,:])(\d{{1,3}})[ -](\d{{1,2}})/(\d{{1,2}})(?![\d/])(?!\.\d)"
        rf"(?:{_MEASURE}|(?!\w))",
        _whole_and_slashed,
        re.IGNORECASE,
    ),
    _rule(rf"(?<![\w/.,])(\d{{1,2}})/(\d{{1,2}}){_MEASURE}", _slashed_of_a_unit, re.IGNORECASE),
    _rule(
        rf"(?<![\w.,])({_NUMBER})[-–—]({_NUMBER})(?=(?:{FREE_UNITS}| ?(?:{FREE_UNITS})\b)(?!\w))",
        lambda m: f"{decimal(m[1])} to {m[2]}",
        re.IGNORECASE,
    ),
    _rule(
        rf"{_START}({_NUMBER})[-–—]({_NUMBER})([dghls])(?![\w'])",
        lambda m: f"{decimal(m[1])} to {decimal(m[2])} {UNITS[f'{m[3]}!'][1]}",
    ),
    _rule(rf"({_SIGN}){_START}({_NUMBER})(?: ?({FREE_UNITS}))(?!\w)", _unit, re.IGNORECASE),
    _rule(rf"({_SIGN}){_START}({_NUMBER})((?:{TOUCHING_UNITS}))(?![\w'])", _unit),
    _rule(
        r"(?<![\w/.,])(\d{1,3}\.\d{1,2})/(5|10|20|100)(?![\w/.])",
        lambda m: f"{decimal(m[1])} out of {decimal(m[2])}",
    ),
    _rule(r"(?<![\w/.,])(\d{1,4})/(\d{1,4})(?![\w/])(?!\.\d)", _slashed),
    _rule(r"([⁰¹²³⁴⁵⁶⁷⁸⁹]{1,4})", _superscript),
    _rule(rf"{_START}({_NUMBER}) ?[-–—] ?({_NUMBER})(?! ?=)(?![\w.-]*\w)", _range),
    _rule(rf"{_START}({_NUMBER}) ?(k)(?!\w)", lambda m: f"{decimal(m[1])} K", re.IGNORECASE),
    _rule(rf"{_START}({_NUMBER})([MB])(?!\w)", lambda m: f"{decimal(m[1])} {SCALES[m[2].lower()]}"),
    _rule(
        r"(?<=[\w)!]) ?(<=|>=|==|!=|[+=×÷^<>≤≥≈≠±\u2212]|(?<= )[-/](?= )|(?<=\d)-(?=[\d ]*=))"
        r" ?(?=[\d(]|[a-z] |[a-z]\b)",
        lambda m: f" {_OPERATORS[m[1]]} ",
    ),
    _rule(r"(?<=[\d)]) ?(<=|>=|==|!=|[+=×÷^<>≤≥≈≠±]) ?(?=\w)", lambda m: f" {_OPERATORS[m[1]]} "),
    _rule(r"(?<!\w)x(\d{1,4})(?!\w)", lambda m: f"times {decimal(m[1])}"),
    _rule(rf"(?<!\w)[~≈] ?(?=[{CURRENCY_SIGNS}]?\d)", lambda _: "about "),
    _rule(r"(?<!\w)([+±])(?=\d)", lambda m: f"{_OPERATORS[m[1]]} "),
    _rule(r"(?<!\w)#(?=\d)", lambda _: "number "),
    _rule(r"\b(1080|1440|2160|720|480|360|240|144)p\b", lambda m: f"{_pairs(m[1])} P"),
    _rule(rf"({_SIGN}){_START}(\.\d{{1,24}})(?![\w.])", lambda m: _signed(m[1], decimal(m[2]))),
    _rule(rf"({_SIGN}){_START}({_NUMBER})(?!\d)", _bare),
    _rule(
        r"(?a:(\d{1,24}))", lambda m: _pairs(m[1]) if len(m[1]) in {3, 4} else _plain_number(m[1])
    ),
)


def _pairs(figures: str) -> str:
    """Read the number of a model or screen as people do: ``1080`` -> ten eighty."""
    if len(figures) in {3, 4} and figures[0] != "0" and figures[-2:] != "00":
        head, rest = int(figures[:-2]), int(figures[-2:])
        return f"{cardinal(head)} {'oh ' if rest < 10 else ''}{cardinal(rest)}"
    return _plain_number(figures)


_MODEL = re.compile(r"\b([A-Z]{2,4}|[rg]tx|rx) (\d{3,4})(?![\w.,:])")


_FIGURE = re.compile(f"[\\d{''.join(VULGAR)}\u2070\u00b9\u00b2\u00b3\u2074-\u2079]")


def quantities(text: str) -> str:
    """Return `text` with every ASCII figure in words."""
    if not _FIGURE.search(text):
        return text
    text = _MODEL.sub(lambda m: f"{m[1]} {_pairs(m[2])}", text)
    for pattern, say in _RULES:
        text = sub_apart(pattern, say, text)
        if not _FIGURE.search(text):
            break
    return text
