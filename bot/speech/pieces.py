"""Pieces of text on their way to being sound, made one after the other as they come due."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from bot.catalogue import Said
from bot.speech.audio import opus
from bot.speech.audio.clip import Clip, faster
from bot.speech.audio.tuning import SPEED_MAX
from bot.speech.speaker import Speaker
from engine.errors import SpeechError
from engine.speech import Priority, Speech, SpeechRequest

#: What is made of a piece.
Made = TypeVar("Made")

#: How soon the piece that is to sound next is due, and those that are made ahead after it.
_PRIORITIES = (Priority.SPEAKING, Priority.SPEAKING, Priority.LOOK_AHEAD)


@dataclass(eq=False, slots=True)
class Piece(Generic[Made]):
    """It is made as soon as it has a task. `request` is as the executor has it."""

    speaker: Speaker
    request: SpeechRequest
    task: asyncio.Task[Made] | None = None


def pieces_of(chunks: Sequence[str], speaker: Speaker) -> list[Piece[Any]]:
    """One for each of `chunks`, as its speaker asks for it. None is begun."""
    return [
        Piece(
            speaker,
            SpeechRequest(
                text=text,
                language=speaker.language,
                voice=speaker.voice,
                parameters=speaker.parameters,
                guild_id=speaker.guild_id,
                user_id=speaker.user_id,
            ),
        )
        for text in chunks
    ]


class Pieces(Generic[Made]):
    """Words on their way to being sound. The sooner a piece is due, the sooner it is made."""

    #: Of the pieces from the next one on.
    priorities: tuple[Priority, ...] = _PRIORITIES
    #: Of the first one while nothing sounds.
    first = Priority.FIRST_SOUND

    def __init__(
        self,
        speaker: Speaker,
        pieces: Sequence[Piece[Made]],
        make_due: Callable[[Piece[Made], Priority], None],
    ) -> None:
        self.speaker = speaker
        self._pieces = pieces
        self._make_due = make_due
        self._withdrawn: SpeechError | None = None
        self._on_withdrawal: Callable[[SpeechError], None] = lambda _: None

    @property
    def text(self) -> str:
        """What is said, as it is read."""
        return " ".join(piece.request.text for piece in self._pieces)

    def due(self, priority: Priority) -> None:
        """Begin to make the first piece, or have it made sooner."""
        if self._withdrawn is None:
            self._make_due(self._pieces[0], priority)

    async def made(self) -> AsyncGenerator[Made, None]:
        """What is made of the pieces, in order.

        Raises the `SpeechError` of the first that cannot be made.
        """
        try:
            for position in range(len(self._pieces)):
                if self._withdrawn is None:
                    task = self._begin_from(position)
                    # Not the task itself: whether it was cancelled or this one, would look equal.
                    await asyncio.wait({task})
                if self._withdrawn is not None:
                    raise self._withdrawn
                yield task.result()
                self._given_out(self._pieces[position])
        finally:
            self.cancel()

    def cancel(self) -> None:
        """Give up every piece that is not done."""
        for piece in self._pieces:
            if piece.task is not None:
                piece.task.cancel()

    def on_withdrawal(self, told: Callable[[SpeechError], None]) -> None:
        """Have `told` called with the reason if it is withdrawn, also when all of it is made."""
        self._on_withdrawal = told

    def withdraw(self, reason: SpeechError) -> None:
        """Give it up; what is made ends with `reason` instead of the next piece."""
        self._withdrawn = reason
        self.cancel()
        self._on_withdrawal(reason)

    def _given_out(self, piece: Piece[Made]) -> None:
        """What was made of a piece is used, and the next one is asked for."""

    def _begin_from(self, position: int) -> asyncio.Task[Made]:
        """The task of a piece that is to sound next; those within the look-ahead begin as well."""
        if position == 0:
            self._make_due(self._pieces[0], self.first)
        for piece, priority in zip(self._pieces[position:], self.priorities, strict=False):
            self._make_due(piece, priority)
        task = self._pieces[position].task
        assert task is not None  # it is due
        return task


class Saying(Pieces[Clip]):
    """Words on their way to a voice channel, or to a file that somebody there waits for.

    `substitution` is a sentence for the listener once a clip in another voice than the requested
    one has been given out; `left_out` is one for the author where it is not all that they typed,
    and `accent` where it is read as another language than theirs.

    `shows_words` is whether its server wants its words shown to those who hear it.
    `rate` is how many times as fast as usual its speaker speaks, for who has others waiting. It can
    be changed at any time, and counts for what is given out from then on.
    """

    def __init__(
        self,
        speaker: Speaker,
        pieces: Sequence[Piece[Clip]],
        make_due: Callable[[Piece[Clip], Priority], None],
        *,
        kbps: int,
    ) -> None:
        super().__init__(speaker, pieces, make_due)
        self.rate = 1.0
        self.shows_words = False
        self._kbps = kbps
        self.substitution = speaker.note
        self.left_out: Said | None = None
        self.accent: Said | None = None

    @property
    def remarks(self) -> list[Said]:
        """What is to be said beside it: how it is not what was asked for."""
        return [one for one in (self.left_out, self.accent, self.substitution) if one]

    async def clips(self) -> AsyncGenerator[Clip, None]:
        """The clips in order. Raises the `SpeechError` of the first that cannot be made."""
        async with aclosing(self.made()) as made:
            async for clip in made:
                self.substitution = self.substitution or clip.substitution
                yield await self._at_rate(clip)

    async def _at_rate(self, clip: Clip) -> Clip:
        """`clip`, hurried, but never beyond what members may choose: it has to be understood."""
        rate = min(self.rate, SPEED_MAX / self.speaker.tuning.speed)
        if rate <= 1:
            return clip
        return await asyncio.to_thread(faster, clip, rate, kbps=self._kbps)

    async def ogg(self) -> bytes:
        """All of it as one Ogg Opus file. Raises as `clips` does."""
        packets = [packet async for clip in self.clips() for packet in clip.packets]
        return await asyncio.to_thread(opus.join, packets)


class Recital(Pieces[Speech]):
    """Words on their way to a file, made while nobody in a voice channel waits for the engine.

    One piece is made ahead, whatever its reader does, and none is held on to.
    """

    priorities = (Priority.BACKGROUND, Priority.BACKGROUND)
    first = Priority.BACKGROUND

    def _given_out(self, piece: Piece[Speech]) -> None:
        piece.task = None
