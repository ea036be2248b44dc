"""Pieces of text on their way to being sound, made one after the other as they come due."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

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


class Recital(Pieces[Speech]):
    """Words on their way to a file, made while nobody in a voice channel waits for the engine.

    One piece is made ahead, whatever its reader does, and none is held on to.
    """

    priorities = (Priority.BACKGROUND, Priority.BACKGROUND)
    first = Priority.BACKGROUND

    def _given_out(self, piece: Piece[Speech]) -> None:
        piece.task = None
