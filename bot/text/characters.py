"""Characters as a reader sees them: nothing hidden, nothing stacked, fancy letters as plain ones.

Works below the level of words and must never change an ordinary letter of any script: joiners
that Persian or Sinhala spelling needs stay, as do accents, vowel signs and tone marks.
"""

import re
import unicodedata

from bot.text.expressions import lazy_pattern

# NFKC only where it undoes decoration. Over whole texts it would take Thai and Lao vowels apart.
_DECORATED = lazy_pattern(
    "[\u02b0-\u02b8\u02e0-\u02e4\u1d2c-\u1d6a\u1d78\u1d9b-\u1dbf\u2071\u2090-\u209c\u2100-\u211f\u2121\u2123-\u214f\u2460-\u24ff\ufb00-\ufb06\uff10-\uff19\uff21-\uff3a\uff41-\uff5a"
    "\U0001d400-\U0001d7ff\U0001f100-\U0001f14f]"
)
_SMALL_CAPITALS = {
    ord(small): plain
    for small, plain in zip("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘǫʀꜱᴛᴜᴠᴡʏᴢ", "abcdefghijklmnopqrstuvwyz", strict=True)
}
_BELOW = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
# A raised n is a power, except beside other raised letters.
_RAISED = "[\u02b0-\u02b8\u02e0-\u02e4\u1d2c-\u1d6a\u1d9b-\u1dbf\u2071\u207f]"
_RAISED_N = lazy_pattern(f"(?<={_RAISED})\u207f|\u207f(?={_RAISED})")
# A Greek letter that belongs to a Latin unit.
_MICRO = lazy_pattern(r"(?<=[0-9 ])\u03bc(?=[mgslL]\b)")
# So is this one: a resistance.
_OHM = lazy_pattern(r"(?<=[0-9])( ?[kM]?)[\u03a9\u2126]")
# The change of a quantity, as in "ΔT"; elsewhere a letter of Greek.
_CHANGE = lazy_pattern(r"(?<!\w)[\u0394\u2206](?=[A-Za-z](?![A-Za-z]))")
_QUOTES = str.maketrans("‘’‛ʼ“”‟＇＂´", "''''\"\"\"'\"'")
_KEYCAP = lazy_pattern("([0-9#*])\ufe0f?\u20e3")
_KEYCAP_WORDS = {"#": " hash ", "*": " star "}
# Combining marks that any base may carry. Marks of Hebrew, Arabic, Thai and others lie elsewhere.
_MARKS = "\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
_SMALL_FIGURES = "\u00b2\u00b3\u00b9\u00bc-\u00be\u2070-\u2079\u2150-\u215f"
_BESIDE_FRACTION = lazy_pattern(
    f"(?<=[^\\W\\d])(?<![{_SMALL_FIGURES}])(?=[{_SMALL_FIGURES}])|"
    f"(?<=[{_SMALL_FIGURES}])(?=[^\\W])(?![{_SMALL_FIGURES}])"
)
_STACKED = lazy_pattern(f"(.)([{_MARKS}]+)", re.DOTALL)
_LONE_MARKS = lazy_pattern(f"(?<![^\\W\\d_])(?<![{_MARKS}])[{_MARKS}]+")
_STRIKES = lazy_pattern("[\u0305\u0332-\u0338\u033f\u035f\u20d2\u20d3\u20e5\u20e6]")
_MOST_MARKS = 2
_NEWLINES = lazy_pattern("\r\n?|[\v\f\x85\u2028\u2029]")
_PICTURES = "\u203c-\u2bff\u3030\u303d\u3297\u3299\ufe0f\U0001f000-\U0001faff"
_JOINER_OF_PICTURES = lazy_pattern(f"(?<=[{_PICTURES}])\u200d(?=[{_PICTURES}])")
# Arabic, Syriac, N'Ko and the Indic scripts from Devanagari to Sinhala spell with joiners.
_SPELLED = "\u0600-\u07ff\u08a0-\u08ff\u0900-\u0dff\ufb50-\ufdff\ufe70-\ufefc"
_JOINER_OF_LETTERS = lazy_pattern(f"(?<=[{_SPELLED}])[\u200c\u200d](?=[{_SPELLED}])")
#: What a pronunciation puts in stands as one of these characters until the end, out of reach of the
#: later steps. `clean_characters` drops them from the input.
PLACES = "\U000f0000-\U000ffffd"
_FLAG_TAGS = lazy_pattern("\U0001f3f4[\U000e0020-\U000e007f]{2,8}")
_INVISIBLE_CATEGORIES = {"Cc", "Cf", "Cs", "Co", "Cn"}
_INVISIBLE_LETTERS = "\u115f\u1160\u17b4\u17b5\u3164\uffa0\u2800\ufffc\ufffd"


def clean_characters(text: str) -> str:
    r"""Return `text` without control, zero-width, bidi, private and stacked characters.

    Newlines are ``\\n``, every other white space is one plain space each, letters dressed up as
    mathematical, full-width, circled, squared or small-capital ones are plain letters.
    """
    if text.isascii() and text.isprintable():
        return text
    text = _NEWLINES.sub("\n", text)
    text = _KEYCAP.sub(lambda m: _KEYCAP_WORDS.get(m[1], m[1]), text)
    text = _RAISED_N.sub("n", text).replace("№", "No.")
    text = _DECORATED.sub(lambda m: unicodedata.normalize("NFKC", m[0]), text)
    text = _OHM.sub(r"\1ohm", _MICRO.sub("µ", text)).translate(_BELOW)
    text = (
        _CHANGE.sub("delta ", text)
        .replace("≠", "!=")
        .replace("∞", " infinity ")
        .translate(_SMALL_CAPITALS)
        .translate(_QUOTES)
    )
    text = "".join(map(_plain_square, text))
    text = _without_invisible(text)
    return _without_stacks(text)


def apart_from_fractions(text: str) -> str:
    """``½cup`` -> ``½ cup``: a fraction counts as a word character and must not hide a word."""
    return text if text.isascii() else _BESIDE_FRACTION.sub(" ", text)


def has_words(text: str) -> bool:
    """Whether anything in `text` can be said; what a pronunciation put in can be."""
    return any(char.isalnum() or char >= PLACES[0] for char in text)


def _plain_square(char: str) -> str:
    """Return the letter inside a white-on-black circled or squared letter, such as in 🅱ruh."""
    code = ord(char)
    for first in (0x1F150, 0x1F170):
        if first <= code < first + 26:
            return chr(ord("A") + code - first)
    return char


def _without_invisible(text: str) -> str:
    kept = {m.start() for m in _JOINER_OF_PICTURES.finditer(text)}
    kept.update(m.start() for m in _JOINER_OF_LETTERS.finditer(text))
    for flag in _FLAG_TAGS.finditer(text):
        kept.update(range(*flag.span()))
    out: list[str] = []
    for index, char in enumerate(text):
        category = unicodedata.category(char)
        if char == "\n" or index in kept:
            out.append(char)
        elif category == "Zs" or char == "\t":
            out.append(" ")
        elif category not in _INVISIBLE_CATEGORIES and char not in _INVISIBLE_LETTERS:
            out.append(char)
    return "".join(out)


def _without_stacks(text: str) -> str:
    """Drop marks beyond what any language stacks, and lines through or under letters."""

    def unstack(match: re.Match[str]) -> str:
        marks = match[2]
        zalgo = len(marks) > _MOST_MARKS or _STRIKES.search(marks)
        return match[1] if zalgo else match[0]

    decomposed = _STACKED.sub(unstack, unicodedata.normalize("NFD", text))
    composed = unicodedata.normalize("NFC", decomposed)
    return without_lone_marks(composed)


def without_lone_marks(text: str) -> str:
    """Drop combining marks that stand on no letter."""
    return text if text.isascii() else _LONE_MARKS.sub("", text)
