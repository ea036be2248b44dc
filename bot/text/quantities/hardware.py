"""Machines and their parts: chips, cards, screens, networks, bolts, volts and amps."""

import re

from bot.text.expressions import lazy_pattern
from bot.text.quantities.measures import several
from bot.text.quantities.numbers import decimal, in_pairs, year
from bot.text.quantities.parts import NUMBER, START
from bot.text.rule import rule

oil = rule(
    r"(?<![\w.])(\d{1,2})W-?(\d{2})(?!\w)(?=.{0,40}\boil\b)|(?<=\boil )(\d{1,2})W-?(\d{2})(?!\w)|"
    r"(?<![\w.])(\d{1,2})[Ww]-(\d{2})(?!\w)",
    lambda m: " W ".join(decimal(one) for one in m.groups() if one),
    ("oil is 5W-30", "oil is five W thirty"),
    needs=("w",),
)
slot = rule(
    r"(?<![\w.])([A-Z])\.(?=\d(?!\w|\.\d))",
    lambda m: f"{m[1]} dot ",
    ("an M.2 drive", "an M dot 2 drive", "an M dot two drive"),
    needs=(".",),
)
network = rule(
    r"(?<=\d\.\d|\.\d\d)/(?=\d{1,2}(?![\w/]))|(?<=\.\d\d\d)/(?=\d{1,2}(?![\w/]))",
    lambda m: " slash " if re.search(r"(?:\d{1,3}\.){3}\d{1,3}$", m.string[: m.start()]) else m[0],
    ("10.0.0.0/24", "10.0.0.0 slash 24", "ten dot zero dot zero dot zero slash twenty-four"),
    needs=("/",),
)
graphics = rule(
    r"(?<![\w.,$€£-])([345]0[5-9]0)(?![\w.,:/%-]\w|%|\w)(?! (?:people|[a-z]{2,12}s)\b)",
    lambda m: in_pairs(m[1]),
    ("my 3060 died", "my thirty sixty died"),
    needs=("05", "06", "07", "08", "09"),
)
wireless = rule(
    r"(?<![\w.])802\.((?:1|3|11|15|16)(?=[a-z])|11)([a-z]{0,2})(?!\w|[./]\d)",
    lambda m: f"eight oh two dot {decimal(m[1])} {' '.join(m[2].upper())}".rstrip(),
    ("802.11ax", "eight oh two dot eleven A X"),
    needs=("802.",),
)
big_model = rule(
    r"(?<!\w)([A-Z]{1,2}[1-9]00) (?=\d)",
    lambda m: f"{m[1]}, ",
    ("A100 80GB", "A100, 80GB", "A one hundred, eighty gigabytes"),
    spaced=False,
    needs=("00 ",),
)
thread = rule(
    r"(?<![\w/.,])(1/4|5/16|3/8|7/16|1/2)-(13|14|16|18|20|24|28)(?![\w/\"-]|\.\d)(?! [a-z]+s\b)",
    lambda m: f"{m[1]} {decimal(m[2])}",
    ("a 1/4-20 bolt", "a 1/4 twenty bolt", "a one quarter twenty bolt"),
    needs=("1/4", "5/16", "3/8", "7/16", "1/2"),
)
chip = rule(
    r"(?<=[Rr]yzen \d )(\d)(\d)00(?=[xX]3[dD]|[xXgGuUhH]|[xX][tT]|\b)",
    lambda m: f"{decimal(m[1] + m[2])} hundred",
    ("Ryzen 5 5600X", "Ryzen 5 fifty-six hundred X", "Ryzen five fifty-six hundred X"),
    needs=("yzen",),
)
_EDITIONS = {"Ti": "T I", "ti": "T I", "xt": "X T", "xtx": "X T X"}
card = rule(
    r"(?<![\w.,])(\d{3,4}) ?(Ti|Super|XTX?)\b|(?<![\w.,])([1-9]\d[5-9]0|[67][5-9]00) ?(ti|xtx?)\b",
    lambda m: f"{in_pairs(m[1] or m[3])} {_EDITIONS.get(m[2] or m[4], m[2] or m[4])}",
    ("a 3060 Ti", "a thirty sixty T I"),
    ("a 3070ti", "a thirty seventy T I"),
)


def _hundreds(figures: str) -> str:
    """``5600`` -> fifty-six hundred, ``7950`` -> seventy-nine fifty."""
    return year(int(figures)) if figures.endswith("00") else in_pairs(figures)


core = rule(
    r"(?<![\w-])([iI][3579])[- ](\d{1,2})([1-9]\d{2})(kf|ks|k|f|hx|hk|h|u|p|t|KF|KS|K|F|HX|HK|H|U|"
    r"P|T)?(?!\w)",
    lambda m: (
        (
            f"{m[1]} {decimal(m[2])} {decimal(m[3])}"
            if len(m[2]) == 2
            else f"{m[1]} {_hundreds(m[2] + m[3])}"
        )
        + (f" {' '.join(m[4].upper())}" if m[4] else "")
    ),
    ("an i7-13700k", "an i7 thirteen seven hundred K", "an i seven thirteen seven hundred K"),
    ("i5-8250U", "i5 eighty-two fifty U", "i five eighty-two fifty U"),
    needs=("i3", "i5", "i7", "i9"),
)
processor = rule(
    r"(?<![\w.,$])([1-9]\d{3})X(?!\w)(?! (?:faster|slower|more|better|as|the)\b)|"
    r"(?:(?<=\br[3579] )|(?<=yzen [3579] ))([1-9]\d{3})x(?!\w)|(?<![\w.,$])([1-9]\d{3})x3[dD]\b",
    lambda m: _hundreds(m[1] or m[2] or m[3]) + (" X three D" if m[3] else " X"),
    ("a 7950X", "a seventy-nine fifty X"),
    ("an r5 5600x", "an r5 fifty-six hundred X", "an r five fifty-six hundred X"),
    ("my 7800x3d", "my seventy-eight hundred X three D"),
    needs=("x",),
)
subnet = rule(
    r"(?<![^\s(])/(?=\d{1,2}(?![\w/]))",
    lambda _: "slash ",
    ("a /24", "a slash 24", "a slash twenty-four"),
    needs=("/",),
)
_DRIVEN = lazy_pattern(
    r"\b\d{2,4} ?hp\b|\b(?:bmw|cammed|camaro|car|charger|chevy|coyote|dodge|engine|juice|f-?150|"
    r"ford|hemi|litre|liter|"
    r"motor|mustang|silverado|suv|swapp?e?d?|toyota|truck|turbo|twin|v[68] vs|audi)\b|\d\.\d "
    r"?[lL]\b",
    re.IGNORECASE,
)
engine = rule(
    r"(?<!\w)[vV](6|8|10|12)(?!\w|\.\d)",
    lambda m: f"V {decimal(m[1])}",
    ("a 300hp v6", "a 300hp V six", "a three hundred H P V six"),
    ("v8 is out", "v8 is out", "version eight is out"),
    needs=("v6", "v8", "v10", "v12"),
    about=_DRIVEN.search,
)
screen_and_rate = rule(
    r"\b(1080|1440|2160|720)p(?=\d{2,3}\b)",
    lambda m: f"{in_pairs(m[1])} P ",
    ("1080p60", "ten eighty P 60", "ten eighty P sixty"),
    needs=("p",),
)
architecture = rule(
    r"(?<!\w)([xX])(86|64)(?:[-_]64)?(?![\w.])",
    lambda m: f"X {decimal(m[2])}",
    ("x86 or x64", "X eighty-six or X sixty-four"),
    needs=("x86", "x64"),
)
screen = rule(
    r"\b(1080|1440|2160|720|480|360|240|144)p\b",
    lambda m: f"{in_pairs(m[1])} P",
    ("1080p", "ten eighty P"),
    needs=("p",),
)
volts = rule(
    rf"{START}({NUMBER}) V(?![\w'-]| \d)",
    lambda m: several(m, m[1], "volt", "volts"),
    ("3.7 V", "three point seven volts"),
    needs=("v",),
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
    needs=("h",),
)
_WIRING = lazy_pattern(r"\b(?:amps?|AWG|awg|breakers?|circuits?|fuses?|outlets?|wires?|wiring)\b")
amps_of_wire = rule(
    rf"{START}({NUMBER})A(?=$|[,!?;)]|\.(?:\s|$)| (?:breaker|circuit|for|fuse|or|and|on|outlet|"
    rf"is)\b)",
    lambda m: several(m, m[1], "amp", "amps"),
    ("wire for 15A, ok", "wire for fifteen amps, ok", "wire for fifteen amps, okay"),
    ("seat 15A, ok", "seat 15A, ok", "seat fifteen A, okay"),
    needs=("a",),
    about=_WIRING.search,
)
amps = rule(
    rf"{START}({NUMBER})A(?= (?:adapter|charger|fuse|breaker|circuit|supply|output|plug|max)\b| "
    rf"?@)|"
    rf"(?<=\d[Vv] )({NUMBER})A\b",
    lambda m: several(m, m[1] or m[2], "amp", "amps"),
    ("a 5A fuse", "a five amp fuse"),
    ("12V 2A", "12V two amps", "twelve volts two amps"),
    needs=("a",),
)
_BINARY = {"K": "kibibytes", "M": "mebibytes", "G": "gibibytes"}
binary_bytes = rule(
    rf"{START}({NUMBER})([KMG])i(?!\w)",
    lambda m: f"{decimal(m[1])} {_BINARY[m[2]]}",
    ("at 512Mi", "at five hundred twelve mebibytes"),
    needs=("ki", "mi", "gi"),
)
_WIRED = lazy_pattern(
    r"\b(?:cat ?[5678]\w?|download|ethernet|fib(?:er|re)|internet|isp|lan|link|nic|port|switch|"
    r"uplink|upload|wan)\b",
    re.IGNORECASE,
)
link_speed = rule(
    rf"{START}({NUMBER}) ?([MG])b(?!\w)",
    lambda m: f"{decimal(m[1])} {'mega' if m[2] == 'M' else 'giga'}bit",
    ("a 2.5Gb switch", "a two point five gigabit switch"),
    ("a 2Gb file", "a 2Gb file", "a two gigabyte file"),
    needs=("mb", "gb"),
    about=_WIRED.search,
)
