"""Prices: the sign before or after, the comma of most of Europe, thousands and millions."""

import re

from bot.text.quantities.numbers import MOST_CARDINAL_DIGITS, SCALES, counted, decimal, signed
from bot.text.quantities.rule import NUMBER, SIGN, START, Match, rule

_CURRENCIES = {
    "$": ("dollar", "cent"),
    "€": ("euro", "cent"),
    "£": ("pound", "penny"),
    "¥": ("yen", ""),
    "₹": ("rupee", "paisa"),
    "₩": ("won", ""),
    "₽": ("ruble", "kopek"),
    "₿": ("bitcoin", ""),
    "USD": ("U S dollar", "cent"),
    "EUR": ("euro", "cent"),
    "GBP": ("pound", "penny"),
    "JPY": ("yen", ""),
    "CAD": ("Canadian dollar", "cent"),
    "AUD": ("Australian dollar", "cent"),
}
_PLURALS = {"yen": "yen", "won": "won", "penny": "pence", "paisa": "paise"}
CURRENCY_SIGNS = "".join(sign for sign in _CURRENCIES if len(sign) == 1)
_CODES = "|".join(code for code in _CURRENCIES if len(code) > 1)
_COMMA_DECIMAL = r"(?:\d{1,3}(?:\.\d{3}){1,4}|\d{1,12}),\d{1,2}(?![\d,]|\.\d)"
_SCALE = r"(?:[kKmMbB]|mil|bn)"
_PAID = rf" ?{_SCALE}? ?(?:[{CURRENCY_SIGNS}](?!\d)|(?:{_CODES})\b)"


def _amount(sign: str | None, currency: str, figures: str, scale: str | None) -> str:
    one, cent = _CURRENCIES[currency.upper()]
    many = _PLURALS.get(one, f"{one}s")
    if scale:
        return signed(sign, f"{decimal(figures)} {SCALES[scale.lower()]} {many}")
    whole, _, fraction = figures.replace(",", "").partition(".")
    if len(fraction) != 2 or not cent or len(whole) > MOST_CARDINAL_DIGITS:
        return signed(sign, counted(figures, one, many))
    whole, fraction = str(int(whole)), str(int(fraction))
    parts = []
    if whole != "0" or fraction == "0":
        parts.append(counted(whole, one, many))
    if fraction != "0":
        parts.append(counted(fraction, cent, _PLURALS.get(cent, f"{cent}s")))
    return signed(sign, " and ".join(parts))


range_after_sign = rule(
    rf"([{CURRENCY_SIGNS}])({NUMBER})([kKmM]?) ?[-–] ?\1?(?={NUMBER})",
    lambda m: f"{decimal(m[2])}{m[3] and ' ' + m[3].upper()} to {m[1]}",
    ("$20-30", "twenty to $30", "twenty to thirty dollars"),
    ("€5k - €10k", "five K to €10k", "five K to ten thousand euros"),
)


def _pointed(match: Match) -> str:
    whole, _, fraction = match[0].rpartition(",")
    return f"{whole.replace('.', '')}.{fraction}"


comma_before_sign = rule(
    rf"{SIGN}{START}{_COMMA_DECIMAL}(?=(?: ?[-–] ?[\d.,]{{1,20}})?{_PAID})",
    _pointed,
    ("1.234,56 €", "1234.56 €", "one thousand two hundred thirty-four euros and fifty-six cents"),
)
comma_after_sign = rule(
    rf"(?<=[{CURRENCY_SIGNS}]) ?{_COMMA_DECIMAL}{_SCALE}?",
    _pointed,
    ("€12,50", "€ 12.50", "twelve euros and fifty cents"),
)
from_price_to_price = rule(
    rf"(?<=[{CURRENCY_SIGNS}]) ?[-–] ?(?={NUMBER}{_PAID})",
    lambda _: " to ",
    ("10€ - 20€", "10€ to 20€", "ten euros to twenty euros"),
)
range_before_sign = rule(
    rf"{START}({NUMBER})({_SCALE}?) ?[-–] ?(?={NUMBER}{_PAID})",
    lambda m: f"{decimal(m[1])}{m[2] and ' ' + m[2].upper()} to ",
    ("5-10€", "five to 10€", "five to ten euros"),
    ("5k-10k USD", "five K to 10k USD", "five K to ten thousand U S dollars"),
)
sign_first = rule(
    rf"({SIGN})([{CURRENCY_SIGNS}]) ?({NUMBER})"
    r"(?:(k|m|mil|mill|mn|b|bn|t|tn)\b| (thousand|million|billion|trillion)\b)?",
    lambda m: _amount(m[1], m[2], m[3], m[4] or m[5]),
    ("-$19.99", "minus nineteen dollars and ninety-nine cents"),
    ("$0.01", "one cent"),
    ("$1.5M", "one point five million dollars"),
    ("£3 million", "three million pounds"),
    ("¥500", "five hundred yen"),
    flags=re.IGNORECASE,
)
sign_last = rule(
    rf"({SIGN}){START}({NUMBER}) ?({_SCALE})? ?([{CURRENCY_SIGNS}]|(?:{_CODES})\b)",
    lambda m: _amount(m[1], m[4], m[2], m[3]),
    ("20 €", "twenty euros"),
    ("10K USD", "ten thousand U S dollars"),
    ("1.50£", "one pound and fifty pence"),
)
cents = rule(
    rf"{START}({NUMBER})¢",
    lambda m: counted(m[1], "cent"),
    ("50¢", "fifty cents"),
    ("1¢", "one cent"),
)
