"""Continuous batching of speech-token decoding: utterances join and leave between bursts of steps.

The host stays at most `_IN_FLIGHT` bursts ahead of what it has seen, so the device never waits for
it, and reads tokens from pinned memory that each burst's end is copied to. No step waits for the
host. A slot whose utterance has ended idles for the rest of the bursts that are queued already.
"""

import logging
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor

from engine.chatterbox.t3.config import (
    CONTEXT_BUCKETS,
    MAX_SPEECH_TOKENS,
    SLOT_BUCKETS,
    START_OF_SPEECH,
    bucket_for,
)
from engine.chatterbox.t3.graphs import GraphKey, StepGraphs
from engine.chatterbox.t3.model import T3
from engine.chatterbox.t3.prompt import Prompt, Utterance
from engine.chatterbox.t3.slots import Column, Status

_log = logging.getLogger(__name__)

#: Bursts queued on the device at a time: one that runs, one that is ready to.
_IN_FLIGHT = 2
#: Utterances prefilled together: more would hold up those that are being decoded.
_PREFILLED_TOGETHER = 8
#: How often an utterance makes room for others before it counts as the most urgent of all.
_PUT_BACK_AT_MOST = 2
_MOST_URGENT = -1


@dataclass(frozen=True)
class SpeechTokens:
    """What became of an utterance: int64 (n,) speech tokens on the CPU, upstream's extras dropped.

    `capped` tells that the model did not stop by itself, `failed` that what it computed were no
    numbers any more.
    """

    key: int
    tokens: Tensor
    capped: bool
    failed: bool


@dataclass
class _Running:
    key: int
    utterance: Utterance
    priority: int
    prompt: Prompt
    put_back: int  # how often it began anew, to make room
    queued: int = 1  # tokens sampled once everything queued has run


@dataclass(frozen=True)
class _Burst:
    """A queued burst: who took part, and where its outcome is copied to."""

    members: list[_Running]
    state: Tensor
    tokens: Tensor
    done: torch.cuda.Event | None


@dataclass
class _Snapshots:
    """Pinned memory for the outcomes of the bursts in flight, used in turn."""

    t3: T3
    _ring: deque[tuple[Tensor, Tensor]] = field(init=False)

    def __post_init__(self) -> None:
        slots, pin = self.t3.slots, self.t3.device.type == "cuda"

        def like(tensor: Tensor) -> Tensor:
            return torch.empty(tensor.shape, dtype=tensor.dtype, pin_memory=pin)

        self._ring = deque((like(slots.state), like(slots.tokens)) for _ in range(_IN_FLIGHT + 1))

    def take(self, members: list[_Running]) -> _Burst:
        """Queue a copy of the slots as they are after what is queued now."""
        self._ring.rotate(1)
        state, tokens = self._ring[0]
        state.copy_(self.t3.slots.state, non_blocking=True)
        tokens.copy_(self.t3.slots.tokens, non_blocking=True)
        done = None
        if self.t3.device.type == "cuda":
            done = torch.cuda.Event()  # type: ignore[no-untyped-call]  # torch's
            done.record()
        return _Burst(members, state, tokens, done)


class Scheduler:
    """Decodes whatever is submitted. Not thread-safe.

    `let_go` frees memory of others, if it can, before fewer utterances run at once; it returns
    whether there was any.
    """

    def __init__(
        self,
        t3: T3,
        graphs: StepGraphs | None = None,
        *,
        let_go: Callable[[], bool] = lambda: False,
    ) -> None:
        self.t3 = t3
        self.graphs = graphs if graphs is not None else StepGraphs(t3)
        self._let_go = let_go
        #: How many utterances run at once; lowered when memory runs out.
        self.limit = t3.config.slots
        #: Each with its priority, and how often it was put back.
        self._waiting: OrderedDict[int, tuple[Utterance, int, int]] = OrderedDict()
        self._running: dict[int, _Running] = {}
        self._free_slots = list(range(t3.config.slots - 1, -1, -1))
        self._bursts: deque[_Burst] = deque()
        self._snapshots = _Snapshots(t3)

    @property
    def busy(self) -> bool:
        """Whether `advance` has anything to do."""
        return bool(self._waiting or self._running or self._bursts)

    @property
    def running(self) -> int:
        """How many utterances have a slot."""
        return len(self._running)

    def fits(self, utterance: Utterance) -> bool:
        """Whether an utterance can be decoded at all, alone if need be."""
        return self.t3.fits(utterance)

    def submit(self, key: int, utterance: Utterance, priority: int = 0) -> None:
        """Queue an utterance; of those that wait, a lower `priority` is taken first.

        Raises `ValueError` if it does not fit, or the key is taken.
        """
        if key in self._waiting or key in self._running:
            raise ValueError(f"utterance {key} is there already")
        if not self.fits(utterance):
            raise ValueError("the utterance is longer than the cache")
        self._waiting[key] = utterance, priority, 0

    def cancel(self, key: int) -> None:
        """Forget an utterance. Its slot is free for the next burst. Unknown keys are ignored."""
        self._waiting.pop(key, None)
        if key in self._running:
            self._leave(self._running[key])

    def advance(self) -> list[SpeechTokens]:
        """Admit who waits, queue one burst, and see what the oldest queued one brought.

        Waits for the device only when `_IN_FLIGHT` bursts are queued. Raises
        `torch.OutOfMemoryError` if not even one utterance can be decoded.
        """
        self._admit()
        if self._running:
            self._queue_burst_or_fewer()
        if self._bursts and (len(self._bursts) >= _IN_FLIGHT or not self._running):
            return self._collect(self._bursts.popleft())
        return []

    def _room_for(self, utterance: Utterance) -> bool:
        if not self._free_slots or len(self._running) >= self.limit:
            return False
        return self.t3.has_room_for(utterance)

    def _admit(self) -> None:
        joining: list[_Running] = []
        alone = not self._running
        try:
            while self._waiting and len(joining) < _PREFILLED_TOGETHER:
                key = min(self._waiting, key=lambda key: self._waiting[key][1])
                utterance, priority, put_back = self._waiting[key]
                if not self._room_for(utterance):
                    break
                alone = alone and not joining
                prompt = self.t3.reserve(utterance, self._free_slots[-1])
                self._free_slots.pop()
                del self._waiting[key]
                self._running[key] = _Running(key, utterance, priority, prompt, put_back)
                joining.append(self._running[key])
            if joining:
                self.graphs.prefill([member.prompt for member in joining])
        except torch.OutOfMemoryError:
            for member in reversed(joining):
                self._wait_again(member)
            if self._freed():
                return
            if alone:
                raise
            self._run_at_most(max(len(self._running), len(joining) // 2))

    def _freed(self) -> bool:
        """Memory ran out: whether others could let go of some."""
        if not self._let_go():
            return False
        if self.t3.device.type == "cuda":
            torch.cuda.empty_cache()  # what captures take is not looked for there
        return True

    def _run_at_most(self, limit: int) -> None:
        """Memory ran out: run fewer at once from now on. Those that joined last begin anew."""
        self.limit = max(1, limit)
        while len(self._running) > self.limit:
            self._put_back(self._youngest())
        if self.t3.device.type == "cuda":
            torch.cuda.empty_cache()
        _log.warning("memory ran out: from now on %d utterances at once", self.limit)

    def _make_room(self, steps: int) -> None:
        """See that everybody has pages for so many steps more.

        Where there are too few, whoever joined last of those that matter least begins anew later,
        and will be given the same tokens again. Nobody is put back for ever: see `_put_back`.
        """
        for member in list(self._running.values()):
            while self._running.get(member.key) is member:
                if self.t3.extend(member.prompt, member.queued + steps):
                    break
                self._put_back(self._youngest())

    def _queue_burst_or_fewer(self) -> None:
        while True:
            try:
                return self._queue_burst()
            except torch.OutOfMemoryError:
                if self._freed():
                    continue
                if len(self._running) == 1:
                    raise
                self._run_at_most(len(self._running) // 2)

    def _queue_burst(self) -> None:
        steps = self.t3.config.burst
        self._make_room(steps)
        members = list(self._running.values())
        highest = max(m.prompt.assignment.prompt_positions + m.queued for m in members) + steps
        key = GraphKey(
            places=bucket_for(len(members), SLOT_BUCKETS),
            guided=any(m.prompt.assignment.guided for m in members),
            context=bucket_for(highest, CONTEXT_BUCKETS),
        )
        self.graphs.run([m.prompt.assignment.slot for m in members], key, steps=steps)
        for member in members:
            member.queued = min(member.queued + steps, MAX_SPEECH_TOKENS)
        self._bursts.append(self._snapshots.take(members))

    def _collect(self, burst: _Burst) -> list[SpeechTokens]:
        if burst.done is not None:
            burst.done.synchronize()
        finished = []
        for member in burst.members:
            if self._running.get(member.key) is not member:
                continue  # cancelled, or seen to have ended in an earlier burst
            slot = member.prompt.assignment.slot
            status = int(burst.state[slot, Column.STATUS])
            if status == Status.RUNNING:
                continue
            count = int(burst.state[slot, Column.GENERATED])
            tokens = burst.tokens[slot, :count].long()
            finished.append(
                SpeechTokens(
                    member.key,
                    speech_only(tokens),
                    capped=status == Status.CAPPED,
                    failed=status == Status.FAILED,
                )
            )
            self._leave(member)
        return finished

    def _youngest(self) -> _Running:
        """Who joined last, of those that matter least."""
        return max(reversed(self._running.values()), key=lambda member: member.priority)

    def _put_back(self, member: _Running) -> None:
        """Let one begin anew. After the second time it matters most, whatever it was.

        Nothing that waits is taken before it then, and of several such the first goes on, so all
        come to their end.
        """
        member.put_back += 1
        if member.put_back >= _PUT_BACK_AT_MOST:
            member.priority = _MOST_URGENT
        self._wait_again(member)

    def _wait_again(self, member: _Running) -> None:
        self._leave(member)
        self._waiting[member.key] = member.utterance, member.priority, member.put_back
        self._waiting.move_to_end(member.key, last=False)

    def _leave(self, member: _Running) -> None:
        del self._running[member.key]
        self._free_slots.append(member.prompt.assignment.slot)
        self.t3.release(member.prompt)


def speech_only(tokens: Tensor) -> Tensor:
    """Sampled tokens (n,) without those that are no sound, as upstream drops them."""
    return tokens[tokens < START_OF_SPEECH]
