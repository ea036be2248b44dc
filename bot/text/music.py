"""Music: chords, keys, numbers of works, and who else sings."""

import re

from bot.text.expressions import lazy_pattern
from bot.text.rule import Match, rule

_KEYS = {"m": " minor", "min": " minor", "maj": " major", "dim": " diminished", "aug": " augmented"}
_CHORD = r"[A-G](?:#|b|♯|♭)?(?:maj|min|m|dim|aug)?(?:7?sus[24]|7|9|6|11|13)?(?![a-z])"
_BETWEEN = r"(?: ?[-–|>→/] ?|,? )"
_ONE_CHORD = lazy_pattern(r"([A-G])(#|b|♯|♭)?(min|maj|m|dim|aug)?(7?sus)?(\d{1,2})?")
_MARKED = lazy_pattern(r"[A-G](?:[#b♯♭]|(?:[#b]?(?:m|maj|min|dim|aug|sus\d)))(?![A-Za-z])|[A-G]7")


def _chord(match: Match) -> str:
    pitch = {"#": " sharp", "♯": " sharp", "b": " flat", "♭": " flat"}.get(match[2] or "", "")
    kind = _KEYS.get(match[3] or "", "")
    held = f" {match[4].replace('7', '7 ')}" if match[4] else ""
    return f"{match[1]}{pitch}{kind}{held}{' ' + match[5] if match[5] else ''}"


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
    ("Am7 - D7 - Gmaj7", "A minor 7, D 7, G major 7", "A minor seven, D seven, G major seven"),
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
_SIGNED = {"#": " sharp", "b": " flat"}
altered = rule(
    r"(?<![\w'#-])([A-G])([#b]?)(maj|min|m|dim)?(6|7|9|11|13)\(?([b#])(5|9|11|13)\)?(?!\w)",
    lambda m: (
        f"{m[1]}{_SIGNED.get(m[2], '')}{_KEYS.get(m[3] or '', '')} {m[4]} "
        f"{'flat' if m[5] == 'b' else 'sharp'} {m[6]}"
    ),
    ("learn Bm7b5", "learn B minor 7 flat 5", "learn B minor seven flat five"),
    needs=("5", "9", "11", "13"),
)
known = rule(
    r"(?<![\w'#-])[A-G][#b]?(?:(?:maj|min|m|dim|aug)(?:6|7|9|11|13)|7?sus[24])(?![\w'-])",
    lambda m: _ONE_CHORD.sub(_chord, m[0]),
    ("Cmaj7 to Am7", "C major 7 to A minor 7", "C major seven to A minor seven"),
    ("G7sus4 then G", "G 7 sus 4 then G", "G seven sus four then G"),
    needs=("6", "7", "9", "11", "13", "sus"),
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
_DEGREES = {"i": 1, "ii": 2, "iii": 3, "iv": 4, "v": 5, "vi": 6, "vii": 7}
progression = rule(
    r"(?<![\w'-])(?:(?:[Vv]?[Ii]{1,3}|[Ii]?[Vv])[-–]){2,6}(?:[Vv]?[Ii]{1,3}|[Ii]?[Vv])(?![\w'-])",
    lambda m: " ".join(str(_DEGREES.get(one.lower(), one)) for one in re.split("[-–]", m[0])),
    ("a ii-V-I", "a 2 5 1", "a two five one"),
    needs=("i-", "v-", "i–", "v–"),
)
flattened = rule(
    r"(?<![\w'-])([b#♭♯])(VII|VI|III|II|V)(?!\w)",
    lambda m: f"{'flat' if m[1] in 'b♭' else 'sharp'} {_DEGREES[m[2].lower()]}",
    ("the bVII chord", "the flat 7 chord", "the flat seven chord"),
    needs=("ii", "vi", "#v", "bv"),
)
_PLAYED = lazy_pattern(
    r"\b(?:bassline|bridge|chords?|guitar|jazz|key|major|melody|minor|notes?|piano|progression|"
    r"riff|"
    r"scale|solo|voicing)\b"
)
degree = rule(
    r"(?<![\w'-])b(2|3|5|6|7|9|13)(?![\w'.-])",
    lambda m: f"flat {m[1]}",
    ("a b5 in the bridge", "a flat 5 in the bridge", "a flat five in the bridge"),
    ("vitamin b6", "vitamin b6", "vitamin b six"),
    needs=tuple(f"b{figure}" for figure in "1235679"),
    about=_PLAYED.search,
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
