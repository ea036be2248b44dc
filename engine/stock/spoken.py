"""English text as it is read aloud, before it is turned into phonemes.

The phonemiser reads plain words, counts, years, ordinals and money by itself; what it drops or
misreads (clock times, units, fractions, signs, addresses, other scripts) is written out here.
Never adds or leaves out a word that was meant to be heard.
"""

import re
import unicodedata

from anyascii import anyascii

_MONTHS = (
    "January February March April May June July August September October November December"
).split()
_UNITS = {  # one of them; the first word takes the plural's s
    "km": "kilometer",
    "cm": "centimeter",
    "mm": "millimeter",
    "kg": "kilogram",
    "mg": "milligram",
    "ms": "millisecond",
    "min": "minute",
    "mph": "mile per hour",
    "kb": "kilobyte",
    "mb": "megabyte",
    "gb": "gigabyte",
    "tb": "terabyte",
    "fps": "frame per second",
    "°c": "degree Celsius",
    "°f": "degree Fahrenheit",
    "°": "degree",
}
_CURRENCIES = {"$": "dollars", "£": "pounds", "€": "euros"}
_FRACTIONS = {"½": "one half", "¼": "one quarter", "¾": "three quarters"}
_DIGITS = "zero one two three four five six seven eight nine".split()
_MOST_DIGITS = 18  # the phonemiser counts up to quadrillions


def spoken(text: str) -> str:
    """Return `text` in ASCII words that can be pronounced; empty when nothing can be said.

    Letters of other scripts are transliterated ("Саша" becomes "Sasha"). Emoji, and marks that
    stand for no word, are left out.
    """
    text = _fractions(text)
    text = unicodedata.normalize("NFKC", text)
    for pattern, replacement in _REWRITES:
        text = pattern.sub(replacement, text)
    return " ".join("".join(map(_latin, text)).split())


def _fractions(text: str) -> str:
    for sign, words in _FRACTIONS.items():
        text = re.sub(rf"(?<=\d)\s*{sign}", f" and {words.replace('one ', 'a ')}", text)
        text = text.replace(sign, f" {words} ")
    return text


def _latin(char: str) -> str:
    """Transliterate a letter, digit or mark; a symbol that has no reading parts two words."""
    if char in _CURRENCIES:
        return char
    category = unicodedata.category(char)
    if category == "Cf":  # joiners and direction marks are inside words
        return ""
    return anyascii(char) if category[0] in "LMNP" or char in "+%" else " "


def _clock(match: re.Match[str]) -> str:
    hour, minute, half = int(match.group(1)), match.group(2), match.group(3)
    minutes = f"oh {minute[1]}" if minute[0] == "0" else minute
    if minute == "00":
        minutes = "" if half else "hundred" if hour > 12 else "o'clock"
    return f" {hour} {minutes} {f'{half.upper()}.M.' if half else ''} "


def _date(match: re.Match[str]) -> str:
    year, month, day = (int(part) for part in match.groups())
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return match.group()
    ending = "th" if 10 < day < 14 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
    return f"{_MONTHS[month - 1]} {day}{ending}, {year:04d}"


def _money(match: re.Match[str]) -> str:
    sign, amount, scale = match.groups()
    return f"{amount} {scale} {_CURRENCIES[sign]}"


def _unit(match: re.Match[str]) -> str:
    amount, unit = match.groups()
    noun, _, rest = _UNITS[unit.lower()].partition(" ")
    return f"{amount} {noun}{'' if amount == '1' else 's'} {rest}"


def _digit_by_digit(match: re.Match[str]) -> str:
    digits = match.group()
    if len(digits) <= _MOST_DIGITS and not (digits[0] == "0" and len(digits) > 1):
        return digits
    return " ".join(_DIGITS[int(digit)] for digit in digits)


_UNIT_NAMES = "|".join(sorted(_UNITS, key=len, reverse=True))
_REWRITES = tuple(
    (re.compile(pattern, re.ASCII | re.IGNORECASE), replacement)
    for pattern, replacement in (
        (r"https?://(?:www\.)?", ""),
        (r"(?<=\w\w)\.(?=[a-z]{2})", " dot "),
        (r"(?<=[a-z])/(?=[a-z]{3})", " slash "),
        (r"_+", " "),
        (r"\b(\d{4})-(\d\d)-(\d\d)\b", _date),
        (r"\b([01]?\d|2[0-3]):([0-5]\d)(?::[0-5]\d)?(?:\s*([ap])\.?m\b\.?)?", _clock),
        (r"([$£€])\s*(\d[\d.,]*)\s*(thousand|million|billion|trillion)\b", _money),
        (rf"(?<![\w.])(-?\d[\d.,]*)\s?({_UNIT_NAMES})(?!\w)", _unit),
        (r"#(?=\d)", "number "),
        (r"(?<=[\d\s])[x\N{MULTIPLICATION SIGN}](?=\s*\d)", " times "),
        (r"=", " equals "),
        (r"\bvs\b\.?", "versus"),
        (r"\b(\d)'(\d\d?)(?:\"|'')?(?!\w)", r"\1 foot \2"),
        (r"(?<=\d)\s*[-/\N{EN DASH}\N{FRACTION SLASH}:]\s*(?=\d)", " "),
        (r"(?<=\d),(?=\d{3}\b)", ""),
        (r"(?<=\d),(?=\d)", ", "),
        (r"(?<![\d.])\d+(?![\d.])", _digit_by_digit),
        (r"(?<=\d)(?=[a-z])(?!(?:st|nd|rd|th|s)\b)", " "),
        (r"\b[b-df-hj-np-tv-z]{1,4}(?=\d)", lambda match: match.group().upper()),  # mp3, PS5
        (r"(?<=[a-z])(?=\d)", " "),
    )
)
