"""From what a person typed to chunks for the engine, with the limits of the settings."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from msgspec.structs import replace

from bot.base.errors import UserError
from bot.catalogue import Said, Sentence
from bot.speech.languages import ENGLISH, named
from bot.text import Names, Pronunciations, TextLimits, chunks, explain, speakable
from bot.text.alphabets import is_legible, is_written_in_latin
from bot.text.wording import WORDINGS

_NONE = Pronunciations()
_WORDS_QUOTED = 4


class NothingToSay(UserError):
    """No word of a text is left to be said."""


class Reading(NamedTuple):
    """What is said of a text, and the sentence for its author where that is not all of it."""

    chunks: list[str]
    left_out: Said | None = None


class Reader:
    """Turns text into chunks that are spoken one after the other."""

    def __init__(self, limits: TextLimits, now: Callable[[], datetime]) -> None:
        self.limits = limits
        self._now = now

    def read(
        self,
        text: str,
        names: Names,
        pronunciations: Pronunciations = _NONE,
        *,
        language: str = ENGLISH,
        reads: Sequence[str] = (ENGLISH,),
        max_chars: int | None = None,
        sounds: Collection[str] = (),
        limits: TextLimits | None = None,
    ) -> Reading:
        """Chunks of at most `max_chunk_chars`, the first one short; of all sounds, only `sounds`.

        `language` is the text's, one of those that can be `reads` here. A text longer than
        `max_chars` is said up to there and "and so on"; without `max_chars` one that is too long is
        refused. `limits` are others than the settings'. Raises `UserError`, `NothingToSay` where no
        word is left.
        """
        limits = limits or self.limits
        if max_chars is None and len(text) > limits.max_input_chars:
            raise UserError(
                "That is {count:,} characters long; I can read up to {most:,} at once.",
                count=len(text),
                most=limits.max_input_chars,
            )
        if max_chars is not None:
            limits = replace(limits, max_input_chars=min(max_chars, limits.max_input_chars))
        spoken, truncated = speakable(
            text,
            names=names,
            limits=limits,
            pronunciations=pronunciations,
            now=self._now(),
            language=language,
            sounds=sounds,
        )
        if not spoken:
            raise NothingToSay("Nothing in that can be said aloud.")
        # Languages of other scripts have all the rest spelled with Latin letters.
        seen = spoken if is_written_in_latin(language) else text
        _require_legible(seen, language, reads)
        if truncated and max_chars is not None:
            spoken, truncated = _and_so_on(spoken, WORDINGS[language].and_so_on), False
        pieces = chunks(spoken, limits, language)
        if not truncated:
            return Reading(pieces)
        last = " ".join(spoken.split()[-_WORDS_QUOTED:])
        return Reading(
            pieces,
            Sentence(
                "With its numbers written as words, that is more than the {most:,} characters "
                "that I say at once. I stop after “{last}”.",
                most=limits.max_spoken_chars,
                last=last,
            ),
        )

    def name(
        self, name: str, pronunciations: Pronunciations = _NONE, language: str = ENGLISH
    ) -> str:
        """How a member's name is said, whatever it is made of and whichever script it is in."""
        # As a mention, so that a name is the same in a text and before one.
        return speakable(
            "<@1>",
            names=Names(users={1: name}),
            limits=self.limits,
            pronunciations=pronunciations,
            now=self._now(),
            language=language,
        ).text.rstrip(".")

    def explain(
        self,
        text: str,
        names: Names,
        pronunciations: Pronunciations,
        *,
        language: str = ENGLISH,
        sounds: Collection[str] = (),
    ) -> list[tuple[str, str]]:
        """Each step of the reading with the text after it. Raises `UserError` as `read` does."""
        steps = explain(
            text,
            names=names,
            limits=self.limits,
            pronunciations=pronunciations,
            now=self._now(),
            language=language,
            sounds=sounds,
        )
        seen = steps[-1][1] if is_written_in_latin(language) else text
        _require_legible(seen, language, (language,))
        return steps


def _require_legible(spoken: str, language: str, reads: Sequence[str]) -> None:
    if not is_legible(spoken, language):
        raise UserError(
            "My voices read {languages}, and most of this text is in another script.",
            languages=named(reads),
        )


def _and_so_on(spoken: str, words: str) -> str:
    if spoken.endswith((".", "!", "?")):
        return f"{spoken} {words[:1].upper()}{words[1:]}."
    return f"{spoken.rstrip(',;:-–—')}, {words}."
