"""Figures that are said one by one: telephones, codes, account numbers, verses, places in games."""

import re

from bot.text.expressions import any_of, lazy_pattern
from bot.text.places import STATES
from bot.text.quantities.numbers import counted, decimal, digits, in_pairs, signed
from bot.text.rule import Match, rule

last_figures = rule(
    r"\b((?i:ends in|ending in|last (?:4|four)(?: digits)?(?: are| is|:)?|ext(?:ension|\.)?:?) "
    r")(\d{3,5})(?![\w.,/:%-]\w)(?!\w)",
    lambda m: m[1] + digits(m[2]),
    ("extension 4021", "extension four zero two one"),
    needs=("ends in", "ending in", "last 4", "last four", "ext"),
)
groups = rule(
    r"(?<![\w.,/:+-])\d{3,5}(?:-\d{3,5}){2,4}(?![\w/-]|[.,]\d)",
    lambda m: ", ".join(map(digits, m[0].split("-"))),
    (
        "code 4821-3377-0192",
        "code four eight two one, three three seven seven, zero one nine two",
    ),
    needs=("-",),
)
color = rule(
    r"(?<!\w)#(?=\d{0,5}[a-fA-F])([0-9a-fA-F]{6})(?!\w)",
    lambda m: "hash " + " ".join(digits(one) or one.upper() for one in m[1]),
    ("use #ff5733", "use hash F F five seven three three"),
    needs=("#",),
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
    needs=("-",),
)
post_code = rule(
    r"\b((?i:zip|zip ?code|post ?code|postal code|pin|passcode|otp|"
    r"(?:2fa|verification|access|login|invite|friend|door|gate|security|backup|entry|garage|"
    r"alarm|lock ?box|wifi) code)"
    r"(?: is|'s|:)? )(\d{4,8})(?![.,]?\w)|"
    r"(?:(?<=\bcode is )|(?<=\bcode's )|(?<=\bcode: )|(?<=\bpin's ))(\d{4,8})(?![.,]?\w)",
    lambda m: (m[1] or "") + digits(m[2] or m[3]),
    (
        "my 2FA code is 482913",
        "my 2FA code is four eight two nine one three",
        "my two F A code is four eight two nine one three",
    ),
    ("zip is 90210", "zip is nine zero two one zero"),
    needs=("code", "zip", "pin", "otp"),
)
identifier = rule(
    r"\b((?i:id|account|acct|order|tracking|case|ticket|serial|member|membership|policy|routing|invoice|confirmation|"
    r"reference|ref|booking|student|license|licence|customer|card|passport)(?: ?#| (?i:number|"
    r"no\.?|num|id))?"
    r"(?: ?(?:#|is|:|=|was)){0,2} ?)(?:(?<=[#:=] )|(?<=[#:=])|(?<=\bis )|(?<=was )|(?<=\bid )|"
    r"(?<=ID )|"
    r"(?<=umber )|(?<=no )|(?<=no\. )|(?<=ount )|(?<=acct )|(?<=acking )|(?<=\bref )|(?<=outing "
    r"))(\d{5,19}|\d{1,9}(?:-\d{1,9}){1,4})(?![\w.,:/-]\w)(?!\w)(?! "
    r"(?:[a-z]{2,12}s|of|dollars|usd|yen)\b)",
    lambda m: (
        m[1].replace("#", "number ") + ", ".join(map(digits, m[2].split("-")))
        if len(m[2]) > 4
        else m[0]
    ),
    ("order number 104482", "order number one zero four four eight two"),
    ("my ID is 20194", "my ID is two zero one nine four", "my I D is two zero one nine four"),
    needs=tuple(
        (
            "id account acct order tracking case ticket serial member policy routing invoice "
            "confirmation ref booking student licen customer card passport"
        ).split()
    ),
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
    r"(?<![\w.,-])\+\d{1,3}(?:[ .-]?\d{1,5}){2,5}(?![\w-])",
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
zip_code = rule(
    r"\b(A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|PA|RI|S[CD]|T[NX]|UT|V[AT]|"
    r"W[AIVY])(,? )(\d{5})(?:-(\d{4}))?(?![\w.-])",
    lambda m: f"{STATES[m[1]]} {digits(m[3])}" + (f", {digits(m[4])}" if m[4] else ""),
    ("in Boston, MA 02139", "in Boston, Massachusetts zero two one three nine"),
)
short_number = rule(
    r"\b((?i:text|txt|send) (?:[\w'\"]{1,15} ){1,4}to )(\d{4,6})(?![\w.,:%-]\w)(?!\w)",
    lambda m: m[1] + digits(m[2]),
    (
        "text STOP to 40404",
        "text STOP to four zero four zero four",
        "text stop to four zero four zero four",
    ),
    needs=("text", "txt", "send"),
)
isbn = rule(
    r"(?<=\bISBN)(?:-1[03])?:? (\d[\d-]{8,16}[\dX])(?![\w-])",
    lambda m: " " + ", ".join(filter(None, (_id_part(part) for part in m[1].split("-")))),
    (
        "ISBN 0-306-40615-2",
        "ISBN zero, three zero six, four zero six one five, two",
        "I S B N zero, three zero six, four zero six one five, two",
    ),
    needs=("isbn",),
)
emergency = rule(
    r"(?<=\b[Cc]all )(?:112|999|988|211|311|411|811)(?![\w.,:]\w)(?!\w)|(?<=\b[Tt]ext "
    r")\d{3}(?![\w.,:]\w)(?!\w)(?! [a-z]{2,12}s\b)|(?<=\b[Dd]ial )\d{3}(?![\w.,:])|"
    r"(?<![\w.,:/$+-])(?<!Porsche )911(?![\w:/%+-])(?![.,]\d)(?! (?:people|[a-z]+s)\b)",
    lambda m: digits(m[0]),
    ("call 911", "call nine one one"),
    ("dial 112", "dial one one two"),
    needs=("all ", "dial ", "911", "text "),
)
_SHORT_BOOKS = {
    "Gen": "Genesis", "Ex": "Exodus", "Lev": "Leviticus", "Deut": "Deuteronomy", "Ps": "Psalm",
    "Prov": "Proverbs",
    "Isa": "Isaiah", "Jer": "Jeremiah", "Matt": "Matthew", "Mk": "Mark", "Lk": "Luke",
    "Jn": "John", "Rom": "Romans",
    "Cor": "Corinthians", "Gal": "Galatians", "Eph": "Ephesians", "Phil": "Philippians",
    "Heb": "Hebrews",
    "Rev": "Revelation",
}  # fmt: skip
short_book = rule(
    rf"\b({any_of(_SHORT_BOOKS)})\b\.?(?= \d{{1,3}}:\d)",
    lambda m: _SHORT_BOOKS[m[1]],
    ("Gen. 1:3", "Genesis 1:3", "Genesis one three"),
    needs=(":",),
)
verse = rule(
    rf"\b({_BOOKS}|(?i:psalms?|john|genesis|matthew|luke)) "
    r"(\d{1,3}):(\d{1,3})(?:[-–](\d{1,3}))?(?![\w:])",
    lambda m: f"{m[1]} {decimal(m[2])} {decimal(m[3])}{' to ' + decimal(m[4]) if m[4] else ''}",
    ("Matthew 5:3-12", "Matthew five three to twelve"),
    needs=(":",),
)
hexadecimal = rule(
    r"(?<!\w)0x([0-9a-fA-F]{2,16})(?!\w)",
    lambda m: "zero x " + " ".join(digits(one) or one.upper() for one in m[1]),
    ("error 0x8007", "error zero x eight zero zero seven"),
    needs=("0x",),
)
spaced_groups = rule(
    r"(?<![\w.,/:+$#-])(# ?)?(\d{4}(?: \d{4}){2,5})(?![\w/-]|[.,]\d)",
    lambda m: (
        ("number " if m[1] else "") + ", ".join(map(digits, m[2].split()))
        if not all(group.endswith("00") for group in m[2].split())
        else m[0]
    ),
    (
        "card 4821 3377 0192",
        "card four eight two one, three three seven seven, zero one nine two",
    ),
    needs=tuple("0123456789"),
)
star_key = rule(
    r"(?<!\w)\u2217(\d{2,3})(?!\w)",
    lambda m: f"star {digits(m[1])}",
    ("dial \u221767 first", "dial star six seven first"),
    needs=("\u2217",),
)
_TYPED = lazy_pattern(
    r"\b(?:code|dial|enter|gate|hit|key|menu|pin|press|type|"
    r"voicemail)\b",
    re.IGNORECASE,
)
pounds_of = rule(
    r"(?<![\w.,$#])(\d{1,3}(?:\.5)?)#(?= (?:of )?[a-z]{3})",
    lambda m: counted(m[1], "pound"),
    ("2# ground beef", "two pounds ground beef"),
    ("hit 2# then wait", "hit 2# then wait", "hit two hash then wait"),
    needs=("#",),
    about=lambda text: not _TYPED.search(text),
)
hash_key = rule(
    r"(?<![\w.,$#])(\d{1,8})#(?![\w#])(?! ?(?:bag|box|bench|db|deadlift|dumbbell|kettlebell|kb|"
    r"line|"
    r"paper|plate|propane|squat|stock|test|vest)s?\b)",
    lambda m: f"{digits(m[1])} hash",
    (
        "code is 4471# ok",
        "code is four four seven one hash ok",
        "code is four four seven one hash okay",
    ),
    needs=("#",),
)
pounds = rule(
    r"(?<![\w.,$#])(\d{1,4})#(?= ?(?:bag|box|bench|db|deadlift|dumbbell|kettlebell|kb|line|paper|"
    r"plate|"
    r"propane|squat|stock|test|vest)s?\b)",
    lambda m: f"{decimal(m[1])} pound",
    ("a 20# bag", "a twenty pound bag"),
    needs=("#",),
)
free_call = rule(
    r"(?<![\w.,-])1-([89]00|877|888|866|855)(?= (?:#|numbers?\b|line\b))( #)?",
    lambda m: (
        f"one eight hundred{' number' if m[2] else ''}"
        if m[1] == "800"
        else f"one {in_pairs(m[1])}{' number' if m[2] else ''}"
    ),
    ("a 1-800 # again", "a one eight hundred number again"),
    ("a 1-888 number", "a one eight eighty-eight number"),
    needs=("1-8", "1-9"),
)
_PLACE = r"([xyz]):? ?(-?)(\d{1,6})"


def _placed(match: Match) -> str:
    """Letters and figures of a place, which may lie below zero."""
    found = re.findall(_PLACE, match[0], re.IGNORECASE)
    return ", ".join(f"{axis} {signed(sign, decimal(at))}" for axis, sign, at in found)


placed = rule(
    rf"(?<![\w.,=+*/^-]){_PLACE}(?:,? {_PLACE}){{1,2}}(?![\w=+*/^-]|\.\d)",
    _placed,
    ("base is at x 200 z -350", "base is at x two hundred, z minus three hundred fifty"),
    ("X: 12, Y: 64, Z: -8", "X twelve, Y sixty-four, Z minus eight"),
    ("x2 and x3", "x2 and x3", "x two and x three"),
    flags=re.IGNORECASE,
    needs=("x", "y"),
)
