"""Several models in one worker: each decodes its own batch, and all take turns.

A batch is always of one model. What models share (`engine.chatterbox.shared`) lies below them.
"""

from collections import Counter, deque
from collections.abc import Callable, Sequence

import msgspec

from engine.chatterbox.engine import ChatterboxEngine
from engine.messages import Speak
from engine.protocol import Outcome
from engine.speech import EngineInfo, OtherModel

#: How many steps of more urgent models a model waits for.
_PASSED_OVER_AT_MOST = 4


class ResidentModels:
    """An `engine.protocol.Engine` of at least one `ChatterboxEngine`; the first is the usual one.

    `left_out` says which models there was no memory for, a sentence each.
    """

    def __init__(self, engines: Sequence[ChatterboxEngine], left_out: Sequence[str] = ()) -> None:
        self._engines = tuple(engines)
        self._by_model = {engine.info.model: engine for engine in reversed(engines)}
        self._left_out = left_out
        self._turns = deque(engines)
        self._passed_over: Counter[ChatterboxEngine] = Counter()
        self._speaking: dict[int, ChatterboxEngine] = {}  # by job
        for engine in engines:
            engine.others_at_work = self._others_of(engine)

    @property
    def info(self) -> EngineInfo:
        """The first model's, with the others.

        `streams` is what every model can take: all jobs may be one's, and what it cannot take would
        wait where nobody's turn is known.
        """
        every = [engine.info for engine in self._engines]
        return msgspec.structs.replace(
            every[0],
            reason=" ".join([*(info.reason for info in every), *self._left_out])[:1000],
            streams=min(info.streams for info in every),
            step_patience=max(info.step_patience for info in every),
            others=tuple(
                OtherModel(
                    model=info.model,
                    revision=info.revision,
                    precision=info.precision,
                    languages=info.languages,
                    sounds=info.sounds,
                )
                for info in every[1:]
            ),
        )

    @property
    def busy(self) -> bool:
        return any(engine.busy for engine in self._engines)

    def admit(self, job: Speak) -> None:
        """Give a job to its model; to the first one where that is not here."""
        engine = self._by_model.get(job.model, self._engines[0])
        self._speaking[job.job_id] = engine
        for other in self._engines:
            other.leisure.disturb()
        engine.admit(job)

    def cancel(self, job_id: int) -> None:
        if engine := self._speaking.pop(job_id, None):
            engine.cancel(job_id)

    def forget(self, identity: str) -> None:
        for engine in self._engines:
            engine.forget(identity)

    def step(self, poll: Callable[[], None] = lambda: None, /) -> Sequence[Outcome]:
        """A step of the model whose turn it is."""
        engine = self._next()
        if engine is None:
            return ()
        outcomes = engine.step(poll)
        for outcome in outcomes:
            self._speaking.pop(outcome.job_id, None)
        return outcomes

    def idle(self) -> float | None:
        """One model's piece, where that has one: a job may have come meanwhile."""
        left_s = []
        for engine in self._engines:
            if (one := engine.idle()) is not None:
                left_s.append(one)
            if one == 0:
                break
        return min(left_s, default=None)

    def close(self) -> None:
        for engine in self._engines:
            engine.close()

    def _next(self) -> ChatterboxEngine | None:
        """The model with the most urgent job; of equal ones, that which waited longest.

        One that was passed over too often comes first: what is less urgent goes on, if slowly.
        """
        busy = [engine for engine in self._turns if engine.busy]
        if not busy:
            return None
        overdue = [engine for engine in busy if self._passed_over[engine] >= _PASSED_OVER_AT_MOST]
        chosen = min(overdue or busy, key=lambda engine: engine.urgency)
        for engine in busy:
            self._passed_over[engine] = 0 if engine is chosen else self._passed_over[engine] + 1
        self._turns.remove(chosen)
        self._turns.append(chosen)
        return chosen

    def _others_of(self, one: ChatterboxEngine) -> Callable[[], bool]:
        others = [engine for engine in self._engines if engine is not one]
        return lambda: any(engine.at_work for engine in others)
