"""Polish."""

import re

from bot.text.languages.grammar import Grammar
from bot.text.languages.spelling import spelled

_POLISH_ONES = (
    "zerow pierwsz drug trzec czwart piąt szóst siódm ósm dziewiąt dziesiąt jedenast dwunast "
    "trzynast czternast piętnast szesnast siedemnast osiemnast dziewiętnast"
).split()
_POLISH_TENS = (
    "_ _ dwudziest trzydziest czterdziest pięćdziesiąt sześćdziesiąt siedemdziesiąt "
    "osiemdziesiąt dziewięćdziesiąt"
).split()
_POLISH_HUNDREDS = (
    "_ setn dwusetn trzechsetn czterechsetn pięćsetn sześćsetn siedemsetn osiemsetn dziewięćsetn"
).split()
#: Endings by case and gender, and after "drug", after "trzec", else.
_POLISH_ENDINGS = {
    "m": ("i", "i", "y"),
    "f": ("a", "ia", "a"),
    "n": ("ie", "ie", "e"),
    "gen": ("iego", "iego", "ego"),
    "loc": ("im", "im", "ym"),
    "fgen": ("iej", "iej", "ej"),
    "many": ("ie", "ie", "e"),
    "manygen": ("ich", "ich", "ych"),
}


def _polish_ordinal(number: int, form: str) -> str:
    """``24, "gen"`` -> dwudziestego czwartego; only tens and ones are bent, as is usual."""
    head, rest = divmod(number, 100)
    words = []
    if head:
        if not rest and number % 1000:
            stem = _POLISH_HUNDREDS[number % 1000 // 100]
            words = [spelled("pl", number - number % 1000)] if number >= 1000 else []
            return " ".join([*words, f"{stem}{_POLISH_ENDINGS[form][2]}"])
        if not rest:
            thousands = number // 1000
            round_stem = {1: "tysięczn", 2: "dwutysięczn", 3: "trzytysięczn"}.get(thousands)
            return (
                f"{round_stem}{_POLISH_ENDINGS[form][2]}" if round_stem else spelled("pl", number)
            )
        words.append(spelled("pl", number - rest))
    if rest < 20:
        stems = [_POLISH_ONES[rest]]
    else:
        stems = [_POLISH_TENS[rest // 10], *([_POLISH_ONES[rest % 10]] if rest % 10 else [])]
    special = {"drug": 0, "trzec": 1}
    words += [f"{stem}{_POLISH_ENDINGS[form][special.get(stem, 2)]}" for stem in stems]
    return " ".join(words)


def _polish_day(_grammar: Grammar, number: int, _before: str) -> str:
    return _polish_ordinal(number, "gen")


def _polish_hour(_grammar: Grammar, number: int, before: str) -> str:
    bent = re.search(
        r"\b(?:o|od|do|po|przed|około|koło|godzinie|godziny|między|a) $", before, re.IGNORECASE
    )
    return _polish_ordinal(number, "fgen" if bent else "f")


def _polish_year(grammar: Grammar, number: int, before: str, _after: str) -> str:
    if before == "month":
        return f"{_polish_ordinal(number, 'gen')} roku"
    if re.search(r"\b[Ww] $", before):
        return _polish_ordinal(number, "loc")
    return _polish_ordinal(number, "gen") if before else grammar.say(number)


def _century(_grammar: Grammar, number: int, before: str, after: str) -> str:
    if after == "wiek":
        return _polish_ordinal(number, "m")
    return _polish_ordinal(number, "loc" if re.search(r"\b[Ww] $", before) else "gen")


def _polish_order(_grammar: Grammar, number: int, before: str, _after: str, rules: str) -> str:
    if rules == "m" and re.search(r"\b(?:na|w|we|o|po|przy) $", before, re.IGNORECASE):
        return _polish_ordinal(number, "loc")
    return _polish_ordinal(number, rules)


def _polish(g: Grammar, number: int, gender: str, _before: str) -> str:
    if gender == "one":  # one of a feminine noun, but two of a neuter one
        gender = "f" if number == 1 else "n"
    return spelled(g.code, number, g.cardinals.get(gender, "spellout-numbering"))


POLISH = Grammar(
    code="pl",
    decimal=",",
    grouping=" .",
    comma="przecinek",
    point="kropka",
    minus="minus",
    plus="plus",
    plus_minus="plus minus",
    about="około",
    at_most="najwyżej",
    at_least="co najmniej",
    less="mniej niż",
    more="więcej niż",
    times="razy",
    divided="podzielić na",
    equals="równa się",
    root="pierwiastek z",
    power="do potęgi",
    infinity="nieskończoność",
    degrees="",
    to="-",
    score="do",
    of="{a} na {b}",
    number="numer",
    percent="",
    half="pół",
    quarter="ćwierć",
    three_quarters="trzy czwarte",
    and_half="{n} i pół",
    per="za",
    cardinals={
        "m": "spellout-cardinal-masculine",
        "f": "spellout-cardinal-feminine",
        "n": "spellout-cardinal-neuter",
    },
    ordinals=(
        (r"\.(?= (?:miejsce|piętro|pytanie|zadanie)\b)", "n"),
        (r"\.(?= (?:raz|dzień|sezon|odcinek|poziom|rozdział)\b)", "m"),
        (r"\.(?= (?:klasa|runda|część|liga|minuta|połowa|godzina)\b)", "f"),
        (r"(?<=\b[Ll]ata \d0)\.?", "many"),
        (r"(?<=\b[Ll]at \d0)\.", "manygen"),
        (r"-?(?:szy|gi|ci|ty|my|sty)", "m"),
        (r"-?(?:sza|ga|cia|ta|ma)", "f"),
        (r"-?(?:go|ego)", "gen"),
        (r"-?(?:ej)", "fgen"),
    ),
    order=_polish_order,
    scales={"k": 3, "tys": 3, "tys.": 3, "mln": 6, "mln.": 6, "mld": 9},
    fraction="number",
    cardinal=_polish,
    units=dict.fromkeys(
        "hour minute second millisecond mile foot tonne mile-per-hour kilowatt-hour "
        "kilocalorie".split(),
        "f",
    ),
    own_units={
        "godz.": "duration-hour",
        "godz": "duration-hour",
        "sek.": "duration-second",
        "min.": "duration-minute",
    },
    currencies={"EUR": "n", "INR": "f", "SEK": "f", "NOK": "f", "DKK": "f", "TRY": "f", "UAH": "f"},
    money_word="first",
    minor={
        "PLN": {"one": "grosz", "few": "grosze", "many": "groszy", "other": "grosza"},
        "GBP": {"one": "pens", "few": "pensy", "many": "pensów", "other": "pensa"},
        "": {"one": "cent", "few": "centy", "many": "centów", "other": "centa"},
    },
    signs={"zł": "PLN", "zl": "PLN"},
    time="{h} {m}",
    full_hour="{h}",
    zero_minutes=True,
    hour=_polish_hour,
    dotted_time=r"(?<=\bgodz\. )|(?<=\bgodzinie )|(?<=\bo )",
    date="{d} {month} {y}",
    day=_polish_day,
    joined=" ",
    before_year=" ",
    after_year=r" ?(?:r\.|roku)",
    slashed=".-/",
    short_date=r"(?P<day>[0-3]?\d)\.(?P<month>0[1-9]|1[0-2])(?![\w.,])(?= |$)",
    year_after=r"\b(?:[Ww]|[Oo]d|[Dd]o|[Zz]|[Pp]o|[Pp]rzed) (?=[12]\d{3} (?:r\.|rok))",
    year=_polish_year,
    nouns=(
        (
            r"^(?:osoby|godziny|minuty|sekundy|gry|rundy|szanse|dziewczyny|kobiety|noce|strony|części|"
            r"mapy|bramki|sztuki|złotówki|książki|karty|wiadomości|pizze|kawy|butelki|próby|kropki|"
            r"zasady|sprawy|rzeczy|drużyny|mile|tony)$",
            "f",
        ),
        (r"^(?!mężczyzna|kolega|poeta)[a-ząćęłńóśźż]{2,}a$", "one"),
        (r"(?:o|ę|cie|nie)$", "n"),
        (r"^[a-ząćęłńóśźż]", "m"),
    ),
    century=(r"(?<!\w)(?P<roman>[IVX]{1,6})(?= wiek)", _century),
    examples={
        "century": (("w XXI wieku", "w dwudziestym pierwszym wieku"),),
        "hours and minutes": (("2h30min", "dwie godziny trzydzieści minut"),),
        "range of units": (("5%-10%", "5%\u201110%", "pięć procent-dziesięć procent"),),
        "rate": (("5 €/kg", "5 € za kilogram", "pięć euro za kilogram"),),
        "telephone": (
            (
                "+48 600 123 456",
                "plus cztery osiem, sześć zero zero, jeden dwa trzy, cztery pięć sześć",
            ),
        ),
        "date, year first": (
            ("2024-06-15", "piętnastego czerwca dwa tysiące dwudziestego czwartego roku"),
        ),
        "date": (
            ("3.05.1998 r.", "trzeciego maja tysiąc dziewięćset dziewięćdziesiątego ósmego roku"),
        ),
        "date without year": (("do 24.12 wolne", "do dwudziestego czwartego grudnia wolne"),),
        "day and month": (
            ("1 maja", "pierwszego maja"),
            ("2 maja 2000", "drugiego maja dwutysięcznego roku"),
        ),
        "from time to time": (
            ("10:00-12:30", "10:00\u201112:30", "dziesiąta-dwunasta trzydzieści"),
        ),
        "time": (("o 18:05", "o osiemnastej zero pięć"), ("9:00", "dziewiąta")),
        "time with a point": (("o 20.30", "o dwudziestej trzydzieści"),),
        "version": (("v2.1", "v dwa kropka jeden"),),
        "number sign": (("#1", "numer 1", "numer jeden"),),
        "sign": (("-5 stopni", "minus 5 stopni", "minus pięć stopni"),),
        "comparison": (("x ≥ y", "x co najmniej y"),),
        "fraction without a whole": ((",5 z tego", "zero przecinek pięć z tego"),),
        "fraction": (("2½", "dwa i pół"), ("7/10", "siedem na dziesięć")),
        "price, sign first": (("$5", "pięć dolarów"),),
        "price, sign last": (
            ("19,99 zł", "dziewiętnaście złotych dziewięćdziesiąt dziewięć groszy"),
            ("2 zł", "dwa złote"),
            ("1 €", "jedno euro"),
        ),
        "percent": (("50%", "pięćdziesiąt procent"),),
        "unit": (
            ("2 km", "dwa kilometry"),
            ("5 km", "pięć kilometrów"),
            ("3,5 km", "trzy przecinek pięć kilometra"),
            ("2 h", "dwie godziny"),
            ("22 min", "dwadzieścia dwie minuty"),
        ),
        "degrees": (("22°", "dwadzieścia dwa stopnie"),),
        "ordinal": (("3. miejsce", "trzecie miejsce"), ("po raz 2-gi", "po raz drugi")),
        "year": (
            ("w 2024 roku", "w dwa tysiące dwudziestym czwartym roku"),
            ("od 1999 r.", "od tysiąc dziewięćset dziewięćdziesiątego dziewiątego r."),
        ),
        "range": (
            ("5-10 minut", "pięć\u201110 minut", "pięć-dziesięć minut"),
            ("3:1", "trzy do jeden"),
        ),
        "arithmetic": (("2+2", "2 plus 2", "dwa plus dwa"),),
        "times": (("3x", "trzy razy"),),
        "or more": (("18+", "18 plus", "osiemnaście plus"),),
        "power": (("x²", "x do potęgi dwa"),),
        "thousands": (("5k", "5000", "pięć tysięcy"),),
        "number": (
            ("2 osoby", "dwie osoby"),
            ("1 raz", "jeden raz"),
            ("3,14", "trzy przecinek czternaście"),
            ("1 500", "tysiąc pięćset"),
        ),
        "figures in a word": (("PS5", "PS pięć"),),
    },
)
