"""Prices: the sign before or after, the comma of most of Europe, thousands and millions."""

import re

from bot.text.expressions import lazy_pattern
from bot.text.quantities.numbers import MOST_CARDINAL_DIGITS, SCALES, counted, decimal, signed
from bot.text.quantities.parts import AMOUNT, NUMBER, SIGN, START, after_article
from bot.text.rule import Match, rule

_CURRENCIES = {
    "$": ("dollar", "cent"),
    "€": ("euro", "cent"),
    "£": ("pound", "penny"),
    "¥": ("yen", ""),
    "₹": ("rupee", "paisa"),
    "₩": ("won", ""),
    "₽": ("ruble", "kopek"),
    "₿": ("bitcoin", ""),
    "₱": ("Philippine peso", "centavo"),
    "₫": ("dong", ""),
    "₪": ("shekel", ""),
    "฿": ("baht", ""),
    "₺": ("lira", ""),
    "₦": ("naira", ""),
    "₴": ("hryvnia", ""),
    "USD": ("U S dollar", "cent"),
    "EUR": ("euro", "cent"),
    "GBP": ("pound", "penny"),
    "JPY": ("yen", ""),
    "CAD": ("Canadian dollar", "cent"),
    "AUD": ("Australian dollar", "cent"),
    "BRL": ("real", "centavo"),
    "NZD": ("New Zealand dollar", "cent"),
    "CHF": ("Swiss franc", "centime"),
    "SEK": ("Swedish krona", ""),
    "NOK": ("Norwegian krone", ""),
    "DKK": ("Danish krone", ""),
    "PLN": ("zloty", ""),
    "INR": ("rupee", "paisa"),
    "CNY": ("yuan", ""),
    "KRW": ("won", ""),
    "MXN": ("Mexican peso", "centavo"),
}
_PLURALS = {
    "yen": "yen",
    "dong": "dong",
    "baht": "baht",
    "naira": "naira",
    "lira": "lira",
    "won": "won",
    "penny": "pence",
    "paisa": "paise",
    "real": "reais",
    "yuan": "yuan",
    "zloty": "zloty",
    "Swedish krona": "Swedish kronor",
    "Norwegian krone": "Norwegian kroner",
    "Danish krone": "Danish kroner",
}
CURRENCY_SIGNS = "".join(sign for sign in _CURRENCIES if len(sign) == 1)
_SMALL_CODES = tuple(code.lower() for code in _CURRENCIES if len(code) > 1)
_CODES = "|".join(code for code in _CURRENCIES if len(code) > 1)
_COMMA_DECIMAL = r"(?:\d{1,3}(?:\.\d{3}){1,4}|\d{1,12}),\d{1,2}(?![\d,]|\.\d)"
_SCALE = r"(?:[kKmMbB]|mil|mn|bn|tn)"
_PAID = rf" ?{_SCALE}? ?(?:[{CURRENCY_SIGNS}](?!\d)|(?:{_CODES})\b)"


def _amount(sign: str | None, currency: str, figures: str, scale: str | None) -> str:
    one, cent = _CURRENCIES[currency.upper()]
    many = _PLURALS.get(one, f"{one}s")
    if scale:
        return signed(sign, f"{decimal(figures)} {SCALES[scale.lower()]} {many}")
    whole, _, fraction = figures.replace(",", "").partition(".")
    if len(fraction) != 2 or not cent or len(whole) > MOST_CARDINAL_DIGITS:
        return signed(sign, counted(figures, one, many))
    whole, fraction = str(int(whole or "0")), str(int(fraction))
    parts = []
    if whole != "0" or fraction == "0":
        parts.append(counted(whole, one, many))
    if fraction != "0":
        parts.append(counted(fraction, cent, _PLURALS.get(cent, f"{cent}s")))
    return signed(sign, " and ".join(parts))


_PREFIXED = {
    "A": "Australian", "AU": "Australian", "C": "Canadian", "CA": "Canadian", "US": "U S",
    "CAD": "Canadian", "AUD": "Australian", "USD": "U S", "NZD": "New Zealand", "SGD": "Singapore",
    "HKD": "Hong Kong", "NZ": "New Zealand", "HK": "Hong Kong", "S": "Singapore",
}  # fmt: skip
_AFTER_SIGN = r"(?:(k|m|mil|mill|mn|b|bn|t|tn)\b| (thousand|million|billion|trillion)\b)?"


def _abroad(match: Match) -> str:
    said = _amount(match[1], "$", match[3], match[4] or match[5])
    return re.sub(r"(?=dollars?\b)", f"{_PREFIXED[match[2]]} ", said)


dollars_abroad = rule(
    rf"({SIGN})(?<!\w)({'|'.join(sorted(_PREFIXED, key=len, reverse=True))})\$ ?({NUMBER})"
    rf"(?i:{_AFTER_SIGN})",
    _abroad,
    ("A$20", "twenty Australian dollars"),
    ("US$1.5M", "one point five million U S dollars"),
    needs=("$",),
)
brazilian = rule(
    r"(?<![\w$])R\$ ?(?=\d)",
    lambda _: "BRL ",
    ("R$50", "BRL 50", "fifty reais"),
    spaced=False,
    needs=("r$",),
)
code_first = rule(
    rf"({SIGN})(?<!\w)(?<!\d )(?<!\d[kKmMbB] )(?<!\d[mbt]n )({_CODES}) ?"
    rf"({NUMBER})(?![\w/:'%])(?!,\d)(?!\.\d)(?i:{_AFTER_SIGN})(?!\w)",
    lambda m: _amount(m[1], m[2], m[3], m[4] or m[5]),
    ("USD 20", "twenty U S dollars"),
    needs=_SMALL_CODES,
)
thousands_in_india = rule(
    r"(?<![\w.,])\d{1,2}(?:,\d{2}){1,4},\d{3}(?![\d,])",
    lambda m: m[0].replace(",", ""),
    ("₹1,00,000", "₹ 100000", "one hundred thousand rupees"),
    needs=(",",),
)
thousands_with_points = rule(
    r"(?<=[€₫]) ?\d{1,3}(?:\.\d{3}){1,4}(?![\d.,])|"
    r"(?<![\w.,])\d{1,3}(?:\.\d{3}){1,4}(?= ?[€₫](?!\d))",
    lambda m: m[0].replace(".", ""),
    ("€1.000", "€ 1000", "one thousand euros"),
    needs=(".",),
)
range_after_sign = rule(
    rf"([{CURRENCY_SIGNS}])({NUMBER})([kKmM]?) ?[-–] ?\1?(?={NUMBER})",
    lambda m: f"{decimal(m[2])}{m[3] and ' ' + SCALES[m[3].lower()]} to {m[1]}",
    ("$20-30", "twenty to $30", "twenty to thirty dollars"),
    ("€5k - €10k", "five thousand to €10k", "five thousand to ten thousand euros"),
    needs=tuple(CURRENCY_SIGNS),
)


def _pointed(match: Match) -> str:
    whole, _, fraction = match[0].rpartition(",")
    return f"{whole.replace('.', '')}.{fraction}"


comma_before_sign = rule(
    rf"{SIGN}{START}{_COMMA_DECIMAL}(?=(?: ?[-–] ?[\d.,]{{1,20}})?{_PAID})",
    _pointed,
    ("1.234,56 €", "1234.56 €", "one thousand two hundred thirty-four euros and fifty-six cents"),
    needs=(",",),
)
comma_after_sign = rule(
    rf"(?<=[{CURRENCY_SIGNS}]) ?{_COMMA_DECIMAL}{_SCALE}?",
    _pointed,
    ("€12,50", "€ 12.50", "twelve euros and fifty cents"),
    needs=tuple(CURRENCY_SIGNS),
)
from_price_to_price = rule(
    rf"(?<=[{CURRENCY_SIGNS}]) ?[-–] ?(?={NUMBER}{_PAID})",
    lambda _: " to ",
    ("10€ - 20€", "10€ to 20€", "ten euros to twenty euros"),
    needs=tuple(CURRENCY_SIGNS),
)
range_before_sign = rule(
    rf"{START}({NUMBER})({_SCALE}?) ?[-–] ?(?={NUMBER}{_PAID})",
    lambda m: f"{decimal(m[1])}{m[2] and ' ' + SCALES[m[2].lower()]} to ",
    ("5-10€", "five to 10€", "five to ten euros"),
)


#: What is called by its price without an article as well.
_BOUGHT = lazy_pattern(
    r" (?:beers?|bets?|bills?|bikes?|bonus|budget|build|burgers?|car|cars|condo|couch|dress|fridge|"
    r"home|house|laptop|loan|mortgage|pc|phone|plane ticket|prize|ring|rug|setup|suit|truck|"
    r"upgrade|watch|burritos?|buy-?in|coffees?|copays?|cover charge|cover|coupons?|credit|"
    r"deductible|deposit|discount|dresses|drinks?|entry fee|entry|fees?|fines?|footlongs?|games?|"
    r"gift|gift ?cards?|buy[- ]?ins?|"
    r"haircuts?|hat|hoodie|jeans|lunch(?:es)?|margaritas?|menu|minimum|off coupon|pints?|pizzas?|"
    r"raise|refund|sandwich(?:es)?|"
    r"shirts?|shoes|shots?|skins?|slices?|steaks?|stimulus|subs?|tacos?|tickets?|tips?|tops|vouchers?|wings|wines?)\b",
    re.IGNORECASE,
)


def _sign_first(match: Match) -> str:
    said = _amount(match[1], match[2], match[3], match[4] or match[5])
    one, cent = _CURRENCIES[match[2]]
    if after_article(match) or _BOUGHT.match(match.string, match.end()):
        return re.sub(rf"\b({one}|{cent or one})s(?= and |$)", r"\1", said)
    return said


sign_first = rule(
    rf"({SIGN})([{CURRENCY_SIGNS}]) ?({AMOUNT})"
    rf"{_AFTER_SIGN}",
    _sign_first,
    ("-$19.99", "minus nineteen dollars and ninety-nine cents"),
    ("$0.01", "one cent"),
    ("$1.5M", "one point five million dollars"),
    ("£3 million", "three million pounds"),
    ("a $40B firm", "a forty billion dollar firm"),
    ("$3 tacos", "three dollar tacos"),
    ("a $4.50 coffee", "a four dollar and fifty cent coffee"),
    ("¥500", "five hundred yen"),
    flags=re.IGNORECASE,
    needs=tuple(CURRENCY_SIGNS),
)
sign_last = rule(
    rf"({SIGN}){START}({NUMBER}) ?({_SCALE})? ?([{CURRENCY_SIGNS}]|(?:{_CODES})\b)",
    lambda m: _amount(m[1], m[4], m[2], m[3]),
    ("20 €", "twenty euros"),
    ("10K USD", "ten thousand U S dollars"),
    ("2tn JPY 9", "two trillion yen 9", "two trillion yen nine"),
    ("1.50£", "one pound and fifty pence"),
)
cents = rule(
    rf"{START}({NUMBER})¢",
    lambda m: counted(m[1], "cent", "cent" if _BOUGHT.match(m.string, m.end()) else ""),
    ("50¢", "fifty cents"),
    ("25¢ wings", "twenty-five cent wings"),
    ("1¢", "one cent"),
    needs=("¢",),
)
