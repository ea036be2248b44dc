"""One card, as the engine drives it: enrolment, T3's decoding batch, S3Gen's batches.

Decoding streams share steps whose time depends on how many they are; so every stream's end is a
number of steps on one clock, and a heap of those is all there is to simulate. Steps' edges are not:
what joins is at most a step (3 ms) too early.
"""

import heapq
import math
from collections import deque
from dataclasses import dataclass
from enum import Enum, auto
from itertools import count

from engine.bench.scale.assumptions import Assumptions

#: Ends that are nearer than this, in steps, are of one step.
_SAME_STEP = 1e-6


@dataclass(eq=False, slots=True)
class Chunk:
    """One request of the engine. `priority` is `engine.speech.Priority`'s; times in seconds."""

    message: int
    index: int
    seconds: float
    tokens: int
    voice: int
    priority: int


class _Event(Enum):
    ENROLLED = auto()
    PREFILLED = auto()
    DECODED = auto()
    SOUNDED = auto()


class Card:
    """Chunks in, chunks out. `due` says when something happens next, `happen` lets it."""

    def __init__(self, given: Assumptions, kept: set[int]) -> None:
        """`kept` are the voices on the machine's disk, which its cards share."""
        self._given, self._kept = given, kept
        self.known: set[int] = set()
        self.jobs = 0
        self.enrolments = 0
        self.batches = 0
        self.busy_s = 0.0  # S3Gen's, the work that fills a card
        self._now = 0.0
        self._order = count()
        self._enrolling: deque[Chunk] = deque()
        self._enrolled_at = math.inf
        self._new: list[Chunk] = []
        self._prefilling: list[Chunk] = []
        self._prefill_left_s = 0.0
        self._steps = 0.0  # since the beginning
        self._decoding: list[tuple[float, int, Chunk]] = []
        self._decoded: list[Chunk] = []
        self._batches: deque[list[Chunk]] = deque()
        self._batch_left_s = 0.0

    def admit(self, chunk: Chunk, now: float) -> None:
        self._pass_time(now)
        self.jobs += 1
        if chunk.voice in self.known:
            self._prefill(chunk)
            return
        self._enrolling.append(chunk)
        if len(self._enrolling) == 1:
            self._enrol()

    def due(self) -> float:
        """When the next event is, on the caller's clock; infinite where nothing is to be done."""
        return self._next()[0]

    def happen(self) -> list[Chunk]:
        """Go on to the next event; the chunks that are sound with it."""
        at, event = self._next()
        self._pass_time(at)
        match event:
            case _Event.ENROLLED:
                self._finish_enrolment()
            case _Event.PREFILLED:
                for chunk in self._prefilling:
                    ends = self._steps + chunk.tokens
                    heapq.heappush(self._decoding, (ends, next(self._order), chunk))
                self._start_prefill()
            case _Event.DECODED:
                ends = self._decoding[0][0]
                while self._decoding and self._decoding[0][0] <= ends + _SAME_STEP:
                    self._decoded.append(heapq.heappop(self._decoding)[2])
            case _Event.SOUNDED:
                done = self._batches.popleft()
                self.jobs -= len(done)
                if self._batches:
                    self._start_batch()
                self._sound()
                return done
        self._sound()
        return []

    def _next(self) -> tuple[float, _Event]:
        speed_t3, speed_s3 = self._speeds()
        soonest = (self._enrolled_at, _Event.ENROLLED)
        if self._prefilling:
            at = self._now + self._prefill_left_s / speed_t3
            soonest = min(soonest, (at, _Event.PREFILLED), key=_time)
        elif self._decoding:
            steps = max(self._decoding[0][0] - self._steps, 0.0)
            at = self._now + steps * self._given.step_s(len(self._decoding)) / speed_t3
            soonest = min(soonest, (at, _Event.DECODED), key=_time)
        if self._batches:
            at = self._now + self._batch_left_s / speed_s3
            soonest = min(soonest, (at, _Event.SOUNDED), key=_time)
        return soonest

    def _speeds(self) -> tuple[float, float]:
        both = bool(self._batches) and bool(self._prefilling or self._decoding)
        return (self._given.sharing, self._given.sharing) if both else (1.0, 1.0)

    def _pass_time(self, now: float) -> None:
        speed_t3, speed_s3 = self._speeds()
        passed = max(now - self._now, 0.0)
        self._now = now
        if self._prefilling:  # nobody else's steps meanwhile: prefills are on the same stream
            self._prefill_left_s = max(self._prefill_left_s - passed * speed_t3, 0.0)
        elif self._decoding:
            self._steps += passed * speed_t3 / self._given.step_s(len(self._decoding))
        if self._batches:
            self._batch_left_s = max(self._batch_left_s - passed * speed_s3, 0.0)
            self.busy_s += passed

    def _enrol(self) -> None:
        known = self._enrolling[0].voice in self._kept
        self.enrolments += not known
        took_ms = self._given.recall_ms if known else self._given.enrolment_ms
        self._enrolled_at = self._now + took_ms / 1e3

    def _finish_enrolment(self) -> None:
        self.known.add(self._enrolling[0].voice)
        self._kept.add(self._enrolling[0].voice)
        self._enrolled_at = math.inf
        # Others may have waited for the same voice.
        while self._enrolling and self._enrolling[0].voice in self.known:
            self._prefill(self._enrolling.popleft())
        if self._enrolling:
            self._enrol()

    def _prefill(self, chunk: Chunk) -> None:
        self._new.append(chunk)
        if not self._prefilling:
            self._start_prefill()

    def _start_prefill(self) -> None:
        most = self._given.prefill_batch
        self._prefilling, self._new = self._new[:most], self._new[most:]
        self._prefill_left_s = self._given.prefill_ms / 1e3

    def _sound(self) -> None:
        """As `ChatterboxEngine._sound`: those of the best priority alone, few where some wait."""
        while self._decoded and len(self._batches) < self._given.waveform_batches:
            best = min(chunk.priority for chunk in self._decoded)
            most = self._given.batch if best else self._given.first_batch
            batch = [chunk for chunk in self._decoded if chunk.priority == best][:most]
            self._decoded = [chunk for chunk in self._decoded if chunk not in batch]
            self._batches.append(batch)
            self.batches += 1
            if len(self._batches) == 1:
                self._start_batch()

    def _start_batch(self) -> None:
        batch = self._batches[0]
        longest = max(chunk.tokens for chunk in batch)
        self._batch_left_s = self._given.waveforms_s(len(batch), longest)


def _time(event: tuple[float, _Event]) -> float:
    return event[0]
