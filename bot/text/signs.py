"""Signs of mathematics and of code between words, each as it is said."""

import re

from bot.text.expressions import lazy_pattern
from bot.text.rule import always, rule

_SHIFTED = lazy_pattern(
    r" (?:zero|one|two|three|four|five|six|seven|eight|nine|ten|\w+teen|sixteen|thirty-two)\b"
)
_ASSIGNED = {"+": "plus", "-": "minus", "*": "times", "/": "divided by"}
_SIGNS = {
    "∫": "integral", "∑": "sum", "∏": "product", "∂": "partial", "∈": "in", "∉": "not in",
    "∀": "for all", "\u2217": "star",
    "∃": "there exists", "∝": "is proportional to", "∴": "therefore", "∵": "because",
    "≡": "is equivalent to",
    "∪": "union", "∩": "intersection", "⊂": "is a subset of", "∅": "empty set", "∧": "and",
    "∨": "or",
    "¬": "not", "∠": "angle", "⊥": "is perpendicular to", "∥": "is parallel to", "‰": "per mille",
    "§": "section", "¶": "paragraph",
}  # fmt: skip
#: Where ">" leads from one menu to the next.
_PATH = lazy_pattern(r"\w > [^<>\n]{1,40} > \w|\b(?:[Ss]ettings|[Mm]enu|[Oo]ptions|[Cc]lick) > ")
plus_plus_before = always(
    r"(?<!\S)\+\+(?=[a-z])",
    "plus plus ",
    ("++i", "plus plus i"),
    needs=("++",),
)
over_bracket = always(
    r"(?<=\)) ?/ ?(?=[\w(])",
    " over ",
    ("(a+b)/c", "(a+b) over c", "(a plus b) over c"),
    needs=(")/", ") /"),
)
equals_what = always(
    r" ?= ?\?",
    " equals what?",
    ("x = ?", "x equals what?"),
    needs=("?",),
)
plus_between = always(
    r"(?<=[\w)\"'\]]) ?\+ ?(?=[\w(\"'\[])",
    " plus ",
    ("salt + oil", "salt plus oil"),
    ("n+m", "n plus m"),
    flags=re.IGNORECASE,
    needs=("+",),
)
unequal = always(
    r"(?<=\w) ?!==? ?(?=\w)",
    " is not ",
    ("a != b", "a is not b"),
    needs=("=",),
)
equals = always(
    r"(?<=[\w)\]\"'%]) {0,3}={1,3} {0,3}(?=[\w(\"'[√.$€£#~-])",
    " equals ",
    ("a == b", "a equals b"),
    ("x = -y", "x equals -y", "x equals minus y"),
    needs=("=",),
)
assigned = rule(
    r"(?<=[\w)\]]) ?([-+*/])= ?(?=[\w(])",
    lambda m: f" {_ASSIGNED[m[1]]} equals ",
    ("x += y", "x plus equals y"),
    needs=("=",),
)
negative = always(
    r"(?:(?<=equals )|(?<=\breturn )|(?<=\belse ))-(?=[A-Za-z])",
    "minus ",
    ("return -x", "return minus x"),
    needs=("-",),
)
option = always(
    r"(?<!\S)-(?=O(?:[0-3s]| (?:zero|one|two|three))\b)",
    "dash ",
    ("use -O2 there", "use dash O2 there", "use dash O two there"),
    needs=("-o",),
)
minus_minus = always(
    r"(?<=\b[a-z])--(?![\w-])",
    " minus minus",
    ("x--", "x minus minus"),
    needs=("--",),
)
not_before = always(
    r"(?<![\w!])!(?=(?:true|false|null|is[A-Z]\w*|has[A-Z]\w*)\b)",
    "not ",
    ("if (!true)", "if (not true)"),
    ("!play it", "!play it", "play it"),
    needs=("!",),
)
attribute = rule(
    r"(?<!\w)(np|pd|plt|df|os)\.(?=[a-z_]\w)|(?<=\w)\.(?=[a-zA-Z_]\w{0,30}\()|(?:(?<=\bsys)|(?<=\bself)|"
    r"(?<=\bthis)|(?<=\bmath)|(?<=\btorch)|(?<=\brandom)|(?<=console)|(?<=document)|(?<=window))\.(?=[a-z_]\w)",
    lambda m: f"{(m[1] or '').upper()} dot ",
    ("np.array", "NP dot array", "N P dot array"),
    ("call x.head()", "call x dot head()", "call x dot head"),
    spaced=False,
    needs=(".",),
)
ancestor = always(
    r"(?<=HEAD)~(?=\w)",
    " tilde ",
    ("HEAD~1", "HEAD tilde 1", "head tilde one"),
    needs=("head~",),
)
root_folder = always(
    r"(?<=-rf )/(?!\w)",
    "slash",
    ("rm -rf / now", "rm -rf slash now", "R M -R F slash now"),
    needs=("-rf /",),
)
parent_folder = always(
    r"(?<=\bcd )\.\.(?![.\w])",
    "dot dot",
    ("cd ..", "cd dot dot", "C D dot dot"),
    needs=("cd ",),
)
sign = rule(
    f"[{''.join(_SIGNS)}]",
    lambda m: f" {_SIGNS[m[0]]} ",
    ("∑ of x", " sum  of x", "sum of x"),
    ("x ∈ A", "x  in  A", "x in A"),
    needs=tuple(_SIGNS),
)
greater = rule(
    r"(?<=[\w)]) > (?=\w)",
    lambda m: ", " if _PATH.search(m.string) else " is greater than ",
    ("cats > dogs", "cats is greater than dogs"),
    ("User Settings > Voice", "User Settings, Voice"),
    ("File > Save > Here", "File, Save, Here"),
    needs=(">",),
)
much_greater = rule(
    r"(?<=\w )(>{2,4}|<{2,4})(?= \w)",
    lambda m: (
        ("shifted left by" if m[1][0] == "<" else "shifted right by")
        if _SHIFTED.match(m.string, m.end()) and len(m[1]) == 2
        else f"is much {'greater' if m[1][0] == '>' else 'less'} than"
    ),
    ("cats >>> dogs", "cats is much greater than dogs"),
    needs=(">>", "<<"),
)
over = always(
    r"(?<== )([a-zA-Z])/([a-zA-Z])(?![\w/])",
    r"\1 over \2",
    ("v = d/t", "v = d over t", "v equals d over t"),
    needs=("= ",),
)
