"""Memory while several speak: ours in a process of its own, so that no other memory counts.

    python -m engine.bench.memory WEIGHTS MODEL PRECISION STREAMS TOKENS [BYTES]

prints GiB as JSON, of a card of so many bytes or of this one: batches of sound go by that.
"""

import json
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from engine.bench.setting import UTTERANCE, Setting, voice_of, write_clips
from engine.bench.speakers import OurSpeaker, UpstreamSpeaker, allocated_gib
from engine.chatterbox.t3.config import DecoderConfig, Formats
from engine.chatterbox.t3.loading import load_weights
from engine.chatterbox.t3.memory import cache_bytes
from engine.enrolment import Enrolment
from engine.enrolment.networks import EnrolmentNetworks
from engine.weights import checkpoint
from engine.weights.models import MODELS

_ROUNDS = 3  # the first runs eagerly, the second captures


@dataclass(frozen=True)
class OurMemory:
    """GiB. `peak` is what tensors took at most while speaking, the first time included.

    `reserved` is all that torch took of the device. The rest is what lies there before any speech:
    T3's weights, S3Gen's with what its graphs keep, the cache of keys and values with the voices'
    prefixes.
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
    upstream: UpstreamSpeaker, upstream_gib: float, clip: Path, setting: Setting
) -> MemoryFigures:
    """Ours in a process of its own; of upstream's peak what is ours is taken off.

    `upstream_gib` is what upstream's weights take.
    """
    streams, tokens = setting.scale.memory_streams, setting.scale.utterance_tokens
    if setting.device.type != "cuda":
        return MemoryFigures(streams, None, None)
    ours_gib = allocated_gib(setting.device) - upstream_gib
    torch.cuda.reset_peak_memory_stats(setting.device)
    upstream.speak(UTTERANCE, clip, tokens)
    upstream_peak = torch.cuda.max_memory_allocated(setting.device) / 2**30 - ours_gib
    what = [str(setting.weights), setting.model.name, setting.precision]
    done = subprocess.run(
        [sys.executable, "-m", "engine.bench.memory", *what, str(streams), str(tokens)],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    ours = OurMemory(**json.loads(done.stdout.splitlines()[-1]))
    return MemoryFigures(streams, ours, upstream_peak)


def _measure(
    weights: Path, name: str, precision: str, streams: int, *, tokens: int, memory_bytes: int | None
) -> OurMemory:
    device, model = torch.device("cuda"), MODELS[name]
    formats = Formats.of(precision, device)
    t3_weights = load_weights(weights / model.t3, device, formats.dtype, stored=formats.stored)
    sizes = t3_weights.sizes
    config = DecoderConfig.for_streams(streams, formats.dtype, sizes=sizes, cache=formats.cache)
    cache = cache_bytes(config, sizes) / 2**30
    t3_gib = allocated_gib(device)
    del t3_weights
    with tempfile.TemporaryDirectory() as home:
        clip = write_clips(Path(home), 10)[0]
        # Known before: the networks that only new voices need are not to be counted.
        enrolment = Enrolment(
            home=Path(home),
            family=model.family,
            networks=checkpoint.enrolment_digest(weights, model),
            load_networks=lambda: EnrolmentNetworks.load(weights, model, torch.device("cpu")),
            report=lambda _enrolled: None,
        )
        enrolment.conditionals(voice_of(clip))
        ours = OurSpeaker(
            weights,
            model,
            device,
            precision,
            streams=streams,
            home=Path(home),
            memory_bytes=memory_bytes,
        )
        before = allocated_gib(device)
        torch.cuda.reset_peak_memory_stats()
        for _ in range(_ROUNDS):
            ours.speak_together([UTTERANCE] * streams, clip, tokens)
        return OurMemory(
            peak=torch.cuda.max_memory_allocated() / 2**30,
            reserved=torch.cuda.memory_reserved() / 2**30,
            t3_weights=t3_gib,
            s3gen_weights=before - t3_gib - cache,
            cache=cache,
        )


if __name__ == "__main__":
    _weights, _name, _precision, _streams, _tokens, *_bytes = sys.argv[1:]
    _figures = _measure(
        Path(_weights),
        _name,
        _precision,
        int(_streams),
        tokens=int(_tokens),
        memory_bytes=int(_bytes[0]) if _bytes else None,
    )
    sys.stdout.write(json.dumps(asdict(_figures)) + "\n")
