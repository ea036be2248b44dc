"""`python -m engine.bench.timeline`: where the time of a first chunk goes, from request to sound.

A worker process that notes what it does when is asked one first chunk after the other. Printed are
medians: when each thing was first done, and for how long the one before had been. What the device
took for each stage stands below.
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from engine.bench.setting import TEXT
from engine.bench.worker import FIRST_CHUNK
from engine.command import carry_out
from engine.host import worker_process
from engine.host.limits import QueueLimits
from engine.host.local import LocalExecutor
from engine.messages import EngineConfig
from engine.speech import SpeechParameters, SpeechRequest
from engine.upstream.random_weights import write_random_checkpoint
from engine.weights.models import MODELS

#: Of the first requests the graphs are captured.
_WARM_UPS = 3
#: A read so long is of sound.
_SOUND_BYTES = 1000
#: Between two requests, in which the worker writes its notes.
_PAUSE_S = 0.02

Moments = dict[str, list[float]]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m engine.bench.timeline", description=__doc__)
    parser.add_argument("--weights", type=Path, help="a checkpoint's folder; else random weights")
    parser.add_argument("--model", choices=MODELS, default="english", help="default: english")
    parser.add_argument("--requests", type=int, default=12, help="default: 12")
    parser.add_argument("--small", action="store_true", help="a reduced model on the CPU")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as scratch:
        weights = options.weights or Path(scratch) / "weights"
        if options.weights is None:
            write_random_checkpoint(weights, MODELS[options.model], seed=0, small=options.small)
        config = EngineConfig(
            engine="chatterbox",
            home=scratch,
            model=options.model,
            weights=str(weights),
            device="cpu" if options.small else "auto",
            threads=1 if options.small else 0,
            max_streams=8,
        )
        moments, stages = asyncio.run(_measured(config, Path(scratch) / "notes", options.requests))
    sys.stdout.write(table(moments))
    took = (f"{name} {statistics.median(ms):.2f}" for name, ms in stages.items())
    sys.stdout.write(f"Stages, ms: {', '.join(took)}.\n")
    return 0


async def _measured(
    config: EngineConfig, notes: Path, requests: int
) -> tuple[Moments, dict[str, list[float]]]:
    """Milliseconds since each request of all that was noted, and what its stages took."""
    executor = LocalExecutor(
        config,
        limits=QueueLimits(heartbeat_timeout_s=120, step_timeout_s=300),
        on_enrolled=lambda _enrolled: None,
        command=(sys.executable, "-m", "engine.bench.marked_worker", str(notes)),
    )
    here = _note_reads()
    moments, stages = defaultdict[str, list[float]](list), defaultdict[str, list[float]](list)
    await executor.start()
    try:
        for seed in range(_WARM_UPS + requests):
            here.clear()
            asked = time.perf_counter()
            request = SpeechRequest(text=TEXT[:FIRST_CHUNK], parameters=SpeechParameters(seed=seed))
            speech = await executor.synthesise(request)
            answered = time.perf_counter()
            await asyncio.sleep(_PAUSE_S)
            if seed < _WARM_UPS:
                continue
            _keep(moments, [*_last_of(notes), *here, ("it is answered", answered)], asked)
            for stage, ms in speech.stage_ms.items():
                stages[stage].append(ms)
    finally:
        await executor.close()
    return moments, stages


def _last_of(notes: Path) -> list[tuple[str, float]]:
    marks: list[tuple[str, float]] = json.loads(notes.read_text("utf-8").splitlines()[-1])
    return marks


def _keep(moments: Moments, marks: list[tuple[str, float]], asked: float) -> None:
    """Of what was done several times, the first and the last."""
    at: defaultdict[str, list[float]] = defaultdict(list)
    for name, moment in sorted(marks, key=lambda mark: mark[1]):
        if moment >= asked:
            at[name].append(1e3 * (moment - asked))
    for name, times in at.items():
        moments.setdefault(name, []).append(times[0])
        if len(times) > 1:
            moments.setdefault(f"{name}, the last of {len(times)} times", []).append(times[-1])


def _note_reads() -> list[tuple[str, float]]:
    """Have noted when this process reads sound, in the list that is returned."""
    noted: list[tuple[str, float]] = []
    received = worker_process.WorkerProcess.pipe_data_received

    def receives(process: worker_process.WorkerProcess, fd: int, data: bytes) -> None:
        if fd == 1 and len(data) > _SOUND_BYTES:
            noted.append(("the bot has read it", time.perf_counter()))
        received(process, fd, data)

    setattr(worker_process.WorkerProcess, "pipe_data_received", receives)  # noqa: B010 - for mypy
    return noted


def table(moments: Moments) -> str:
    """Lines of what was noted in most requests, in order."""
    requests = max(map(len, moments.values()))
    medians = {
        name: statistics.median(ms) for name, ms in moments.items() if 2 * len(ms) > requests
    }
    lines, before = [f"{'ms':>8} {'later by':>9}\n"], 0.0
    for name, ms in sorted(medians.items(), key=lambda item: item[1]):
        lines.append(f"{ms:8.2f} {ms - before:+9.3f}  {name}\n")
        before = ms
    return "".join(lines)


if __name__ == "__main__":
    sys.exit(carry_out(main))
