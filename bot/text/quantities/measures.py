"""Numbers with a unit, ranges of them, heights and dimensions."""

import re

from bot.text.expressions import any_of
from bot.text.quantities.numbers import (
    cardinal,
    counted,
    decimal,
    in_pairs,
    ordinal,
    plural,
    signed,
)
from bot.text.quantities.parts import AMOUNT, NUMBER, SIGN, START, THING, after_article
from bot.text.rule import Match, rule

#: How one and "(s)" many are called: how they are written. One with "!" has to touch the number.
_WRITTEN = {
    "kilometer(s) per hour": "km/h kmh kph",
    "meter(s) per second": "m/s",
    "mile(s) per hour": "mph",
    "kilometer(s)": "km",
    "mile(s)": "mi",
    "tablespoon(s)": "tbsp tbsps tbs",
    "teaspoon(s)": "tsp tsps",
    "micrometer(s)": "µm",
    "microgram(s)": "µg mcg",
    "kilojoule(s)": "kj",
    "kilopascal(s)": "kpa",
    "lumen(s)": "lm",
    "P S I": "psi",
    "R P M": "rpm",
    "microsecond(s)": "µs",
    "microliter(s)": "µl",
    "centimeter(s)": "cm",
    "millimeter(s)": "mm",
    "kilogram(s)": "kg kgs",
    "milligram(s)": "mg",
    "gram(s)": "g!",
    "pound(s)": "lb lbs",
    "ounce(s)": "oz",
    "milliliter(s)": "ml",
    "centiliter(s)": "cl",
    "deciliter(s)": "dl",
    "quart(s)": "qt qts",
    "gallon(s)": "gal gals",
    "yard(s)": "yd yds",
    "kilocalorie(s)": "kcal",
    "decibel(s)": "db",
    "milliamp hour(s)": "mah",
    "nanometer(s)": "nm",
    "liter(s)": "l!",
    "kilobyte(s)": "kb",
    "megabyte(s)": "mb",
    "gigabyte(s)": "gb",
    "terabyte(s)": "tb",
    "gibibyte(s)": "gib",
    "mebibyte(s)": "mib",
    "gigabyte(s) per second": "gb/s",
    "terabyte(s) per second": "tb/s",
    "kilobyte(s) per second": "kb/s",
    "megabyte(s) per second": "mb/s",
    "kilobit(s) per second": "kbps",
    "megabit(s) per second": "mbps",
    "gigabit(s) per second": "gbps",
    "hertz": "hz",
    "kilohertz": "khz",
    "megahertz": "mhz",
    "gigahertz": "ghz",
    "kilowatt(s)": "kw",
    "kilowatt hour(s)": "kwh",
    "megawatt(s)": "mw",
    "gigawatt(s)": "gw",
    "ohm(s)": "ohm",
    "kilohm(s)": "kohm",
    "watt(s)": "w!",
    "volt(s)": "v!",
    "pixel(s)": "px",
    "millisecond(s)": "ms",
    "second(s)": "s! sec secs",
    "minute(s)": "min mins",
    "hour(s)": "h! hr hrs",
    "day(s)": "d!",
    "week(s)": "wk wks",
    "month(s)": "mo mos",
    "year(s)": "yr yrs",
    "F P S": "fps",
    "D P I": "dpi",
    "C": "c!",
    "degree(s) Celsius": "°c",
    "degree(s) Fahrenheit": "°f",
    "degree(s)": "°",
    "percent": "%",
}
#: As written, in lower case: one, many.
UNITS = {
    unit: (name.replace("(s)", ""), name.replace("(s)", "s"))
    for name, units in _WRITTEN.items()
    for unit in units.split()
} | {
    "ft": ("foot", "feet"),
    "sq. ft.": ("square foot", "square feet"),
    "sq. ft": ("square foot", "square feet"),
    "sq km": ("square kilometer", "square kilometers"),
    "sq in": ("square inch", "square inches"),
    "sq cm": ("square centimeter", "square centimeters"),
    "sq yd": ("square yard", "square yards"),
    "cu ft": ("cubic foot", "cubic feet"),
    "fl oz": ("fluid ounce", "fluid ounces"),
    "fl. oz.": ("fluid ounce", "fluid ounces"),
    "sq ft": ("square foot", "square feet"),
    "sqft": ("square foot", "square feet"),
    "sq m": ("square meter", "square meters"),
    "sqm": ("square meter", "square meters"),
    "sq mi": ("square mile", "square miles"),
}
FREE_UNITS = any_of(unit for unit in UNITS if unit[-1] != "!")
_TOUCHING_UNITS = "".join(unit[0] for unit in UNITS if unit[-1] == "!")
from_unit_to_unit = rule(
    r"(?<=\d[dhkmsKM])[-–](?='?[\d.,]{1,8}'?[dhkmsKM]\b)",
    lambda _: " to ",
    ("30s-60s", "30s to 60s", "thirty seconds to sixty seconds"),
    ("5k-10k", "5k to 10k", "five K to ten K"),
)
comma_before_unit = rule(
    rf"{START}(\d{{1,4}}),(\d{{1,2}})(?= ?(?:{FREE_UNITS}|[lg])(?!\w))",
    lambda m: f"{m[1]}.{m[2]}",
    ("12,5 km", "12.5 km", "twelve point five kilometers"),
    flags=re.IGNORECASE,
    spaced=False,
)


apart_from_unit = rule(
    r"(?<=\d) (?=[lLg](?: (?:of|per|protein|fat|carbs?|fib(?:er|re)|total|flour|sugar|butter)\b|[,;!?]|\.?$))",
    lambda _: "",
    ("0,75 l of it", "0,75l of it", "zero point seven five liters of it"),
    spaced=False,
)
_QUOTE = re.compile(r'(\d?)"')


#: The point of a unit written short, where the sentence goes on.
_POINT = r"(?:(?<=[a-z]{2})\.(?=,| (?-i:[a-z])))?"


def several(match: Match, figures: str, one: str, many: str) -> str:
    return counted(figures, one, one if after_article(match) else many)


def _closes_nothing(match: Match) -> bool:
    """Whether no quotation is open before `match`; a mark after a figure opens none."""
    quoted = False
    for mark in _QUOTE.finditer(match.string, max(0, match.start() - 300), match.start()):
        quoted = not quoted if quoted or not mark[1] else quoted
    return not quoted


_AGES = "years?|yrs?|y|months?|mos?|mths?|weeks?|wks?|days?"
_IN_FULL = {"y": "year", "m": "month", "w": "week", "d": "day"}


def _old(match: Match) -> str:
    if not match[2]:
        many = match[1] != "1" and _IS.search(match.string, 0, match.start())
        return f"{match[1]} year{'s' if many else ''} old"
    unit = _IN_FULL[match[2][0]]
    counted_one = (
        match[1] == "1"
        or match[0][len(match[1])] == "-"
        or _OWNED.search(match.string, 0, match.start())
    )
    return f"{match[1]} {unit}{'' if counted_one else 's'} old"


_IS = re.compile(
    r"(?:'s|'m|'re|\b(?:am|is|are|was|were|be|im|hes|shes|turned|turning|at)) $", re.IGNORECASE
)
_OWNED = re.compile(r"\b(?:an?|the|my|his|her|our|their|your|this|that) $", re.IGNORECASE)
old = rule(
    rf"{START}(\d{{1,3}})(?:[ -]?(?:yo\b|y/o\b|y\.o\.)|[ -]?({_AGES})[ -]old\b|[ -]?(mo|m/o)[ -]old\b)",
    _old,
    ("my 4yo", "my 4 year old", "my four year old"),
    ("an 18-mo-old", "an 18 month old", "an eighteen month old"),
    ("she is 3 yrs old", "she is 3 years old", "she is three years old"),
)
between_unit = rule(
    rf"{START}(?<!\d-)({NUMBER})[-–]({NUMBER})-({any_of(u for u in UNITS if u[-1].isalpha() and len(u) > 1)})(?![\w.])",
    lambda m: f"{decimal(m[1])} to {decimal(m[2])} {UNITS[m[3].lower()][0]}",
    ("a 5-10-min walk", "a five to ten minute walk"),
)
hyphenated_unit = rule(
    rf"{START}(?<!\d-)({AMOUNT})-({any_of(u for u in UNITS if u[-1].isalpha() and len(u) > 1)})(?![\w.-]\w)(?!\w)",
    lambda m: f"{decimal(m[1])} {UNITS[m[2].lower()][0]}",
    ("a 30-yr loan", "a thirty year loan"),
    ("20-lb bag", "twenty pound bag"),
    flags=re.IGNORECASE,
)
sides_in_inches = rule(
    rf"{START}({NUMBER})\" ?[xX×] ?({NUMBER})\"(?: ?[xX×] ?({NUMBER})\")?(?!\w)",
    lambda m: " by ".join(decimal(one) for one in m.groups() if one) + " inches",
    ('3" x 5" cards', "three by five inches cards"),
)
sides_with_units = rule(
    r"(?<=\d)( ?(?:mm|cm|m|km|ft|in|yd|px)) ?[x×] ?(?=\d{1,5}(?:\.\d+)? ?(?:mm|cm|m|km|ft|in|yd|px)\b)",
    lambda m: f"{m[1]} by ",
    ("5cm x 10cm", "5 cm by 10cm", "five centimeters by ten centimeters"),
)
volts = rule(
    rf"{START}({NUMBER}) V(?![\w'-]| \d)",
    lambda m: several(m, m[1], "volt", "volts"),
    ("3.7 V", "three point seven volts"),
)
_SPEEDS = {
    "m/s": "meters per second", "km/h": "kilometers per hour", "km/s": "kilometers per second", "ft/s": "feet per second",
    "mi/h": "miles per hour", "MB/s": "megabytes per second", "GB/s": "gigabytes per second", "TB/s": "terabytes per second",
    "Mb/s": "megabits per second", "Gb/s": "gigabits per second", "mol/L": "moles per liter", "g/mL": "grams per milliliter",
    "kg/m": "kilograms per meter", "J/kg": "joules per kilogram", "g/L": "grams per liter",
}  # fmt: skip
speed = rule(
    rf"(?<=[\w⁰¹²³⁴-⁹] )({any_of(_SPEEDS)})(?![\w/²³^])",
    lambda m: _SPEEDS[m[1]],
    ("10⁸ m/s", "10⁸ meters per second", "ten to the power of eight meters per second"),
)
three_sides = rule(
    r"(?<![\w.])(\d{1,5}(?:\.\d{1,3})?)(?: ?x ?|×)(\d{1,5}(?:\.\d{1,3})?)(?: ?x ?|×)(\d{1,5}(?:\.\d{1,3})?)(?!\d)(?!\.\d)(?![xX×])",
    lambda m: f"{decimal(m[1])} by {decimal(m[2])} by {m[3]}",
    ("a 2x4x8", "a two by four by 8", "a two by four by eight"),
)
points_of_type = rule(
    rf"{START}({NUMBER})(?: ?pt(?= (?:font|type|[Tt]imes|Arial|Calibri|Helvetica|Comic|size|text|Garamond)\b)|-pts?(?!\w))",
    lambda m: f"{m[1]} point",
    ("12 pt font", "12 point font", "twelve point font"),
    ("a 3-pt shot", "a 3 point shot", "a three point shot"),
)
lumber = rule(
    r"(?<![\w.])(\d{1,2})x(\d{1,2})s(?!\w)",
    lambda m: f"{decimal(m[1])} by {plural(decimal(m[2]))}",
    ("some 2x4s", "some two by fours"),
)
torque = rule(
    rf"{START}({NUMBER}) ?ft[- ]?lbs?(?!\w)\.?",
    lambda m: f"{m[1]} foot pounds",
    ("85 ft-lbs", "85 foot pounds", "eighty-five foot pounds"),
)
_MATCH = re.compile(
    r"\b(?:goals?|scor(?:e|es|ed|ing)|red card|yellow|stoppage|added|minute|kick-?off|penalty|equali[sz]er|header|offside)\b",
    re.IGNORECASE,
)


def _minute(match: Match) -> str:
    """Of football: the minute of what happened, unless some were added."""
    if not _MATCH.search(match.string):
        return match[0]
    if match["of"]:
        return f"{match['number']} minutes{match['of']}"
    return f"{ordinal(int(match['number']))} minute"


minute_of_match = rule(
    r"(?<![\w.'\"/])(?P<number>\d{1,3})'(?:(?P<of> (?:of |added|stoppage))| min(?:ute)?\b)?(?=$|[ .,!?)a-z])(?! ?\d)",
    _minute,
    ("scored in the 87'", "scored in the eighty-seventh minute"),
    ("5' of stoppage", "5 minutes of stoppage", "five minutes of stoppage"),
    ("a 6' table", "a 6' table", "a six foot table"),
)
feet_by_feet = rule(
    r"(?<![\w.])(\d{1,3})'? ?[x×] ?(\d{1,3})'(?!\w)",
    lambda m: f"{decimal(m[1])} by {decimal(m[2])} feet",
    ("12' x 14' room", "twelve by fourteen feet room"),
)


def _feet(match: Match) -> str:
    if re.search(r"(?<!\w)'(?=\w)", match.string[: match.start()]):
        return match[0]
    return several(match, match[1], "foot", "feet")


feet = rule(
    r"(?<![\w.'\"/])(\d{1,3})'(?=$|[ .,!?)])(?! ?\d)",
    _feet,
    ("a 6' table", "a six foot table"),
    ("she's 5' tall", "she's five feet tall"),
)
amp_hours = rule(
    rf"{START}({NUMBER}) ?([AWV])[Hh](?!\w)",
    lambda m: several(
        m,
        m[1],
        *{
            "A": ("amp hour", "amp hours"),
            "W": ("watt hour", "watt hours"),
            "V": ("volt hour", "volt hours"),
        }[m[2]],
    ),
    ("1.5Ah", "one point five amp hours"),
)
feet_and_inches = rule(
    r"(?<![\w.,])(\d{1,2}) ?ft\.? ?(\d{1,2}) ?in\b\.?(?! (?:the|a|my|your)\b)",
    lambda m: f"{cardinal(int(m[1]))} foot {cardinal(int(m[2]))}",
    ("5ft 10in", "five foot ten"),
)


def _inches(match: Match) -> str:
    """As one where a thing follows that is so long."""
    if not _closes_nothing(match):
        return match[0]
    one = THING.match(match.string, match.end()) is not None
    return counted(match[1], "inch", "inch" if one or after_article(match) else "inches")


inches = rule(
    rf"{START}(?<!')({NUMBER})\"(?![\w\"])",
    _inches,
    ('two 3" screws', "two three inch screws"),
    ('a 6" pipe', "a six inch pipe"),
    ('he said "room 6"', 'he said "room 6"', 'he said "room six"'),
)

height = rule(
    r"(?<!\w)(\d)'(\d{1,2})(?:\"|''|(?!\w))",
    lambda m: f"{cardinal(int(m[1]))} foot {cardinal(int(m[2]))}",
    ("I'm 5'11\"", "I'm five foot eleven"),
    ("6'2 tall", "six foot two tall"),
)


race = rule(
    r"(?<![\w.])(?:(\d) ?x ?|(?<=the ))((?:50|[1-48]00|1500|3000|5000))m(?![\w'])",
    lambda m: ((m[1] and decimal(m[1]) + " by ") or "") + several(m, m[2], "meter", "meters"),
    ("4x400m", "four by four hundred meters"),
    ("the 100m", "the one hundred meters"),
)
screw = rule(
    r"(?<=\b[A-Z]\d) ?x ?(?=\d)",
    lambda _: " by ",
    ("M3 x 8mm", "M3 by 8mm", "M three by eight millimeters"),
)
so_many_of_unit = rule(
    rf"(?<![\w.])(\d{{1,2}})x(?=\d{{1,4}}(?!(?i:[ckmn]?m|in|ft|px)\b)(?:(?i:{FREE_UNITS})|[gWVl])(?!\w))",
    lambda m: f"{decimal(m[1])} times ",
    ("2x8GB", "two times 8GB", "two times eight gigabytes"),
)
pints = rule(
    rf"{START}([1-4]) ?pts?(?= (?!font|type|lead|game|size|shot|play)[a-z]{{3}})",
    lambda m: counted(m[1], "pint"),
    ("1 pt cream", "one pint cream"),
)


_ASKED = re.compile(r"\bwhat(?:'s| is|s) $", re.IGNORECASE)
_EQUALS = re.compile(r" ?=")
_UNIT_FOLLOWS = re.compile(rf" (?:{FREE_UNITS})(?!\w)", re.IGNORECASE)


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
)
range_before_unit = rule(
    rf"{START}({NUMBER})[-–—]({NUMBER})(?=(?:{FREE_UNITS}| ?(?:{FREE_UNITS})\b)(?!\w))",
    lambda m: f"{decimal(m[1])} to {m[2]}",
    ("10–15 min", "ten to 15 min", "ten to fifteen minutes"),
    ("5-10%", "five to 10%", "five to ten percent"),
    flags=re.IGNORECASE,
)
range_before_touching_unit = rule(
    rf"{START}({NUMBER})[-–—]({NUMBER})([dghls])(?![\w'])",
    lambda m: f"{decimal(m[1])} to {decimal(m[2])} {UNITS[f'{m[3]}!'][1]}",
    ("wait 30-60s", "wait thirty to sixty seconds"),
)


#: Home runs.
_NO_UNITS = {"HR", "HRs"}


def _measure(match: Match) -> str:
    unit = match["unit"].lower()
    if match["unit"] in _NO_UNITS:
        return match[0]
    one, many = UNITS[unit if unit in UNITS else f"{unit}!"]
    return signed(match["sign"], several(match, match["number"], one, many))


measure = rule(
    rf"(?P<sign>{SIGN}){START}(?P<number>{AMOUNT})(?: ?(?P<unit>{FREE_UNITS}))(?!\w){_POINT}",
    _measure,
    ("100 km/h", "one hundred kilometers per hour"),
    ("-3 °F", "minus three degrees Fahrenheit"),
    ("1 TB", "one terabyte"),
    ("6ft", "six feet"),
    (".5mm", "zero point five millimeters"),
    ("a 6 ft. table", "a six foot table"),
    ("2 tbsp. of salt", "two tablespoons of salt"),
    flags=re.IGNORECASE,
)
touching_measure = rule(
    rf"(?P<sign>{SIGN}){START}(?P<number>{AMOUNT})(?P<unit>[{_TOUCHING_UNITS}WVL])(?![\w'])",
    _measure,
    ("5s", "five seconds"),
    ("60W", "sixty watts"),
    ("a 1.5l bottle", "a one point five liter bottle"),
)
_RAISED = {"²": "square", "^2": "square", "³": "cubic", "^3": "cubic"}
_AREAS = {"m": "meter", "cm": "centimeter", "km": "kilometer", "in": "inch", "ft": "foot"}
_DOSES = {
    "dl": "deciliter", "ml": "milliliter", "l": "liter", "kg": "kilogram", "day": "day",
}  # fmt: skip
_LENGTHS = {"km": "kilometer", "cm": "centimeter", "mm": "millimeter", "m": "meter", "mi": "mile"}
raised_measure = rule(
    rf"{START}({AMOUNT}) ?({any_of(_LENGTHS)}) ?(²|³|\^[23])(?!\w)",
    lambda m: several(
        m, m[1], f"{_RAISED[m[3]]} {_LENGTHS[m[2]]}", f"{_RAISED[m[3]]} {_LENGTHS[m[2]]}s"
    ),
    ("100 m²", "one hundred square meters"),
    ("2 cm^3", "two cubic centimeters"),
)
per_area = rule(
    r"(?<=[\d ][kmµ]g|\d [WNJ]|[\d ]lb)/(m|cm|km|in|ft) ?(²|³|\^[23])",
    lambda m: f" per {_RAISED[m[2]]} {_AREAS[m[1]]}",
    ("22 kg/m²", "22 kg per square meter", "twenty-two kilograms per square meter"),
)
dose = rule(
    r"(?<=[\d ][kmµ]g|[\d ]\dg)/(?:(d?[lL]|m[lL]|kg|day)(?![\w/²³^])|(?=\d))",
    lambda m: f" per {_DOSES[m[1].lower()]}" if m[1] else " per ",
    ("250mg/5ml", "250mg per 5ml", "two hundred fifty milligrams per five milliliters"),
    ("90 mg/dL", "90 mg per deciliter", "ninety milligrams per deciliter"),
)
meters = rule(
    rf"{START}({NUMBER})(?:(?<=,\d{{3}})m|"
    r" m(?! (?:views|subs|people|followers|users|dollars|plays))|"
    r"m(?= in \d)|m(?=[ -](?:dash|sprint|hurdles|relay|final|freestyle|run|race|tall|long|deep|away|wide|high|"
    r"from|above|below)\b))(?![\w'/²³^])",
    lambda m: several(m, m[1], "meter", "meters"),
    ("2,340m", "two thousand three hundred forty meters"),
    ("8,849 m up", "eight thousand eight hundred forty-nine meters up"),
    ("the 100m final", "the one hundred meter final"),
)
inches_in_letters = rule(
    rf"{START}({NUMBER}) ?in(?:\.(?= [a-z])|(?= (?:wide|tall|long|deep|high|thick|across)\b))",
    lambda m: several(m, m[1], "inch", "inches"),
    ("30 in. wide", "thirty inches wide"),
    ("8in tall", "eight inches tall"),
)
amps = rule(
    rf"{START}({NUMBER})A(?= (?:adapter|charger|fuse|breaker|circuit|supply|output|plug|max)\b)|"
    rf"(?<=\d[Vv] )({NUMBER})A\b",
    lambda m: several(m, m[1] or m[2], "amp", "amps"),
    ("a 5A fuse", "a five amp fuse"),
    ("12V 2A", "12V two amps", "twelve volts two amps"),
)
