"""Moves of chess as players say them: "Qxf7#" is queen takes f seven, mate."""

from bot.text.rule import Match, rule

_PIECES = {"K": "king", "Q": "queen", "R": "rook", "B": "bishop", "N": "knight"}
_ENDS = {"+": " check", "#": " mate"}


def _move(match: Match) -> str:
    """The piece, or the pawn's file, where it came from, what it does, and where it is."""
    who, origin, takes, square, ends = match.group("who", "from", "takes", "square", "ends")
    said = [_PIECES.get(who, who), *origin, *(["takes"] if takes else []), *square]
    return " ".join(said) + _ENDS.get(ends, "")


move = rule(
    r"(?<![\w-])(?:(?P<who>[KQRBN])(?P<from>[a-h]?[1-8]?)(?P<takes>x?)(?P<square>[a-h][1-8])"
    r"(?P<ends>[+#]?))(?![\w-])",
    _move,
    ("play Nf3", "play knight f 3", "play knight f three"),
    ("Qxf7# lol", "queen takes f 7 mate lol", "queen takes f seven mate lol"),
    ("Nbd2", "knight b d 2", "knight b d two"),
)
pawn_takes = rule(
    r"(?<![\w-])(?P<who>[a-h])(?P<from>)(?P<takes>x)(?P<square>[a-h][1-8])(?P<ends>[+#]?)(?![\w-])",
    _move,
    ("then exd5", "then e takes d 5", "then e takes d five"),
    needs=("x",),
)
castles = rule(
    r"(?<![\w-])(?:O-O(-O)?|0-0(-0))(?![\w-])",
    lambda m: f"castles {'queenside' if m[1] or m[2] else 'kingside'}",
    ("black plays O-O", "black plays castles kingside"),
    ("0-0-0 next", "castles queenside next"),
    ("a 0-0 draw", "a 0-0 draw", "a zero to zero draw"),
    needs=("o-o", "0-0-0"),
)
numbered = rule(
    r"(?<![\w.])(\d{1,3})\.(?:\.\.)? ?(?=(?:[KQRBN][a-h1-8]?x?[a-h][1-8]|[a-h](?:x[a-h])?[1-8]|"
    r"O-O)(?![\w-]))",
    lambda m: f"{m[1]}, ",
    ("then 2. e4", "then 2, e4", "then two, e four"),
    spaced=False,
    needs=(".",),
)
