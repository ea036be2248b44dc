"""What is measured on: device, versions, weights, text, clips, and how much of everything."""

import hashlib
import platform
import sys
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import soundfile
import torch

from engine.bench.t3 import copy_bandwidth
from engine.device import PrecisionName, choose, detect
from engine.speech import ClonedVoice
from engine.upstream.random_weights import SOURCE, synthetic_voice
from engine.weights import checkpoint
from engine.weights.models import Model

RANDOM_WEIGHTS = "Random weights: speed and numerical parity only; they say nothing about sound."
CHARACTERS_PER_SECOND = 14  # of spoken English
TOKENS_PER_SECOND = 25
SAMPLE_RATE = 24_000
TEXT = (
    "Good evening, everybody. The night train to the coast leaves from platform nine in about ten "
    "minutes, so please have your tickets ready and keep your luggage close to you. The dining car "
    "is open."
)
UTTERANCE = TEXT[:140]  # where any will do


@dataclass(frozen=True)
class Scale:
    """How much is measured: by default for the figures that Timbre states, on a GPU."""

    streams: tuple[int, ...] = (1, 8, 32, 64)
    context: int = 350
    steps: int = 20
    audio_seconds: tuple[int, ...] = (1, 2, 5, 10, 20)
    together: int = 16  # utterances, from flow to watermark
    together_seconds: tuple[int, ...] = (2, 5, 10)
    text_characters: tuple[int, ...] = (25, 50, 100, 200)
    utterance_tokens: int = 10 * TOKENS_PER_SECOND
    clip_seconds: int = 10
    memory_streams: int = 8
    repeats: int = 5
    warm_ups: int = 2  # of ours: on CUDA the first compiles and the second captures
    threads: int = 0  # of the CPU, 0 for all


#: The same paths in seconds, on one core of a CPU, beside others perhaps.
SMALL = Scale(
    streams=(1, 2),
    context=200,
    steps=2,
    audio_seconds=(1, 2),
    together=2,
    together_seconds=(1,),
    text_characters=(25, 50),
    utterance_tokens=TOKENS_PER_SECOND,
    clip_seconds=6,  # Turbo takes no shorter one
    memory_streams=2,
    repeats=1,
    warm_ups=0,
    threads=1,
)


@dataclass(frozen=True)
class Setting:
    """One run of the benchmark."""

    weights: Path
    model: Model
    out: Path
    scale: Scale
    device: torch.device
    precision: PrecisionName
    bandwidth: float  # bytes a second of a plain copy, reads and writes both counted

    @classmethod
    def find(cls, weights: Path, model: Model, out: Path, *, small: bool) -> "Setting":
        """The GPU if there is a usable one, and the precision that the worker would choose.

        A small run stays on the CPU.
        """
        choice = choose(detect(), "cpu" if small else "auto")
        device = torch.device(choice.device)
        scale = SMALL if small else Scale()
        bandwidth = copy_bandwidth(device, 2**30 if device.type == "cuda" else 2**26)
        return cls(weights, model, out, scale, device, choice.precision, bandwidth)

    @property
    def has_random_weights(self) -> bool:
        manifest = checkpoint.read_manifest(self.weights)
        return manifest is not None and manifest.source == SOURCE

    def describe(self) -> dict[str, Any]:
        """Device, versions and weights, for people and for `bench.json`."""
        return {
            "device": device_name(self.device),
            "precision": self.precision,
            "copy_bandwidth_gb_s": round(self.bandwidth / 1e9, 1),
            "python": sys.version.split()[0],
            "platform": platform_name(),
            "torch": torch.__version__,
            "cuda": torch.version.cuda,
            "triton": _triton_version(),
            "chatterbox_tts": version("chatterbox-tts"),
            "model": self.model.title,
            "weights": checkpoint.revision_of(self.weights, self.model),
            "note": RANDOM_WEIGHTS if self.has_random_weights else None,
        }


def device_name(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"CPU ({platform.machine()}, {torch.get_num_threads()} threads)"


def platform_name() -> str:
    """The system and the architecture: results are published, and a kernel's name may say whose."""
    return f"{platform.system()} {platform.machine()}"


def tokens_for(characters: int) -> int:
    return round(characters / CHARACTERS_PER_SECOND * TOKENS_PER_SECOND)


def write_clips(folder: Path, seconds: int) -> list[Path]:
    """Three synthetic voices as clips: not people, and no speech."""
    paths = []
    for pitch_hz in (105.0, 160.0, 230.0):
        path = folder / f"voice_{pitch_hz:.0f}hz.wav"
        soundfile.write(path, synthetic_voice(pitch_hz, seconds), SAMPLE_RATE)
        paths.append(path)
    return paths


def voice_of(clip: Path) -> ClonedVoice:
    return ClonedVoice(hashlib.sha256(clip.read_bytes()).hexdigest(), str(clip))


def _triton_version() -> str | None:
    try:
        import triton  # noqa: PLC0415 - not on every platform
    except ImportError:
        return None
    return str(triton.__version__)
