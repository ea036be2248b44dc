"""How long each stage of a batch took, measured where the work happens and without waiting."""

import time
from collections import defaultdict
from itertools import pairwise

import torch


class StageClock:
    """A row of marks: CUDA events on the current stream, wall-clock times on the CPU."""

    def __init__(self, device: torch.device) -> None:
        self._on_cuda = device.type == "cuda"
        self._names: list[str] = []
        self._events: list[torch.cuda.Event] = []
        self._times: list[float] = []

    def begin(self, name: str) -> None:
        self._names.append(name)
        self.stop()

    def stop(self) -> None:
        if self._on_cuda:
            event = torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]  # torch's
            event.record()
            self._events.append(event)
        else:
            self._times.append(time.perf_counter())

    def done(self) -> bool:
        return not self._events or bool(self._events[-1].query())  # type: ignore[no-untyped-call]  # torch's

    def wait(self) -> None:
        if self._events:
            self._events[-1].synchronize()

    def totals_ms(self) -> dict[str, float]:
        """Milliseconds per stage, summed over its occurrences; call after `wait`."""
        if self._on_cuda:
            spans = [begun.elapsed_time(ended) for begun, ended in pairwise(self._events)]
        else:
            spans = [1000 * (ended - begun) for begun, ended in pairwise(self._times)]
        totals: defaultdict[str, float] = defaultdict(float)
        for name, span in zip(self._names, spans, strict=True):
            totals[name] += span
        return dict(totals)
