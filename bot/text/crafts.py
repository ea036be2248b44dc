"""Stitches and rounds of knitting and crochet, where the message is a pattern."""

import re
from collections.abc import Callable

from bot.text.expressions import lazy_pattern
from bot.text.rule import Match, Rule, rule

#: What stands in patterns; two of these make a message one.
_PATTERN = lazy_pattern(
    r"\b(?:amigurumi|chain|bind(?:ing)? off|cast(?:ing)? on|crochet\w{0,3}|dpns?|gauge|hdc|"
    r"hooks?|inc|"
    r"dec|ch|"
    r"k\d{0,2}(?:tog)?|knit\w{0,4}|magic ring|needles?|p\d{1,2}(?:tog)?|purl\w{0,3}|rnds?|rows?|"
    r"rounds?|[sd]c|skeins?|sl st|ssk|stitch(?:es)?|sts?|worsted|yarn|yo)\b",
    re.IGNORECASE,
)
_SURE = lazy_pattern(
    r"\b(?:crochet|hdc|[kp]\dtog|knit|purl|rnds?|skein|sl st|sts|stitch|yarn|k\d{1,2}, ?p\d|"
    r"p\d{1,2}, ?k\d|ch(?:ain)? \d+, [sd]c|[sd]c \d+, (?:ch|inc|turn)|[sd]c in|st across|next st|"
    r"each st)"
)


def is_pattern(text: str) -> bool:
    found = {one[0].lower() for one in _PATTERN.finditer(text)}
    return len(found) > 1 and _SURE.search(text.lower()) is not None


def _in_pattern(
    pattern: str,
    words: str | Callable[[Match], str],
    *examples: tuple[str, ...],
    needs: tuple[str, ...] = (),
) -> Rule:
    return rule(
        rf"(?<![\w'./-]){pattern}(?![\w'/-])",
        (lambda m: m.expand(words)) if isinstance(words, str) else words,
        *examples,
        needs=needs,
        about=is_pattern,
    )


_WORKED = {"k": "knit", "p": "purl"}
together = _in_pattern(
    r"([KkPp])(\d)tog",
    lambda m: f"{_WORKED[m[1].lower()]} {m[2]} together",
    ("yo, k2tog", "yo, knit 2 together", "yarn over, knit two together"),
    ("row 2: p2tog, k1", "row 2: purl 2 together, k1", "row two: purl two together, knit one"),
    needs=("tog",),
)
worked = _in_pattern(
    r"([KkPp])(\d{1,3})",
    lambda m: f"{_WORKED[m[1].lower()]} {m[2]}",
    ("knit k2, p2 rib", "knit knit 2, purl 2 rib", "knit knit two, purl two rib"),
    ("yarn: k2, p2", "yarn: knit 2, purl 2", "yarn: knit two, purl two"),
    ("the k2 peak", "the k2 peak", "the k two peak"),
    needs=("k", "p"),
)
chained = _in_pattern(
    r"[Cc]h (\d{1,3}|to|\w+ly)",
    r"chain \1",
    ("ch 3, dc in next st", "chain 3, dc in next st", "chain three, double crochet in next stitch"),
    ("ch 3 of it", "ch 3 of it", "chapter three of it"),
    needs=("ch ",),
)
chain = _in_pattern(
    r"(?:(?<=st )|(?<=nd )|(?<=rd )|(?<=th )|(?<=next )|(?<=each )|(?<=last ))[Cc]h",
    "chain",
    ("sc in 2nd ch, turn", "sc in 2nd chain, turn", "single crochet in second chain, turn"),
    needs=("ch",),
)
_STITCHES = {
    "sc": "single crochet", "dc": "double crochet", "hdc": "half double crochet",
    "sl st": "slip stitch", "yo": "yarn over", "st": "stitch", "sts": "stitches",
    "rnd": "round", "rnds": "rounds", "rep": "repeat", "inc": "increase", "dec": "decrease",
    "co": "cast on", "bo": "bind off", "us": "U S", "mr": "magic ring", "pm": "place marker",
    "rs": "right side", "ws": "wrong side",
}  # fmt: skip
stitch = rule(
    r"(?<![\w'./-])(sl st|sc|dc|hdc|yo|sts?|rnds?|rep|inc|dec|CO|BO|(?<=w/ )US(?= \d)|"
    r"(?<=with )US(?= \d)|"
    r"(?<=size )US(?= \d)|(?<=\bon )US(?= \d)|MR(?= \d)|PM|RS|WS)(?![\w'/])",
    lambda m: _STITCHES[m[1].lower()],
    ("3 sts, 1 sc", "3 stitches, 1 single crochet", "three stitches, one single crochet"),
    ("the dc server", "the dc server", "the D C server"),
    needs=tuple("sc dc yo st rnd rep inc dec co bo us mr pm rs ws".split()),
    about=is_pattern,
)

ENGLISH = (together, worked, chained, chain, stitch)
