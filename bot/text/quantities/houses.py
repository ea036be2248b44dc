"""Numbers of houses, and sides of a town beside them."""

import re

from bot.text.expressions import lazy_pattern
from bot.text.places import SIDES
from bot.text.quantities.numbers import in_pairs, year
from bot.text.rule import rule

street_side = rule(
    r"(?<!\w)([NS][EW]|[NSEW])\.? (?=\d{1,3}(?:st|nd|rd|th) (?:Street|Avenue|St|Ave)\b)",
    lambda m: f"{SIDES[m[1]]} ",
    ("on E. 42nd Street", "on East 42nd Street", "on East forty-second Street"),
)
house = rule(
    r"(?<![\w.,$-])([1-9]\d{2,3})(?=[A-Z]?(?: (?:North|South|East|West)(?:east|"
    r"west)? \d{1,3}(?:st|nd|rd|th)|"
    r"(?: [A-Z][a-z]+\.?){1,3}) "
    r"(?:Street|Avenue|Drive|Road|Boulevard|Lane|Court|Place|Square|Way|Highway|Parkway)\b|"
    r" (?!(?:cars|feet|m|meters|of|people|steps|yards)\b)[a-z]{3,12} "
    r"(?:street|avenue|drive|road|boulevard|lane|court)\b)",
    lambda m: year(int(m[1])) if m[1].endswith("00") else in_pairs(m[1]),
    ("1600 Penn Avenue", "sixteen hundred Penn Avenue"),
    ("221B Baker Street", "two twenty-one B Baker Street"),
)
house_lettered = rule(
    r"(?<![\w.,$-])(\d{1,4})([A-F])(?= (?:[A-Z][a-z']{1,20}\.? ){1,3}"
    r"(?:Street|Avenue|Drive|Road|Boulevard|Lane|Court|Place|Square|Way|Highway|Parkway|"
    r"Terrace)\b)",
    lambda m: f"{in_pairs(m[1])} {m[2]}",
    ("at 45B Queen's Road", "at forty-five B Queen's Road"),
    ("lost 45B Way", "lost 45B Way", "lost forty-five billion Way"),
)
compass = rule(
    r"\b(\d{1,5}[A-Z]? )([NS][EW]|[NSEW])\b\.?(?= (?:\d{1,3}(?:st|nd|rd|th)|[A-Z][a-z]{1,20}) "
    r"(?:Street|Avenue|Drive|Road|Boulevard|Lane|Court|Place)\b)",
    lambda m: m[1] + SIDES[m[2]],
    ("7 W. 43rd Street", "7 West 43rd Street", "seven West forty-third Street"),
    needs=(" n", " s", " e", " w"),
)
_SEATED = lazy_pattern(
    r"\b(?:aisle|boarding|bus|coach|flight|plane|row|seat(?:ed|s)?|sitting|snor\w{1,3}|"
    r"theat(?:er|re)|train)\b",
    re.IGNORECASE,
)
seat = rule(
    r"(?:(?<=\bin )|(?<=\bseat )|(?<=\bseats )|(?<=\bme )|(?<=\bat )|(?<=\bto )|(?<=\bis )|"
    r"(?<=\bgot )|(?<=\band )|"
    r"(?<=\bor ))([1-9]|[1-6]\d)([A-K])(?![\w.])(?! ?[A-Z]?[a-z]*(?:illion|dollars))",
    lambda m: f"{in_pairs(m[1])} {m[2]}",
    ("the guy in 14B on this flight", "the guy in fourteen B on this flight"),
    ("got 14B in funding", "got 14B in funding", "got fourteen billion in funding"),
    about=_SEATED.search,
)
