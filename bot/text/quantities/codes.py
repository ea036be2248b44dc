"""Figures that name something: models, screens, versions, telephones."""

import re

from bot.text.quantities.numbers import decimal, digits, in_pairs, plural, year
from bot.text.rule import Match, rule

_ELEMENTS = "Ca|Na|Cl|Mg|Al|Si|Li|Fe|Cu|Zn|Ag|Mn|Br|[HBCNOFPSKI]"


def _molecule(match: Match) -> str:
    """Letter by letter; two letters and a figure are a model as well, and read alike."""
    parts = re.findall(r"[A-Za-z]|\d+", match[0])
    return " ".join(decimal(part) if part.isdigit() else part.upper() for part in parts)


model = rule(
    r"\b((?!BP)[A-Z]{2,4}|[rg]tx|rx) (\d{3,4})(?![\w.,:/])(?!-\d\d-)",
    lambda m: f"{m[1]} {in_pairs(m[2])}",
    ("RTX 4090", "RTX forty ninety", "R T X forty ninety"),
    ("an rx 580", "an rx five eighty", "an R X five eighty"),
    spaced=False,
)
of_a_thing = rule(
    r"(?<=\b[Bb]oeing )7\d7|(?<![\w.,$])7[0-8]7(?= (?:max|MAX|Dreamliner|dreamliner)\b)|"
    r"(?<=\b[A-Z])-(\d{3})(?![\w-])|(?<=\b[A-Z][A-Z])-(\d{3})(?![\w-])|(?<![\w.,$])(40[13])\(?([kb])\b\)?",
    lambda m: in_pairs(m[1] or m[2] or m[3] or m[0]) + (f" {m[4].upper()}" if m[4] else ""),
    ("Boeing 737", "Boeing seven thirty-seven"),
    ("an F-150", "an F one fifty"),
    ("my 401k", "my four oh one K"),
)
form = rule(
    r"(?<![\w.,$€£#+-])(1099|1040)(?!\w|[.,]\d| (?:people|[a-z]{3,12}s)\b)",
    lambda m: in_pairs(m[0]),
    ("got a 1099", "got a ten ninety-nine"),
)
_SERVED = re.compile(
    r"\b(?:HTTP|http|api|API|error|errors|endpoint|gateway|request|returns?|returned|server|status|"
    r"site|nginx|proxy|responds?|response|curl|forbidden|unauthorized|route)\b"
)
status = rule(
    r"(?<![\w.,:/$€£+#-])(4[0-5]\d|50\d)(?![\w%/:-]|[.,]\d)(?! (?:people|[a-z]{2,12}s|ms|MB|GB|KB)\b)",
    lambda m: in_pairs(m[0]) if _SERVED.search(m.string) and m[0][1:] != "00" else m[0],
    ("returns a 403 now", "returns a four oh three now"),
    ("403 days", "403 days", "four hundred three days"),
)
oil = rule(
    r"(?<![\w.])(\d{1,2})W-?(\d{2})(?!\w)(?=.{0,40}\boil\b)|(?<=\boil )(\d{1,2})W-?(\d{2})(?!\w)|(?<![\w.])(\d{1,2})W-(\d{2})(?!\w)",
    lambda m: " W ".join(decimal(one) for one in m.groups() if one),
    ("oil is 5W-30", "oil is five W thirty"),
)
course = rule(
    r"(?<=[a-z] )101(?=$|[.,!?]| (?:class|course|lecture)\b)",
    lambda m: (
        m[0]
        if re.search(
            r"(?i:rooms?|rm|page|line|port|number|at|of|to|is|than|route|was|about|only|with|got|have) $",
            m.string[: m.start()],
        )
        else in_pairs(m[0])
    ),
    ("cooking 101", "cooking one oh one"),
    ("room 101", "room 101", "room one hundred one"),
)
last_figures = rule(
    r"\b((?i:ends in|ending in|last (?:4|four)(?: digits)?(?: are| is|:)?|ext(?:ension|\.)?:?) )(\d{3,5})(?![\w.,/:%-]\w)(?!\w)",
    lambda m: m[1] + digits(m[2]),
    ("extension 4021", "extension four zero two one"),
)
countdown = rule(
    r"\bT-(?=\d{1,3}(?::| ?(?:s|m|h|d|sec|secs|mins?|hrs?|minutes?|hours?|days?|seconds?|weeks?)\b|$| and\b))",
    lambda _: "T minus ",
    ("T-5 mins", "T minus 5 mins", "T minus five minutes"),
)
slot = rule(
    r"(?<![\w.])([A-Z])\.(?=\d(?!\w|\.\d))",
    lambda m: f"{m[1]} dot ",
    ("an M.2 drive", "an M dot 2 drive", "an M dot two drive"),
)
network = rule(
    r"(?<=\d\.\d|\.\d\d)/(?=\d{1,2}(?![\w/]))|(?<=\.\d\d\d)/(?=\d{1,2}(?![\w/]))",
    lambda m: " slash " if re.search(r"(?:\d{1,3}\.){3}\d{1,3}$", m.string[: m.start()]) else m[0],
    ("10.0.0.0/24", "10.0.0.0 slash 24", "ten dot zero dot zero dot zero slash twenty-four"),
)
graphics = rule(
    r"(?<![\w.,$€£-])([345]0[5-9]0)(?![\w.,:/%-]\w|%|\w)(?! (?:people|[a-z]{2,12}s)\b)",
    lambda m: in_pairs(m[1]),
    ("my 3060 died", "my thirty sixty died"),
)
nines = rule(
    r"(?:(?<=\d )|(?<=\b(?:two|six) )|(?<=\b(?:three) )|(?<=\b(?:four|five|pair) )|(?<=\bpair of )|(?<=\bpocket ))([2-9])s(?!\w)",
    lambda m: plural(decimal(m[1])),
    ("five 9s", "five nines"),
    ("pair of 8s", "pair of eights"),
)
big_model = rule(
    r"(?<!\w)([A-Z]{1,2}[1-9]00) (?=\d)",
    lambda m: f"{m[1]}, ",
    ("A100 80GB", "A100, 80GB", "A one hundred, eighty gigabytes"),
    spaced=False,
)
color = rule(
    r"(?<!\w)#(?=\d{0,5}[a-fA-F])([0-9a-fA-F]{6})(?!\w)",
    lambda m: "hash " + " ".join(digits(one) or one.upper() for one in m[1]),
    ("use #ff5733", "use hash F F five seven three three"),
)
named_id = rule(
    r"\b([A-Z]{2,6}-)(\d{4})-(\d{2,7})(?![\w-])",
    lambda m: (
        f"{m[1].rstrip('-')} {in_pairs(m[2])}, {in_pairs(m[3]) if len(m[3]) == 4 else digits(m[3])}"
    ),
    (
        "CVE-2024-3094",
        "CVE twenty twenty-four, thirty ninety-four",
        "C V E twenty twenty-four, thirty ninety-four",
    ),
)
thread = rule(
    r"(?<![\w/.,])(1/4|5/16|3/8|7/16|1/2)-(13|14|16|18|20|24|28)(?![\w/\"-]|\.\d)(?! [a-z]+s\b)",
    lambda m: f"{m[1]} {decimal(m[2])}",
    ("a 1/4-20 bolt", "a 1/4 twenty bolt", "a one quarter twenty bolt"),
)
chip = rule(
    r"(?<=[Rr]yzen \d )(\d)(\d)00(?=[xX]3[dD]|[xXgGuUhH]|[xX][tT]|\b)",
    lambda m: f"{decimal(m[1] + m[2])} hundred",
    ("Ryzen 5 5600X", "Ryzen 5 fifty-six hundred X", "Ryzen five fifty-six hundred X"),
)
card = rule(
    r"(?<![\w.,])(\d{3,4}) ?(Ti|Super|XTX?)\b",
    lambda m: f"{in_pairs(m[1])} {'T I' if m[2] == 'Ti' else m[2]}",
    ("a 3060 Ti", "a thirty sixty T I"),
)
house = rule(
    r"(?<![\w.,$-])([1-9]\d{2,3})(?=[A-Z]?(?: [A-Z][a-z]+\.?){1,3} "
    r"(?:Street|Avenue|Drive|Road|Boulevard|Lane|Court|Place|Square|Way|Highway|Parkway)\b)",
    lambda m: year(int(m[1])) if m[1].endswith("00") else in_pairs(m[1]),
    ("1600 Penn Avenue", "sixteen hundred Penn Avenue"),
    ("221B Baker Street", "two twenty-one B Baker Street"),
)
_COMPASS = {"N": "North", "S": "South", "E": "East", "W": "West"}
compass = rule(
    r"\b(\d{1,5}[A-Z]? )([NSEW])\b\.?(?= (?:\d{1,3}(?:st|nd|rd|th)|[A-Z][a-z]{1,20}) "
    r"(?:Street|Avenue|Drive|Road|Boulevard|Lane|Court|Place)\b)",
    lambda m: m[1] + _COMPASS[m[2]],
    ("7 W. 43rd Street", "7 West 43rd Street", "seven West forty-third Street"),
)
lettered = rule(
    r"\b((?i:exit|room|gate|unit|section|block|flat|seat|row|platform|terminal|page|question|"
    r"apartment|step|part|building|suite|lot|bus|table|figure|stand|locker|apt) )"
    r"(\d{1,4})(?![kKmMhs])([A-Za-z])(?![\w'])",
    lambda m: f"{m[1]}{in_pairs(m[2])} {m[3].upper()}",
    ("exit 42B", "exit forty-two B"),
    ("room 5d", "room five D"),
    ("on the bus 5h", "on the bus 5h", "on the bus five hours"),
)
post_code = rule(
    r"\b((?i:zip|zip ?code|post ?code|postal code|pin|passcode|otp|"
    r"(?:2fa|verification|access|login|invite|friend|door|gate|security|backup) code)(?: is|:)? )"
    r"(\d{4,8})(?![.,]?\w)|(?<=\bcode is )(\d{5,8})(?![.,]?\w)",
    lambda m: (m[1] or "") + digits(m[2] or m[3]),
    (
        "my 2FA code is 482913",
        "my 2FA code is four eight two nine one three",
        "my two F A code is four eight two nine one three",
    ),
    ("zip is 90210", "zip is nine zero two one zero"),
)
identifier = rule(
    r"\b((?i:id|account|acct|order|tracking|case|ticket|serial|member|membership|policy|routing|invoice|confirmation|"
    r"reference|ref|booking|student|license|licence|customer|card|passport)(?: ?#| (?i:number|no\.?|num|id))?"
    r"(?: ?(?:#|is|:|=|was)){0,2} ?)(\d{5,19}|\d{1,9}(?:-\d{1,9}){1,4})(?![\w.,:/-]\w)(?!\w)(?! (?:[a-z]{2,12}s|dollars|usd)\b)",
    lambda m: (
        m[1].replace("#", "number ") + ", ".join(map(digits, m[2].split("-")))
        if len(m[2]) > 4
        else m[0]
    ),
    ("order number 104482", "order number one zero four four eight two"),
    ("my ID is 20194", "my ID is two zero one nine four", "my I D is two zero one nine four"),
)
road = rule(
    r"(?:(?<=\bon the )|(?<=\boff the )|(?<=\btake the )|(?<=\bvia the ))[1-9]\d{2}(?![\w.,:/%-]\w|%| [a-z]{2,12}s\b)(?!\w)",
    lambda m: in_pairs(m[0]),
    ("on the 405", "on the four oh five"),
)
copy = rule(
    r"^10-4(?![\w-])|(?<![\w.-])10-4(?=,? (?:good|copy|roger|that|over)\b)",
    lambda _: "ten four",
    ("10-4, rebooting", "ten four, rebooting"),
)
processor = rule(
    r"(?<![\w.,$])([1-9]\d{3})X(?!\w)(?! (?:faster|slower|more|better|as|the)\b)",
    lambda m: f"{year(int(m[1])) if m[1].endswith('00') else in_pairs(m[1])} X",
    ("a 7950X", "a seventy-nine fifty X"),
)
subnet = rule(
    r"(?<![^\s(])/(?=\d{1,2}(?![\w/]))",
    lambda _: "slash ",
    ("a /24", "a slash 24", "a slash twenty-four"),
)
not_found = rule(
    r"(?<![\w.,:/$€£+-])404(?= (?:[a-z]+ )?(?:not found|error|page))|(?<=\berror )\d{3}(?![\w.,])|"
    r"(?<=\b[Aa] )404(?= ?[.,!?]?$)",
    lambda m: in_pairs(m[0]),
    ("404 not found", "four oh four not found"),
)
record = rule(
    r"(?<![\w.,/:$+-])(\d{1,2})-(\d{1,2})-(\d{1,2})(?![\w/-])(?!\.\d)",
    lambda m: " ".join(map(decimal, m.groups())),
    ("went 12-4-1", "went twelve four one"),
)
one_on_one = rule(
    r"(?<!\w)(\d)-on-(\d)(s?)(?!\w)",
    lambda m: f"{decimal(m[1])} on {decimal(m[2])}{m[3]}",
    ("a 1-on-1", "a one on one"),
    ("two 1-on-1s", "two one on ones"),
)
several = rule(
    r"(?<=[A-Z])(\d{1,3})s(?!\w)",
    lambda m: f" {plural(decimal(m[1]))}",
    ("the U21s", "the U twenty-ones"),
    ("MP3s", "MP threes", "M P threes"),
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
)
hyphenated = rule(
    r"(?<=[^\W\d_])(?<![AaPp][Mm])-(?=\d)",
    lambda _: " ",
    ("covid-19", "covid 19", "covid nineteen"),
)


_BOOKS = (
    "Genesis|Exodus|Leviticus|Deuteronomy|Joshua|Judges|Samuel|Kings|Job|Psalms?|Proverbs|"
    "Ecclesiastes|Isaiah|Jeremiah|Ezekiel|Daniel|Matthew|Mark|Luke|John|Acts|Romans|Corinthians|"
    "Galatians|Ephesians|Philippians|Colossians|Timothy|Hebrews|James|Peter|Revelation"
)


def _id_part(figures: str) -> str:
    """The figures of a part of an identifier; a last X counts ten."""
    return f"{digits(figures)} X".strip() if figures[-1:] == "X" else digits(figures)


def _telephone(match: Match) -> str:
    groups = re.findall(r"\d+", match[0])
    if not 7 <= len("".join(groups)) <= 15:
        return match[0]
    return ("plus " if match[0].startswith("+") else "") + ", ".join(map(digits, groups))


telephone = rule(
    r"(?<![\w.,-])(?:\+\d{1,3}[ .-]?)?(?:\(\d{2,4}\) ?|\d{3}[ .-])\d{3}[ .-]\d{4}(?![\w-])|"
    r"(?<![\w.,-])1[ .-]\d{3}[ .-]\d{3}[ .-]\d{4}(?![\w-])|"
    r"(?<![\w.,-])1[38]00 \d{3} \d{3}(?![\w-])|"
    r"(?<![\w.,-])\d{3}-\d{2}-\d{4}(?![\w-])|"
    r"(?<![\w.,-])\d{3}-\d{4}(?![\w-])|"
    r"(?<![\w.,-])0\d{2,4}(?:[ -]\d{3,8}){1,3}(?![\w-])|"
    r"(?<![\w.,-])\+\d{1,3}(?:[ .-]?\d{2,5}){2,5}(?![\w-])",
    _telephone,
    ("+1 (555) 123-4567", "plus one, five five five, one two three, four five six seven"),
    (
        "1-800-555-1234",
        "one, eight zero zero, five five five, one two three four",
    ),
    ("123-45-6789", "one two three, four five, six seven eight nine"),
    ("555-1234", "five five five, one two three four"),
    ("0412 345 678", "zero four one two, three four five, six seven eight"),
    ("+49 30 1234567", "plus four nine, three zero, one two three four five six seven"),
)
local = rule(
    r"\b((?:[Nn]umber(?:'s| is)?|[Cc]all|[Tt]ext|[Pp]hone|[Cc]ell|[Tt]el|[Dd]ial|[Ff]ax|"
    r"me (?:on|at)):? )(\d{3}) (\d{4})(?![\w-])",
    lambda m: f"{m[1]}{digits(m[2])}, {digits(m[3])}",
    ("call 555 0142", "call five five five, zero one four two"),
)
isbn = rule(
    r"(?<=\bISBN)(?:-1[03])?:? (\d[\d-]{8,16}[\dX])(?![\w-])",
    lambda m: " " + ", ".join(filter(None, (_id_part(part) for part in m[1].split("-")))),
    (
        "ISBN 0-306-40615-2",
        "ISBN zero, three zero six, four zero six one five, two",
        "I S B N zero, three zero six, four zero six one five, two",
    ),
)
emergency = rule(
    r"(?<=\b[Cc]all )(?:112|999)(?![\w.,:])|(?<=\b[Dd]ial )\d{3}(?![\w.,:])|"
    r"(?<![\w.,:/$+-])(?<!Porsche )911(?![\w:/%+-])(?![.,]\d)(?! (?:people|[a-z]+s)\b)",
    lambda m: digits(m[0]),
    ("call 911", "call nine one one"),
    ("dial 112", "dial one one two"),
)
verse = rule(
    rf"\b({_BOOKS}|(?i:psalms?|john|genesis|matthew|luke)) "
    r"(\d{1,3}):(\d{1,3})(?:[-–](\d{1,3}))?(?![\w:])",
    lambda m: f"{m[1]} {decimal(m[2])} {decimal(m[3])}{' to ' + decimal(m[4]) if m[4] else ''}",
    ("Matthew 5:3-12", "Matthew five three to twelve"),
)
version = rule(
    r"(?<![\w./])[vV]\.?((?:\d{1,6}\.){0,5}\d{1,6})([a-z])?(?!\w)-?",
    lambda m: f"version {_parted(m[1].split('.'), 'point')}" + (f" {m[2].upper()}" if m[2] else ""),
    ("v1.2.3", "version one point two point three"),
    ("v2 is out", "version two is out"),
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
)
address = rule(
    r"(?<![\w.])(?:\d{1,6}\.){2,5}\d{1,6}(?![\w.]*\w)",
    _address,
    ("1.20.4", "one point twenty point four"),
    ("127.0.0.1", "one twenty-seven dot zero dot zero dot one"),
)


def _parted(parts: list[str], between: str) -> str:
    return f" {between} ".join(map(decimal, parts))


screen = rule(
    r"\b(1080|1440|2160|720|480|360|240|144)p\b",
    lambda m: f"{in_pairs(m[1])} P",
    ("1080p", "ten eighty P"),
)
