"""Music: chords, keys, numbers of works, and who else sings."""

import re

from bot.text.rule import Match, rule

_KEYS = {"m": " minor", "min": " minor", "maj": " major", "dim": " diminished", "aug": " augmented"}
_CHORD = r"[A-G](?:#|b|♯|♭)?(?:m|min|maj|dim|aug)?(?:sus[24]|7|9|6|11|13)?"
_BETWEEN = r"(?: ?[-–|>→/] ?|,? )"
_ONE_CHORD = re.compile(r"([A-G])(#|b|♯|♭)?(min|maj|m|dim|aug)?(sus)?(\d{1,2})?")
_MARKED = re.compile(r"[A-G](?:[#b♯♭]|(?:[#b]?(?:m|maj|min|dim|aug|sus\d)))(?![A-Za-z])|[A-G]7")


def _chord(match: Match) -> str:
    pitch = {"#": " sharp", "♯": " sharp", "b": " flat", "♭": " flat"}.get(match[2] or "", "")
    kind = _KEYS.get(match[3] or "", "")
    return (
        f"{match[1]}{pitch}{kind}{' sus' if match[4] else ''}{' ' + match[5] if match[5] else ''}"
    )


def _chords(match: Match) -> str:
    """The chords one after the other, unless none of them could be anything but a letter."""
    found = re.findall(_CHORD, match[0])
    if not any(map(_MARKED.match, found)) or all(one in {"A", "Am"} for one in found):
        return match[0]
    return ", ".join(_ONE_CHORD.sub(_chord, one) for one in found)


chords = rule(
    rf"(?<![\w'#-]){_CHORD}(?:{_BETWEEN}{_CHORD}){{2,15}}(?![\w'#+-])",
    _chords,
    ("Am - F - C - G", "A minor, F, C, G"),
    ("then G-D-Em-C", "then G, D, E minor, C"),
    ("F#m7 | Bm | E", "F sharp minor 7, B minor, E", "F sharp minor seven, B minor, E"),
    ("plan A, B, C", "plan A, B, C"),
    ("A-B-C", "A-B-C"),
)
chord = rule(
    r"(?<![\w'#-])([A-G])([#b♯♭])?(m|min|maj|dim|aug)?(sus)?(\d{1,2})?"
    r"(?= (?:chords?|scale|tuning|arpeggios?)\b|(?<=[#b♯♭]) (?:major|minor|clarinet|trumpet|sax|"
    r"blues)\b)|"
    r"(?<=\bkey of )([A-G])([#b♯♭])?(m)?(?!\w)",
    lambda m: _chord(_ONE_CHORD.match(m[0]) or m),
    ("an Em chord", "an E minor chord"),
    ("in Eb tuning", "in E flat tuning"),
    ("the key of F#m", "the key of F sharp minor"),
    needs=(
        "chord",
        "scale",
        "tuning",
        "arpeggio",
        "major",
        "minor",
        "clarinet",
        "trumpet",
        "sax",
        "blues",
        "key of",
    ),
)
sharp_minor = rule(
    r"(?<![\w'#-])([A-Ga-g])(#)(m|min|maj)(7?)(?!\w)|(?<![\w'#-])([A-G])(b)(m|min|maj)(7?)(?!\w)",
    lambda m: (
        f"{(m[1] or m[5]).upper()} {'sharp' if m[2] else 'flat'}{_KEYS[m[3] or m[7]]} "
        f"{m[4] or m[8] or ''}".rstrip()
    ),
    ("in c#m", "in C sharp minor"),
    ("play Ebm7", "play E flat minor 7", "play E flat minor seven"),
    needs=("#m", "bm"),
)
opus_number = rule(
    r"(?<=\d )No\. ?(?=\d)",
    lambda _: "number ",
    ("Op. 9 No. 2", "Op. 9 number 2", "Opus nine number two"),
    needs=("no.",),
)
featuring = rule(
    r"(?<!\d)(?<!\d )\bft\.? (?=[A-Z][a-z])",
    lambda _: "featuring ",
    ("ft. Kendrick", "featuring Kendrick"),
    ("a song ft. Drake", "a song featuring Drake"),
    needs=("ft",),
)
