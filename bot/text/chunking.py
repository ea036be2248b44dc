"""Spoken text in pieces for a speech engine: whole sentences where they fit, a short first one.

Every word of the text is in exactly one chunk, in order; a word is split only where it alone is
longer than a chunk, and a sound never.
"""

import re
from collections import deque
from collections.abc import Iterator

import msgspec

from bot.text import sounds
from bot.text.expressions import lazy_pattern
from bot.text.limits import TextLimits

_CLAUSE = lazy_pattern(r"(?<=[,;:—…)،؛])\s+|(?<=[、，；：])")
#: Words before which a sentence can pause.
_LINKING = {
    "en": "and but or so because that which who when while where if then than to for with from "
    "into about as after before until",
    "de": "und aber oder denn weil dass wenn als ob damit bis für mit von zu nach vor wie wo wer",
    "es": "y pero o porque que cuando donde si para con de por como hasta desde",
    "fr": "et mais ou parce que qui quand où si pour avec de dans comme après avant",
    "it": "e ma o perché che quando dove se per con di come dopo prima fino",
    "pt": "e mas ou porque que quando onde se para com de por como até depois",
    "nl": "en maar of want omdat dat die als wanneer waar om voor met van naar zoals tot",
    "pl": "i ale lub bo że który kiedy gdzie jeśli żeby dla z do jak po przed",
    "ru": "и но или потому что который когда где если чтобы для с до как после перед",
    "sv": "och men eller för att som när där om med från till innan",
    "da": "og men eller for at som når hvor hvis med fra til før",
    "no": "og men eller for at som når hvor hvis med fra til før",
    "fi": "ja mutta tai koska että joka kun jos kuin",
    "tr": "ve ama veya çünkü ki için ile kadar gibi",
    "el": "και αλλά ή γιατί ότι που όταν αν για με από μέχρι",
}
_LINKING_WORDS = {code: frozenset(words.split()) for code, words in _LINKING.items()}
#: Where Japanese and Chinese can pause without a mark: behind a particle.
_PARTICLE = {
    "ja": lazy_pattern("(?<=[はがをにでともへ])(?=[\u4e00-\u9fff\u30a1-\u30fa])"),
    "zh": lazy_pattern("(?<=[了的吗呢吧啊])"),
}
# Less than this sounds clipped on its own: it is said together with its neighbour.
_TINY_CHARS = 25
# A chunk may be this long however little was said before it: shorter ones sound chopped.
_SHORTEST_LIMIT = 40
_ENDS_WITHOUT_SPACE = frozenset("。！？｡」』）")
# Limits count letters, of which a syllable has about three. Readers say 15 letters in a second, or
# five syllables, or eight morae.
_SYLLABLES = lazy_pattern("[々\u3400-\u9fff\uac00-\ud7a3\U00020000-\U0003ffff]")
_MORAE = lazy_pattern("[\u3041-\u30ff\uff66-\uff9d]")
# Hebrew and Arabic leave most vowels out.
_CONSONANTS = lazy_pattern("[\u05d0-\u05ea\u0620-\u06d3]")
_LETTERS_PER_SYLLABLE, _LETTERS_PER_MORA, _LETTERS_PER_CONSONANT = 3, 2, 1.4


def chunks(text: str, limits: TextLimits, language: str = "en") -> list[str]:
    """Split the output of `speakable` into chunks of at most ``limits.max_chunk_chars``.

    Where characters are syllables, one counts for the letters that take as long to say. The first
    is at most ``first_chunk_chars`` long (a longer first word aside), cut at a sentence, else a
    clause, else before a linking word, else between words. The following ones grow no faster than
    they can be made while the earlier ones play. ``[]`` for "".
    """
    text = sounds.bound(text.strip())
    if not text:
        return []
    letters = _letters_per_character(text)
    limits = msgspec.structs.replace(
        limits,
        max_chunk_chars=max(1, int(limits.max_chunk_chars / letters)),
        first_chunk_chars=max(1, int(limits.first_chunk_chars / letters)),
        chunk_chars=limits.chunk_chars / letters,
    )
    if len(text) <= limits.first_chunk_chars:
        return [sounds.unbound(text)]
    first, rest = _first(text, limits, language, letters)
    pieces = [first, *_ramped(rest, len(first), limits, language, letters)]
    return [sounds.unbound(piece) for piece in pieces if piece]


def _letters_per_character(text: str) -> float:
    """How many letters take as long to say as one of the text's characters does, on average."""
    if text.isascii():
        return 1.0
    more = (
        (_LETTERS_PER_SYLLABLE - 1) * len(_SYLLABLES.findall(text))
        + (_LETTERS_PER_MORA - 1) * len(_MORAE.findall(text))
        + (_LETTERS_PER_CONSONANT - 1) * len(_CONSONANTS.findall(text))
    )
    return 1 + more / len(text)


def _sentences(text: str, language: str) -> Iterator[str]:
    """Yield the sentences of `text`, which joined are `text` again, spaces included."""
    # Ships no types; loaded with the first text, not with the bot.
    import sentencex  # type: ignore[import-untyped]  # noqa: PLC0415

    held = ""
    for piece in sentencex.segment(language, text):
        held += piece
        # It also ends sentences inside `really?'no`, where no voice can pause.
        if piece[-1:].isspace() or piece[-1:] in _ENDS_WITHOUT_SPACE:
            yield held
            held = ""
    if held:
        yield held


def _first(text: str, limits: TextLimits, language: str, letters: float) -> tuple[str, str]:
    most = limits.first_chunk_chars
    tiny = min(_TINY_CHARS / letters, most // 2)
    window = text[: most + 1]
    particles = _PARTICLE.get(language, _CLAUSE)
    for ends in (
        _sentence_ends(text, most, language),
        [m.start() for m in _CLAUSE.finditer(window)],
        [m.start() for m in particles.finditer(window)],
    ):
        usable = [end for end in ends if tiny <= end <= most]
        if usable:
            return _cut(text, usable[-1])
    spaces = [m.start() for m in re.finditer(" ", window) if 0 < m.start() <= most]
    if not spaces:
        # One long word: the shortest first chunk is the word itself, or what fits of it.
        end = text.find(" ")
        return _cut(text, min(end if end > 0 else len(text), limits.max_chunk_chars))
    # Nor should what is left be tiny.
    spaces = [at for at in spaces if len(text) - at > tiny] or spaces
    words = _LINKING_WORDS.get(language, frozenset())
    linking = [
        at
        for at in spaces
        if at >= tiny and text[at + 1 : at + 9].split(" ", 1)[0].lower() in words
    ]
    return _cut(text, (linking or spaces)[-1])


def _sentence_ends(text: str, most: int, language: str) -> list[int]:
    ends: list[int] = []
    at = 0
    # The window ends inside some sentence, whose end is therefore none.
    for sentence in _sentences(text[: 4 * most], language):
        ends.append(at + len(sentence.rstrip()))
        at += len(sentence)
    return [end for end in ends if end <= most]


def _cut(text: str, at: int) -> tuple[str, str]:
    return text[:at].rstrip(), text[at:].lstrip()


def _ramped(
    text: str, before: int, limits: TextLimits, language: str, letters: float
) -> Iterator[str]:
    """Yield chunks after a first one of `before` characters, tiny ones joined with a neighbour.

    While the first chunk plays the second is made, and so on: one that takes longer to make than
    everything before it takes to play would be heard as a gap. With r = `synthesis_time_ratio`
    chunk k + 1 is ready in time if k * `chunk_chars` + r * (characters after the first chunk, with
    its own) is at most the characters up to chunk k.
    """
    waiting = deque(piece for sentence in _sentences(text, language) if (piece := sentence.strip()))
    after_first = 0
    left = float(before)  # of the time that what was said before takes, in characters
    shortest = int((_TINY_CHARS if limits.chunk_chars else _SHORTEST_LIMIT) / letters)
    while waiting:
        left -= limits.chunk_chars
        ready = (left + after_first) / limits.synthesis_time_ratio - after_first
        most = min(max(int(ready), shortest), limits.max_chunk_chars)
        piece = waiting.popleft()
        if len(piece) > most:
            piece, rest = _cut(piece, _end_within(piece, most, limits, language))
            if rest:
                waiting.appendleft(rest)
        else:
            while (
                waiting
                and min(len(piece), len(waiting[0])) < _TINY_CHARS / letters
                and len(piece) + 1 + len(waiting[0]) <= most
            ):
                piece = f"{piece} {waiting.popleft()}"
        after_first += len(piece)
        yield piece


def _end_within(sentence: str, most: int, limits: TextLimits, language: str) -> int:
    """Where to cut a sentence that is too long: at the last clause, else the last space."""
    window = sentence[: most + 1]
    clauses: list[int] = []
    for pause in (_CLAUSE, _PARTICLE.get(language, _CLAUSE)):
        clauses = clauses or [
            m.start() for m in pause.finditer(window) if most // 3 <= m.start() <= most
        ]
    at = clauses[-1] if clauses else window.rfind(" ")
    if at <= 0:
        # One long word stays whole, even late, unless no chunk could hold it.
        word = sentence.find(" ")
        at = min(word if word > 0 else len(sentence), limits.max_chunk_chars)
    return at
