"""German."""

import re

from bot.text.expressions import lazy_pattern
from bot.text.languages.grammar import Grammar
from bot.text.languages.spelling import spelled

_WEAK = lazy_pattern(
    r"(?:\b(?:am|vom|zum|beim|im|dem|den|des|ab|bis|seit|nach|vor|zur|der \w+ vom|einem|meinem|"
    r"deinem|meinen|jeden)|(?:ten|\b(?:am|vom|zum|den|dem) \d{1,2}\.) (?:und|oder|bis)) $",
    re.IGNORECASE,
)
_WITH_ARTICLE = lazy_pattern(r"\b(?:der|die|das)(?: \d{1,2}\. (?:und|oder|bis))? $", re.IGNORECASE)
#: Nouns that are counted with a point in chat; elsewhere "3." ends a sentence.
_ORDERED = {
    **dict.fromkeys("platz tag stock versuch teil weltkrieg geburtstag advent".split(), "-r"),
    **dict.fromkeys(
        "klasse runde stelle woche liga halbzeit staffel folge etage reihe".split(), ""
    ),
    **dict.fromkeys("mal level jahrhundert semester spiel kapitel jahr".split(), "-s"),
}


def _german_ordinal(grammar: Grammar, number: int, before: str, after: str, rules: str) -> str:
    """An ordinal as what is written before it bends it: am dritten, der dritte, dritter."""
    if rules == "-t":  # "zu dritt"
        return spelled(grammar.code, number, "spellout-ordinal").removesuffix("e")
    if rules in {"-decade", "-decades"}:  # "neunziger Jahre", "in den Neunzigern"
        return f"{grammar.say(number)}er{'n' if rules == '-decades' else ''}"
    if rules == "-list":
        rules = ""
    ending = _ORDERED.get(after.lower(), "-r") if not rules else ""
    if _WEAK.search(before):
        ending = "-n"
    elif rules or _WITH_ARTICLE.search(before):
        ending = rules
    return spelled(grammar.code, number, f"spellout-ordinal{ending}")


def _german_day(grammar: Grammar, number: int, before: str) -> str:
    return _german_ordinal(grammar, number, before, "", "")


GERMAN = Grammar(
    code="de",
    decimal=",",
    grouping=". '",
    comma="Komma",
    point="Punkt",
    minus="minus",
    plus="plus",
    plus_minus="plus minus",
    about="etwa",
    at_most="höchstens",
    at_least="mindestens",
    less="weniger als",
    more="mehr als",
    times="mal",
    divided="geteilt durch",
    equals="gleich",
    root="Wurzel aus",
    power="hoch",
    infinity="unendlich",
    degrees="Grad",
    to="bis",
    score="zu",
    of="{a} von {b}",
    number="Nummer",
    percent="{n} Prozent",
    half="ein halb",
    quarter="ein Viertel",
    three_quarters="drei Viertel",
    and_half="{n}einhalb",
    per="pro",
    cardinals={
        "m": "spellout-cardinal-masculine",
        "f": "spellout-cardinal-feminine",
        "n": "spellout-cardinal-neuter",
    },
    ordinals=(
        (rf"\.(?= (?i:{'|'.join(_ORDERED)})\b)", ""),
        (r"\.(?<=\b[Zz]u \d\.)(?! ?\d)", "-t"),
        (r"er", "-decade"),
        (r"ern", "-decades"),
        (r"\.(?= (?:und|oder|bis) (?:\d{1,2}\. |\w+t(?:er|en|e) ))", "-list"),
        ("te", ""),
        ("ter", "-r"),
        ("tes", "-s"),
        ("ten", "-n"),
    ),
    order=_german_ordinal,
    units={
        **dict.fromkeys(
            "hour minute second millisecond week mile mile-per-hour kilowatt-hour kilocalorie "
            "tonne".split(),
            "f",
        ),
    },
    currencies={"SEK": "f", "NOK": "f", "DKK": "f", "INR": "f", "TRY": "f"},
    money={
        "CNY": "Yuan",
        "INR": "Rupien",
        "CHF": "Franken",
        "USD": "Dollar",
        "CAD": "Dollar",
        "AUD": "Dollar",
    },
    money_word="last",
    signs={"kr": "SEK", "sfr.": "CHF"},
    time="{h} Uhr {m}",
    full_hour="{h} Uhr",
    hour_gender="m",
    after_time=" ?Uhr",
    dotted_time=r"(?<![\w:.,])(?=\d{1,2}\.[0-5]\d ?Uhr)",
    date="{d} {month} {y}",
    day=_german_day,
    joined=r"\.? ",
    slashed=".",
    short_date=r"(?P<day>[0-3]?\d)\.(?P<month>[01]?\d)\.(?!\d)",
    year_rules="spellout-numbering-year",
    year_after=r"\b(?:[Ii]m Jahr|[Ii]n|[Ss]eit|[Aa]b|[Bb]is|[Vv]on|[Vv]or|[Nn]ach|[Jj]ahr|[Aa]nno|"
    r"[Ss]ommer|[Ww]inter|[Ff]rühling|[Hh]erbst|Januar|Februar|März|April|Mai|Juni|Juli|August|"
    r"September|Oktober|November|Dezember|Baujahr|Jahrgang) ",
    nouns=(
        ("(?:ung|heit|keit|ion|tät|schaft)$", "f"),
        (
            "^(?:person|frau|runde|katze|woche|pizza|"
            "minute|stunde|sekunde|folge|staffel|seite|frage|sache|nacht|stadt|million|milliarde|"
            "karte|nachricht|idee|pause|flasche|tasse|dose|zeile|stelle|stufe)$",
            "f",
        ),
        (r"^[a-zäöü]+$", "m"),
    ),
    examples={
        "hour with an h": (("um 14h", "um vierzehn Uhr"),),
        "hours and minutes": (("2h30min", "zwei Stunden dreißig Minuten"),),
        "range of units": (("5%-10%", "5% bis 10%", "fünf Prozent bis zehn Prozent"),),
        "rate": (("5 €/kg", "5 € pro Kilogramm", "fünf Euro pro Kilogramm"),),
        "telephone": (
            ("0170 1234567", "null eins sieben null, eins zwei drei vier fünf sechs sieben"),
        ),
        "date, year first": (("am 2024-06-15", "am fünfzehnten Juni zweitausendvierundzwanzig"),),
        "date": (("der 3.10.1990", "der dritte Oktober neunzehnhundertneunzig"),),
        "date without year": (("am 24.12. frei", "am vierundzwanzigsten Dezember frei"),),
        "day and month": (
            ("am 1. Mai 2023", "am ersten Mai zweitausenddreiundzwanzig"),
            ("vom 3.-5. Juli", "vom dritten bis fünften Juli"),
        ),
        "from time to time": (
            ("10:00-12:30", "10:00 bis 12:30", "zehn Uhr bis zwölf Uhr dreißig"),
        ),
        "time": (("um 18:05 Uhr", "um achtzehn Uhr fünf"), ("ab 1:00", "ab ein Uhr")),
        "time with a point": (("um 8.15 Uhr", "um acht Uhr fünfzehn"),),
        "version": (("v2.1 ist da", "v zwei Punkt eins ist da"),),
        "number sign": (("#1", "Nummer 1", "Nummer eins"),),
        "sign": (
            ("-5 Grad", "minus 5 Grad", "minus fünf Grad"),
            ("≥ 18", "mindestens 18", "mindestens achtzehn"),
        ),
        "comparison": (("x ≥ y", "x mindestens y"),),
        "fraction without a whole": ((",5 davon", "null Komma fünf davon"),),
        "fraction": (("2½ davon", "zweieinhalb davon"), ("7/10", "sieben von zehn")),
        "price, sign first": (("$5", "fünf Dollar"),),
        "price, sign last": (("19,99 €", "neunzehn Euro neunundneunzig"), ("1 €", "ein Euro")),
        "percent": (("50%", "fünfzig Prozent"),),
        "unit": (
            ("3,5km", "drei Komma fünf Kilometer"),
            ("1 h", "eine Stunde"),
            ("2 g", "zwei Gramm"),
        ),
        "degrees": (("20°", "zwanzig Grad"),),
        "ordinal": (("der 21te", "der einundzwanzigste"),),
        "year": (("seit 1984", "seit neunzehnhundertvierundachtzig"),),
        "range": (("5-10", "5 bis 10", "fünf bis zehn"), ("2:1", "zwei zu eins")),
        "arithmetic": (("2+2", "2 plus 2", "zwei plus zwei"),),
        "times": (("3x", "drei mal"),),
        "or more": (("18+", "18 plus", "achtzehn plus"),),
        "power": (("x²", "x hoch zwei"),),
        "thousands": (("5k", "5000", "fünftausend"),),
        "number": (
            ("1.500 Leute", "eintausendfünfhundert Leute"),
            ("3,14", "drei Komma eins vier"),
        ),
        "figures in a word": (("PS5", "PS fünf"),),
    },
)
