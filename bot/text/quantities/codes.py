"""Figures that name something: models, screens, versions, telephones."""

import re

from bot.text.expressions import lazy_pattern
from bot.text.quantities.numbers import decimal, in_pairs, plural
from bot.text.rule import Match, rule

_ELEMENTS = "Ca|Na|Cl|Mg|Al|Si|Li|Fe|Cu|Zn|Ag|Mn|Br|[HBCNOFPSKI]"


def _molecule(match: Match) -> str:
    """Letter by letter; two letters and a figure are a model as well, and read alike."""
    parts = re.findall(r"[A-Za-z]|\d+", match[0])
    return " ".join(decimal(part) if part.isdigit() else part.upper() for part in parts)


model = rule(
    r"\b((?!BP)[A-Z]{2,4}|[rg]tx|rx) (\d{3,4})(?![\w:/]|[.,]\d)(?!-\d\d-)",
    lambda m: f"{m[1]} {in_pairs(m[2])}",
    ("RTX 4090", "RTX forty ninety", "R T X forty ninety"),
    ("an rx 580", "an rx five eighty", "an R X five eighty"),
    spaced=False,
)
of_a_thing = rule(
    r"(?<=\b[Bb]oeing )7\d7(?!-)|(?<![\w.,$])7[0-8]7(?= (?:max|MAX|Dreamliner|dreamliner)\b)|"
    r"(?<=\b[A-Z])-(\d{3})(?![\w-])|(?<=\b[A-Z][A-Z])-(\d{3})(?![\w-])|(?<![\w.,$])(40[13])\(?([kb])\b\)?",
    lambda m: in_pairs(m[1] or m[2] or m[3] or m[0]) + (f" {m[4].upper()}" if m[4] else ""),
    ("Boeing 737", "Boeing seven thirty-seven"),
    ("an F-150", "an F one fifty"),
    ("my 401k", "my four oh one K"),
    needs=("oeing", " max", "dreamliner", "-", "401", "403"),
)
airliner = rule(
    r"(?<![\w.,$-])(7[0-8]7)-([1-9]00|8|9|10)(?![\w-])",
    lambda m: f"{in_pairs(m[1])} {decimal(m[2])}",
    ("a 747-400", "a seven forty-seven four hundred"),
    needs=("7-",),
)
form = rule(
    r"(?<![\w.,$€£#+-])(1099|1040)(?!\w|[.,]\d| (?:people|[a-z]{3,12}s)\b)",
    lambda m: in_pairs(m[0]),
    ("got a 1099", "got a ten ninety-nine"),
    needs=("1099", "1040"),
)
_SERVED = lazy_pattern(
    r"\b(?:HTTP|http|api|API|error|errors|endpoint|gateway|request|returns?|returned|server|status|"
    r"site|nginx|proxy|responds?|response|curl|forbidden|unauthorized|route)\b"
)
status = rule(
    r"(?<![\w.,:/$€£+#-])(4[0-5]\d|50\d)(?![\w%/:-]|[.,]\d)(?! (?:people|[a-z]{2,12}s|ms|MB|GB|"
    r"KB)\b)",
    lambda m: in_pairs(m[0]) if _SERVED.search(m.string) and m[0][1:] != "00" else m[0],
    ("returns a 403 now", "returns a four oh three now"),
    ("403 days", "403 days", "four hundred three days"),
    needs=tuple(
        (
            "http api error endpoint gateway request return server status site nginx proxy respon "
            "curl forbidden unauthori route"
        ).split()
    ),
)
_SUBJECTS = (
    "algebra|anthro|art|bio|biology|biz|business|calc|chem|chemistry|comp ?sci|cs|econ|econs|eng|"
    "engl|engr|"
    "english|french|geo|geology|hist|history|law|ling|math|maths|music|orgo|phil|philosophy|phys|physics|"
    "poli ?sci|psych|psychology|soc|sociology|spanish|stat|stats|writing"
)
course = rule(
    r"(?<=[a-z] )101(?=$|[.,!?]| (?:class|course|lecture)\b)|"
    rf"\b((?i:{_SUBJECTS}) )([1-9]\d{{2,3}})(?![\w/%-]|[.,]\d)(?! (?:people|points|pages|"
    rf"[a-z]{{3,12}}s)\b)",
    lambda m: (
        m[1] + in_pairs(m[2])
        if m[1]
        else m[0]
        if re.search(
            r"(?i:rooms?|rm|page|line|port|number|at|of|to|is|than|route|was|about|only|with|got|"
            r"have) $",
            m.string[: m.start()],
        )
        else in_pairs(m[0])
    ),
    ("cooking 101", "cooking one oh one"),
    ("bio 201", "bio two oh one"),
    ("page 101", "page 101", "page one hundred one"),
    needs=tuple("123456789"),
)
room = rule(
    r"\b((?i:rooms?|rm|suite|unit|apartment|apt|flight|locker|cabin|dorm) "
    r"#?)([1-9]\d{2,3})(?![\w/:%-]|[.,]\d)"
    r"(?! (?:people|[a-z]{3,12}s)\b)",
    lambda m: re.sub("(?i)^(a)pt ", r"\1partment ", m[1]).replace("#", "number ") + in_pairs(m[2]),
    ("apt #305", "apartment number three oh five"),
    ("room 305", "room three oh five"),
    ("flight 1423", "flight fourteen twenty-three"),
    ("room 12", "room 12", "room twelve"),
    needs=("room", "rm", "suite", "unit", "ap", "flight", "locker", "cabin"),
)
countdown = rule(
    r"\bT-(?=\d{1,3}(?::| ?(?:s|m|h|d|sec|secs|mins?|hrs?|minutes?|hours?|days?|seconds?|weeks?)\b|"
    r"$| and\b))",
    lambda _: "T minus ",
    ("T-5 mins", "T minus 5 mins", "T minus five minutes"),
    needs=("t-",),
)
answers = rule(
    r"(?:^|(?<=getting )|(?<=seeing )|(?<=\bof )|(?<=throwing )|(?<=\bthe ))([45]0\d)s(?!\w)",
    lambda m: plural(f"{decimal(m[1][0])} hundred" if m[1][1:] == "00" else in_pairs(m[1])),
    ("seeing 500s again", "seeing five hundreds again"),
    needs=("s",),
)
nines = rule(
    r"(?:(?<=\d )|(?<=\b(?:two|six) )|(?<=\b(?:three) )|(?<=\b(?:four|five|pair) )|(?<=\bpair of )|"
    r"(?<=\bpocket ))([2-9])s(?!\w)",
    lambda m: plural(decimal(m[1])),
    ("five 9s", "five nines"),
    ("pair of 8s", "pair of eights"),
    needs=tuple("2s 3s 4s 5s 6s 7s 8s 9s".split()),
)
lettered = rule(
    r"\b((?i:exit|room|gate|unit|section|block|flat|seat|row|platform|terminal|page|question|"
    r"apartment|step|part|building|suite|lot|bus|table|figure|stand|locker|apt) )"
    r"(\d{1,4})(?![kKmMhs])([A-Za-z])(?![\w'])",
    lambda m: f"{m[1]}{in_pairs(m[2])} {m[3].upper()}",
    ("exit 42B", "exit forty-two B"),
    ("room 5d", "room five D"),
    ("on the bus 5h", "on the bus 5h", "on the bus five hours"),
    needs=tuple(
        (
            "exit room gate unit section block flat seat row platform terminal page question "
            "apartment step part building suite lot bus table figure stand locker apt"
        ).split()
    ),
)
road = rule(
    r"(?:(?<=\bon the )|(?<=\boff the )|(?<=\btake the )|(?<=\bvia the )|(?<=ighway )|"
    r"(?<=\b[Rr]oute )|(?<=nterstate ))[1-9]\d{2}(?![\w.,:/%-]\w|"
    r"%| [a-z]{2,12}s\b)(?!\w)",
    lambda m: in_pairs(m[0]),
    ("on the 405", "on the four oh five"),
    ("highway 101", "highway one oh one"),
    needs=("on the", "off the", "take the", "via the", "highway", "route", "interstate"),
)
heading = rule(
    r"(?:(?<=\btake )|(?<=\btook )|(?<=\bon )|(?<=\boff )|(?<=\bto )|(?<=\bthe ))[1-9]\d{2}(?= "
    r"(?:north|south|east|west|"
    r"[nsew]b|northbound|southbound|eastbound|westbound)\b)",
    lambda m: in_pairs(m[0]),
    ("take 101 north", "take one oh one north"),
    needs=("nort", "sout", "east", "west", "nb", "sb", "eb", "wb"),
)
any_status = rule(
    r"(?<![\w.,$€£])([1-5])xx(?!\w)",
    lambda m: f"{decimal(m[1])} X X",
    ("5xx errors", "five X X errors"),
    needs=("xx",),
)
summit = rule(
    r"(?<![\w.,$])(1[34])er(s?)(?!\w)",
    lambda m: f"{decimal(m[1])}er{m[2]}",
    ("hiked a 14er", "hiked a fourteener"),
    needs=("er",),
)
copy = rule(
    r"^10-4(?![\w-])|(?<![\w.-])10-4(?=,? (?:good|copy|roger|that|over)\b)",
    lambda _: "ten four",
    ("10-4, rebooting", "ten four, rebooting"),
    needs=("10-4",),
)
not_found = rule(
    r"(?<![\w.,:/$€£+-])404(?= (?:[a-z]+ )?(?:not found|error|page))|(?<=\berror )\d{3}(?![\w.,])|"
    r"^404(?= on )|"
    r"(?<=\b[Aa] )404(?= ?[.,!?]?$)",
    lambda m: in_pairs(m[0]),
    ("404 not found", "four oh four not found"),
    needs=("404", "error"),
)
one_on_one = rule(
    r"(?<!\w)(\d)-on-(\d)(s?)(?!\w)",
    lambda m: f"{decimal(m[1])} on {decimal(m[2])}{m[3]}",
    ("a 1-on-1", "a one on one"),
    ("two 1-on-1s", "two one on ones"),
    needs=("-on-",),
)
several = rule(
    r"(?<=[A-Z])(\d{1,3})s(?!\w)",
    lambda m: f" {plural(decimal(m[1]))}",
    ("the U21s", "the U twenty-ones"),
    ("MP3s", "MP threes", "M P threes"),
)
molecule_small = rule(
    r"(?<![\w.-])(?:co2|vo2|n2o|no2|so2|ch4|nh3|hno3|h2so4|caco3|h2o2)(?!\w)(?!\.\w)",
    _molecule,
    ("less co2", "less C O two"),
    needs=("co2", "vo2", "n2o", "no2", "so2", "ch4", "nh3", "hno3", "h2so4", "caco3", "h2o2"),
)
molecule = rule(
    rf"(?<![\w-])(?:(?:{_ELEMENTS})\d{{0,2}}){{2,8}}(?<=\d)(?![\w-]|\.\d)|"
    rf"(?<![\w-])(?=[A-Za-z]{{1,4}}\d)(?:(?:{_ELEMENTS})\d{{0,2}}){{3,8}}(?![\w-]|\.\d)",
    _molecule,
    ("H2SO4", "H two S O four"),
    ("C6H12O6", "C six H twelve O six"),
    ("CaCO3", "C A C O three"),
)
plural_models = rule(
    r"(?<![\w.$€£])([3-9]0[5-9]0)s(?!\w)",
    lambda m: plural(in_pairs(m[1])),
    ("two 4090s", "two forty nineties"),
)
sound_file = rule(
    r"(?<=\w)\.(?=(?:mp[34]|m4[abv]|7z)\b)",
    lambda _: " dot ",
    ("song.mp3", "song dot mp3", "song dot M P three"),
    needs=(".",),
)
formula = rule(
    r"\b([A-Z])([A-Z])(?=\d{1,2}(?!\d))",
    lambda m: f"{m[1]} {m[2]}",
    ("SO2", "S O 2", "S O two"),
)
zone = rule(
    r"\b(UTC|GMT) ?([-+\u2212])(\d{1,2})(?!\d)",
    lambda m: f"{m[1]} {'plus' if m[2] == '+' else 'minus'} {m[3]}",
    ("UTC-5", "UTC minus 5", "U T C minus five"),
    needs=("utc", "gmt"),
)
hyphenated = rule(
    r"(?<=[^\W\d_])(?<![AaPp][Mm])-(?=\d)",
    lambda _: " ",
    ("covid-19", "covid 19", "covid nineteen"),
    needs=("-",),
)


version = rule(
    r"(?<![\w./])[vV]\.?((?:\d{1,6}\.){0,5}\d{1,6})([a-z])?(?!\w)-?",
    lambda m: (
        ("" if m.string[: m.start()].lower().endswith("version ") else "version ")
        + _parted(m[1].split("."), "point")
        + (f" {m[2].upper()}" if m[2] else "")
    ),
    ("v1.2.3", "version one point two point three"),
    ("v2 is out", "version two is out"),
    ("version v2", "version two"),
    ("v1.0.7a", "version one point zero point seven A"),
    ("v2.0-beta", "version two point zero beta"),
)


def _address(match: Match) -> str:
    """Four short parts are an address of the internet, any others a version."""
    parts = match[0].split(".")
    is_address = len(parts) == 4 and all(len(part) <= 3 for part in parts)
    return " dot ".join(map(in_pairs, parts)) if is_address else _parted(parts, "point")


lettered_version = rule(
    r"(?<![\w.])((?:\d{1,4}\.){1,3}\d{1,4})([a-dA-D])(?![\w.])(?<!\d[Bb])|"
    r"(?<![\w.])((?:\d{1,4}\.){2,3}\d{1,4})([a-zA-Z])(?![\w.])",
    lambda m: f"{_parted((m[1] or m[3]).split('.'), 'point')} {(m[2] or m[4]).upper()}",
    ("1.4.2b", "one point four point two B"),
    ("patch 14.3a", "patch fourteen point three A"),
    needs=(".",),
)
address = rule(
    r"(?<![\w.])(?:\d{1,6}\.){2,5}\d{1,6}(?![\w.]*\w)",
    _address,
    ("1.20.4", "one point twenty point four"),
    ("127.0.0.1", "one twenty-seven dot zero dot zero dot one"),
    needs=(".",),
)


def _parted(parts: list[str], between: str) -> str:
    return f" {between} ".join(map(decimal, parts))
