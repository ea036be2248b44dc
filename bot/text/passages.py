"""A long text in passages that are read one after the other: a book is spoken as it is read.

Joined, the passages are the text again. Nothing is read of one before its turn.
"""

from collections.abc import Iterator

#: Where a text can be cut, the best first: between paragraphs, lines, sentences, words. Chinese and
#: Japanese write neither of the latter with a space.
_ENDS = ("\n\n", "\n", ". ", "! ", "? ", "。", "！", "？", "।", "؟ ", "; ", ", ", "、", "，", " ")


def passages(text: str, most: int) -> Iterator[str]:
    """Cut `text` into pieces of at most `most` characters, at the best end of their latter half.

    A word longer than that is cut where it is. Spaces stay with what they follow.
    """
    begin = 0
    while len(text) - begin > most:
        end = _end(text, begin, begin + most)
        yield text[begin:end]
        begin = end
    yield text[begin:]


def _end(text: str, begin: int, latest: int) -> int:
    earliest = begin + (latest - begin) // 2
    for mark in _ENDS:
        at = text.rfind(mark, earliest, latest)
        if at >= 0:
            return at + len(mark)
    at = text.rfind(" ", begin, earliest)
    return at + 1 if at > begin else latest
