"""Spoken text in pieces for a speech engine: whole sentences where they fit, a short first one.

Every word of the text is in exactly one chunk, in order; a word is split only where it alone is
longer than a chunk.
"""

import re
from collections.abc import Iterable, Iterator

from bot.text.limits import TextLimits

_CLAUSE = re.compile(r"(?<=[,;:—…)])\s+|(?<=[、，；：])")
_LINKING = frozenset(
    "and but or so because that which who when while where if then than to for with from into "
    "about as after before until".split()
)
# Less than this sounds clipped on its own: it is said together with its neighbour.
_TINY_CHARS = 25
_ENDS_WITHOUT_SPACE = frozenset("。！？｡」』）")


def chunks(text: str, limits: TextLimits) -> list[str]:
    """Split the output of `speakable` into chunks of at most ``limits.max_chunk_chars``.

    The first is at most ``first_chunk_chars`` long (a longer first word aside), cut at a
    sentence, else a clause, else before a linking word, else between words. ``[]`` for "".
    """
    text = text.strip()
    if not text:
        return []
    if len(text) <= limits.first_chunk_chars:
        return [text]
    first, rest = _first(text, limits)
    pieces = [first, *_merged(_sentences(rest), limits.max_chunk_chars)]
    return [piece for piece in pieces if piece]


def _sentences(text: str) -> Iterator[str]:
    """Yield the sentences of `text`, which joined are `text` again, spaces included."""
    # Ships no types; loaded with the first text, not with the bot.
    import sentencex  # type: ignore[import-untyped]  # noqa: PLC0415

    held = ""
    for piece in sentencex.segment("en", text):
        held += piece
        # It also ends sentences inside `really?'no`, where no voice can pause.
        if piece[-1:].isspace() or piece[-1:] in _ENDS_WITHOUT_SPACE:
            yield held
            held = ""
    if held:
        yield held


def _first(text: str, limits: TextLimits) -> tuple[str, str]:
    """Split off the first chunk."""
    most = limits.first_chunk_chars
    window = text[: most + 1]
    for ends in (_sentence_ends(text, most), [m.start() for m in _CLAUSE.finditer(window)]):
        usable = [end for end in ends if min(_TINY_CHARS, most // 2) <= end <= most]
        if usable:
            return _cut(text, usable[-1])
    spaces = [m.start() for m in re.finditer(" ", window) if 0 < m.start() <= most]
    if not spaces:
        # One long word: the shortest first chunk is the word itself, or what fits of it.
        end = text.find(" ")
        return _cut(text, min(end if end > 0 else len(text), limits.max_chunk_chars))
    linking = [
        at
        for at in spaces
        if at >= _TINY_CHARS and text[at + 1 : at + 9].split(" ", 1)[0].lower() in _LINKING
    ]
    return _cut(text, (linking or spaces)[-1])


def _sentence_ends(text: str, most: int) -> list[int]:
    ends: list[int] = []
    at = 0
    # The window ends inside some sentence, whose end is therefore none.
    for sentence in _sentences(text[: 4 * most]):
        ends.append(at + len(sentence.rstrip()))
        at += len(sentence)
    return [end for end in ends if end <= most]


def _cut(text: str, at: int) -> tuple[str, str]:
    return text[:at].rstrip(), text[at:].lstrip()


def _merged(sentences: Iterable[str], most: int) -> Iterator[str]:
    """Yield chunks of at most `most` characters, tiny ones joined with a neighbour."""
    held = ""
    for sentence in sentences:
        for piece in _pieces(sentence.strip(), most):
            if not held:
                held = piece
            elif min(len(held), len(piece)) < _TINY_CHARS and len(held) + 1 + len(piece) <= most:
                held = f"{held} {piece}"
            else:
                yield held
                held = piece
    if held:
        yield held


def _pieces(sentence: str, most: int) -> Iterator[str]:
    """Split a sentence that is too long: at the last clause, else the last space, else anywhere."""
    while len(sentence) > most:
        window = sentence[: most + 1]
        clauses = [m.start() for m in _CLAUSE.finditer(window) if most // 3 <= m.start() <= most]
        at = clauses[-1] if clauses else window.rfind(" ")
        piece, sentence = _cut(sentence, at if at > 0 else most)
        yield piece
    if sentence:
        yield sentence
