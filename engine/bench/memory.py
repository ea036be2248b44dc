"""Memory while several speak: ours in a process of its own, so that no other memory counts.

`python -m engine.bench.memory WEIGHTS PRECISION STREAMS TOKENS` prints GiB as one line of JSON.
"""

import json
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from engine.bench.setting import TEXT, TOKENS_PER_SECOND, Setting, write_clips
from engine.bench.speakers import OurSpeaker, UpstreamSpeaker, allocated_gib, peak_memory
from engine.chatterbox.t3.config import DTYPES

_TEXT_CHARACTERS = 140
_ROUNDS = 3  # the first runs eagerly, the second captures


@dataclass(frozen=True)
class OurMemory:
    """GiB. `peak` is what tensors took at most while speaking, the first time included.

    `reserved` is all that torch took of the device. The rest is what lies there before any speech:
    T3's weights, S3Gen's weights, the cache of keys and values with the voices' prefixes.
    """

    peak: float
    reserved: float
    t3_weights: float
    s3gen_weights: float
    cache: float


@dataclass(frozen=True)
class MemoryFigures:
    """GiB of tensors at most: ours with several streams, upstream with one. None on a CPU."""

    streams: int
    ours: OurMemory | None
    upstream_gib: float | None


def measure_memory(
    upstream: UpstreamSpeaker, upstream_gib: float, setting: Setting
) -> MemoryFigures:
    """Ours in a process of its own; of upstream's peak what is ours is taken off.

    `upstream_gib` is what upstream's weights take.
    """
    tokens = setting.scale.utterance_seconds * TOKENS_PER_SECOND
    ours_gib = allocated_gib(setting.device) - upstream_gib
    with peak_memory(setting.device) as upstream_peak:
        upstream.speak(TEXT[:_TEXT_CHARACTERS], tokens)
    return MemoryFigures(
        setting.scale.memory_streams,
        _measure_aside(setting, tokens),
        upstream_peak[0] - ours_gib if upstream_peak else None,
    )


def _measure_aside(setting: Setting, tokens: int) -> OurMemory | None:
    """Measure in a new process. None on a CPU."""
    if setting.device.type != "cuda":
        return None
    arguments = [str(setting.weights), setting.precision]
    arguments += [str(setting.scale.memory_streams), str(tokens)]
    done = subprocess.run(
        [sys.executable, "-m", "engine.bench.memory", *arguments],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return OurMemory(**json.loads(done.stdout.splitlines()[-1]))


def _measure(weights: Path, precision: str, streams: int, tokens: int) -> OurMemory:
    device = torch.device("cuda")
    with tempfile.TemporaryDirectory() as home:
        ours = OurSpeaker(
            weights,
            device,
            precision,
            DTYPES[precision],
            streams=streams,
            endless=True,
            home=Path(home),
        )
        ours.enrol(write_clips(Path(home), 10)[0])
        ours.release_enrolment()
        torch.cuda.empty_cache()
        before = torch.cuda.memory_allocated()
        t3_weights, cache = ours.held_bytes()
        with peak_memory(device) as peak:
            for _ in range(_ROUNDS):
                ours.speak_together([TEXT[:_TEXT_CHARACTERS]] * streams, tokens)
        return OurMemory(
            peak=peak[0],
            reserved=torch.cuda.memory_reserved() / 2**30,
            t3_weights=t3_weights / 2**30,
            s3gen_weights=(before - t3_weights - cache) / 2**30,
            cache=cache / 2**30,
        )


if __name__ == "__main__":
    _weights, _precision, _streams, _tokens = sys.argv[1:]
    _figures = _measure(Path(_weights), _precision, int(_streams), int(_tokens))
    sys.stdout.write(json.dumps(asdict(_figures)) + "\n")
