"""Units per another unit: speeds, doses, weights per area."""

from bot.text.expressions import any_of
from bot.text.quantities.measures import FREE_UNITS, RAISED, UNITS
from bot.text.quantities.parts import NUMBER, START
from bot.text.rule import rule

per_unit = rule(
    r"(?<=\bper )(qts?|pts?|gal|sq ft|oz|lb|kg|tsp|tbsp|cu ft|hr|min|sec|mo|yr|wk|km|mi|ft|"
    r"yd)(?!\w)\.?(?=$|[ ,;!?)])",
    lambda m: UNITS[m[1]][0] if m[1] in UNITS else "pint",
    ("1 cup per qt of water", "1 cup per quart of water", "one cup per quart of water"),
    needs=("per ",),
)
_SPEEDS = {
    "m/s": "meters per second", "km/h": "kilometers per hour", "km/s": "kilometers per second",
    "ft/s": "feet per second",
    "mi/h": "miles per hour", "MB/s": "megabytes per second", "GB/s": "gigabytes per second",
    "TB/s": "terabytes per second",
    "Mb/s": "megabits per second", "Gb/s": "gigabits per second", "mol/L": "moles per liter",
    "g/mL": "grams per milliliter",
    "kg/m": "kilograms per meter", "J/kg": "joules per kilogram", "g/L": "grams per liter",
    "g/mol": "grams per mole", "kJ/mol": "kilojoules per mole", "J/mol": "joules per mole",
    "L/min": "liters per minute", "m/min": "meters per minute",
}  # fmt: skip
speed = rule(
    rf"(?<=[\w⁰¹²³⁴-⁹] )({any_of(_SPEEDS)})(?![\w/²³^])",
    lambda m: _SPEEDS[m[1]],
    ("10⁸ m/s", "10⁸ meters per second", "ten to the power of eight meters per second"),
    needs=("/",),
)
_SENT = {"req": "requests", "reqs": "requests", "msg": "messages", "msgs": "messages"}
_SPANS = {
    "s": "second", "sec": "second", "min": "minute", "h": "hour", "hr": "hour", "day": "day",
}  # fmt: skip
requests = rule(
    rf"(?<=\d )({any_of(_SENT)})/({any_of(_SPANS)})(?!\w)",
    lambda m: f"{_SENT[m[1]]} per {_SPANS[m[2]]}",
    ("100 req/min", "100 requests per minute", "one hundred requests per minute"),
    needs=("/",),
)
per_liter = rule(
    r"(?<=\d) ?/ ?([Ll]|gal|kWh|kwh)(?![\w/²³^])(?=$|[ .,!?;)])",
    lambda m: f" per {({'l': 'liter', 'g': 'gallon', 'k': 'kilowatt hour'})[m[1][0].lower()]}",
    ("gas was 1.45/L", "gas was 1.45 per liter", "gas was one forty-five per liter"),
    needs=("/l", "/ l", "/gal", "/ gal", "/k", "/ k"),
    spaced=False,
)
points_of_type = rule(
    rf"{START}({NUMBER})(?: ?pt(?= (?:font|TNR|type|[Tt]imes|Arial|Calibri|Helvetica|Comic|size|"
    rf"text|"
    rf"Garamond)\b)|-pts?(?!\w)| ?pts?(?= (?:favou?rites?|favs?|underdogs?|dogs?|spread|lead|"
    rf"deficit|"
    rf"swing|game|line|conversion|shot|shooter|cushion|scale|plan)\b))",
    lambda m: f"{m[1]} point",
    ("12 pt font", "12 point font", "twelve point font"),
    ("3.5 pts favorites", "3.5 point favorites", "three point five point favorites"),
    ("a 3-pt shot", "a 3 point shot", "a three point shot"),
    needs=("pt",),
)
torque = rule(
    rf"{START}({NUMBER}) ?(?:ft[- ]?lbs?|lbs?[-·]ft)(?!\w)\.?",
    lambda m: f"{m[1]} {'pound feet' if m[0].endswith('ft') else 'foot pounds'}",
    ("420 lb-ft", "420 pound feet", "four hundred twenty pound feet"),
    ("85 ft-lbs", "85 foot pounds", "eighty-five foot pounds"),
    needs=("lb",),
)
_AREAS = {"m": "meter", "cm": "centimeter", "km": "kilometer", "in": "inch", "ft": "foot"}
_DOSES = {
    "dl": "deciliter", "ml": "milliliter", "l": "liter", "kg": "kilogram", "day": "day",
}  # fmt: skip
density = rule(
    r"(?<=\d )(k?g)/(c?m) ?(?:³|\^3)|(?<=\d)(k?g)/(c?m) ?(?:³|\^3)",
    lambda m: (
        f" {'kilograms' if 'k' in (m[1] or m[3]) else 'grams'} per cubic "
        f"{'centimeter' if 'c' in (m[2] or m[4]) else 'meter'}"
    ).removeprefix(" " if m[1] else ""),
    ("1.2 g/cm^3", "1.2 grams per cubic centimeter", "one point two grams per cubic centimeter"),
    needs=("g/",),
)
per_area = rule(
    r"(?<=[\d ][kmµ]g|\d [WNJ]|[\d ]lb)/(m|cm|km|in|ft) ?(²|³|\^[23])",
    lambda m: f" per {RAISED[m[2]]} {_AREAS[m[1]]}",
    ("22 kg/m²", "22 kg per square meter", "twenty-two kilograms per square meter"),
    needs=("/",),
)
dose = rule(
    r"(?<=[\d ][kmµ]g|[\d ]\dg)/(?:(d?[lL]|m[lL]|kg|day)(?![\w/²³^])|(?=\d))",
    lambda m: f" per {_DOSES[m[1].lower()]}" if m[1] else " per ",
    ("250mg/5ml", "250mg per 5ml", "two hundred fifty milligrams per five milliliters"),
    ("90 mg/dL", "90 mg per deciliter", "ninety milligrams per deciliter"),
    needs=("/",),
)
same_in_other = rule(
    r"(?<=\d)( ?(?:kg|g))/(?=\d{1,4}(?:\.\d{1,2})? ?(?:lbs?|oz)\b)|(?<=\d)( ?(?:lbs?|"
    r"oz))/(?=\d{1,4}(?:\.\d{1,2})? "
    r"?k?g\b)|(?<=\d)( ?(?:km|mi|cm|in|ft))/(?=\d{1,4}(?:\.\d{1,2})? ?(?:mi|km|in|cm|m)\b)",
    lambda m: f"{m[1] or m[2] or m[3]}, ",
    ("23kg/50lbs", "23kg, 50lbs", "twenty-three kilograms, fifty pounds"),
    spaced=False,
    needs=("/",),
)
thousands_of_unit = rule(
    rf"{START}({NUMBER})k (?=(?:{FREE_UNITS})(?!\w))([a-z]{{2,5}})",
    lambda m: f"{m[1]}k {UNITS[m[2]][1]}",
    ("every 5k mi", "every 5k miles", "every five K miles"),
    needs=("k ",),
)
