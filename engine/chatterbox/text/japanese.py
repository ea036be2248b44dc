"""Japanese as Multilingual Chatterbox reads it: kanji as hiragana, all else as it is written.

Readings are Open JTalk's dictionary's, by haqumei; upstream's pykakasi is GPL. Unlike upstream,
figures become readings as well, with the words that count: "8本" is "はっぽん".
"""

import logging
import re
import unicodedata
from collections.abc import Iterator
from functools import cached_property
from typing import Any

from engine.errors import SynthesisFailed

_KANJI = re.compile("[々〆㐀-\u9fff\U00020000-\U0003ffff]")
_KATAKANA = re.compile("[ァ-ヶー]+")
_TO_HIRAGANA = {code: code - 0x60 for code in range(ord("ァ"), ord("ヶ") + 1)}

_log = logging.getLogger(__name__)


class KanjiReader:
    """Reads kanji. The dictionary, 130 MB in memory, takes a second to load with the first text."""

    def __call__(self, text: str) -> str:
        """`text` in NFKD, as it came. Raises `SynthesisFailed` where haqumei is not installed."""
        read = "".join(self._read(unicodedata.normalize("NFC", text)))
        return unicodedata.normalize("NFKD", read)

    def _read(self, text: str) -> Iterator[str]:
        done = 0
        behind_figure = False
        for word in self._dictionary.g2p_mapping_detailed(text):
            # A space before "ー" comes as a word of its own behind the word that it is part of.
            start, end = (max(done, at) for at in word.char_span)
            yield text[done:start]
            done = end
            # It is several words, of which some stand for no character: 百 in "1984".
            figure = word.pos_group1 == "数"
            goes_on = behind_figure and (figure or word.pos_group1 == "接尾")
            behind_figure = figure
            # Sounds change between figure and counter, and only what is pronounced shows it.
            kana = (word.pron if figure or goes_on else word.read).replace("’", "")
            written = text[start:end]
            if not (figure or _KANJI.search(written)) or not _KATAKANA.fullmatch(kana):
                yield written
                continue
            hiragana = kana.translate(_TO_HIRAGANA)
            # Upstream's: without the space it would be taken for a particle.
            yield f" {hiragana}" if hiragana[0] in "はへ" and not goes_on else hiragana
        yield text[done:]

    @cached_property
    def _dictionary(self) -> Any:
        try:
            from haqumei import Haqumei  # noqa: PLC0415 - a second, see above
        except ImportError as error:
            _log.error("Japanese needs the package haqumei: %s", error)
            raise SynthesisFailed("I cannot speak Japanese here: a package is missing.") from error
        # "ビャク" and not "ビャク’", "ショウ" and not "ショー": as it is spelled.
        return Haqumei(revert_long_vowels=True, predict_kana_english=False)
