"""Memory of the engine with several streams, in a process of its own so that nobody else's counts.

`python -m engine.bench.memory WEIGHTS PRECISION STREAMS TOKENS` prints GiB as one line of JSON.
"""

import json
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from engine.bench.setting import Setting
from engine.bench.speakers import OurSpeaker, peak_memory
from engine.chatterbox.t3.config import DTYPES

_TEXT_CHARACTERS = 140
_ROUNDS = 3  # the first runs eagerly, the second captures


@dataclass(frozen=True)
class OurMemory:
    """GiB. `peak` is what tensors took at most while speaking, the first time included.

    `reserved` is all that torch took of the device. The rest is what lies there before anybody
    speaks: T3's weights, S3Gen's weights, the cache of keys and values with the voices' prefixes.
    """

    peak: float
    reserved: float
    t3_weights: float
    s3gen_weights: float
    cache: float


def measure_ours(setting: Setting, tokens: int) -> OurMemory | None:
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
    # Not at the top: that module measures with this one.
    from engine.bench.utterances import TEXT, write_clips  # noqa: PLC0415

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
