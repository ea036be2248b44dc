"""How long each stage of a batch took, measured where the work happens and without waiting."""

import time
from collections import defaultdict
from itertools import pairwise
from typing import Any

import torch


class StageClock:
    """A row of marks: CUDA events on the current stream, wall-clock times on the CPU."""

    def __init__(self, device: torch.device) -> None:
        self._on_cuda = device.type == "cuda"
        self._names: list[str] = []
        self._marks: list[Any] = []

    def begin(self, name: str) -> torch.cuda.Event | None:
        """Begin a stage, and give its mark on the current stream if there is one."""
        self._names.append(name)
        return self.stop()

    def stop(self) -> torch.cuda.Event | None:
        if not self._on_cuda:
            self._marks.append(time.perf_counter())
            return None
        mark = torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]  # torch's
        mark.record()
        self._marks.append(mark)
        return mark

    def done(self) -> bool:
        return not self._on_cuda or bool(self._marks[-1].query())

    def begun(self, name: str) -> bool:
        """Whether the last stage of this name has begun; on the CPU all have."""
        last = len(self._names) - 1 - self._names[::-1].index(name)
        return not self._on_cuda or bool(self._marks[last].query())

    def wait(self) -> None:
        if self._on_cuda:
            self._marks[-1].synchronize()

    def totals_ms(self) -> dict[str, float]:
        """Milliseconds per stage, summed over its occurrences; call after `wait`."""
        totals: defaultdict[str, float] = defaultdict(float)
        for name, (begun, ended) in zip(self._names, pairwise(self._marks), strict=True):
            totals[name] += begun.elapsed_time(ended) if self._on_cuda else 1e3 * (ended - begun)
        return dict(totals)
