"""How much speech a text may become, so that babble after it has an end."""

import re

from engine.weights.models import SOUNDS

# 25 tokens are a second. A reader of books says 15.2 characters in one (LJ Speech: 1,308,678 in
# 86,117 s, pauses included); "Special English", which Voice of America reads for learners, is 90
# words a minute, which are 8.7 characters a second. Four tokens a character are 6.25 characters a
# second, slower than both; the 1.5 s are for silence around a word. What goes on is babble.
_TOKENS_TO_BEGIN_WITH = 38
_TOKENS_PER_CHARACTER = 4
#: "F B I", "1984": a capital or a digit may be a word of its own.
_CHARACTERS_SPELLED = 4
#: A sound, "[laugh]", may last 3 s, whatever the length of its name.
_TOKENS_PER_SOUND = 75
_SOUND = re.compile("|".join(re.escape(f"[{sound}]") for sound in SOUNDS))


def most_speech_tokens(text: str) -> int:
    """How many speech tokens a text has at most, however slowly it is spoken."""
    text, sounds = _SOUND.subn("", text)
    spelled = sum(character.isupper() or character.isdigit() for character in text)
    characters = len(text) + (_CHARACTERS_SPELLED - 1) * spelled
    spoken = _TOKENS_PER_CHARACTER * characters + _TOKENS_PER_SOUND * sounds
    return _TOKENS_TO_BEGIN_WITH + spoken
