"""Italian."""

from bot.text.languages.grammar import TOUCHING, Grammar
from bot.text.languages.spelling import spelled

_ORDINAL_SIGNS = (
    (r"(?:\.?º|°(?= [a-zà-ü]{3}))", "spellout-ordinal-masculine"),
    (r"\.?ª", "spellout-ordinal-feminine"),
)


def _italian(g: Grammar, number: int, gender: str, before: str) -> str:
    rules = g.cardinals.get(gender, "spellout-numbering")
    if gender and number != 1:  # "ventun" is usual before a noun, and so is "ventuno"
        rules = "spellout-numbering"
    words = spelled(g.code, number, rules)
    if number != 1 or not gender:
        return words
    hard = before[:1] == "z" or (before[:1] == "s" and before[1:2] not in "aeiouh")
    if gender == "m":
        return "uno" if hard else "un"
    return f"un'{TOUCHING}" if before[:1] in "aeiou" and before else "una"


ITALIAN = Grammar(
    code="it",
    decimal=",",
    grouping=". ",
    comma="virgola",
    point="punto",
    minus="meno",
    plus="più",
    plus_minus="più o meno",
    about="circa",
    at_most="al massimo",
    at_least="almeno",
    less="meno di",
    more="più di",
    times="per",
    divided="diviso",
    equals="uguale a",
    root="radice di",
    power="alla",
    infinity="infinito",
    degrees="gradi",
    to="a",
    score="a",
    of="{a} su {b}",
    number="numero",
    percent="{n} per cento",
    half="mezzo",
    quarter="un quarto",
    three_quarters="tre quarti",
    and_half="{n} e mezzo",
    per="al",
    half_f="mezza",
    fold="volte",
    cardinals={"m": "spellout-cardinal-masculine", "f": "spellout-cardinal-feminine"},
    ordinals=_ORDINAL_SIGNS,
    fraction="number",
    units=dict.fromkeys("hour week mile tonne pound mile-per-hour kilocalorie".split(), "f"),
    currencies=dict.fromkeys("GBP INR SEK NOK DKK TRY".split(), "f"),
    money={"CNY": "yuan"},
    cents="e",
    cardinal=_italian,
    time="{h} e {m}",
    full_hour="{h}",
    date="{d} {month} {y}",
    first="primo",
    joined=" ",
    before_year=" ",
    slashed="/-.",
    short_date=r"(?P<day>[12]\d|3[01]|0[1-9])/(?P<month>0?[1-9]|1[0-2])(?![\w/-])",
    dotted_time=r"(?<=\balle )|(?<=\bore )|(?<=\bdalle )",
    nouns=(
        (r"^(?:problema|tema|sistema|programma|pigiama|pianeta|clima)$", "m"),
        (r"(?:a|zione|sione|tà)$", "f"),
        (r"^[a-zàèéìòù]{3,}$", "m"),
    ),
    century=(
        r"(?<!\w)(?P<roman>[IVX]{1,6})(?= secolo)",
        lambda g, n, *_: g.ordinal(n, "spellout-ordinal-masculine"),
    ),
    examples={
        "century": (("nel XXI secolo", "nel ventunesimo secolo"),),
        "height": (("alto 1m80", "alto un metro ottanta"),),
        "hours and minutes": (("2h30min", "due ore trenta minuti"),),
        "range of units": (("5%-10%", "5% a 10%", "cinque per cento a dieci per cento"),),
        "rate": (("5 €/kg", "5 € al chilogrammo", "cinque euro al chilogrammo"),),
        "telephone": (
            (
                "+39 333 123 4567",
                "più tre nove, tre tre tre, uno due tre, quattro cinque sei sette",
            ),
        ),
        "date, year first": (("2024-06-15", "quindici giugno duemilaventiquattro"),),
        "date": (("il 03/05/1998", "il tre maggio millenovecentonovantotto"),),
        "date without year": (("il 24/12", "il ventiquattro dicembre"),),
        "day and month": (("il 1° maggio 2023", "il primo maggio duemilaventitré"),),
        "from time to time": (("10:00-12:30", "10:00 a 12:30", "dieci a dodici e trenta"),),
        "time": (("alle 18:05", "alle diciotto e cinque"),),
        "time with an h": (("17h30", "diciassette e trenta"),),
        "time with a point": (("alle 20.30", "alle venti e trenta"),),
        "version": (("v2.1", "v due punto uno"),),
        "number sign": (("#1", "numero 1", "numero uno"),),
        "sign": (("-5 gradi", "meno 5 gradi", "meno cinque gradi"),),
        "comparison": (("x ≥ y", "x almeno y"),),
        "fraction without a whole": ((",5 di quello", "zero virgola cinque di quello"),),
        "fraction": (("2½", "due e mezzo"), ("7/10", "sette su dieci")),
        "price, sign first": (("$5", "cinque dollari"),),
        "price, sign last": (("19,99 €", "diciannove euro e novantanove"), ("1 €", "un euro")),
        "percent": (("il 50%", "il cinquanta per cento"),),
        "unit": (
            ("3,5 km", "tre virgola cinque chilometri"),
            ("1 h", "un'ora"),
            ("1 s", "un secondo"),
        ),
        "degrees": (("20°", "venti gradi"),),
        "ordinal": (("la 2ª volta", "la seconda volta"), ("il 3° posto", "il terzo posto")),
        "range": (("5-10", "5 a 10", "cinque a dieci"),),
        "arithmetic": (("2+2", "2 più 2", "due più due"),),
        "times": (("3x", "tre volte"),),
        "or more": (("18+", "18 più", "diciotto più"),),
        "power": (("x²", "x alla due"),),
        "thousands": (("5k", "5000", "cinquemila"),),
        "number": (("1 volta", "una volta"), ("3,14", "tre virgola quattordici")),
        "figures in a word": (("PS5", "PS cinque"),),
    },
)
