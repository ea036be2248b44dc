"""Words written short, with points, slashes and ampersands: titles, streets, "No. 5", "AT&T".

What an abbreviation means is decided by its neighbours. A point that also ends a sentence stays.
"""

import re

from bot.text import (
    addresses,
    clipped,
    crafts,
    kitchen,
    markets,
    medicine,
    offers,
    places,
    school,
    training,
)
from bot.text.expressions import any_of, lazy_pattern
from bot.text.rule import Match, Rule, apply_all, rule
from bot.text.sentences import point

_TITLES = {
    "Lt": "Lieutenant", "Sgt": "Sergeant", "Capt": "Captain", "Cpl": "Corporal", "Mt": "Mount",
    "Ft": "Fort", "Cmdr": "Commander", "Pvt": "Private", "St": "Saint",
}  # fmt: skip
#: These are words or other abbreviations where no point follows.
_DOTTED_TITLES = {
    "Col": "Colonel", "Gen": "General", "Maj": "Major", "Adm": "Admiral", "Gov": "Governor",
    "Sen": "Senator", "Rep": "Representative", "Rev": "Reverend", "Hon": "Honorable",
    "Pres": "President", "Det": "Detective", "Insp": "Inspector",
}  # fmt: skip
_ADDRESSED = {
    "mr": "mister", "mrs": "missus", "ms": "miss", "dr": "doctor", "prof": "professor",
    "vs": "versus", "jr": "junior", "sr": "senior",
}  # fmt: skip
#: Before a number, whether a point follows or not.
_NUMBERED = {
    "vol": "volume", "vols": "volumes", "ch": "chapter", "pg": "page", "pgs": "pages",
    "fig": "figure", "figs": "figures", "tbl": "table",
    "ep": "episode", "eps": "episodes", "pt": "part",
    "apt": "apartment", "lv": "level", "rd": "round", "rm": "room", "rte": "route", "rt": "route",
    "lvl": "level", "jct": "junction",
    "ver": "version",
}  # fmt: skip
_DOTTED_NUMBERED = {
    "no": "number", "nos": "numbers", "nr": "number", "p": "page", "pp": "pages",
    "sec": "section", "sect": "section", "chap": "chapter", "art": "article", "eq": "equation",
    "op": "opus", "ex": "exercise", "ext": "extension",
    "ste": "suite", "ca": "circa", "c": "circa", "min": "minimum", "max": "maximum",
}  # fmt: skip
_ALWAYS = {
    "approx": "approximately", "dept": "department", "govt": "government", "appt": "appointment",
    "bldg": "building", "intl": "international", "misc": "miscellaneous", "incl": "including",
    "ingr": "ingredients",
    "excl": "excluding", "asst": "assistant", "blvd": "boulevard", "hwy": "highway",
    "pkwy": "parkway", "etc": "et cetera"
}  # fmt: skip
_ALWAYS_DOTTED = {
    "vol": "volume", "avg": "average", "esp": "especially", "viz": "namely", "tel": "telephone",
    "inc": "incorporated", "ltd": "limited", "corp": "corporation", "bros": "brothers",
    "co": "company", "univ": "university", "assn": "association", "orig": "originally",
    "prev": "previously", "pkg": "package", "qty": "quantity", "amt": "amount", "acct": "account",
    "mtg": "meeting", "mgr": "manager", "ave": "avenue", "rd": "road", "est": "estimated",
    "feat": "featuring", "cf": "compare", "dist": "district", "ed": "edition", "attn": "attention",
    "diff": "difference",
}  # fmt: skip
_LETTERED = {
    "a.k.a": "A K A", "p.s": "P S", "w.r.t": "with respect to", "b.i.d": "twice a day",
    "t.i.d": "three times a day", "p.r.n": "as needed", "ph.d": "P H D", "r.i.p": "R I P",
    "f.y.i": "for your information", "a.s.a.p": "as soon as possible",
}  # fmt: skip
_SLASHED = {
    "w/o": "without", "w/": "with ", "w/e": "whatever", "w/in": "within", "e/o": "every other",
    "w/d": "washer dryer", "b/c": "because", "n/a": "not applicable",
    "tl;dr": "in short", "tl:dr": "in short", "a/c": "A C", "c/o": "care of",
    "b/w": "between", "o/n": "overnight", "o/u": "over under",
}  # fmt: skip
_NEVER_LAST = ("ly", "ing", "imum")


#: What several of are read, where a range follows.
_SEVERAL = frozenset("chapter page episode figure section exercise equation".split())
_RANGE = lazy_pattern(
    r"\d{1,4} ?(?:[-–&]|to|and) ?\d{1,4}(?![\d:/]|\.\d)(?! ?[ap]m\b)(?! (?:more|of|other|people)\b)"
)


def _in_full(words: dict[str, str], typed: str) -> str:
    said = words[typed.lower()]
    return said.capitalize() if typed[0].isupper() and said[0].islower() else said


def _expanded(
    before: str,
    words: dict[str, str],
    after: str,
    *examples: tuple[str, ...],
    flags: int = 0,
    needs: tuple[str, ...] = (),
) -> Rule:
    """A rule for `words`, in their table's case where `flags` do not say that none counts."""
    folded = {short.lower(): said for short, said in words.items()}

    def say(match: Match) -> str:
        said = _in_full(folded, match[1])
        if said.lower() in _SEVERAL and _RANGE.match(match.string, match.end()):
            said += "s"
        return said if said.endswith(_NEVER_LAST) else said + point(match)

    pattern = rf"(?<![\w.'&/-]){before}({any_of(words)}){after}"
    return rule(pattern, say, *examples, flags=flags, needs=needs)


def _initials(match: Match) -> str:
    return " ".join(re.findall("[A-Z]", match[0])) + point(match)


slashed = rule(
    rf"(?<![\w/])(?:{any_of(_SLASHED)})(?!/)(?:(?<=/)|(?!\w))",
    lambda m: _SLASHED[m[0].lower()],
    ("TL;DR: no", "in short: no"),
    ("coffee w/milk", "coffee with milk"),
    flags=re.IGNORECASE,
    spaced=False,
    needs=("/", ";", "l:"),
)
pair = rule(
    r"(?<![\w/])([A-Z])/([A-Z])(?![\w/])",
    lambda m: f"{m[1]} {m[2]}",
    ("his W/L is bad", "his W L is bad"),
    needs=("/",),
)
ampersand = rule(
    r"(?<![\w&])([A-Z]{1,2})&([A-Z]{1,2})(s?)(?![\w&])",
    lambda m: f"{' '.join(m[1])} and {' '.join(m[2])}" + ("'s" if m[3] else ""),
    ("AT&T", "A T and T"),
    ("T&Cs", "T and C's"),
    needs=("&",),
)
lettered = rule(
    rf"(?<![\w.])({any_of(_LETTERED)})(?:\.(?!\w)|(?!\w))",
    lambda m: _LETTERED[m[1].lower()],
    ("Elvis a.k.a. the King", "Elvis A K A the King"),
    flags=re.IGNORECASE,
    needs=(".",),
)
initials = rule(
    r"(?<![\w.'])(?<!\d )(?:[A-Z]\. ?){1,5}(?:[A-Z]\.|(?<=\.)[A-Z])(?![\w'])",
    _initials,
    ("the U.S. Army", "the U S Army"),
    ("J.R.R. Tolkien", "J R R Tolkien"),
    ("in the U.S.", "in the U S."),
    needs=(".",),
)
title = _expanded(
    "",
    _TITLES,
    r"\.?(?= [A-Z][a-z])",
    ("Lt. Dan", "Lieutenant Dan"),
    ("St Pancras", "Saint Pancras"),
)
dotted_title = _expanded(
    "",
    _DOTTED_TITLES,
    r"\.(?= [A-Z])",
    ("Gen. Lee", "General Lee"),
    needs=(".",),
)
addressed = rule(
    rf"\b({any_of(_ADDRESSED)})\.(?= \w)",
    lambda m: _ADDRESSED[m[1].lower()],
    ("Dr. Smith", "doctor Smith"),
    flags=re.IGNORECASE,
    needs=(".",),
)
numbered = _expanded(
    r"(?:(?<!\d )|(?=(?:eps?|pgs?|ch|figs?|apt|rm|lvl)\b))(?-i:(?!LV|RT|VER))",
    _NUMBERED,
    r"\.? ?(?=\d|(?-i:[IVX]{1,5}\b|[A-Z]-?\d))",
    ("vol. 3", "volume 3", "volume three"),
    ("ep 12", "episode 12", "episode twelve"),
    ("Ch. IV", "Chapter IV", "Chapter four"),
    flags=re.IGNORECASE,
)
dotted_numbered = _expanded(
    r"(?:(?<!\d )|(?=(?:nos?|pp?|ex|ext|ste)\b))(?<!\ba )",
    _DOTTED_NUMBERED,
    r"\. ?(?=\d)",
    ("No. 5", "Number 5", "Number five"),
    ("p.12", "page 12", "page twelve"),
    flags=re.IGNORECASE,
    needs=(".",),
)
number_of = rule(
    r"\b([Nn])o\. (?=of\b)",
    lambda m: f"{m[1]}umber ",
    ("no. of players", "number of players"),
    needs=("no.",),
)
bound = _expanded(
    "",
    {"min": "minimum", "max": "maximum"},
    r"\.(?= (?:age|bet|bid|charge|deposit|height|level|order|price|size|speed|stay|wage)s?\b)",
    ("min. order", "minimum order"),
    flags=re.IGNORECASE,
    needs=("min", "max"),
)
established = _expanded(
    "",
    {"est": "established"},
    r"\. ?(?=(?:in )?[12]\d{3}\b)",
    ("est. 1999", "established 1999", "established nineteen ninety-nine"),
    flags=re.IGNORECASE,
    needs=("est",),
)
floor = rule(
    r"(?<=\d(?:st|nd|rd|th) )(fl|rd)\b\.?",
    lambda m: ("floor" if m[1] == "fl" else "round") + point(m),
    ("on the 3rd fl.", "on the 3rd floor.", "on the third floor."),
    needs=(" fl", " rd"),
)
lived = rule(
    r"(?:^|(?<=\()|(?<=, )|(?<=; ))([bd])\. ?(?=1[0-9]\d\d(?!\d)|20\d\d(?!\d))",
    lambda m: "born in " if m[1] == "b" else "died in ",
    ("Lee, d. 1865", "Lee, died in 1865", "Lee, died in eighteen sixty-five"),
    needs=("b.", "d."),
)
century = rule(
    r"(?<=\dth )c\.(?= [a-z]|\s*$|\))|(?<=\dst )c\.(?= [a-z]|\s*$|\))",
    lambda m: f"century{point(m)}",
    ("the 16th c. style", "the 16th century style", "the sixteenth century style"),
    needs=("c.",),
)
always = _expanded(
    "", _ALWAYS, r"\b\.?", ("approx. half", "approximately half"), flags=re.IGNORECASE
)
included = rule(
    r"(?<=[a-z] )([Ii])ncl\b\.?(?=$|[,;!?)]|\.? (?:in|and|but)\b)",
    lambda m: f"{m[1]}ncluded{point(m)}",
    ("bills incl.", "bills included."),
    ("all incl, nice", "all included, nice"),
    needs=("incl",),
)
always_dotted = _expanded(
    r"(?<!\d )",
    _ALWAYS_DOTTED,
    r"\.(?![\w.])",
    ("Acme Inc. lost", "Acme Incorporated lost"),
    flags=re.IGNORECASE,
    needs=(".",),
)
name_ends = rule(
    r"(?<=[a-z] )([JS]r)\b\.?(?! [A-Z])",
    lambda m: _ADDRESSED[m[1].lower()] + point(m),
    ("John Sr. is", "John senior is"),
    ("Ed Jr", "Ed junior"),
    needs=("jr", "sr"),
)
each = rule(
    r"(?:(?<=\d )|(?<=\bcal )|(?<=\btsp )|(?<=\btbsp )|(?<=\boz )|(?<=\bpts )|(?<=\bcups )|"
    r"(?<=\bmins ))"
    r"ea\b\.?(?!\w)",
    lambda m: f"each{point(m)}",
    ("3 at $4 ea.", "3 at $4 each.", "three at four dollars each."),
    needs=("ea",),
)

key = rule(
    r"\b([A-G](?:#|b)?) ?maj\b\.?|(?<=\b[Ii]n )([A-G](?:#|b)?) ?min\b\.?",
    lambda m: (f"{m[1]} major" if m[1] else f"{m[2]} minor") + point(m),
    ("in G maj.", "in G major."),
    ("in A min", "in A minor"),
    ("A min later", "A min later"),
)

ENGLISH = (
    *crafts.ENGLISH, *medicine.ENGLISH, *markets.ENGLISH, *places.ENGLISH,
    pair, slashed, ampersand, lettered, initials, addresses.small_side, addresses.street,
    addresses.direction, addresses.small_street, addresses.apartment, addresses.side_of_way, title,
    dotted_title, addressed,

    floor, school.edition, lived,
    school.deviation, century,

    numbered, dotted_numbered, number_of, established, bound, included,
    *clipped.ENGLISH, *offers.ENGLISH, *training.ENGLISH, always, always_dotted, name_ends,
    kitchen.size,
    each, key, kitchen.spoons, kitchen.cups, kitchen.packed, kitchen.cup_of_anything,
    kitchen.medium, kitchen.shouted,
)  # fmt: skip


def abbreviations(text: str) -> str:
    """``Elm Dr.`` -> Elm Drive, ``No. 5`` -> Number 5, ``AT&T`` -> A T and T."""
    return apply_all(ENGLISH, text)
