"""Roman numerals, where their neighbours or their form say that they count."""

import re

from bot.text.expressions import lazy_pattern
from bot.text.quantities.numbers import ordinal, plain
from bot.text.rule import Match, rule

_VALUES = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}
_SIGNS = "I II III IV V VI VII VIII IX X XI XII L C D M".split()
_ONES = r"(?:I[XV]|VI{0,3}|I{1,3})"
#: 1 to 39, which is as far as what bears a number goes.
_SMALL = rf"(?:X{{1,3}}{_ONES}?|{_ONES})(?![\w&]|-\d)"
_TENS_AND_ONES = r"(?:X[CL]|L?X{0,3})(?:I[XV]|V?I{0,3})"
_RULERS = (
    "Albert|Alexander|Alfonso|Anne|Artaxerxes|Benedict|Boniface|Carl|Catherine|Charles|Christian|"
    "Clement|Constantine|Darius|Edward|Elizabeth|Ferdinand|Francis|Franz|Frederick|Friedrich|"
    "George|Gregory|Gustav|Haakon|Harald|Henry|Innocent|Isabella|Ivan|James|John(?: Paul)?|Joseph|"
    "Julius|Karl|Leo|Leopold|Louis|Ludwig|Mary|Maximilian|Mehmed|Napoleon|Nicholas|Olaf|Otto|Paul|"
    "Pedro|Peter|Philip|Pius|Ptolemy|Rama|Ramesses|Ramses|Richard|Robert|Sixtus|Thutmose|Umberto|"
    "Urban|Victor|Wilhelm|William|Xerxes"
)
_TITLES = "King|Queen|Pope|Prince|Emperor|Empress|Tsar|Czar|Kaiser|Sultan|Pharaoh"
_COUNTED = (
    "plat|platinum|gold|silver|bronze|diamond|iron|ascendant|immortal|act|appendix|article|"
    "book|chapter|episode|part|phase|scene|section|stage|volume|war"
)
#: As names only: a class or a model in small letters has letters, not numbers.
_NAMED = (
    "Apollo|Category|Civilization|Class|Diablo|Fantasy|Figure|GTA|Grade|Level|Mark|Mk|Rocky|Round|"
    "Schedule|Season|Table|Tier|Title|Type|Vol|WrestleMania"
)
#: Capitalised at the beginning of a sentence only, so no names.
_NO_NAME = (
    "An|And|Are|But|Can|Did|For|From|Get|Got|Has|Her|His|How|Just|Not|Now|Our|She|That|The|Their|"
    "They|This|Use|Was|What|When|Who|Why|With|You|Your"
)
_NOT_I = lazy_pattern(r"'(?:m|ll|ve|d)\b| (?!(?:of|and|to|through|vs?|reigned|ruled)\b)[a-z]")


def _value(numeral: str) -> int:
    values = [_VALUES[letter] for letter in numeral.upper()]
    following = [*values[1:], 0]
    return sum(-one if one < after else one for one, after in zip(values, following, strict=True))


def _cardinal(numeral: str) -> str:
    return plain(str(_value(numeral)))


def _is_i(match: Match) -> bool:
    """Whether the numeral at the end of `match` is the word, or the initial of a name."""
    after = match.string[match.end() :]
    if match["numeral"] in "VX" and re.match(r"\. [A-Z]", after):
        return True
    return match["numeral"] in "Ii" and _NOT_I.match(after) is not None


def _ruler(match: Match) -> str:
    if _is_i(match) and not match["title"]:
        return match[0]
    return f"{match['title'] or ''}{match['name']} the {ordinal(_value(match['numeral']))}"


def _counted(match: Match) -> str:
    if _is_i(match) and match["what"] not in {"War", "WAR"}:
        return match[0]
    first = ""
    if match["first"]:
        between = match["between"]
        first = f"{_cardinal(match['first'])}{' to ' if between.strip() in '-–' else between}"
    return f"{match['what']} {first}{_cardinal(match['numeral'])}"


sign = rule(
    r"[\u2160-\u217f]{1,8}",
    lambda m: _cardinal("".join(_SIGNS[(ord(one) - 0x2160) % 16] for one in m[0])),
    ("part Ⅳ", "part four"),
    ("ⅹⅱ", "twelve"),
)
ruler = rule(
    rf"\b(?P<title>(?:{_TITLES}) )?(?P<name>(?:{_RULERS}|(?(title)[A-Z][a-z]{{2,15}}|(?!)))"
    rf"(?: [A-Z][a-z]{{2,15}})?) (?P<numeral>{_SMALL})",
    _ruler,
    ("Henry VIII", "Henry the eighth"),
    ("Queen Margrethe II is", "Queen Margrethe the second is"),
    ("Henry Ford II", "Henry Ford the second"),
    ("told James I think so", "told James I think so"),
)
counted = rule(
    rf"\b(?P<what>(?:(?i:{_COUNTED})|{_NAMED})s?) (?:(?P<first>{_SMALL})(?P<between> ?[-–] ?| and "
    rf"| & | to ))?(?P<numeral>{_SMALL}|(?i:{_SMALL})(?<=\w\w))",
    _counted,
    ("Chapter IV", "Chapter four"),
    ("World War I was long", "World War one was long"),
    ("acts I-III", "acts one to three"),
    ("the part I liked", "the part I liked"),
)
in_capitals = rule(
    rf"\b((?:type|class|grade|tier|level|category|mark|round|table|figure|title|schedule|"
    rf"season)s?) "
    rf"({_SMALL})(?<=[IVX]{{2}})",
    lambda m: f"{m[1]} {_cardinal(m[2])}",
    ("a type II error", "a type two error"),
)
of_a_name = rule(
    rf"\b(?!(?:{_NO_NAME})\b)([A-Z][a-z]{{2,20}}|[A-Z]{{4,20}}) ({_SMALL})(?<=[IVX]{{2}})",
    lambda m: f"{m[1]} {_cardinal(m[2])}",
    ("Shrek II", "Shrek two"),
)
touching = rule(
    rf"\b(WW|FF|GTA|DQ|MGS|DMC|TES)({_SMALL})",
    lambda m: f"{m[1]} {_cardinal(m[2])}",
    ("FFXIV", "FF fourteen", "F F fourteen"),
    ("WWI", "WW one", "W W one"),
)
ordinal_before = rule(
    rf"\b({_SMALL})(?= (?:century|dynasty|amendment|Amendment|Dynasty|Olympi\w{{2,4}}))",
    lambda m: ordinal(_value(m[1])),
    ("the XIX century", "the nineteenth century"),
)
alone = rule(
    rf"(\d)?(?<![^\W\d]|[.&'$])(?!LIV\b|XXX\b|MIX\b)(?=[IVXL]{{3}}|[MDCLXVI]{{4}})"
    rf"M{{0,3}}(?:C[MD]|D?C{{0,3}}){_TENS_AND_ONES}(?![\w&])",
    lambda m: f"{m[1]} {_cardinal(m[0][1:])}" if m[1] else _cardinal(m[0]),
    ("LVIII", "fifty-eight"),
    ("1III", "1 three", "one three"),
    ("© MMXXIV", "© twenty twenty-four", "copyright twenty twenty-four"),
    ("XXL", "XXL", "X X L"),
    ("the MILD one", "the MILD one", "the mild one"),
)
