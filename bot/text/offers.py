"""What who buys and sells writes short: "LF: tank", "1 pr of gloves", "$70 std"."""

from bot.text.rule import rule

_OFFERED = {
    "LF": "looking for", "FT": "for trade", "ISO": "in search of", "H": "have", "W": "want",
}  # fmt: skip
#: What also stands where these are offered.
_ANSWERED = {"FT": "LF: ", "H": "W: ", "W": "H: "}
wanted = rule(
    r"(?<![\w'])(LF|FT|ISO|H|W)(?=: )",
    lambda m: _OFFERED[m[1]] if m[1] in {"LF", "ISO"} or _ANSWERED[m[1]] in m.string else m[0],
    ("W: mounts H: gold", "want: mounts have: gold"),
    ("H: I see", "H: I see"),
    ("LF: eevee FT: mew", "looking for: eevee for trade: mew"),
    needs=("lf:", "ft:", "iso:", "h:", "w:"),
)
standard = rule(
    r"(?:(?<=\d )|(?<=% ))std(?![\w'])(?! dev)|(?<![\w'])std(?= (?:edition|ed|room|size|version|"
    r"deluxe)\b)",
    lambda _: "standard",
    ("$70 std or not", "$70 standard or not", "seventy dollars standard or not"),
    ("an std test", "an std test", "an S T D test"),
    needs=("std",),
)
experience = rule(
    r"(?:(?<=yrs )|(?<=years )|(?<=years of )|(?<=yrs of )|(?<=depending on )|"
    r"(?<=\bno ))exp(?![\w'(])"
    r"(?! (?:boost|gain|share|bar)s?\b)",
    lambda _: "experience",
    ("3 yrs exp", "3 yrs experience", "three years experience"),
    needs=("exp",),
)
pair = rule(
    r"(?<=\d )(prs?)(?= (?:of|gloves|jeans|pants|shoes|socks|boots|earrings)\b)",
    lambda m: "pairs" if m[1] == "prs" else "pair",
    ("1 pr of gloves", "1 pair of gloves", "one pair of gloves"),
    needs=("pr",),
)

ENGLISH = (wanted, standard, experience, pair)
