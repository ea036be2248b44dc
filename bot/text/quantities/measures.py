"""Numbers with a unit, ranges of them, heights and dimensions."""

import re

from bot.text.expressions import any_of
from bot.text.quantities.numbers import (
    counted,
    decimal,
    signed,
)
from bot.text.quantities.parts import AMOUNT, NUMBER, SIGN, START, after_article
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
    "calorie(s)": "cal cals",
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
    "millivolt(s)": "mv",
    "milliamp(s)": "ma",
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
    needs=("-", "–"),
)
from_length_to_length = rule(
    r"(\d ?(?:mins?|hrs?|secs?|hours?|minutes?|days?|weeks?|wks?|months?|mos?|years?|yrs?|cm|mm|km|"
    r"kg|lbs?|oz|ft))"
    r" ?[-–] ?(?=\d[\d.]{0,6} ?[a-z])",
    lambda m: f"{m[1]} to ",
    ("30 min–1 hr", "30 min to 1 hr", "thirty minutes to one hour"),
    spaced=False,
    needs=("-", "–"),
)
comma_before_unit = rule(
    rf"{START}(\d{{1,4}}),(\d{{1,2}})(?= ?(?:{FREE_UNITS}|[lg])(?!\w))",
    lambda m: f"{m[1]}.{m[2]}",
    ("12,5 km", "12.5 km", "twelve point five kilometers"),
    flags=re.IGNORECASE,
    spaced=False,
    needs=(",",),
)


apart_from_unit = rule(
    r"(?<=\d) (?=[lLg](?: (?:of|per|protein|fat|carbs?|fib(?:er|re)|total|flour|sugar|butter|yeast|"
    r"salt|"
    r"water|milk|cheese|chocolate|coffee|cocoa|rice|pasta|meat|beef|chicken|pork|fish|oats|powder|"
    r"creatine|honey|nuts|almonds|rye|starter|dough|cream|oil)\b|"
    r"[,;!?]|\.?$))",
    lambda _: "",
    ("0,75 l of it", "0,75l of it", "zero point seven five liters of it"),
    spaced=False,
)


#: The point of a unit written short, where the sentence goes on.
_GOES_ON = (
    "after|ago|and|apart|are|at|away|before|but|by|drive|each|early|every|for|from|if|in|is|late|later|left|"
    "long|max|more|of|off|old|on|or|out|over|per|so|than|then|til|till|to|tops|total|until|walk|was|wide|"
    "with"
)
_POINT = (
    rf"(?:(?:(?<=mins)|(?<=hrs)|(?<=secs)|(?<=wks)|(?<=yrs)|(?<=mos))\.(?= (?:{_GOES_ON})\b|[,)])|"
    r"(?<!mins)(?<!hrs)(?<!secs)(?<!wks)(?<!yrs)(?<!mos)"
    r"(?<=[a-z]{2})\.(?=[,)]| (?-i:(?!(?:add|and then|bake|did|do|does|done|don'?t|he|how|i|i'?m|"
    r"is|it|it'?s|just|let|lol|no|not|now|pls|serve|she|so|stir|thanks|that'?s|they|this|wait|we|"
    r"what|when|whisk|who|why|yes|you)\b)[a-z])))?"
)


def several(match: Match, figures: str, one: str, many: str) -> str:
    return counted(figures, one, one if after_article(match) else many)


between_unit = rule(
    rf"{START}(?<!\d-)"
    rf"({NUMBER})"
    rf"[-–]({NUMBER})-({any_of(u for u in UNITS if u[-1].isalpha() and len(u) > 1)})(?![\w.])",
    lambda m: f"{decimal(m[1])} to {decimal(m[2])} {UNITS[m[3].lower()][0]}",
    ("a 5-10-min walk", "a five to ten minute walk"),
    needs=("-", "–"),
)
hyphenated_unit = rule(
    rf"{START}(?<!\d-)"
    rf"({AMOUNT})-({any_of(u for u in UNITS if u[-1].isalpha() and len(u) > 1)})(?![\w.-]\w)(?!\w)"
    r"(?:\.(?= [a-z]))?",
    lambda m: f"{decimal(m[1])} {UNITS[m[2].lower()][0]}",
    ("a 30-yr loan", "a thirty year loan"),
    ("20-lb bag", "twenty pound bag"),
    flags=re.IGNORECASE,
    needs=("-",),
)
points = rule(
    rf"{START}({NUMBER}) ?pts?(?![\w'])\.?(?=$|[ ,;!?)])",
    lambda m: counted(m[1], "point"),
    ("lost by 1 pt", "lost by one point"),
    needs=("pt",),
)
seconds_apart = rule(
    rf"{START}(\d{{1,5}}\.\d{{1,3}}) s(?![\w'])",
    lambda m: f"{decimal(m[1])} seconds",
    ("took 1.2 s", "took one point two seconds"),
    needs=(" s",),
)


so_many_of_unit = rule(
    rf"(?<![\w.])(\d{{1,2}})x(?=\d{{1,4}}(?!(?i:[ckmn]?m|in|ft|px)\b)(?:(?i:{FREE_UNITS})|[gWVl])(?!\w))",
    lambda m: f"{decimal(m[1])} times ",
    ("2x8GB", "two times 8GB", "two times eight gigabytes"),
    needs=("x",),
)
pints = rule(
    rf"{START}([1-4]) ?pts?(?= (?:of|milk|(?:heavy|whole|half|whipping|sour|ice|double) |cream|"
    rf"beer|water|stock|broth|juice|ale|"
    r"cider|lager|stout|buttermilk|half|(?:straw|blue|rasp|black)berries|cherry|berries)\b)",
    lambda m: counted(m[1], "pint"),
    ("1 pt cream", "one pint cream"),
    needs=("pt",),
)


range_before_unit = rule(
    rf"{START}({NUMBER})[-–—]({NUMBER})(?=(?:{FREE_UNITS}| ?(?:{FREE_UNITS})\b)(?!\w))",
    lambda m: f"{decimal(m[1])} to {m[2]}",
    ("10–15 min", "ten to 15 min", "ten to fifteen minutes"),
    ("5-10%", "five to 10%", "five to ten percent"),
    flags=re.IGNORECASE,
    needs=("-", "–", "—"),
)
range_before_touching_unit = rule(
    rf"{START}({NUMBER})[-–—]({NUMBER})([dghls])(?![\w'])",
    lambda m: f"{decimal(m[1])} to {decimal(m[2])} {UNITS[f'{m[3]}!'][1]}",
    ("wait 30-60s", "wait thirty to sixty seconds"),
    needs=("-", "–", "—"),
)


#: Home runs.
_NO_UNITS = {"HR", "HRs"}


def _measure(match: Match) -> str:
    unit = match["unit"].lower()
    if match["unit"] in _NO_UNITS:
        return match[0]
    if unit == "ma" and match["unit"] != "mA":
        return match[0]
    if match["unit"] == "Nm":
        return several(match, match["number"], "newton meter", "newton meters")
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
    ("2 tbsps. stir it", "two tablespoons. stir it"),
    ("15 mins. classic", "fifteen minutes. classic"),
    flags=re.IGNORECASE,
)
touching_measure = rule(
    rf"(?P<sign>{SIGN}){START}(?P<number>{AMOUNT})(?P<unit>[{_TOUCHING_UNITS}WVL])(?![\w'])",
    _measure,
    ("5s", "five seconds"),
    ("60W", "sixty watts"),
    ("a 1.5l bottle", "a one point five liter bottle"),
)
RAISED = {"²": "square", "^2": "square", "³": "cubic", "^3": "cubic"}
_LENGTHS = {"km": "kilometer", "cm": "centimeter", "mm": "millimeter", "m": "meter", "mi": "mile"}
raised_measure = rule(
    rf"{START}({AMOUNT}) ?({any_of(_LENGTHS)}) ?(²|³|\^[23])(?!\w)",
    lambda m: several(
        m, m[1], f"{RAISED[m[3]]} {_LENGTHS[m[2]]}", f"{RAISED[m[3]]} {_LENGTHS[m[2]]}s"
    ),
    ("100 m²", "one hundred square meters"),
    ("2 cm^3", "two cubic centimeters"),
    needs=("²", "³", "^"),
)
meters = rule(
    rf"{START}({NUMBER})(?:(?<=,\d{{3}})m|"
    r" m(?! (?:views|subs|people|followers|users|dollars|plays))|"
    r"m(?= in \d)|m(?=[ -](?:dash|sprint|hurdles|relay|final|freestyle|run|race|tall|long|deep|"
    r"away|wide|high|"
    r"from|above|below)\b))(?![\w'/²³^])",
    lambda m: several(m, m[1], "meter", "meters"),
    ("2,340m", "two thousand three hundred forty meters"),
    ("8,849 m up", "eight thousand eight hundred forty-nine meters up"),
    ("the 100m final", "the one hundred meter final"),
)
