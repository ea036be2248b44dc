"""Signs between numbers and before them, and powers."""

import re

from bot.text.expressions import lazy_pattern
from bot.text.quantities.money import CURRENCY_SIGNS
from bot.text.quantities.numbers import decimal, signed
from bot.text.quantities.parts import AMOUNT, SIGN, START
from bot.text.rule import Match, rule

_OPERATORS = {
    "+": "plus", "=": "equals", "×": "times", "÷": "divided by", "^": "to the power of",
    "<": "is less than", ">": "is greater than", "<=": "is at most", ">=": "is at least",
    "≤": "is at most", "≥": "is at least", "≈": "is about", "≠": "is not", "!=": "is not",
    "==": "equals", "-": "minus", "\u2212": "minus", "±": "plus or minus", "/": "divided by",
}  # fmt: skip
SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹"
_PLAIN = str.maketrans(SUPERSCRIPTS, "0123456789")
_ONE_SIGN = "+=×÷^<>≤≥≈≠±"


_COPULA = lazy_pattern(r"(?:'s|\b(?:is|are|be|was|were))$", re.IGNORECASE)


def _operator(match: Match) -> str:
    said = _OPERATORS[match[1]]
    if _COPULA.search(match.string, max(0, match.start() - 6), match.start()):
        said = said.removeprefix("is ")
    return f" {said} "


def _compared(match: Match) -> str:
    said = _OPERATORS[match[2]]
    return f" {said if match[1] is not None else said[3:].replace('greater', 'more')} "


compared = rule(
    r"((?<=[\d)]) ?|(?<!'[a-z])(?<=\b[a-z]) ?)?(?<![-=])([<>]=?|[≤≥])(?!=) ?"
    rf"(?=[{CURRENCY_SIGNS}]?\.?\d)",
    _compared,
    ("2 < 3", "2 is less than 3", "two is less than three"),
    ("hp < 10", "hp  less than 10", "H P less than ten"),
    ("must be ≤ 10", "must be  at most 10", "must be at most ten"),
    (">=5", " at least 5", "at least five"),
    needs=("<", ">", "≤", "≥"),
)


def _power(match: Match) -> str:
    figures = match[2].translate(_PLAIN)
    if match[1]:
        return f" to the power of {'minus' if match[1] == '⁻' else 'plus'} {decimal(figures)}"
    return {"2": " squared", "3": " cubed"}.get(figures, f" to the power of {decimal(figures)}")


_CHARGES = {
    "⁺": "plus",
    "⁻": "minus",
    "": "",
    "²": "two ",
    "³": "three ",
    "⁴": "four ",
    "¹": "one ",
}
ion = rule(
    r"(?<![\w-])(Na|Ca|Mg|Cl|K|Fe|Cu|Zn|Al|H|OH|Li|Ba|Ag|Br|F|I) ?([¹²³⁴]?)([⁺⁻])(?![⁰¹²³⁴-⁹])",
    lambda m: f"{' '.join(m[1].upper())} {_CHARGES[m[2]]}{_CHARGES[m[3]]}",
    ("Ca²⁺", "C A two plus"),
    needs=("⁺", "⁻"),
)
power = rule(
    f"([⁻⁺])?([{SUPERSCRIPTS}]{{1,4}})",
    _power,
    ("x²", "x squared"),
    ("10⁻³", "10 to the power of minus three", "ten to the power of minus three"),
    ("5³", "5 cubed", "five cubed"),
    ("2¹⁰", "2 to the power of ten", "two to the power of ten"),
)
raised_letter = rule(
    r"(?<=[\w)])\u207f",
    lambda _: " to the power of N",
    ("2ⁿ", "2 to the power of N", "two to the power of N"),
    needs=("ⁿ",),
)
_SCORED = lazy_pattern(
    r"\b(?:won|win|wins|lost|lose|loss|beat|score|scored|up|down|lead|leads|led|leading|final|finished|"
    r"ended|draw|victory|defeat|game|match|open|work|works|working|hours|job|shift|from|between)\b",
    re.IGNORECASE,
)


def _minus(match: Match) -> str:
    """A difference, unless it would be below zero or the text speaks of a score or of hours."""
    around = match.string[max(match.start() - 40, 0) : match.end() + 20]
    teams = re.search(r"[A-Z]\w* $", match.string[: match.start()]) and re.match(
        r" [A-Z]", match.string[match.end() :]
    )
    if int(match[1]) <= int(match[2]) or teams or _SCORED.search(around):
        return match[0]
    return f"{match[1]} minus {match[2]}"


minus_between_spaces = rule(
    r"(?<![\w.,:/$€£-])(\d{1,3}) [-\u2212] (\d{1,3})"
    r"(?! ?[-\u2212+=%°/:])(?![.,]?\w)(?! ?[AaPp]\.?[Mm]\b| people\b| [a-z]{2,12}s\b)",
    _minus,
    ("5 - 3", "5 minus 3", "five minus three"),
    ("3 - 5", "3 - 5", "three to five"),
    ("Ajax 3 - 1 Lyon", "Ajax 3 - 1 Lyon", "Ajax three to one Lyon"),
    ("we won 5 - 3", "we won 5 - 3", "we won five to three"),
    needs=(" - ", " −"),
)
between_numbers = rule(
    rf"(?<=[\w)!.]) {{0,2}}(<=|>=|==|!=|[{_ONE_SIGN}\u2212]|(?<= )-(?= )|(?<=\d )/(?= "
    rf"\d{1, 6}(?:\.\d{1, 4})?(?:$|[,.?!]?(?:$| )))|"
    r"(?<=\d)-(?=[\d ]*=))"
    r" ?(?=[\d(]|[a-z] |[a-z]\b|(?:pi|phi|tau|theta|alpha|beta|infinity)\b)",
    _operator,
    ("2+2=4", "2 plus 2 equals 4", "two plus two equals four"),
    ("10 - 4 = 6", "10 minus 4 equals 6", "ten minus four equals six"),
    ("a=b", "a equals b"),
    ("it's != 5", "it's not 5", "it's not five"),
)
before_word = rule(
    rf"(?<=[\d)]) ?(<=|>=|==|!=|[{_ONE_SIGN}]) ?(?=\w)",
    _operator,
    ("3 < hp", "3 is less than hp", "three is less than H P"),
)
factorial = rule(
    r"(?<=\d)!(?= ?[=/*×+<>] ?\d| (?:is|equals) )|(?<=(?<![\w'])[nk])!(?= ?[=/*×+<>(])",
    lambda _: " factorial",
    ("5! = 120", "5 factorial = 120", "five factorial equals one hundred twenty"),
    needs=("!",),
)
squared = rule(
    r"(?<=[\w)]) ?\^ ?([23])(?![\w.])",
    lambda m: " squared" if m[1] == "2" else " cubed",
    ("n^2", "n squared"),
    needs=("^",),
)
raised = rule(
    r"(?<=[\w)]) ?\^ ?([-\u2212]?)(?=\d|[a-z]\b)",
    lambda m: f" to the power of {'minus ' if m[1] else ''}",
    ("10^-3", "10 to the power of minus 3", "ten to the power of minus three"),
    needs=("^",),
)


def _scientific(match: Match) -> str:
    sign = match[0][0] if match[0][0] in "+-\u2212" else None
    words = f"{signed(sign, decimal(match['number']))} times "
    if not match["power"]:
        return f"{words}10"
    minus = "minus " if match["sign"] == "-" else ""
    return f"{words}ten to the power of {minus}{decimal(match['power'])}"


scientific = rule(
    rf"{SIGN}{START}(?P<number>{AMOUNT})(?: ?[×x*] ?10(?=\^|[⁻{SUPERSCRIPTS}])|"
    r"[eE](?P<sign>[-+]?)(?P<power>\d{1,3})(?!\w)(?!\.\d))",
    _scientific,
    (
        "6.022×10^23",
        "six point zero two two times 10^23",
        "six point zero two two times ten to the power of twenty-three",
    ),
    ("1.5e-3", "one point five times ten to the power of minus three"),
    spaced=False,
)
one_less = rule(
    r"(?<![\w'./-])([nkxyjtN])-(?=\d{1,3}(?![\w-]))|(?<=[\[(])([a-z])-(?=\d{1,3}[\])])",
    lambda m: f"{m[1] or m[2]} minus ",
    ("from 0 to n-1", "from 0 to n minus 1", "from zero to n minus one"),
    needs=("-",),
)
#: Beside another such name "x2" is one, not a factor.
_NUMBERED = lazy_pattern(r"(?<!\w)[yz]\d(?!\w)|(?<!\w)x\d ?[-=+*/)]")
variable_over = rule(
    r"(?<![\w/'])([a-z]|pi|theta)/(?=\d{1,3}(?![\w/]))",
    lambda m: f"{m[1]} over " if len(m[1]) > 1 or re.search("[=(]", m.string) else m[0],
    ("x/4 = 12", "x over 4 = 12", "x over four equals twelve"),
    needs=("/",),
)
over_variable = rule(
    r"(?<![\w/.'-])(\d{1,3})/([xyntk])(?![\w/'])",
    lambda m: f"{m[1]} over {m[2]}",
    ("it is 1/x", "it is 1 over x", "it is one over x"),
    needs=("/",),
)
multiplied = rule(
    r"(?<=[a-z)]) [x×] (?=\d{1,4}(?:(?![\w.,]\w|\w)|(?:m|km|kg|lbs?|min|s)\b))",
    lambda _: " times ",
    ("$20/mo x 12", "$20/mo times 12", "twenty dollars per month times twelve"),
    needs=(" x ", " × "),
    spaced=False,
)
_ALGEBRA = lazy_pattern(
    r"\b(?:algebra|antiderivative|asymptote|calc|calculus|coefficient|deriv(?:ative)?s?|"
    r"differentiate|equations?|"
    r"factor(?:ed|ing)?|integrals?|integrate|polynomial|quadratic|simplif(?:y|ies)|slope|solve)\b|"
    r"\b[xyz] ?(?:\^|²|³|squared|cubed)|\by ?=|f\(x\)|f of x",
    re.IGNORECASE,
)
variable = rule(
    r"(?<![\w.,])(\d{1,3})x(?=[?.,!)]|$| (?:and|or|right|is|for|to|from|by|as (?:the|your|"
    r"an answer))\b)(?![.,]\d)",
    lambda m: f"{decimal(m[1])} x" if _ALGEBRA.search(m.string) else m[0],
    ("derivative is 2x?", "derivative is two x?"),
    ("it is 2x?", "it is 2x?", "it is two times?"),
    needs=("x",),
)
times = rule(
    r"(?<!\w)x(\d{1,4}(?:\.\d{1,24})?)(?!\w)(?!\.\d)(?! ?[=<>])(?! and x\d)(?<!and x\d)",
    lambda m: m[0] if _NUMBERED.search(m.string) else f"times {decimal(m[1])}",
    ("x2", "times two"),
    needs=("x",),
)
so_many = rule(
    r"(?:(?<=\b[Gg]ot )|(?<=\b[Hh]ave )|(?<=\b[Nn]eed )|(?<=ought )|(?<=elling )|(?<=\b[Ww]ant )|"
    r"(?<=rdered )|(?<=\b[Tt]ook )|(?<=\b[Aa]dd )|(?<=trade )|(?<=rading )|(?<=giving away ))"
    r"([2-9]|[1-9]\d)x (?=(?!(?:as|better|bigger|damage|dmg|drop|exp|faster|longer|more|points|"
    r"rewards|slower|speed|the|xp)\b)[a-z]{2,12}(?: [a-z]{2,12})?s\b)",
    lambda m: f"{decimal(m[1])} ",
    ("got 3x raid passes", "got three raid passes"),
    ("got 3x points", "got 3x points", "got three times points"),
    spaced=False,
    needs=("x ",),
)
times_after = rule(
    rf"(?<!plus )(?<!minus )(?<!equals ){START}({AMOUNT})(?:[x×]|X(?= (?:as|better|bigger|damage|"
    rf"faster|more|my|points|slower|speed|"
    rf"the|XP|xp|zoom)\b))(?![\w×⁰¹²³⁴-⁹⁻^])"
    r"(?! {0,2}(?:[-+=*/^<>]|plus|minus|equals|squared|cubed|to the power))",
    lambda m: f"{decimal(m[1])} times",
    ("3x faster", "three times faster"),
    needs=("x", "×"),
)
around = rule(
    rf"(?<!\w)~ ?(?=[{CURRENCY_SIGNS}]?\d)",
    lambda _: "about ",
    ("~20 mins", "about 20 mins", "about twenty minutes"),
    needs=("~",),
)
nearly = rule(
    r"(?<=[\w)]) ?≈ ?(?=[\w(])",
    lambda _: " is about ",
    ("x ≈ y", "x is about y"),
    ("3.14 ≈ pi", "3.14 is about pi", "three point one four is about pi"),
    spaced=False,
    needs=("≈",),
)
about = rule(
    rf"(?<!\w)≈ ?(?=[{CURRENCY_SIGNS}]?\d)",
    lambda _: "about ",
    ("≈5 minutes", "about 5 minutes", "about five minutes"),
    needs=("≈",),
)
open_ended = rule(
    r"(?<=\d)([kKmMbB%]?)\+(?![\w+'])(?! ?[\d(])",
    lambda m: f"{m[1]} plus",
    ("18+", "18 plus", "eighteen plus"),
    ("5k+ subs", "5k plus subs", "five K plus subs"),
    spaced=False,
    needs=("+",),
)
root = rule(
    r"(?<![^\W\d])(?:(?<=(\d))|(?<!\w))√ ?(?=[\w(])",
    lambda m: "times the square root of " if m[1] else "square root of ",
    ("√2", "square root of 2", "square root of two"),
    ("5√2", "5 times the square root of 2", "five times the square root of two"),
    needs=("√",),
)
plus_or_minus = rule(
    rf"(?<!\w)± ?(?=[{CURRENCY_SIGNS}]?\.?\d)",
    lambda _: "plus or minus ",
    ("±2 mm", "plus or minus 2 mm", "plus or minus two millimeters"),
    needs=("±",),
)
leading = rule(
    r"(?<!\w)\+(?=\d)",
    lambda _: "plus ",
    ("+1", "plus 1", "plus one"),
    needs=("+",),
)
