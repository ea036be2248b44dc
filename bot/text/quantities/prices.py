"""Sums without a sign, which only words and their figures tell from other numbers."""

import re

from bot.text.expressions import lazy_pattern
from bot.text.quantities.measures import FREE_UNITS
from bot.text.quantities.money import CURRENCY_SIGNS
from bot.text.quantities.numbers import cardinal, counted, decimal, in_pairs
from bot.text.quantities.parts import NUMBER, START
from bot.text.rule import Match, rule

_PRICED = lazy_pattern(
    r"\b(?:bag|beers?|bill|bottle|box|carton|costco|depot|jar|tab|walmart|loaf|owes?|send|"
    r"venmo\w{0,3}|zelle\w?|bread|breakfast|burgers?|burrito|cab|cocktails?|cover charge|delivery|"
    r"dinner|drinks?|"
    r"entry|fares?|flour|fries|fuel|fruit|haircut|ice cream|kebab|lunch|meals?|meat|merch|parking|"
    r"pints?|"
    r"petrol|sandwich(?:es)?|scoop|shoes|shots?|skins?|snacks?|soda|sub|taxi|tacos?|tea|toll|uber|"
    r"used to be|"
    r"wages?|wings|"
    r"bucks?|bought|buy(?:ing)?|cash|charg(?:e|ed|es|ing)|cheap(?:er|est)?|costs?|coffee|"
    r"coupon|deal|"
    r"dollars?|eggs|expensive|fees?|gallon|gas|grocer(?:y|ies)|menu|milk|on sale|paid|pay|pizza|"
    r"prices?|priced|refund|rent|rip-?off|sale|sells?|selling|shipping|sold|spent|steam|store|"
    r"subscription|tickets?|tip|total|worth)\b",
    re.IGNORECASE,
)
#: Of which a number with two decimals is no price.
_RATED = lazy_pattern(
    r"\b(?:apr|apy|average|avg|beta|bpm|drivers?|era|freq\w*|gpa|grade|interest|k/?d|kda|"
    r"mortgage|odds|patch|pi|"
    r"ph|python|rates?|ratio|score|scored|time|update|ver|versions?|yield)\b|%",
    re.IGNORECASE,
)
_DECIMAL = r"\d{1,3}\.\d\d"
_NO_UNIT = (
    r"(?![\w%°/:-])(?![.,]\d)"
    rf"(?! ?(?i:{FREE_UNITS}|x|gpa|times|points?|inch(?:es)?|miles|meters|k)(?!\w))"
)


def _price(figures: str) -> str:
    whole, cents = figures.split(".")
    said = in_pairs(whole)
    return f"{said} {'oh ' if cents[0] == '0' else ''}{cardinal(int(cents))}"


def _unsigned(match: Match) -> str:
    figures = re.findall(_DECIMAL, match[0])
    as_in_shops = all(one.endswith(("99", "49", "95")) for one in figures)
    plain = any(one.endswith(".00") or one.startswith("0") for one in figures)
    if plain or not (as_in_shops or _PRICED.search(match.string)) or _RATED.search(match.string):
        return match[0]
    return re.sub(_DECIMAL, lambda one: _price(one[0]), match[0])


#: What these figures are of is paid, so that they are no year.
_WENT = lazy_pattern(
    r"\b(?:bill|cost|income|mortgage|paid|pay|payment|premium|price|rent|salary|wage)\b",
    re.IGNORECASE,
)
unsigned = rule(
    rf"\b(?:(?:[Ff]rom|[Ww]as|[Ww]ent|[Bb]etween) {_DECIMAL} (?:to|and|now|->) |(?:[Ff]rom|"
    rf"[Ff]or|[Aa]t|[Tt]o|[Ii]t'?s|"
    r"[Ii]s|[Ww]as|[Aa]re|[Ww]ere|[Cc]osts?|[Pp]aid|[Oo]nly|[Jj]ust|[Pp]ay|[Nn]ow|[Ll]ike|"
    r"[Cc]harged?|[Ss]pent|[Ss]ells?|[Bb]e|[Bb]een|[Cc]ame to|[Aa]sking|[Ww]ant|[Mm]akes?|"
    r"[Mm]aking|"
    r"[Mm]ade|[Ee]arns?|[Gg]ot|[Aa]round|[Ll]ess than|[Mm]ore than|[Hh]it|[Uu]p to|[Dd]own to|"
    r"[Hh]igh as|[Ll]ow as|(?:[Cc]osts?|[Cc]harged?|[Rr]uns?|[Ss]et|[Oo]wed?|[Oo]wes|[Ss]end|"
    r"[Ss]ent|[Vv]enmo(?:e?d)?|[Pp]aypal|[Zz]elled?|[Gg]ive|[Gg]ave|[Ll]oaned|[Pp]ay|[Pp]aid) "
    r"(?:me|us|you|u|him|her|them)(?: back)?|"
    rf"[Uu]nder|[Oo]ver|[Aa]bout|[Aa]nother) (?:(?:only|just|like|about|now|"
    rf"me) )?){_DECIMAL}{_NO_UNIT}",
    _unsigned,
    ("from 2.99 to 5.49", "from two ninety-nine to five forty-nine"),
    ("it's 4.99 now", "it's four ninety-nine now"),
    ("gas is at 3.05", "gas is at three oh five"),
    ("my gpa is 3.49", "my gpa is 3.49", "my G P A is three point four nine"),
    ("it's 4.99 kg", "it's 4.99 kg", "it's four point nine nine kilograms"),
    needs=(".",),
)
_SO_MUCH = (
    r"(?= (?:an hour|a (?:box|can|cup|day|dozen|drink|gallon|glass|kilo|lb|liter|litre|month|night|"
    r"pack|person|piece|pint|plate|pop|pound|share|slice|week|year)|apiece|each|pp|per (?:cup|"
    r"gallon|"
    r"hour|kilogram|lb|liter|month|person|pound|share|square foot))\b)"
)
so_much_each = rule(
    rf"(?<![\w.,:/$€£+-])(\d{{1,3}}\.\d\d){_SO_MUCH}",
    lambda m: m[0] if m[1].endswith(".00") or m[1][0] == "0" else _price(m[1]),
    ("22.50 an hour", "twenty-two fifty an hour"),
    ("3.25 kg each", "3.25 kg each", "three point two five kilograms each"),
    needs=(".",),
)
only_cents = rule(
    rf"(?<![\w.,$€£+-])\.(\d\d)(?:{_SO_MUCH}|(?= off\b))|"
    r"(?:(?<=\bonly )|(?<=\bjust )|(?<=\bfor )|(?<=\bpaid )|(?<=\bcosts )|(?<=\bcost "
    r"))\.(\d[59])(?=$|[,!?]|\.(?:\s|$)| (?:now|at|for|today|lol|plus|on)\b)",
    lambda m: counted(str(int(m[1] or m[2])), "cent"),
    (".50 each", "fifty cents each"),
    ("only .99", "only ninety-nine cents"),
    (".50 of it", ".50 of it", "zero point five zero of it"),
    needs=(".",),
)
_PAYS = lazy_pattern(
    r"[$€£%]|\b(?:cents?|charged?|charges|cheap|cheaper|cost|costs|dimes?|fees?|paid|pay|pennies|price|prices|"
    r"quarters?|sale|sell|selling|sold|save|stamps?|tax|tip|wings|worth)\b",
    re.IGNORECASE,
)
_WARM = lazy_pattern(
    r"°|\b(?:baked?|celsius|cold|cpu|degrees|fan|feels|fever|gpu|heat|hot|humid|idles?|oven|outside|preheat|roast|"
    r"sunny|temps?|temperature|thermal|throttl\w{1,4}|today|warm|weather|c \d)\b",
    re.IGNORECASE,
)
_ONE_CENT = lazy_pattern(" (?:charge|coin|fee|stamp|tip|wings)")
_PER_THING = {
    "gal": "gallon", "gallon": "gallon", "lb": "pound", "kwh": "kilowatt hour",
    "kWh": "kilowatt hour",
    "min": "minute", "mi": "mile", "mile": "mile", "text": "text", "oz": "ounce",
}  # fmt: skip


def _small_cents(match: Match) -> str:
    sold = match["sold"] is not None or match["thing"] is not None
    if not (sold or _PAYS.search(match.string)) or _WARM.search(match.string):
        return match[0]
    many = "cent" if _ONE_CENT.match(match.string, match.end()) else ""
    per = f" per {_PER_THING[match['thing']]}" if match["thing"] else ""
    return counted(match[1], "cent", many) + per


small_cents = rule(
    r"(?<![\w.,$€£+-])(\d{1,2})c(?!\w)(?:/(?P<thing>gal|gallon|lb|kwh|kWh|min|mi|mile|text|oz)(?!\w))?"
    r"(?P<sold>(?= (?:a (?:can|cup|min|minute|piece|pop|share|text|word)|back|charge|cheaper|coin|"
    r"each|fee|for (?:an?|one) (?!bit|couple|day|few|month|second|week|while)|less|more|off|per|"
    r"tip|wings)\b))?",
    _small_cents,
    ("2.9% + 30c", "2.9% + thirty cents", "two point nine percent plus thirty cents"),
    ("50c off", "fifty cents off"),
    ("99c for a coke", "ninety-nine cents for a coke"),
    ("30c for a week", "30c for a week", "thirty C for a week"),
    ("it's 12c/kwh", "it's twelve cents per kilowatt hour"),
    ("it's 30c today", "it's 30c today", "it's thirty C today"),
    needs=("c",),
)
caliber = rule(
    r"(?<![\w.,])\.(17|22|25|32|38|40|44|45|50|223|243|270|308|357)(?= ?(?:acp|ammo|bmg|bullets?|"
    r"cal|caliber|calibre|lr|mag|"
    r"magnum|pistol|revolver|rifle|rounds?|special|win)\b)( ?cal\b)?",
    lambda m: f"{in_pairs(m[1])}{' caliber' if m[2] else ''}",
    ("a .50 cal", "a fifty caliber"),
    ("a .308 rifle", "a three oh eight rifle"),
    needs=(".",),
)
from_sum = rule(
    r"(?<=\bfrom )([1-9]\d{3})(?= (?:a month )?to [1-9]\d{3}(?!\d))",
    lambda m: decimal(m[1]) if _WENT.search(m.string) else m[0],
    (
        "rent from 1200 to 1350",
        "rent from one thousand two hundred to 1350",
        "rent from one thousand two hundred to one thousand three hundred fifty",
    ),
    (
        "from 1200 to 1350",
        "from 1200 to 1350",
        "from twelve hundred to one thousand three hundred fifty",
    ),
    needs=("from",),
)
ending_in_99 = rule(
    r"(?<![\w.,$€£+:/-])(\d{2,3}\.9[59])(?=$|[!?)]|[.,](?:\s|$)| (?:at|on sale|now|rn|lol|plus|for "
    r"the|on (?:amazon|ebay|steam))\b)",
    lambda m: m[0] if _RATED.search(m.string) else _price(m[1]),
    (
        "the tv is a steal, 349.99",
        "the tv is a steal, three forty-nine ninety-nine",
        "the T V is a steal, three forty-nine ninety-nine",
    ),
    ("odds of 12.95", "odds of 12.95", "odds of twelve point nine five"),
    needs=(".9",),
)
_WORTH = lazy_pattern(
    r"\b(?:bid|budget|buyout|cap|cap space|clause|contract|deal|fee|fund|funding|jackpot|lottery|"
    r"mansion|market cap|net worth|"
    r"offer|payroll|profit|raised|revenue|salary|series [abc]|sold for|transfer|valuation|valued|"
    r"worth)\b",
    re.IGNORECASE,
)
_LENGTH = lazy_pattern(
    r"\b(?:cable|deep|dive|dash|feet|ft|height|high|km|long|meters?|metres?|race|swim|tall|wide)\b",
    re.IGNORECASE,
)
_LASTS = lazy_pattern(r"\dh ?$|\b(?:[Ii]n|every|last|next|within) $")
millions_paid = rule(
    rf"{START}({NUMBER})m(?![\w'/²³^])",
    lambda m: (
        f"{decimal(m[1])} million"
        if _WORTH.search(m.string)
        and not _LENGTH.search(m.string)
        and not _LASTS.search(m.string, 0, m.start())
        else m[0]
    ),
    ("a fee of 60m", "a fee of sixty million"),
    ("bid ends in 2h 15m", "bid ends in 2h 15m", "bid ends in two hours fifteen minutes"),
    ("the 60m cable deal", "the 60m cable deal", "the sixty meters cable deal"),
    needs=tuple(f"{figure}m" for figure in range(10)),
)
over_years = rule(
    rf"(?<=\d[mMbBkK])/(?=\d{{1,2}} ?(?:yrs?|years?|mos?|months?)\b)|"
    rf"(?<=[{CURRENCY_SIGNS}]\d{{3}})/(?=\d{{1,2}} ?(?:yrs?|years?)\b)",
    lambda _: " over ",
    ("$200M/5yr", "$200M over 5yr", "two hundred million dollars over five years"),
    needs=("/",),
)
nearest_offer = rule(
    r"(?<=\d )(?:ono|ONO|o\.n\.o\.?|OBO)(?!\w)|(?<=\d)(?:ono|ONO)(?!\w)|(?<=\d[kK] )(?:ono|"
    r"ONO)(?!\w)|"
    r"(?<=[€£$] )(?:ono|ONO)(?!\w)|(?<=quid )ono(?!\w)|(?<=bucks )ono(?!\w)",
    lambda m: "or best offer" if m[0] == "OBO" else "or nearest offer",
    ("£180 ono", "£180 or nearest offer", "one hundred eighty pounds or nearest offer"),
    ("Yoko Ono", "Yoko Ono"),
    needs=("ono", "obo", "o.n.o"),
)
