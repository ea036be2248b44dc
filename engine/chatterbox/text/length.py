"""How much speech a text may become, so that babble after it has an end."""

# 25 tokens are a second. A reader of books says 15.2 characters in one (LJ Speech: 1,308,678 in
# 86,117 s, pauses included); "Special English", which Voice of America reads for learners, is 90
# words a minute, which are 8.7 characters a second. Four tokens a character are 6.25 characters a
# second, slower than both; the 1.5 s are for silence around a word. What goes on is babble.
_TOKENS_TO_BEGIN_WITH = 38
_TOKENS_PER_CHARACTER = 4
#: "F B I", "1984": a capital or a digit may be a word of its own.
_CHARACTERS_SPELLED = 4


def most_speech_tokens(text: str) -> int:
    """How many speech tokens a text has at most, however slowly it is spoken."""
    spelled = sum(character.isupper() or character.isdigit() for character in text)
    characters = len(text) + (_CHARACTERS_SPELLED - 1) * spelled
    return _TOKENS_TO_BEGIN_WITH + _TOKENS_PER_CHARACTER * characters
