"""Enrolment's part of upstream is the same with the rest of the package and without."""

import subprocess
import sys
from pathlib import Path

import librosa

from engine.upstream import acoustics, encoders
from engine.upstream import package as upstream

LEARN = """
import sys
from dataclasses import replace
from pathlib import Path
import numpy as np
import torch
from engine.enrolment.networks import EnrolmentNetworks
from engine.weights.models import ENGLISH
networks = EnrolmentNetworks.load(Path(sys.argv[1]), ENGLISH, torch.device("cpu"))
clip = 0.1 * np.random.default_rng(3).standard_normal(6 * 24_000).astype(np.float32)
for family in ("original", "turbo"):
    assert replace(networks, family=family).enrol(clip).prompt_tokens.shape[1] > 100
unwanted = {"librosa", "numba", "sklearn", "scipy.signal", "onnx"}
unwanted |= {"chatterbox", "chatterbox.models", "transformers", "diffusers", "perth"}
sys.exit(unwanted & sys.modules.keys() or 0)
"""


def test_both_doors_lead_to_the_same_classes() -> None:
    """Where the package is asked for first, it asks for the encoders before all else.

    What stands in for librosa there has all of it.
    """
    part = [encoders.CAMPPlus, encoders.S3Tokenizer, encoders.mel_spectrogram]
    assert part == [getattr(upstream.s3gen_module, each.__name__) for each in part]
    assert sys.modules["chatterbox"].ChatterboxTTS is upstream.ChatterboxTTS

    stand_in = encoders.VoiceEncoder.embeds_from_wavs.__globals__["librosa"]
    assert stand_in.effects.trim is acoustics.trim is not librosa.effects.trim
    assert stand_in.effects.split is librosa.effects.split
    assert stand_in.resample is librosa.resample


def test_a_voice_is_learned_without_what_takes_seconds_to_import(small_checkpoint: Path) -> None:
    subprocess.run([sys.executable, "-c", LEARN, str(small_checkpoint)], check=True)
