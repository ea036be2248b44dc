"""One utterance on its way through a session, as the member who asked for it sees it."""

import asyncio
import itertools
import textwrap
from collections.abc import AsyncGenerator, Callable
from typing import Protocol

from bot.base.errors import UserError
from bot.catalogue import Said, Sentence
from bot.speech.audio.clip import Clip
from engine.errors import SpeechError
from engine.speech import Priority

_LABEL_MAX_CHARS = 80
_TAKEN_BACK = Sentence("Somebody took that back, so I did not say it.")

_numbers = itertools.count(1)


class LeftOut(UserError):
    """It had waited too long. That is also said in the channel where the bot was called."""


class TakenBack(UserError):
    """Its author wanted it not to be said, and knows that."""


class Speakable(Protocol):
    """What can be played: clips that arrive in order, prepared ahead while earlier ones sound."""

    def due(self, priority: Priority) -> None:
        """Begin to prepare the first clip, or have it prepared sooner than was said before."""

    def clips(self) -> AsyncGenerator[Clip, None]:
        """The clips. Iterated once; raises a `SpeechError` where one cannot be made."""

    def cancel(self) -> None:
        """Give up whatever is still being prepared. Harmless when there is nothing."""

    def on_withdrawal(self, told: Callable[[SpeechError], None]) -> None:
        """Have `told` called with the reason if nobody may hear it any more, sounding or not."""


class Playback:
    """One utterance that a session has accepted.

    `started` is done when its first packet is handed to the connection, `finished` when its last
    one is. Both fail with the reason when the utterance is not, or not wholly, spoken. `number`
    names it in this process; `asked_at` is in seconds of the event loop's clock. `require_heard`
    raises `UserError` where it may not be heard any more by those who are there.
    """

    def __init__(
        self,
        utterance: Speakable,
        *,
        author_id: int,
        label: str,
        on_cancel: Callable[["Playback"], None],
        require_heard: Callable[[], None] = lambda: None,
    ) -> None:
        loop = asyncio.get_running_loop()
        self.utterance = utterance
        self.author_id = author_id
        self.label = _shortened(label)
        self.number = next(_numbers)
        self.asked_at = loop.time()
        self.votes: set[int] = set()  # who of those who listen wants it skipped
        self._on_cancel = on_cancel
        self._require_heard = require_heard
        self.started: asyncio.Future[None] = loop.create_future()
        self.finished: asyncio.Future[None] = loop.create_future()
        for future in (self.started, self.finished):
            # A caller that went away must not leave "exception was never retrieved" behind: every
            # failure is logged where it arises.
            future.add_done_callback(lambda f: f.cancelled() or f.exception())
        utterance.on_withdrawal(self._end)

    def begin(self) -> None:
        if not self.started.done():
            self.started.set_result(None)

    def complete(self) -> None:
        if not self.finished.done():
            self.finished.set_result(None)

    def cancel(self, reason: Said = _TAKEN_BACK, *, by: int = 0) -> None:
        """Do not say it, or fall silent at once; harmless when it was spoken already.

        `by` is who wants that, if somebody does.
        """
        own = by != 0 and by == self.author_id
        self._end(TakenBack(reason) if own else UserError(reason))

    def check(self) -> None:
        """Fall silent, or do not say it, where somebody came who may not hear it."""
        try:
            self._require_heard()
        except UserError as error:
            self._end(error)

    def _end(self, reason: Exception) -> None:
        if not self.finished.done():
            self.fail(reason)
            self._on_cancel(self)

    def fail(self, error: Exception) -> None:
        """End with `error` and stop preparing the rest."""
        self.utterance.cancel()
        for future in (self.started, self.finished):
            if not future.done():
                future.set_exception(error)


def _shortened(text: str) -> str:
    """On one line, cut between words; inside one only where it alone is too long."""
    short = textwrap.shorten(text, _LABEL_MAX_CHARS, placeholder="…")
    return f"{text[: _LABEL_MAX_CHARS - 1]}…" if short == "…" else short
