"""Voices that are used for the first time: computed aside, while known ones speak.

The networks that they need, 530 MB, come with the first of them and go a while after the last.
"""

import time
import traceback
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import TYPE_CHECKING, Any

from engine import heap
from engine.enrolment import clip
from engine.enrolment.conditionals import Conditionals
from engine.errors import SynthesisFailed
from engine.failures import is_out_of_memory

if TYPE_CHECKING:  # it imports upstream, of which known voices need nothing
    from engine.enrolment.networks import EnrolmentNetworks

#: People register one after the other.
_KEPT_UNUSED_S = 30.0
#: No import, disk or device is as slow as this.
_STUCK_S = 300.0


class NotYet(Exception):
    """The voice is being computed. `ready` tells whether to ask again."""

    def __init__(self, ready: Callable[[], bool]) -> None:
        super().__init__()
        self.ready = ready


class AtOnce(Executor):
    """Does what is submitted to it before it returns."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            # Without this frame, which holds the future.
            below = error.__traceback__ and error.__traceback__.tb_next
            future.set_exception(error.with_traceback(below))
        return future


class Newcomers:
    """Computes conditionals in `background`, which has one thread at most.

    `load_networks` is called there when the first voice comes after a while without any.
    """

    def __init__(
        self,
        load_networks: Callable[[], "EnrolmentNetworks"],
        *,
        background: Executor,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._load_networks = load_networks
        self._background = background
        self._clock = clock
        self._asked_at = clock()
        self._began_at: float | None = None  # the voice that is being computed, if any is
        self._networks: EnrolmentNetworks | None = None
        self._computing: dict[str, Future[Conditionals]] = {}

    def conditionals(self, key: str, content: bytes) -> Conditionals:
        """What was computed for `key` from the bytes of its clip; the answer is given once.

        Raises `NotYet` until then. Raises `VoiceUnusable`, `SynthesisFailed` where memory is short,
        and what `load_networks` raises.
        """
        self._asked_at = self._clock()
        if key not in self._computing:
            self._computing[key] = self._background.submit(self._compute, content)
        if not self._computing[key].done():
            raise NotYet(self._computing[key].done)
        # Not kept in a variable: an error's traceback, which holds this frame, would keep itself.
        return self._computing.pop(key).result()

    def forget(self, key: str) -> None:
        if computing := self._computing.pop(key, None):
            computing.cancel()  # if it has not begun

    def check(self) -> None:
        """Raise `RuntimeError` where a voice is computed for so long that it never will be done."""
        began_at = self._began_at
        if began_at is not None and self._clock() - began_at > _STUCK_S:
            raise RuntimeError("a new voice is computed for ever")

    @property
    def holds_networks(self) -> bool:
        return self._networks is not None

    def release(self) -> bool:
        had, self._networks = self.holds_networks, None
        return had

    def release_unused(self) -> float | None:
        """Release networks, and answers that were not fetched, once no new voice has come lately.

        Returns the seconds until then; None where there is nothing to release.
        """
        queued = any(not computing.done() for computing in self._computing.values())
        if queued or self._began_at is not None:
            self._asked_at = self._clock()
        elif not self._computing and not self.holds_networks:
            return None
        left_s = self._asked_at + _KEPT_UNUSED_S - self._clock()
        if left_s > 0:
            return left_s
        self._computing.clear()
        self.release()
        return None

    def _compute(self, content: bytes) -> Conditionals:
        self._began_at = self._clock()
        try:
            return self._computed(content)
        except Exception as error:
            # A failure's frames would keep the clip and the networks as long as it is kept itself.
            content = b""
            traceback.clear_frames(error.__traceback__)
            if not is_out_of_memory(error):
                raise
        finally:
            self._began_at = None
        self.release()
        raise SynthesisFailed("There is no memory left to learn a new voice with.")

    def _computed(self, content: bytes) -> Conditionals:
        samples = clip.decode(content)
        # Kept here too: they may be released meanwhile.
        self._networks = networks = self._networks or self._load_networks()
        conditionals = networks.enrol(samples)
        heap.give_back()
        return conditionals
