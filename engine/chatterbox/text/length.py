"""How much speech a text may become, so that babble after it has an end.

Never so little that speech is cut: a character counts for what a slow reader takes, and two fifths
more.
"""

import re
import unicodedata
from functools import cache

from engine.weights.models import SOUNDS

# 25 tokens are a second. A reader of books says 15.2 characters in one (LJ Speech: 1,308,678 in
# 86,117 s, pauses included); "Special English", which Voice of America reads for learners, is 90
# words a minute, which are 8.7 characters a second. Four tokens a character are 6.25 characters a
# second, slower than both; the 1.5 s are for silence around a word. What goes on is babble.
_TOKENS_TO_BEGIN_WITH = 38
_TOKENS_PER_CHARACTER = 4
#: "F B I", "1984", "€": a capital, a digit or a sign may be a word of its own.
_TOKENS_PER_WORD = 16
#: A character that is a syllable. Chinese is read at 180 to 220 syllables a minute in schools and
#: poems at 100 to 150 (Chinese University of Hong Kong); 14 tokens are 107. Korean is faster.
_TOKENS_PER_SYLLABLE = 14
#: Kana: Japanese is spoken at 6 to 8 morae a second and slow narration, 200 characters a minute
#: with kanji among them, at 5; eight tokens are 3. Kanji are read with two morae, often three.
_TOKENS_PER_MORA = 8
_TOKENS_PER_KANJI = 3 * _TOKENS_PER_MORA
#: Letters of scripts whose vowels are not written, or go without saying: a syllable each, but of
#: languages that say 5 to 8 in a second (Coupé et al. 2019, doi:10.1126/sciadv.aaw2594).
_TOKENS_PER_CONSONANT = 8

#: A sound, "[laugh]", may last 3 s, whatever the length of its name.
_TOKENS_PER_SOUND = 75
_SOUND = re.compile("|".join(re.escape(f"[{sound}]") for sound in SOUNDS))

#: How names of characters begin in Unicode, and how many tokens one takes.
_BY_NAME = (
    ("CJK ", _TOKENS_PER_SYLLABLE),
    ("HANGUL ", _TOKENS_PER_SYLLABLE),
    ("HIRAGANA ", _TOKENS_PER_MORA),
    ("KATAKANA", _TOKENS_PER_MORA),
    ("HALFWIDTH KATAKANA", _TOKENS_PER_MORA),
    ("DEVANAGARI ", _TOKENS_PER_CONSONANT),
    ("ARABIC ", _TOKENS_PER_CONSONANT),
    ("HEBREW ", _TOKENS_PER_CONSONANT),
)


def most_speech_tokens(text: str, language: str = "en") -> int:
    """How many speech tokens a text has at most, however slowly it is spoken in `language`."""
    text, sounds = _SOUND.subn("", text)
    japanese = language == "ja"
    spoken = sum(_tokens_of(character, japanese) for character in text)
    return _TOKENS_TO_BEGIN_WITH + _TOKENS_PER_SOUND * sounds + spoken


@cache
def _tokens_of(character: str, japanese: bool) -> int:
    if character.isupper() or character.isdigit() or unicodedata.category(character)[0] == "S":
        return _TOKENS_PER_WORD
    if character.isascii():
        return _TOKENS_PER_CHARACTER
    name = unicodedata.name(character, "")
    if japanese and name.startswith("CJK "):
        return _TOKENS_PER_KANJI
    found = (tokens for start, tokens in _BY_NAME if name.startswith(start))
    return next(found, _TOKENS_PER_CHARACTER)
