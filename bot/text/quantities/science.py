"""Units and forms of laboratories and observatories."""

import re

from bot.text.expressions import lazy_pattern
from bot.text.quantities.numbers import counted, decimal
from bot.text.quantities.parts import NUMBER, START
from bot.text.rule import rule

millions_of_light_years = rule(
    rf"{START}({NUMBER})m(?= (?:ly|light[- ]years)\b)",
    lambda m: f"{m[1]} million",
    ("2.5m ly away", "2.5 million ly away", "two point five million light years away"),
    needs=("ly", "light"),
)
light_years = rule(
    rf"(?<=\d )ly(?!\w)|(?<=illion )ly(?!\w)|(?<=\dk )ly(?!\w)|{START}({NUMBER})ly(?!\w)",
    lambda m: f"{decimal(m[1])} light years" if m[1] else "light years",
    (
        "2.5 million ly away",
        "2.5 million light years away",
        "two point five million light years away",
    ),
    ("4.2ly away", "four point two light years away"),
    needs=("ly",),
)
_PRESSED = lazy_pattern(
    r"[°]|\b(?:boil\w{0,3}|gas|ideal|kpa|K|mol|moles?|nRT|PV|pressure|psi|STP|torr|volume)\b"
)
atmospheres = rule(
    rf"{START}({NUMBER}) ?atm(?![\w'])",
    lambda m: counted(m[1], "atmosphere"),
    ("25 K and 1 atm", "25 K and one atmosphere", "twenty-five K and one atmosphere"),
    ("at level 9 atm", "at level 9 atm", "at level nine at the moment"),
    needs=("atm",),
    about=_PRESSED.search,
)
_SHOTS = lazy_pattern(r" (?:exposures?|frames?|intervals?|planks?|sets|shots|subs)\b")
#: How long what is done so often takes; other seconds are several boards: "2x4s".
exposures = rule(
    r"(?<![\w.])(\d{1,3})x(15|20|30|40|45|60|90|120|180|240|300|600)(s|sec|secs)(?!\w)",
    lambda m: (
        f"{decimal(m[1])} times {decimal(m[2])} second"
        f"{'' if _SHOTS.match(m.string, m.end()) else 's'}"
    ),
    ("20x60s subs", "twenty times sixty second subs"),
    ("shot 120x30s", "shot one hundred twenty times thirty seconds"),
    needs=("x",),
)
moles = rule(
    rf"{START}({NUMBER}) ?mol(?![\w'/])",
    lambda m: counted(m[1], "mole"),
    ("0.5 mol of it", "zero point five moles of it"),
    needs=("mol",),
)
_INSULIN = lazy_pattern(
    r"\b(?:basal|bolus|diabet\w{1,3}|heparin|humalog|insulin|lantus|novolog|sliding scale)\b",
    re.IGNORECASE,
)
units_of_insulin = rule(
    rf"{START}({NUMBER}) ?[uU](?![\w'])",
    lambda m: counted(m[1], "unit"),
    ("insulin 12u now", "insulin twelve units now"),
    ("a 12u rack", "a 12u rack", "a twelve u rack"),
    needs=("u",),
    about=_INSULIN.search,
)
