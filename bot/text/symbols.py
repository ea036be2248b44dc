"""Signs in words where a reader says them, and away where a reader does not.

`tidy` is the last step over ordinary text: afterwards no character of markup is left, white space
is single, punctuation is what a speech engine expects, and a text with nothing to say is empty.
"""

import re
import unicodedata

from bot.text.characters import apart_from_fractions, has_words, without_lone_marks
from bot.text.links import ENDINGS

_FILE_ENDINGS = "js|ts|py|exe|txt|png|jpg|jpeg|gif|zip|json|html|css|pdf|md|cpp|dll|jar|bat|sh"
_SAID = (
    (re.compile(r"\b[Cc]\+\+"), "C plus plus"),
    (re.compile(r"(?<=\w)\+\+(?![\w+])"), " plus plus"),
    (re.compile(r"\b[Cc]#(?!\w)"), "C sharp"),
    (re.compile(r"\b[Ff]#(?!\w)"), "F sharp"),
    (re.compile(r" ?(?:-+>|=+>|→|➜|➡|⇒|⟶|»>) ?"), " to "),
    (re.compile(r"<-+|<=+|←|⇐"), " "),
    (re.compile(r"(?<=\w) ?&+ ?(?=\w)"), " and "),
    (re.compile(r"&+"), " "),
    (re.compile(r"(?<!\w)@(?!\w)"), " at "),
    (re.compile(r"(?<=[a-z]) \+ (?=[a-z])", re.IGNORECASE), " plus "),
    (re.compile(r"(?<=\w) ?= ?(?=\w)"), " equals "),
    (re.compile(r"(?<=\w)\+(?!\w)"), " plus"),
    (re.compile(r"(?<!\S)\+(?=\w)"), "plus "),
    (re.compile(r"(?<![\w/])/(?=[a-z])", re.IGNORECASE), "slash "),
    (re.compile(r"(?<!\w)#(?=\w)"), "hashtag "),
    (re.compile(r"(?<=[^\W_])%+"), " percent"),
    (re.compile(rf"(?<=\w)\.(?=(?:{_FILE_ENDINGS}|{ENDINGS})\b)"), " dot "),
    (re.compile(r"(?<=[a-z])(?:©|®|™|℠)", re.IGNORECASE), ""),
)
_MARKUP = re.compile(r"[*_~`|<>\\#@^\[\]{}=+/\u2022\x00-\x1f]+")
_DECORATION = re.compile(
    "(?:[\u2190-\u2bff\u00a6\u00a8\u00ac\u00b4\u00b8\ufe0e\ufe0f\U0001f000-\U0001faff\ufffd]\u200d?)+"
)
_DASH = re.compile(r"(?:^| )[-–]{1,3}(?= |$)|--+|(?<![^\W_])-+(?![^\W_])")
_ELLIPSIS = re.compile(r"(?:\.{2,}|…)[.…]*")
_MARKS = re.compile(r"[!?‽]{2,}|‽")
_REPEATED = re.compile(r"([,;:])(?:\s*[,;:])+")
_BEFORE_MARK = re.compile(r" +(?=[,.!?;:)](?:[\s\"')]|$))")
_COMMA_MARK = re.compile(r"[,;:]+ ?(?=[.!?])")
_MARK_COMMA = re.compile(r"(?<=[.!?]) ?[,;:]+(?!\w)")
_BEFORE_WORD = re.compile(r"(?<!\S)[,;:]+(?=\w)")
_EMPTY_PAIR = re.compile(r"\( *\)|\" *\"|' +'")
_START = re.compile(r"^[\s,.;:!?…)\-'’]+(?=[\w\"(«„“¿¡「『《])|^[\s,.;:!?…)\-]+")
_LONG_MARK = re.compile(r"([^\w\s])\1{3,}")


def symbols(text: str) -> str:
    """``R&D``, ``C++``, ``/play``, ``a -> b`` in words."""
    for pattern, words in _SAID:
        text = pattern.sub(words, text)
    return text


def tidy(text: str) -> str:
    """Drop what is left of markup, settle spaces and punctuation; "" where no word is left."""
    for _ in range(_MOST_TIDY_PASSES):
        settled = _tidied(text)
        if settled == text:
            break
        text = settled
    return text


# Dropping one mark can bring two others together; three passes settle every text seen by fuzzing.
_MOST_TIDY_PASSES = 6


def _is_read(word: str) -> bool:
    """Whether a reader does anything at `word`: marks that stand alone are passed over."""
    return has_words(word) or word in {"—", "–"}


def _tidied(text: str) -> str:
    text = apart_from_fractions(without_lone_marks(_MARKUP.sub(" ", text)))
    text = _DECORATION.sub(" ", text)
    text = _ELLIPSIS.sub("... ", text)
    text = _MARKS.sub(lambda m: "?" if "?" in m[0] or "‽" in m[0] else "!", text)
    text = _DASH.sub(", ", text)
    text = _LONG_MARK.sub(r"\1\1\1", text)
    text = " ".join(unicodedata.normalize("NFC", text).split())
    text = _EMPTY_PAIR.sub(" ", text)
    text = _BEFORE_MARK.sub("", text).replace("( ", "(")
    text = _REPEATED.sub(r"\1", text)
    text = _COMMA_MARK.sub("", text)
    text = _MARK_COMMA.sub("", text)
    text = _BEFORE_WORD.sub("", text)
    text = _START.sub("", text)
    text = " ".join(filter(_is_read, text.split())).rstrip(" ,;:-(")
    return text if has_words(text) else ""
