"""Danish."""

from bot.text.languages.grammar import Grammar
from bot.text.languages.spelling import spelled


def _danish(g: Grammar, number: int, gender: str, _before: str) -> str:
    """CLDR's rules for the common gender bend a thousand too, which nobody does."""
    rules = "spellout-cardinal-common" if gender == "m" and number % 100 == 1 else ""
    return spelled(g.code, number, rules or "spellout-numbering")


DANISH = Grammar(
    code="da",
    decimal=",",
    grouping=". ",
    comma="komma",
    point="punktum",
    minus="minus",
    plus="plus",
    plus_minus="plus minus",
    about="cirka",
    at_most="højst",
    at_least="mindst",
    less="mindre end",
    more="mere end",
    times="gange",
    divided="divideret med",
    equals="er lig med",
    root="kvadratroden af",
    power="i",
    infinity="uendelig",
    degrees="grader",
    to="til",
    score="-",
    of="{a} ud af {b}",
    number="nummer",
    percent="{n} procent",
    half="en halv",
    quarter="en kvart",
    three_quarters="tre kvart",
    and_half="{n} en halv",
    per="per",
    cardinal=_danish,
    ordinals=(
        (
            r"\.(?= (?:gang|plads|dag|sal|klasse|sæson|afsnit|runde|uge|halvleg|del|forsøg)\b)",
            "spellout-ordinal-common",
        ),
    ),
    fraction="number",
    units=dict.fromkeys(
        "minute second millisecond year kilogram gram milligram tonne pound".split(), "n"
    ),
    currencies={"GBP": "n"},
    money={"CNY": "yuan"},
    money_word="last",
    cents="og",
    signs={"kr.": "DKK", "kr": "DKK"},
    time="{h} {m}",
    zero_minutes=True,
    dotted_time=r"(?<=\bkl\. )|(?<=\bkl )|(?<=\bklokken )",
    date="{d} {month} {y}",
    day_rules="spellout-ordinal-common",
    joined=r"\.? ",
    before_year=" ",
    slashed="-/.",
    short_date=r"(?P<day>[12]\d|3[01]|[5-9])/(?P<month>[1-9]|1[12])(?![\w/-])",
    year_rules="spellout-numbering-year",
    year_after=r"\b(?:[Ii]|[Ss]iden|[Ff]ra|[Tt]il|[Åå]r|januar|februar|marts|april|maj|juni|juli|"
    r"august|september|oktober|november|december) ",
    nouns=(
        (
            r"^(?:år|minut|minutter|sekund|barn|hus|spil|kilo|gram|point|hold|liv|bord|kort|par)$",
            "n",
        ),
        (r"^[a-zæøå]", "m"),
    ),
    examples={
        "hours and minutes": (("2h30min", "to timer tredive minutter"),),
        "range of units": (("5%-10%", "5% til 10%", "fem procent til ti procent"),),
        "rate": (("5 €/kg", "5 € per kilogram", "fem euro per kilogram"),),
        "telephone": (("+45 12 34 56 78", "plus fire fem, et to, tre fire, fem seks, syv otte"),),
        "date, year first": (("2024-06-15", "femtende juni to tusind og fireogtyve"),),
        "date": (("den 5.12.2023", "den femte december to tusind og treogtyve"),),
        "date without year": (("den 24/12", "den fireogtyvende december"),),
        "day and month": (("1. maj 1999", "første maj nittenhundrede og nioghalvfems"),),
        "from time to time": (("10:00-12:30", "10:00 til 12:30", "ti til tolv tredive"),),
        "time": (("kl. 18:05", "kl. atten nul fem"),),
        "time with a point": (("kl. 20.30", "kl. tyve tredive"),),
        "version": (("v2.1", "v to punktum et"),),
        "number sign": (("#1", "nummer 1", "nummer et"),),
        "sign": (("-5 grader", "minus 5 grader", "minus fem grader"),),
        "comparison": (("x ≥ y", "x mindst y"),),
        "fraction without a whole": ((",5 af det", "nul komma fem af det"),),
        "fraction": (("2½ time", "to en halv time"), ("7/10", "syv ud af ti")),
        "price, sign first": (("$5", "fem dollar"),),
        "price, sign last": (("100 kr.", "hundrede kroner"), ("1 kr", "en krone")),
        "percent": (("50 %", "halvtreds procent"),),
        "unit": (("3,5 km", "tre komma fem kilometer"), ("1 h", "en time")),
        "degrees": (("20°", "tyve grader"),),
        "ordinal": (("3. gang", "tredje gang"),),
        "year": (("i 1984", "i nittenhundrede og fireogfirs"),),
        "range": (("5-10", "5 til 10", "fem til ti"), ("3-1", "tre-et")),
        "arithmetic": (("2+2", "2 plus 2", "to plus to"),),
        "times": (("3x", "tre gange"),),
        "or more": (("18+", "18 plus", "atten plus"),),
        "power": (("x²", "x i to"),),
        "thousands": (("5k", "5000", "fem tusind"),),
        "number": (("1 hund", "en hund"), ("1 år", "et år"), ("3,14", "tre komma fjorten")),
        "figures in a word": (("PS5", "PS fem"),),
    },
)
