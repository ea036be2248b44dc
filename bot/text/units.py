"""What units, currencies and fractions are called: the tables behind `quantities`."""

import re

CURRENCIES = {
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
SAME_PLURAL = {"yen", "won"}
PLURALS = {"penny": "pence", "paisa": "paise"}
CURRENCY_SIGNS = "".join(sign for sign in CURRENCIES if len(sign) == 1)
CURRENCY_CODES = "|".join(code for code in CURRENCIES if len(code) > 1)
SCALES = {
    "k": "thousand", "thousand": "thousand", "m": "million", "mil": "million", "mill": "million",
    "mn": "million", "million": "million", "b": "billion", "bn": "billion", "billion": "billion",
    "t": "trillion", "tn": "trillion", "trillion": "trillion",
}  # fmt: skip
# Unit as written -> one, many. A trailing "!" marks units read only when they touch the number.
UNITS = {
    "km/h": ("kilometer per hour", "kilometers per hour"),
    "kmh": ("kilometer per hour", "kilometers per hour"),
    "kph": ("kilometer per hour", "kilometers per hour"),
    "m/s": ("meter per second", "meters per second"),
    "mph": ("mile per hour", "miles per hour"),
    "km": ("kilometer", "kilometers"),
    "cm": ("centimeter", "centimeters"),
    "mm": ("millimeter", "millimeters"),
    "kg": ("kilogram", "kilograms"),
    "kgs": ("kilogram", "kilograms"),
    "mg": ("milligram", "milligrams"),
    "g!": ("gram", "grams"),
    "lb": ("pound", "pounds"),
    "lbs": ("pound", "pounds"),
    "oz": ("ounce", "ounces"),
    "ft": ("foot", "feet"),
    "ml": ("milliliter", "milliliters"),
    "l!": ("liter", "liters"),
    "kb": ("kilobyte", "kilobytes"),
    "mb": ("megabyte", "megabytes"),
    "gb": ("gigabyte", "gigabytes"),
    "tb": ("terabyte", "terabytes"),
    "gib": ("gibibyte", "gibibytes"),
    "mib": ("mebibyte", "mebibytes"),
    "gb/s": ("gigabyte per second", "gigabytes per second"),
    "mb/s": ("megabyte per second", "megabytes per second"),
    "kbps": ("kilobit per second", "kilobits per second"),
    "mbps": ("megabit per second", "megabits per second"),
    "gbps": ("gigabit per second", "gigabits per second"),
    "hz": ("hertz", "hertz"),
    "khz": ("kilohertz", "kilohertz"),
    "mhz": ("megahertz", "megahertz"),
    "ghz": ("gigahertz", "gigahertz"),
    "kw": ("kilowatt", "kilowatts"),
    "kwh": ("kilowatt hour", "kilowatt hours"),
    "w!": ("watt", "watts"),
    "v!": ("volt", "volts"),
    "px": ("pixel", "pixels"),
    "ms": ("millisecond", "milliseconds"),
    "s!": ("second", "seconds"),
    "sec": ("second", "seconds"),
    "secs": ("second", "seconds"),
    "min": ("minute", "minutes"),
    "mins": ("minute", "minutes"),
    "h!": ("hour", "hours"),
    "hr": ("hour", "hours"),
    "hrs": ("hour", "hours"),
    "d!": ("day", "days"),
    "wk": ("week", "weeks"),
    "wks": ("week", "weeks"),
    "yr": ("year", "years"),
    "yrs": ("year", "years"),
    "fps": ("F P S", "F P S"),
    "dpi": ("D P I", "D P I"),
    "c!": ("C", "C"),
    "°c": ("degree Celsius", "degrees Celsius"),
    "°f": ("degree Fahrenheit", "degrees Fahrenheit"),
    "°": ("degree", "degrees"),
    "%": ("percent", "percent"),
}
FREE_UNITS = "|".join(
    re.escape(unit) for unit in sorted((u for u in UNITS if u[-1] != "!"), key=len, reverse=True)
)
TOUCHING_UNITS = "|".join(unit[:-1] for unit in UNITS if unit[-1] == "!")
FRACTIONS = {
    2: "half",
    3: "third",
    4: "quarter",
    5: "fifth",
    6: "sixth",
    8: "eighth",
    16: "sixteenth",
}
VULGAR = {
    "½": (1, 2), "⅓": (1, 3), "⅔": (2, 3), "¼": (1, 4), "¾": (3, 4), "⅕": (1, 5), "⅖": (2, 5),
    "⅗": (3, 5), "⅘": (4, 5), "⅙": (1, 6), "⅚": (5, 6), "⅛": (1, 8), "⅜": (3, 8), "⅝": (5, 8),
    "⅞": (7, 8),
}  # fmt: skip
SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
# "30s" is half a minute unless the words beside it make it a decade.
NAMES_A_DECADE = frozenset(
    "early her high his its late low mid my our roaring the their upper your".split()
)
TIMED_THINGS = frozenset(
    "ban cd cooldown countdown delay limit mark mute respawn slowmode timeout timer window".split()
)
DECADE_THINGS = frozenset(
    "aesthetic anime babies baby cars cartoon cartoons child children disco era fashion film films "
    "games hair hits jazz kid kids metal movie movies music nostalgia pop rap rock show shows song "
    "songs style synth themed vibe vibes".split()
)
NO_DECADE_BEFORE = frozenset(
    "'til a about after ago and apart as at because before behind between but by cuz during each "
    "every extra for from i i'll i'm if im in into is isn't it it's its just late later left lol "
    "long max maybe min more of off okay ok on only or over per pls please remaining since so "
    "than that the then there this til till to too top tops total u under until up via wait was "
    "we when while with within without worth you your".split()
)
WAITED = frozenset(
    "about after almost another around brb every for gimme in just last like me my next only over "
    "takes than took under wait within".split()
)
