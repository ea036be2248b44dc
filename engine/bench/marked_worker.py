"""`python -m engine.bench.marked_worker FILE`: a worker that notes in FILE when it did what.

It is Timbre's own but for that: a line of JSON for each speech, of what was noted since the one
before, as names with `time.perf_counter`, which all processes of a Linux machine share.
"""

import json
import sys
import time
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.worker.pipes import claim

if TYPE_CHECKING:
    from engine.messages import EngineConfig, WorkerReport
    from engine.protocol import Engine

Mark = tuple[str, float]


class Notes:
    """What was done when, until it is written."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._marks: list[Mark] = []

    def mark(self, name: str) -> None:
        self._marks.append((name, time.perf_counter()))

    def around(
        self, owner: Any, function: str, before: str = "", after: str = "", *, write: bool = False
    ) -> None:
        """Have calls of a function noted: under one name when it begins, another when it ends.

        With `write`, all that was noted is written behind it.
        """
        original: Callable[..., Any] = getattr(owner, function)

        @wraps(original)
        def noted(*positional: Any, **named: Any) -> Any:
            if before:
                self.mark(before)
            result = original(*positional, **named)
            if after:
                self.mark(after)
            if write:
                self._write()
            return result

        setattr(owner, function, noted)

    def _write(self) -> None:
        with self._file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(self._marks) + "\n")
        self._marks.clear()


def _note(notes: Notes) -> None:
    """Have noted what lies between a request and its sound."""
    # Behind `claim`, and seconds of imports.
    from engine.chatterbox.engine import ChatterboxEngine  # noqa: PLC0415
    from engine.chatterbox.s3gen.decoder import PendingWaveforms, WaveformDecoder  # noqa: PLC0415
    from engine.chatterbox.s3gen.room import FlowRoom  # noqa: PLC0415
    from engine.chatterbox.t3 import scheduler  # noqa: PLC0415
    from engine.chatterbox.t3.graphs import StepGraphs  # noqa: PLC0415
    from engine.framing import FrameDecoder  # noqa: PLC0415
    from engine.worker import loop  # noqa: PLC0415

    notes.around(FrameDecoder, "feed", "the worker has read it")
    notes.around(ChatterboxEngine, "_begin", "the engine has it", "text and voice are known")
    notes.around(StepGraphs, "prefill", "its slot is reserved", "the prefill is queued")
    notes.around(StepGraphs, "run", after="a step is queued")
    notes.around(scheduler.Scheduler, "_collect", after="tokens were looked at")
    notes.around(scheduler, "speech_only", "its last token is heard")
    notes.around(WaveformDecoder, "submit", "the flow is begun")
    notes.around(FlowRoom, "put", "its room is there", "the flow has its inputs")
    notes.around(WaveformDecoder, "_run_flow", after="the flow is queued")
    notes.around(WaveformDecoder, "_sound", after="vocoder and watermark are queued")
    notes.around(PendingWaveforms, "wait", after="the sound is there")
    notes.around(loop, "trim", "the engine has ended", "it is trimmed")
    last = loop._Loop  # noqa: SLF001 - nothing else is so late
    notes.around(last, "_tell", after="it is written", write=True)


def _main(file: str) -> None:
    stdin, stdout = claim()
    from engine.worker.loop import run  # noqa: PLC0415 - numpy comes with it, after `claim`

    notes = Notes(Path(file))

    def load(config: "EngineConfig", report: "Callable[[WorkerReport], None]") -> "Engine":
        from engine.worker.selection import load as loaded  # noqa: PLC0415 - half a minute

        engine = loaded(config, report)
        _note(notes)
        return engine

    run(load, stdin, stdout)


if __name__ == "__main__":
    _main(sys.argv[1])
