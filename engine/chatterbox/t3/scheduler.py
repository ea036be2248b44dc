"""Continuous batching of speech-token decoding: utterances join and leave between bursts of steps.

The host stays at most `_IN_FLIGHT` bursts ahead of what it has seen, so the device never waits for
it, and reads tokens from memory of its own that the kernels write to. No step waits for the host. A
slot whose utterance has ended idles for the rest of the bursts that are queued already.
"""

import logging
from collections import deque
from dataclasses import dataclass

import numpy as np
import torch

from engine.chatterbox.cuda.memory import SpareMemory
from engine.chatterbox.t3.config import (
    CONTEXT_BUCKETS,
    SILENCE_AT_END,
    SILENCE_KEPT,
    SILENT_TOKENS,
    SLOT_BUCKETS,
    START_OF_SPEECH,
    bucket_for,
)
from engine.chatterbox.t3.graphs import GraphKey, StepGraphs
from engine.chatterbox.t3.model import T3
from engine.chatterbox.t3.prompt import Prompt
from engine.chatterbox.t3.slots import SlotStatus
from engine.chatterbox.utterance import Utterance, UtteranceStatus

_log = logging.getLogger(__name__)

#: Bursts queued on the device at a time: one that runs, and what the host may come late for.
_IN_FLIGHT = 3
#: Utterances prefilled together: more would hold up those that are being decoded.
_PREFILLED_TOGETHER = 8
#: How often an utterance makes room for others before it is the most urgent of all.
_PREEMPTED_AT_MOST = 2
_MOST_URGENT = -1
#: Tokens after which it is looked again whether an utterance has fallen silent.
_LOOKED_AFTER = 25


@dataclass(frozen=True)
class _Burst:
    """A queued burst: which utterances took part, each with the tokens that it has at its end."""

    members: list[tuple[Utterance, Prompt, int]]
    done: torch.cuda.Event | None


class Scheduler:
    """Decodes the utterances that are submitted. Not thread-safe.

    `spare` is memory that can be given back before fewer utterances run at once.
    """

    def __init__(
        self, t3: T3, graphs: StepGraphs | None = None, *, spare: SpareMemory | None = None
    ) -> None:
        self.t3 = t3
        self.graphs = graphs if graphs is not None else StepGraphs(t3)
        self.spare = spare if spare is not None else SpareMemory(t3.device, graphs=[t3.graphs])
        #: How many utterances run at once; lowered when memory runs out.
        self.limit = t3.config.slots
        # Where nothing runs beside the host there is nothing to queue for it.
        self._in_flight = 1 if t3.config.in_turn else _IN_FLIGHT
        self._waiting: deque[Utterance] = deque()
        self._running: dict[Utterance, Prompt] = {}  # in the order in which they joined
        self._ended: list[Prompt] = []  # whose slots are given back before others join
        self._free_slots = list(range(t3.config.slots - 1, -1, -1))
        self._bursts: deque[_Burst] = deque()
        self._on_cuda = t3.device.type == "cuda"

    @property
    def busy(self) -> bool:
        return bool(self._waiting or self._running or self._bursts or self._ended)

    @property
    def lone(self) -> Utterance | None:
        """The one that is decoded where no other is or waits, while steps are queued for it."""
        if len(self._running) != 1 or self._waiting:
            return None
        (utterance,) = self._running
        return utterance if utterance.queued < utterance.cap else None

    def submit(self, utterance: Utterance) -> None:
        """Queue an utterance; of those that wait, the best priority is taken first.

        Raises `ValueError` if it does not fit.
        """
        if not self.t3.fits(utterance):
            raise ValueError("the utterance is longer than the cache")
        utterance.status = UtteranceStatus.WAITING
        self._waiting.append(utterance)

    def drop(self, utterance: Utterance) -> None:
        """Drop an utterance that waits or runs; its slot is free for the next burst."""
        if utterance in self._running:
            self._release(utterance)
        elif utterance.status is UtteranceStatus.WAITING:
            self._waiting.remove(utterance)

    def advance(self) -> list[Utterance]:
        """Admit what waits, queue one burst, and return what the oldest queued one has ended.

        Waits for the device only when as many bursts as may be in flight are queued. Raises
        `torch.OutOfMemoryError` if not even one utterance can be decoded.
        """
        while self._ended:
            self._give_back(self._ended.pop())
        self._admit()
        # None is queued for those that are cut off within what is queued already: their sound would
        # share the device with it.
        unfinished = any(utterance.queued < utterance.cap for utterance in self._running)
        if unfinished or (self._running and not self._bursts):  # behind which alone an end is seen
            self._queue_burst_or_fewer()
        if self._bursts and (len(self._bursts) >= self._in_flight or not unfinished):
            return self._collect(self._bursts.popleft())
        return []

    def _admit(self) -> None:
        joining: list[Utterance] = []
        alone = not self._running
        try:
            # There are slots for as many as `limit` allows.
            while self._waiting and len(joining) < _PREFILLED_TOGETHER:
                utterance = min(self._waiting, key=_urgency)
                if len(self._running) >= self.limit or not self.t3.has_room_for(utterance):
                    break
                if self.t3.config.in_turn and not self._comes_first(utterance):
                    break
                alone = alone and not joining
                self._running[utterance] = self.t3.reserve(utterance, self._free_slots[-1])
                self._waiting.remove(utterance)
                self._free_slots.pop()
                utterance.status = UtteranceStatus.DECODING
                utterance.queued = 1
                joining.append(utterance)
            if joining:
                self.graphs.prefill([self._running[utterance] for utterance in joining])
        except torch.OutOfMemoryError:
            for utterance in reversed(joining):
                self._wait_again(utterance)
            if self.spare.release_unused():
                return
            if not alone:
                self._run_at_most(max(len(self._running), len(joining) // 2))
            elif not self.spare.evict_graphs():
                raise

    def _comes_first(self, utterance: Utterance) -> bool:
        """Whether it is more urgent than all that run."""
        return all(_urgency(utterance) < _urgency(running) for running in self._running)

    def _run_at_most(self, limit: int) -> None:
        """Memory ran out: run fewer at once from now on. Those that joined last begin anew."""
        self.limit = max(1, limit)
        while len(self._running) > self.limit:
            self._preempt_one()
        self.spare.empty_cache()
        _log.warning("memory ran out: from now on %d utterances at once", self.limit)

    def _make_room(self, steps: int) -> None:
        """See that all have pages for so many steps more.

        Where there are too few, one is preempted, and will be given the same tokens again.
        """
        for utterance, prompt in list(self._running.items()):
            while self._running.get(utterance) is prompt:
                if self.t3.extend(prompt, utterance.queued + steps):
                    break
                self._preempt_one()

    def _queue_burst_or_fewer(self) -> None:
        while True:
            try:
                return self._queue_burst()
            except torch.OutOfMemoryError:
                if self.spare.release_unused():
                    continue
                if len(self._running) > 1:
                    self._run_at_most(len(self._running) // 2)
                elif not self.spare.evict_graphs():
                    raise

    def _queue_burst(self) -> None:
        steps, most = self.t3.config.burst, self.t3.network.rules.most_tokens
        self._make_room(steps)
        members = list(self._running.items())
        if self.t3.config.in_turn:
            members = [min(members, key=lambda member: _urgency(member[0]))]
        assignments = [prompt.assignment for _, prompt in members]
        highest = max(p.assignment.prompt_positions + u.queued for u, p in members) + steps
        key = GraphKey(
            places=bucket_for(len(members), SLOT_BUCKETS),
            guided=any(assignment.guided for assignment in assignments),
            context=bucket_for(highest, CONTEXT_BUCKETS),
        )
        self.graphs.run([assignment.slot for assignment in assignments], key, steps=steps)
        for utterance, _ in members:
            utterance.queued = min(utterance.queued + steps, most)
        done = None
        if self._on_cuda:
            done = torch.cuda.Event()  # type: ignore[no-untyped-call]  # torch's
            done.record()
        self._bursts.append(_Burst([(u, p, u.queued) for u, p in members], done))

    def _collect(self, burst: _Burst) -> list[Utterance]:
        if burst.done is not None:
            burst.done.synchronize()
        ended = []
        for utterance, prompt, sampled in burst.members:
            if self._running.get(utterance) is not prompt:
                continue  # dropped or preempted, or seen to have ended in an earlier burst
            slot = prompt.assignment.slot
            status, count = self.t3.slots.outcome(slot, sampled)
            if status == SlotStatus.RUNNING:
                past = count % _LOOKED_AFTER
                if past >= self.t3.config.burst:
                    continue
                count -= past  # the same for a seed, whatever is in flight
                if not _is_silent(utterance, self.t3.slots.tokens(slot, count)):
                    continue
            tokens = speech_only(self.t3.slots.tokens(slot, count))
            utterance.speech_tokens = torch.from_numpy(np.array(tokens, np.int64))
            utterance.capped = status == SlotStatus.CAPPED
            self._ended.append(self._running.pop(utterance))
            failed = status == SlotStatus.FAILED
            utterance.status = UtteranceStatus.FAILED if failed else UtteranceStatus.DECODED
            ended.append(utterance)
        return ended

    def _preempt_one(self) -> None:
        """Let the one that joined last, of those that matter least, begin anew.

        After the second time it matters most, whatever it was. Nothing that waits is taken before
        it then, and of several such the first goes on, so all come to their end.
        """
        utterance = max(reversed(self._running), key=_urgency)
        utterance.preempted += 1
        self._wait_again(utterance)

    def _wait_again(self, utterance: Utterance) -> None:
        self._release(utterance)
        utterance.status = UtteranceStatus.WAITING
        self._waiting.appendleft(utterance)

    def _release(self, utterance: Utterance) -> None:
        self._give_back(self._running.pop(utterance))

    def _give_back(self, prompt: Prompt) -> None:
        self._free_slots.append(prompt.assignment.slot)
        self.t3.release(prompt)


def _urgency(utterance: Utterance) -> int:
    """Its priority, or better than any where it was preempted too often."""
    if utterance.preempted >= _PREEMPTED_AT_MOST:
        return _MOST_URGENT
    return utterance.request.priority


def _is_silent(utterance: Utterance, tokens: list[int]) -> bool:
    """Whether one that runs has missed its stop token, and would be silent up to its cap."""
    silence = len(tokens) - sounding_end(tokens)
    return silence >= SILENCE_AT_END and len(tokens) >= utterance.cap // 2


# Lists here: for so few, numpy and torch take many times as long, and somebody waits for the sound.


def speech_only(tokens: list[int]) -> list[int]:
    """Sampled tokens without those that are no sound, as upstream drops them.

    Of silence at the end, `SILENCE_KEPT` tokens are left.
    """
    tokens = [token for token in tokens if token < START_OF_SPEECH]
    return tokens[: sounding_end(tokens) + SILENCE_KEPT]


def sounding_end(tokens: list[int]) -> int:
    """How many of sampled tokens there are up to the last one that sounds."""
    end = len(tokens)
    while end and tokens[end - 1] in SILENT_TOKENS:
        end -= 1
    return end
