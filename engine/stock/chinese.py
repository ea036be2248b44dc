"""From Chinese text to the phoneme strings that the stock voice speaks one after another.

Pinyin comes from pypinyin, phonemes from misaki's table, with which the voices were trained; words
are jieba's. What is written in other letters is read as English.
"""

import re
import unicodedata
from collections.abc import Set

import rjieba
from misaki.transcription import pinyin_to_ipa
from pypinyin import Style, lazy_pinyin

from engine.errors import SynthesisFailed
from engine.stock.phonemes import Part, Phonemiser, split

_HANZI = "\u3400-\u9fff\U00020000-\U0003ffff"
_RUNS = re.compile(
    f"(?P<hanzi>[{_HANZI}]+)|(?P<other>[^\\W{_HANZI}]+(?:[-'. ][^\\W{_HANZI}]+)*)|(?P<mark>.)",
    re.DOTALL,
)
_MARKS = str.maketrans({"、": ",", "。": ".", "「": "“", "」": "”", "《": "“", "》": "”"})
#: How misaki writes tones and the vowel of "si" and "shi".
_AS_TRAINED = (
    *(("˧˩˧", "↓"), ("˧˥", "↗"), ("˥˩", "↘"), ("˥", "→")),
    *(("ɻ\N{COMBINING VERTICAL LINE BELOW}", "ɨ"), ("ɹ\N{COMBINING VERTICAL LINE BELOW}", "ɨ")),
)


class ChinesePhonemiser:
    """Reads Mandarin aloud, on paper. Loading takes about a second and 70 MB."""

    def __init__(self, alphabet: Set[str], english: Phonemiser) -> None:
        self._alphabet = alphabet
        self._english = english

    def parts(self, text: str) -> list[Part]:
        """Return the phonemes of `text`, split where a reader would breathe; never empty.

        Raises `SynthesisFailed` for a text without words.
        """
        text = unicodedata.normalize("NFKC", text).translate(_MARKS)
        said = "".join(map(self._phonemes, _RUNS.finditer(text)))
        known = "".join(symbol for symbol in said if symbol in self._alphabet)
        phonemes = re.sub(r" +(?=[,.!?;:”)])", "", " ".join(known.split()))
        if not any(symbol.isalpha() for symbol in phonemes):
            raise SynthesisFailed("The stock voice found no word it can say in this text.")
        return split(phonemes)

    def _phonemes(self, run: re.Match[str]) -> str:
        if run["hanzi"]:
            return " ".join(map(_pronounced, rjieba.cut(run[0]))) + " "
        if run["other"]:
            return " ".join(part.phonemes for part in self._english.parts(run[0])) + " "
        return f"{run[0]} " if run[0] in ",.!?;:”)" else run[0]


def _pronounced(word: str) -> str:
    syllables = lazy_pinyin(word, style=Style.TONE3, neutral_tone_with_five=True)
    return "".join(map(_syllable, syllables))


def _syllable(pinyin: str) -> str:
    try:
        ipa = "".join(next(iter(pinyin_to_ipa(pinyin))))
    except ValueError:  # ten characters for units of measure that nobody uses
        return ""
    for before, after in _AS_TRAINED:
        ipa = ipa.replace(before, after)
    return ipa
