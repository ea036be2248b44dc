"""Figures that name something: models, screens, versions, telephones."""

import re

from bot.text.quantities.numbers import decimal, digits, in_pairs
from bot.text.rule import Match, rule

model = rule(
    r"\b([A-Z]{2,4}|[rg]tx|rx) (\d{3,4})(?![\w.,:])",
    lambda m: f"{m[1]} {in_pairs(m[2])}",
    ("RTX 4090", "RTX forty ninety", "R T X forty ninety"),
    ("an rx 580", "an rx five eighty"),
    spaced=False,
)
formula = rule(
    r"\b([A-Z])([A-Z])(?=\d)",
    lambda m: f"{m[1]} {m[2]}",
    ("SO2", "S O 2", "S O two"),
)
hyphenated = rule(
    r"(?<=[^\W\d_])(?<![AaPp][Mm])-(?=\d)",
    lambda _: " ",
    ("covid-19", "covid 19", "covid nineteen"),
)


_BOOKS = (
    "Genesis|Exodus|Leviticus|Deuteronomy|Joshua|Judges|Samuel|Kings|Job|Psalms?|Proverbs|"
    "Ecclesiastes|Isaiah|Jeremiah|Ezekiel|Daniel|Matthew|Mark|Luke|John|Acts|Romans|Corinthians|"
    "Galatians|Ephesians|Philippians|Colossians|Timothy|Hebrews|James|Peter|Revelation"
)


def _id_part(figures: str) -> str:
    """The figures of a part of an identifier; a last X counts ten."""
    return f"{digits(figures)} X".strip() if figures[-1:] == "X" else digits(figures)


def _telephone(match: Match) -> str:
    groups = re.findall(r"\d+", match[0])
    if not 7 <= len("".join(groups)) <= 15:
        return match[0]
    return ("plus " if match[0].startswith("+") else "") + ", ".join(map(digits, groups))


telephone = rule(
    r"(?<![\w.,-])(?:\+\d{1,3}[ .-]?)?(?:\(\d{2,4}\) ?|\d{3}[ .-])\d{3}[ .-]\d{4}(?![\w-])|"
    r"(?<![\w.,-])1[ .-]\d{3}[ .-]\d{3}[ .-]\d{4}(?![\w-])|"
    r"(?<![\w.,-])1[38]00 \d{3} \d{3}(?![\w-])|"
    r"(?<![\w.,-])\d{3}-\d{2}-\d{4}(?![\w-])|"
    r"(?<![\w.,-])\d{3}-\d{4}(?![\w-])|"
    r"(?<![\w.,-])0\d{2,4}(?:[ -]\d{3,4}){1,3}(?![\w-])|"
    r"(?<![\w.,-])\+\d{1,3}(?:[ .-]?\d{2,5}){2,5}(?![\w-])",
    _telephone,
    ("+1 (555) 123-4567", "plus one, five five five, one two three, four five six seven"),
    (
        "1-800-555-1234",
        "one, eight zero zero, five five five, one two three four",
    ),
    ("123-45-6789", "one two three, four five, six seven eight nine"),
    ("555-1234", "five five five, one two three four"),
    ("0412 345 678", "zero four one two, three four five, six seven eight"),
    ("+49 30 1234567", "plus four nine, three zero, one two three four five six seven"),
)
isbn = rule(
    r"(?<=\bISBN)(?:-1[03])?:? (\d[\d-]{8,16}[\dX])(?![\w-])",
    lambda m: " " + ", ".join(filter(None, (_id_part(part) for part in m[1].split("-")))),
    (
        "ISBN 0-306-40615-2",
        "ISBN zero, three zero six, four zero six one five, two",
        "I S B N zero, three zero six, four zero six one five, two",
    ),
)
emergency = rule(
    r"(?<![\w.,:/$+-])(?<!Porsche )911(?![\w:/%+-])(?![.,]\d)(?! (?:people|[a-z]+s)\b)",
    lambda _: "nine one one",
    ("call 911", "call nine one one"),
)
verse = rule(
    rf"\b({_BOOKS}) (\d{{1,3}}):(\d{{1,3}})(?:[-–](\d{{1,3}}))?(?![\w:])",
    lambda m: f"{m[1]} {decimal(m[2])} {decimal(m[3])}{' to ' + decimal(m[4]) if m[4] else ''}",
    ("Matthew 5:3-12", "Matthew five three to twelve"),
)
version = rule(
    r"(?<![\w.])[vV]\.?((?:\d{1,6}\.){0,5}\d{1,6})(?!\w)-?",
    lambda m: f"version {_parted(m[1].split('.'), 'point')}",
    ("v1.2.3", "version one point two point three"),
    ("v2 is out", "version two is out"),
    ("v2.0-beta", "version two point zero beta"),
)


def _address(match: Match) -> str:
    """Four short parts are an address of the internet, any others a version."""
    parts = match[0].split(".")
    is_address = len(parts) == 4 and all(len(part) <= 3 for part in parts)
    return _parted(parts, "dot" if is_address else "point")


address = rule(
    r"(?<![\w.])(?:\d{1,6}\.){2,5}\d{1,6}(?![\w.]*\w)",
    _address,
    ("1.20.4", "one point twenty point four"),
    ("127.0.0.1", "one hundred twenty-seven dot zero dot zero dot one"),
)


def _parted(parts: list[str], between: str) -> str:
    return f" {between} ".join(map(decimal, parts))


screen = rule(
    r"\b(1080|1440|2160|720|480|360|240|144)p\b",
    lambda m: f"{in_pairs(m[1])} P",
    ("1080p", "ten eighty P"),
)
