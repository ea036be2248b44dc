"""Letters that are signs of a trade: elements, functions, the middle of a plural.

A single such sign is a word or an initial; what stands beside it tells.
"""

import re

from bot.text import chess, music
from bot.text.expressions import lazy_pattern
from bot.text.rule import Match, apply_all, rule

_METALS = "H|Li|Na|K|Ca|Mg|Al|Si|Fe|Cu|Zn|Ag|Mn|Ba|Pb|Sn|Ti|Ni|Cs|Rb"
salt = rule(
    rf"(?<![A-Za-z_-])(?=[A-Z]{{1,2}}[a-z]|[A-Z][a-z][A-Z])(?:{_METALS})(?:Cl|Br|F|I|OH|CN|O|"
    rf"S)(?![\w-])",
    lambda m: " ".join(m[0].upper()),
    ("NaCl", "N A C L"),
    ("2HCl", "2 H C L", "two H C L"),
    ("HCl or NaOH", "H C L or N A O H"),
    ("MgO", "M G O"),
    ("NaN", "NaN", "nan"),
)
_TERM = r"(?:-?\d{0,4}\.?\d{0,3}[a-zθπωλμαβ]?[²³]?|[A-Z])"
_NAMED = {
    "sin": "sine", "cos": "cosine", "tan": "tangent", "log": "log", "ln": "L N", "exp": "E X P",
    "sqrt": "square root",
}  # fmt: skip
function = rule(
    rf"(?<![\w.'])(?:(sin|cos|tan|log|ln|exp|sqrt)|([fghOPFG]|o(?=\((?:n|1|log|m|k)\b)))\((?=[^()])({_TERM}"
    rf"(?:(?: ?[-+*/^|] ?| |(?=log)|, ?)(?:log ?)?{_TERM}){{0,3}})°?\)",
    lambda m: (
        f"{_NAMED[m[1]] if m[1] else m[2].replace('o', 'O')} of {m[3].replace('|', ' given ')}"
        + (" degrees" if m[0].endswith("°)") else "")
    ),
    ("f(x) = 2x", "f of x = 2x", "f of x equals two x"),
    ("P(A|B)", "P of A given B"),
    ("sin(30°)", "sine of 30 degrees", "sine of thirty degrees"),
    ("it's O(n log n)", "it's O of n log n"),
    ("console.log(x)", "console.log(x)", "console dot log(x)"),
    needs=("(",),
)


def _expression(match: Match) -> str:
    said = match[0].replace("^", " caret ").replace("$", " dollar sign").replace("-", " dash ")
    said = re.sub(r"\{(\d+),\}", r" \1 or more ", said)
    said = re.sub(r"\{(\d+),(\d+)\}", r" \1 to \2 ", said)
    said = re.sub(r"\{(\d+)\}", r" \1 ", said)
    return said.replace("\\", " ").replace("+", " plus").replace("*", " star").strip()


expression = rule(
    r"(?<![\w:\\])\^?(?:\\[dDwWsSb](?![A-Za-z])(?:\{\d{1,3}(?:,\d{0,3})?\}|[+*])?-?){1,8}\$?",
    _expression,
    (
        r"use ^\d{3}-\d{4}$",
        "use caret  d 3  dash  d 4  dollar sign",
        "use caret d three dash d four dollar sign",
    ),
    needs=("\\",),
)
molar = rule(
    r"(?<=\d)( ?)([mµn]?)M(?= (?:HCl|NaOH|NaCl|KCl|KOH|KI|HNO3|H2SO4|CaCl2|MgCl2|CuSO4|NH3|EDTA|"
    r"HBr|HI|NaHCO3|acid|buffer|concentration|glucose|"
    r"solutions?|stock|sucrose|tris)\b)",
    lambda m: f" {({'m': 'milli', 'µ': 'micro', 'n': 'nano'}).get(m[2], '')}molar",
    ("0.1M HCl", "0.1 molar HCl", "zero point one molar H C L"),
    ("a 50 mM buffer", "a 50 millimolar buffer", "a fifty millimolar buffer"),
    ("1.2M HP", "1.2M HP", "one point two million H P"),
    spaced=False,
    needs=("m ",),
)
raised_to_minus = rule(
    r"(?<=[\da-z])\^-(?=[a-zA-Z])",
    lambda _: " to the minus ",
    ("10^-pH", "10 to the minus pH", "ten to the minus pH"),
    ("e^-x", "e to the minus x"),
    spaced=False,
    needs=("^-",),
)
quotient = rule(
    r"(?<== )([a-zA-Z]{1,3})/([A-Z]|[a-z])(?![\w/])",
    lambda m: f"{' '.join(m[1])} over {m[2]}",
    ("V = nRT/P", "V = n R T over P", "V equals n R T over P"),
    needs=("= ",),
)
log_to_base = rule(
    r"(?<![\w.])log_?(2|10|e)[ (]?\(?(?=\d|[a-z]\b)([\da-z]{1,6})\)?",
    lambda m: f"log base {m[1]} of {m[2]}",
    ("log2(8) = 3", "log base 2 of 8 = 3", "log base two of eight equals three"),
    needs=("log",),
)
absolute = rule(
    r"(?<![|\w])\|(?=[^|\s])((?:[-+*/^. ]|\d|(?<![a-z])[a-z](?![a-z])|²|³){1,20})(?<=[^|\s])\|(?![|"
    r"\w])",
    lambda m: f"the absolute value of {m[1]}",
    ("|x| < 1", "the absolute value of x < 1", "the absolute value of x is less than one"),
    ("|-3|", "the absolute value of -3", "the absolute value of minus three"),
    ("|yes|no|", "|yes|no|", "yes no"),
    needs=("|",),
)
prime = rule(
    r"(?<![\w'])([a-zA-Z])'(?= ?[=(])",
    lambda m: f"{m[1]} prime",
    ("y' = 2", "y prime = 2", "y prime equals two"),
    spaced=False,
    needs=("'",),
)
derivative = rule(
    r"(?<!\w)d([a-zθ]?)/d([xytrθ])(?!\w)",
    lambda m: f"D {m[1].upper()} D {m[2].upper()}".replace("  ", " "),
    ("dy/dx", "D Y D X"),
    needs=("/d",),
)
difference = rule(
    r"(?<![\w'])([a-zA-Z]\d?) [-\u2212] (?=[a-zA-Z]\d?(?![\w']))(?![aiu] [a-z])",
    lambda m: f"{m[1]} minus " if re.search("[=(]", m.string) else m[0],
    ("m = (y2 - y1)", "m = (y2 minus y1)", "m equals (y two minus y one)"),
    spaced=False,
    needs=(" - ", " −"),
)
underscored = rule(
    r"(?<=\d)_(?=\d{3}(?!\d))",
    lambda _: "",
    ("1_000_000", "1000000", "one million"),
    spaced=False,
    needs=("_",),
)
single = rule(
    r"(?<=\b[A-Za-z] = )(?!(?:is|it|no|my|on|in|to|so|if|or|of|me|we|he|up|do|go|ok|"
    r"pi)\b)([a-z]{2})(?!\w)",
    lambda m: " ".join(m[1].upper()),
    ("E = hf", "E = H F", "E equals H F"),
    needs=("= ",),
)
product = rule(
    r"(?:(?<== )|(?<== [a-z] [+-] ))(ma|mg|kx|qv|ab|xy|lw|bh|pv|vt|at|mgh|nrt)(?!\w)|"
    r"(?<=\d)(ab|xy|ac|bc|xyz|pq)(?!\w)",
    lambda m: " ".join((m[1] or m[2]).upper()),
    ("F = ma", "F = M A", "F equals M A"),
    ("v = u + at", "v = u + A T", "v equals u plus A T"),
    ("a² + 2ab", "a² + 2 A B", "a squared plus two A B"),
    needs=("= ", "ab", "xy", "ac", "bc", "pq"),
)
_OPERATORS = {
    "!=": "not equals", "!==": "not double equals", "==": "double equals", "===": "triple equals",
    "=>": "arrow", "->": "arrow", "&&": "double ampersand", "++": "plus plus",
    "+=": "plus equals", "-=": "minus equals", "<=": "less than or equals",
    ">=": "greater than or equals",
    "<": "less than", ">": "greater than", "**": "double star", "//": "double slash",
    "=": "equals", "%": "percent",
    "&": "ampersand",
}  # fmt: skip
operator = rule(
    r"(?:(?<=\b(?:vs|or|of|is) )|(?<=between )|(?<=\bdoes )|(?<=\b(?:use|and|not|the) )|"
    r"(?<=\b(?:with|uses) )|"
    r"(?<=\bvs\. )|^)"
    r"([!=<>&+*/%-]{1,3})(?= ?(?:vs\.?|or|and|not|compare|do|instead|mean|return|work|operators?|"
    r"means|in (?:js|python|c))\b|"
    r"[.,?]?$)",
    lambda m: _OPERATORS.get(m[1], m[1]),
    ("use === not ==", "use triple equals not double equals"),
    ("between == and ===", "between double equals and triple equals"),
    ("!= vs !==", "not equals vs not double equals", "not equals versus not double equals"),
    needs=tuple("= < > & + * / % -".split()),
)
_QUOTED = {
    ";": "semicolon", ":": "colon", ",": "comma", ".": "period", "(": "opening parenthesis",
    ")": "closing parenthesis", "{": "opening brace", "}": "closing brace",
    "[": "opening bracket", "]": "closing bracket", "=": "equals sign", "/": "slash",
}  # fmt: skip
quoted = rule(
    r"(?<!\w)(['\"])([;:,.(){}\[\]=/])\1(?!\w)",
    lambda m: _QUOTED[m[2]],
    ("expected ';' before '}'", "expected semicolon before closing brace"),
    needs=("'", '"'),
)
named = rule(
    r"(?:(?<=\b[Aa] )|(?<=\b[Tt]he )|(?<=\bextra )|(?<=\bmissing )|(?<=\bno )|(?<=\byour ))"
    r"([;:,.(){}\[\]=])(?=$|[,.!?]| (?:after|and|at|before|between|here|in|inside|instead|is|near|"
    r"on|or|right|somewhere|there|too)\b)",
    lambda m: _QUOTED[m[1]],
    ("you forgot a ; at the end", "you forgot a semicolon at the end"),
    ("is there a missing )?", "is there a missing closing parenthesis?"),
    ("me and the : were", "me and the : were", "me and the: were"),
    flags=re.MULTILINE,
    needs=tuple(f" {sign}" for sign in ";:,.(){}[]="),
)
plural = rule(
    r"(?<=[a-z])\((e?s)\)",
    lambda m: m[1],
    ("the item(s)", "the items"),
    ("vitamin (s)", "vitamin (s)"),
    spaced=False,
    needs=("(s)", "(es)"),
)
away = rule(
    r"(?<=\b[Ii]'m )OOO\b|(?<=\b(?:be|is|am) )OOO\b|(?<='s )OOO\b|(?<='re )OOO\b|(?<='ll be )OOO\b|"
    r"(?<!\w)OOO(?= (?:until|till?|today|tomorrow|from|on|next|this|for|all|all day|[A-Z][a-z]+day|"
    r"message|reply|email)\b)",
    lambda _: "out of office",
    ("I'm OOO", "I'm out of office"),
    ("OOO until Monday", "out of office until Monday"),
    ("OOO what is that", "OOO what is that", "ooo what is that"),
    needs=("ooo",),
)
alias = rule(
    r"(?<=\bas )([b-df-hj-np-tv-z]{2,4})(?=$|\n|[;,]| and\b)",
    lambda m: " ".join(m[1].upper()) if re.search(r"\bimport \w", m.string) else m[0],
    ("import numpy as np", "import numpy as N P"),
    ("np as np", "np as np", "no problem as no problem"),
    needs=("import ",),
)
seeking = rule(
    r"\b[Ll][Ff](\d{1,2})[Mm]\b",
    lambda m: f"looking for {m[1]} more",
    ("LF2M for raid", "looking for 2 more for raid", "looking for two more for raid"),
    needs=("lf",),
)
#: Before these it is a letter: of a key, or for a win.
_WON = lazy_pattern(
    r"\b(?:a|an|the|absolute|another|any|big|biggest|clutch|dub|each|easy|every|fat|first|free|get|gets|getting|got|hit|hold|"
    r"holding|huge|letter|major|massive|mega|my|needed|nice|of|our|press|pressing|push|pushing|rare|second|solid|"
    r"spam|spamming|such|take|takes|taking|tap|that|their|this|took|ultimate|your) $",
    re.IGNORECASE,
)
with_ = rule(
    r"(?<=\w )(?<!\b[Tt]he )(?<!\b[Aa] )(?<!\b[Bb]ig )(?<!\buge )(?<!\basy )w(?= (?:my|your|ur|his|"
    r"her|their|"
    r"our|the|a|an|some|no|u|you|me|him|them|us|it|this|that|these|those|all|friends|fam|\d{1,3}k?)\b)|"
    r"(?:(?<=\d )|(?<=, )|(?<=^))w(?= (?:wind|windchill|wind chill|humidity|delivery|fees|friends|"
    r"shipping|tax|taxes|"
    r"tip)\b)|"
    r"(?<=[a-z]{2} )w(?= (?!(?:again|and|as|behavio(?:u)?r|bro|but|button|by|energy|every|for|from|"
    r"gets?|here|if|"
    r"in|incoming|is|just|key|keys|like|lol|moment|moments|moves?|now|on|or|rizz|so|streak|take|takes|tbh|"
    r"then|to|today|tonight|was|when|while|win|wins)\b)[a-z]{3,}\b)",
    lambda m: m[0] if _WON.search(m.string, 0, m.start()) else "with",
    ("going w my mom", "going with my mom"),
    ("top up w water", "top up with water"),
    ("hold w forward", "hold w forward"),
    ("took the w the other day", "took the w the other day"),
    needs=(" w ",),
)
_TONES = {
    "s": "sarcasm", "sarc": "sarcasm", "j": "joking", "jk": "just kidding", "hj": "half joking",
    "srs": "serious", "gen": "genuine", "genq": "genuine question", "g": "genuine",
    "lh": "lighthearted", "pos": "positive", "neg": "negative", "nm": "not mad",
    "nbh": "nobody here",
    "lyr": "lyrics", "p": "platonic", "t": "teasing", "hyp": "hyperbole", "rh": "rhetorical",
    "nsrs": "not serious", "npa": "not passive aggressive", "nay": "not at you",
    "ij": "inside joke",
    "ref": "reference", "c": "copypasta", "th": "threat", "cb": "clickbait", "f": "fake",
}  # fmt: skip
#: Before these a slash means per, or is a command being spoken of.
_NO_TONE = lazy_pattern(
    r"(?:\d ?(?![ap]m)[a-zA-Zµ]{0,3}|\b(?:type|use|per|try|the|command|run|with|and|or|a|says?|"
    r"say))$"
)
tone = rule(
    r"(?<=[^\s/]) /(" + "|".join(sorted(_TONES, key=len, reverse=True)) + r")(?=[ ]*[.!?]?[ ]*$)",
    lambda m: m[0] if _NO_TONE.search(m.string, 0, m.start()) else f", {_TONES[m[1].lower()]}",
    ("great idea /s", "great idea, sarcasm"),
    ("nice work /gen", "nice work, genuine"),
    ("it does 3 m /s", "it does 3 m /s", "it does three meters per second"),
    ("type /p", "type /p", "type slash p"),
    flags=re.MULTILINE,
    spaced=False,
    needs=(" /",),
)

ENGLISH = (
    chess.castles, chess.numbered, chess.move, chess.pawn_takes,
    expression, tone, music.featuring, music.opus_number,
    absolute, prime, derivative, quoted, named, operator, difference, underscored, single, product,
    plural, away,
    alias, seeking,
    music.altered, music.chords, music.known, music.flattened, music.chord, music.sharp_minor,
    music.degree, music.progression,
    molar, raised_to_minus, quotient, salt, log_to_base, function, with_,
)  # fmt: skip


def formulas(text: str) -> str:
    """``NaCl`` -> N A C L, ``Am - F - C`` -> A minor, F, C; ``f(x)`` -> f of x."""
    return apply_all(ENGLISH, text)
