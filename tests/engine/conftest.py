"""Chatterbox checkpoints to test with: seeded, random, in the released layout."""

import hashlib
from pathlib import Path

import pytest
import soundfile
import torch

from engine.speech import ClonedVoice
from engine.weights.random import synthetic_voice, write_random_checkpoint

# One thread is faster than two for networks this small, and kinder to tests run side by side.
torch.set_num_threads(1)


@pytest.fixture(scope="session")
def small_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A reduced model's folder. Shared: copy it before changing it."""
    folder = tmp_path_factory.mktemp("small-checkpoint")
    write_random_checkpoint(folder, seed=3, small=True, stop_after=20)
    return folder


@pytest.fixture
def cloned_voice(tmp_path: Path) -> ClonedVoice:
    """A voice of its own with a three-second clip."""
    return write_clip(tmp_path / "clip.wav", pitch_hz=140.0)


def write_clip(path: Path, pitch_hz: float, seconds: float = 3.0) -> ClonedVoice:
    """Write a clip and return the voice that it makes."""
    soundfile.write(path, synthetic_voice(pitch_hz, seconds), 24_000)
    return ClonedVoice(hashlib.sha256(path.read_bytes()).hexdigest(), str(path))
