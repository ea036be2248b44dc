"""Each voice is enrolled once: memory first, then disk, then the networks.

A voice's clip is looked at before anything that was derived from it is used. When the clip is gone
or its bytes are others, what was derived from it is deleted.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from engine.enrolment import clip
from engine.enrolment.conditionals import Conditionals
from engine.enrolment.newcomers import AtOnce, Newcomers
from engine.enrolment.store import ConditionalsFiles
from engine.errors import VoiceUnusable
from engine.messages import Enrolled
from engine.speech import ClonedVoice, sha256_of
from engine.weights.models import Family

if TYPE_CHECKING:  # it imports upstream, of which known voices need nothing
    from engine.enrolment.networks import EnrolmentNetworks

#: Raised whenever the same clip and weights give other conditionals, but for rounding: products may
#: be of TF32 or not, as what is captured at the same time has it.
ENROLMENT_VERSION = "2"

_Stamp = tuple[str, int, int, int]


@dataclass
class _Known:
    """`stamp` is what the clip's file looked like when its bytes were last checked, if ever."""

    conditionals: Conditionals
    stamp: _Stamp | None


class Enrolment:
    """Conditionals of cloned voices for one family of models. Not thread-safe.

    `networks` distinguishes the weights of the networks that compute them: models of one family
    that share those share voices, so that going from one to the other enrols nobody anew.

    New ones are computed in `background`, which has one thread at most, by what `load_networks`
    returns; without it, at once. `report` is told of every voice that was computed and written to
    disk. At most `capacity` voices are kept in memory, on the CPU.
    """

    def __init__(
        self,
        *,
        home: Path,
        family: Family,
        networks: str,
        load_networks: Callable[[], "EnrolmentNetworks"],
        report: Callable[[Enrolled], None],
        capacity: int = 256,
        background: Executor | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._made_by = f"{family}-{networks}"
        scope = sha256_of(family, networks, ENROLMENT_VERSION)
        self._store = ConditionalsFiles(home, scope, family)
        self.newcomers = Newcomers(load_networks, background=background or AtOnce(), clock=clock)
        self._report = report
        self._capacity = capacity
        self._known: OrderedDict[str, _Known] = OrderedDict()

    def conditionals(self, voice: ClonedVoice) -> Conditionals:
        """What the networks need of `voice`.

        Microseconds if it is known, milliseconds from disk, else the networks' time. Raises
        `VoiceUnusable`, `NotYet` while it is computed, and as `Newcomers.conditionals`.
        """
        key = self._store.key(voice.identity)
        stamp = self._stamp(voice)
        known = self._known.get(key)
        if known is not None and known.stamp == stamp is not None:
            self._known.move_to_end(key)
            return known.conditionals
        try:
            content = clip.read(voice)
        except VoiceUnusable:
            self.forget(voice.identity)
            raise
        conditionals = (
            (known and known.conditionals)
            or self._store.read(key)
            or self._new(key, voice, content)
        )
        self._store.mark_used(key)
        # Taken before the clip was read: a change in between is seen next time.
        if stamp is not None:
            self._remember(key, _Known(conditionals, stamp))
        return conditionals

    def recall(self, most: int) -> list[tuple[str, Conditionals]]:
        """Read the voices that were used last from disk ahead of their use, the latest last.

        With their keys; at most `most`. Their clips are looked at when they are used.
        """
        for key in self._store.latest(min(most, self._capacity)):
            if (conditionals := self._store.read(key)) is not None:
                self._remember(key, _Known(conditionals, None))
        return [(key, known.conditionals) for key, known in self._known.items()]

    def key(self, identity: str) -> str:
        """What a voice is kept under: it stands for voice, family, weights and this code."""
        return self._store.key(identity)

    def forget(self, identity: str) -> None:
        """Remove what was made of a voice, for other families and by other weights too."""
        key = self._store.key(identity)
        self.newcomers.forget(key)
        self._known.pop(key, None)
        self._store.remove(identity)

    def _new(self, key: str, voice: ClonedVoice, content: bytes) -> Conditionals:
        conditionals = self.newcomers.conditionals(key, content)
        size_bytes = self._store.write(key, conditionals)
        if size_bytes is not None:
            self._report(
                Enrolled(
                    key=key,
                    voice_identity=voice.identity,
                    model_revision=self._made_by,
                    engine_version=ENROLMENT_VERSION,
                    path=self._store.relative_path(key),
                    size_bytes=size_bytes,
                )
            )
        return conditionals

    def _remember(self, key: str, known: _Known) -> None:
        self._known[key] = known
        self._known.move_to_end(key)
        while len(self._known) > self._capacity:
            self._known.popitem(last=False)

    @staticmethod
    def _stamp(voice: ClonedVoice) -> _Stamp | None:
        """Cheap evidence that a file is still the same; None where there is no file."""
        try:
            status = Path(voice.clip_path).stat()
        except OSError:
            return None
        return voice.clip_path, status.st_mtime_ns, status.st_ctime_ns, status.st_size
