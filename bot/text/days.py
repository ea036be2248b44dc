"""Months written short and the halves of a day: "since Feb", "6:55p"; the days beside them.

Figures stay: the rules for dates and times read them, with the names that stand here in full.
"""

import re

from bot.text import weekdays
from bot.text.expressions import lazy_pattern
from bot.text.rule import Match, apply_all, rule

_HALVES = tuple(f"{figure}{half}" for figure in range(10) for half in "ap")
_MONTHS = {
    month[:3]: month
    for month in (
        "January February March April June July August September October November December"
    ).split()
}
#: "Jan", "Jun" and "Mar" are names of people and places too.
_SURE_MONTH = r"(?:Feb|Apr|Jul|Aug|Sept?|Oct|Nov|Dec)"
month = rule(
    rf"(?<![\w'$/-])({_SURE_MONTH})\b(?:\.(?= ?\w|[,;)]))?(?![\w'])",
    lambda m: _MONTHS[m[1][:3]],
    ("Feb was cold", "February was cold"),
    ("due in Oct.", "due in October."),
    ("Sept. 9", "September 9", "September ninth"),
    needs=tuple("feb apr jul aug sep oct nov dec".split()),
)
month_after = rule(
    r"\b((?i:in|since|until|till?|early|mid|late|last|next|through|thru|every|by|end of) |[Mm]id-)"
    r"(Jan|Mar|Jun)\b(?:\.(?= ?\w|[,;)]))?(?![\w'])(?! (?:is|was|has|had|said|and I)\b)",
    lambda m: m[1] + _MONTHS[m[2]],
    ("since Jan", "since January"),
    ("by Jun 3", "by June 3", "by June third"),
    ("told Jan so", "told Jan so"),
    needs=("jan", "mar", "jun"),
)
_ANY_MONTH = "jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec"
_LONG_MONTH = "january|february|april|june|july|august|september|october|november|december"
_NUMBER_AFTER = lazy_pattern(r"\.? \d{1,2}(?:st|nd|rd|th)?\b(?![:.,]\d)(?! ?[%x°])")
_RANK_AFTER = lazy_pattern(r"\.? \d{1,2}(?:st|nd|rd|th)\b")
_NUMBER_BEFORE = lazy_pattern(r"\d(?P<rank>st|nd|rd|th)? $")
_PREPOSITION = lazy_pattern(r"\b(?:in|since|last|next|of) $")


def _small_month(match: Match) -> str:
    """A month beside a number or after a word that leads to one; "may" and "march" are verbs."""
    text, name = match.string, match[0]
    verb = name in {"may", "march"}
    before = text[max(match.start() - 8, 0) : match.start()]
    number = _NUMBER_BEFORE.search(before)
    beside = (_RANK_AFTER if verb else _NUMBER_AFTER).match(text, match.end()) or (
        number and (number["rank"] or not verb)
    )
    led = name not in {"mar", "jun", "may", "march"} and _PREPOSITION.search(before)
    return _MONTHS[name[:3].capitalize()] if beside or led else name


month_small = rule(
    rf"\b(?:{_LONG_MONTH}|march|may|{_ANY_MONTH})\b(?!['-]\w)",
    _small_month,
    ("on jan 5th", "on January 5th", "on January fifth"),
    ("in aug", "in August"),
    ("she may 4 times", "she may 4 times", "she may four times"),
    needs=tuple("jan feb mar apr may jun jul aug sep oct nov dec".split()),
)
half = rule(
    r"(?<=\d:[0-5]\d)([ap])(?!\w)|(?<=\b[aA]t \d)([ap])(?!\w)|(?<=\b[aA]t \d\d)([ap])(?!\w)|"
    r"(?<=@ \d)([ap])(?!\w)|(?<=@\d)([ap])(?!\w)",
    lambda m: f" {next(filter(None, m.groups()))}m",
    ("lands 6:55p", "lands 6:55 pm", "lands six fifty-five P M"),
    ("at 7a", "at 7 am", "at seven A M"),
    needs=_HALVES,
)
half_after = rule(
    r"\b((?i:around|arrives|before|by|checkout|check ?in|closes|departs|from|lands|leaves|opens?|"
    r"starts?|til|till|until) "
    r"(?:[1-9]|1[0-2]))([ap])(?!\w)",
    lambda m: f"{m[1]} {m[2]}m",
    ("checkout 10a", "checkout 10 am", "checkout ten A M"),
    needs=_HALVES,
)
halves = rule(
    r"(?<![\w:.,$])(\d{1,2}(?::[0-5]\d)?)([ap]) ?[-–] ?(\d{1,2}(?::[0-5]\d)?)([ap])(?!\w)",
    lambda m: f"{m[1]}{m[2]}m to {m[3]}{m[4]}m",
    ("9a-5p", "9am to 5pm", "nine A M to five P M"),
    needs=_HALVES,
)
zone = rule(
    r"(?<=\d[ap]m )(e[sd]t|p[sd]t|c[sd]t|mst|mdt|cet|cest|gmt|utc|bst|aest|ist|jst|et|pt|ct)(?!\w)|"
    r"(?<=\d [ap]m )(e[sd]t|p[sd]t|c[sd]t|mst|mdt|cet|cest|gmt|utc|bst|aest|ist|jst|et|pt|"
    r"ct)(?!\w)|"
    r"(?<=\d:\d\d )(e[sd]t|p[sd]t|c[sd]t|mst|mdt|cet|cest|gmt|utc|bst|aest|jst)(?!\w)",
    lambda m: " ".join(next(filter(None, m.groups())).upper()),
    ("at 9pm est", "at 9pm E S T", "at nine P M E S T"),
    needs=("t", "utc"),
)
part = rule(
    r"\b((?i:this|tomorrow|tmrw?|yesterday|early|late|[a-z]{3,6}day) )(am|pm)\b(?! (?:I|"
    r"i)\b)(?!['-])",
    lambda m: f"{m[1]}{m[2][0].upper()} M",
    ("this am", "this A M"),
    ("Monday pm is fine", "Monday P M is fine"),
    ("I am this am I not", "I am this am I not"),
    needs=(" am", " pm"),
)

week = rule(
    r"(?<![\w/])[Ww]/([ce])(?=:? (?:the )?(?:\d{1,2}(?:st|nd|rd|th|/\d| [A-Z][a-z]{2})|"
    r"[Mm]on|[Ss]un|[Ff]ri))",
    lambda m: f"week {'commencing' if m[1] == 'c' else 'ending'}",
    ("w/c 9th Feb", "week commencing 9th Feb", "week commencing February ninth"),
    needs=("w/",),
)

out_on = rule(
    r"(?<=\bout )(mon|sat|sun)(?=$|[.,!?])",
    lambda m: {"mon": "Monday", "sat": "Saturday", "sun": "Sunday"}[m[1]],
    ("in fri, out sun", "in fri, out Sunday", "in Friday, out Sunday"),
    ("a bit of out sun", "a bit of out sun"),
    needs=("out mon", "out sat", "out sun"),
    about=lazy_pattern(r"\b[Ii]n (?:on )?(?:mon|tue|wed|thu|fri|sat|sun)", re.IGNORECASE).search,
)

ENGLISH = (
    out_on, week, *weekdays.ENGLISH, month, month_after, month_small, halves, half, half_after,
    zone,
    part,
)  # fmt: skip


def days(text: str) -> str:
    """``Mon/Wed`` -> Monday, Wednesday; ``since Feb`` -> since February; ``6:55p`` -> 6:55 pm."""
    return apply_all(ENGLISH, text)
