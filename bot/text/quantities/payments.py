"""What is paid or done per something: "$5/mo", "3 for $15", "2x a day"."""

import re

from bot.text.expressions import lazy_pattern
from bot.text.quantities.money import CURRENCY_SIGNS
from bot.text.quantities.numbers import in_pairs
from bot.text.quantities.parts import NUMBER
from bot.text.rule import rule

_PER = {
    "s": "second", "h": "hour", "mo": "month", "yr": "year", "hr": "hour", "wk": "week",
    "nt": "night", "dz": "dozen", "doz": "dozen",
    "lb": "pound", "sec": "second",
    "min": "minute", "kg": "kilogram", "oz": "ounce", "sqft": "square foot", "gal": "gallon",
}  # fmt: skip
per_anything = rule(
    rf"([{CURRENCY_SIGNS}]{NUMBER}[kKmM]?) ?/ ?(?!(?:mo|yr|hr|nt|wk|lb|sec|min|kg|oz|gal|ea|"
    rf"sqft)\b)([a-z]{{2,12}}|[kMG]Wh|GB|TB|MB)(?![\w/])",
    lambda m: f"{m[1]} per {m[2]}",
    ("$2.79/doz", "$2.79 per doz", "two dollars and seventy-nine cents per dozen"),
    needs=("/",),
)
per = rule(
    r"(\d[kKmM%]?(?: ?[a-zA-Z€£¢$]{1,12}(?: [a-z]{2,12})?)?) ?/ ?(scoop|cookie|day|dz|doz|mo|yr|hr|"
    r"nt|wk|"
    r"lb|"
    r"sec|min|kg|oz|sqft|gal|month|"
    r"s|h|side|lvl|level|set|rep|serving|box|pack|class|semester|session|page|inch|foot|sq ?ft|ft|"
    r"gb|GB|mb|MB|tb|TB|lap|round|"
    r"bottle|can|bag|roll|sheet|student|player|team|car|trip|call|line|file|request|token|word|lesson|visit|ticket|room|"
    r"bed|pair|cup|slice|pint|plate|acre|turn|shot|run|ride|course|month|each|child|adult|guest|pp|shift|song|"
    r"year|hour|day|week|night|person|head|user|seat|game|match|kill|piece|item|minute|second|unit|mile|"
    r"liter|litre|gallon)\b(?![/\w])",
    lambda m: f"{m[1]} per {_PER.get(m[2], m[2])}",
    ("$20/month", "$20 per month", "twenty dollars per month"),
    ("3 €/kg", "3 € per kilogram", "three euros per kilogram"),
    ("30g protein/scoop", "30g protein per scoop", "thirty grams protein per scoop"),
    ("40 litres/day", "40 litres per day", "forty litres per day"),
    spaced=False,
    needs=("/",),
)
_PACES = {
    "mi": "mile",
    "mile": "mile",
    "km": "kilometer",
    "k": "kilometer",
    "lap": "lap",
    "100m": "100 meters",
}
_PER_TIME = {"pm": "month", "pcm": "month", "pa": "year", "pw": "week", "pn": "night"}
_TIMES_PER = {"1": "once", "2": "twice"}
so_often = rule(
    rf"(?<![\w.,])(\d{{1,3}}) ?[x×] ?(?=[{CURRENCY_SIGNS}]\d)",
    lambda m: f"{m[1]} times ",
    ("3 x $20", "3 times $20", "three times twenty dollars"),
    needs=tuple(CURRENCY_SIGNS),
)
_PAYS = lazy_pattern(r"\b(?:cost|costs|gas|paid|pay|paying|petrol|spend|spent)\b", re.IGNORECASE)
paid_for = rule(
    r"(?<![\w.,$€£+:/-])([1-9]\d{0,2})\.([1-9]\d|0[1-9])(?= for (?!\d)[a-z]| (?:across|at|here|"
    r"there) )",
    lambda m: in_pairs(m[1] + m[2]) if _PAYS.search(m.string) and len(m[1]) < 3 else m[0],
    ("i pay 15.49 for netflix", "i pay fifteen forty-nine for netflix"),
    ("gas is 3.09 across it", "gas is three oh nine across it"),
    ("a 15.49 for it", "a 15.49 for it", "a fifteen point four nine for it"),
    needs=(" for ", " across ", " at ", " here ", " there "),
)
pace = rule(
    r"(?<=\d:\d\d) ?/ ?(mi|km|mile|k|lap|100m)\b",
    lambda m: f" per {_PACES[m[1]]}",
    ("at 8:45/mi", "at 8:45 per mile", "at eight forty-five per mile"),
    needs=("/",),
)
so_many_for = rule(
    rf"(?<![\w/.,])(\d{{1,2}}) ?/ ?(?=[{CURRENCY_SIGNS}]\d)",
    lambda m: f"{m[1]} for ",
    ("3/$15", "3 for $15", "three for fifteen dollars"),
    needs=("/",),
)
per_time = rule(
    rf"([{CURRENCY_SIGNS}]{NUMBER}k?) ?(pcm|pm|pa|pw|pn|p/m|p/w|p/a)(?!\w)(?<!\d [p]m)",
    lambda m: f"{m[1]} per {_PER_TIME[m[2].replace('/', '')]}",
    ("£9.99pm", "£9.99 per month", "nine pounds and ninety-nine pence per month"),
    needs=tuple(CURRENCY_SIGNS),
)
apiece = rule(
    rf"([{CURRENCY_SIGNS}]{NUMBER}) ?/ ?ea\b\.?",
    lambda m: f"{m[1]} each",
    ("$5.99/ea", "$5.99 each", "five dollars and ninety-nine cents each"),
    needs=("/",),
)
times_per = rule(
    r"(?<![\w.])(\d{1,2})x ?(?:/|(?=per |a |an |each |every )) ?(day|week|month|year|wk|mo|yr|hr|"
    r"hour|per|a|an|each|every)\b",
    lambda m: (
        f"{_TIMES_PER.get(m[1]) or m[1] + ' times'} "
        f"{'a ' if '/' in m[0] else ''}{_PER.get(m[2], m[2])}"
    ),
    ("5mg 1x/day", "5mg once a day", "five milligrams once a day"),
    ("3x a week", "3 times a week", "three times a week"),
    needs=("x",),
)
each_person = rule(
    rf"([{CURRENCY_SIGNS}]{NUMBER}) ?(?:pp|p\.p\.)(?!\w)",
    lambda m: f"{m[1]} per person",
    ("£20pp", "£20 per person", "twenty pounds per person"),
    needs=("pp", "p.p"),
)
