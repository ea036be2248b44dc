"""Telephone numbers and versions: figures that count nothing."""

import re

from bot.text.languages.forms.form import WrittenForm
from bot.text.languages.grammar import Grammar
from bot.text.rule import Match


def _telephone(g: Grammar, m: Match) -> str:
    groups = re.findall(r"\d+", m[0])
    said = [g.one_by_one(group) for group in groups]
    return f"{f'{g.plus} ' if m[0].startswith('+') else ''}{g.pause.join(said)}"


TELEPHONE = WrittenForm(
    "telephone",
    lambda g: (
        rf"{g.start}(?<!\d )(?:\+\d{{1,3}}(?:[ ./-]?\(?\d{{1,4}}\)?){{2,6}}|"
        rf"(?:0\d{{2,5}}[ /-]\d{{3,9}}|0\d[ /-]\d{{6,9}})(?:[ -]\d{{2,5}}){{0,4}}|"
        rf"(?:(?<=\btel )|(?<=\btel\. )|(?<=\btel: ))\d{{2,4}}(?:[ -]\d{{2,4}}){{1,4}}|"
        rf"0\d(?:[ .-]\d\d){{4}}|\d{{2,3}}-\d{{3,4}}-\d{{4}})(?!\d)(?![.,:]\d)"
    ),
    _telephone,
)


def _version(g: Grammar, m: Match) -> str:
    point = f" {g.point} " if g.spaced else g.point
    said = point.join(g.whole(part) for part in m["numbers"].split("."))
    return f"{m['v'] or ''} {said}".strip() if g.spaced else f"{m['v'] or ''}{said}"


VERSION = WrittenForm(
    "version",
    (
        r"(?<![^\W_])(?<!\d[.,])(?P<v>v)?(?P<numbers>(?(v)\d{1,4}(?:\.\d{1,4}){1,3}|"
        r"(?!\d{1,3}(?:\.\d{3})+(?![.\d]))\d{1,4}(?:\.\d{1,4}){2,3}))(?![.,]?\d)"
    ),
    _version,
)
