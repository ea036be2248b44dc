"""How often two people in one clip are noticed, and how often one person is wrongly refused.

`python -m tests.bot.clips.one_speaker FOLDER`, with a folder of Kokoro's voices as the npm package
kokoro-js 1.2.1 has them (`voices/*.bin`), prints what docs/benchmarks/one_speaker.md shows. Every
second voice, by name, is for calibration; the others were never looked at while choosing.
"""

import itertools
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from bot.clips.assessment import Assessor
from bot.clips.limits import ClipLimits
from engine.messages import Speak
from engine.speech import FloatArray, SpeechParameters, StockVoice
from engine.stock.engine import SAMPLE_RATE as RATE
from engine.stock.engine import StockEngine

#: Everything passes, so that the likeness of every recording is told.
_NO_LIMITS = ClipLimits(
    min_voiced_s=1.0,
    min_snr_db=-100.0,
    max_clipped_share=1.0,
    min_loudness_lufs=-200.0,
    min_same_speaker_similarity=-1.0,
)
TEXTS = (
    "The birch canoe slid on the smooth planks, and nobody on the shore was surprised.",
    "It is easy to tell the depth of a well, but not how cold the water is.",
    "Please bring some bread and a bottle of milk when you come home, and do not forget the keys!",
    "What did you say? I could not hear you, because the train was passing by at that moment.",
)
_SPEEDS = (1.0, 1.0, 1.15, 0.88)
_PAIRS = 70
#: Voices that are another one under a second name.
_TWINS = {"pf_dora", "pm_alex", "pm_santa", "em_santa"}

Sentences = Mapping[str, Sequence[FloatArray]]
Recording = tuple[str, str, FloatArray]  # "one" or "two" people, how it was made, samples


def likeness(recording: FloatArray) -> float:
    """What the judge measures: cosine between the two most different groups of windows."""
    level = 0.05 / max(float(np.sqrt(np.mean(np.square(recording)))), 1e-9)
    return Assessor().assess(recording * np.float32(level), _NO_LIMITS).speaker_similarity


def _shaped(sound: FloatArray, gain: Callable[[FloatArray], FloatArray]) -> FloatArray:
    spectrum = np.fft.rfft(sound) * gain(np.fft.rfftfreq(len(sound), 1 / RATE))
    return np.fft.irfft(spectrum, len(sound)).astype(np.float32)


def _tilted(sound: FloatArray, db_per_octave: float) -> FloatArray:
    return _shaped(
        sound,
        lambda hz: np.clip(
            10 ** (db_per_octave / 20 * np.log2(np.maximum(hz, 50) / 1000)), 0.05, 8
        ),
    )


def microphones(random: np.random.Generator) -> dict[str, Callable[[FloatArray], FloatArray]]:
    """What lies between a mouth and a file."""

    def room(sound: FloatArray) -> FloatArray:
        echo = random.standard_normal(RATE // 4) * np.exp(-np.arange(RATE // 4) / (0.06 * RATE))
        echo = np.concatenate([[1.0], 0.03 * echo[1:]])
        size = len(sound) + len(echo)
        wet = np.fft.irfft(np.fft.rfft(sound, size) * np.fft.rfft(echo, size), size)
        return wet[: len(sound)].astype(np.float32)

    def noise(sound: FloatArray) -> FloatArray:
        hiss = _tilted(random.standard_normal(len(sound)).astype(np.float32), -3)
        ratio = np.sqrt(np.mean(np.square(sound)) / np.mean(np.square(hiss)))
        return (sound + hiss * ratio * 10 ** (-20 / 20)).astype(np.float32)

    def phone(sound: FloatArray) -> FloatArray:
        return _shaped(
            sound,
            lambda hz: np.sqrt((hz / 300) ** 4 / (1 + (hz / 300) ** 4) / (1 + (hz / 3400) ** 8)),
        )

    return {
        "plain": lambda sound: sound,
        "telephone": phone,
        "dull": lambda sound: _tilted(sound, -2),
        "thin": lambda sound: _tilted(sound, 2),
        "room": room,
        "noise at 20 dB": noise,
    }


def one_person(voices: Sentences, random: np.random.Generator) -> Iterator[Recording]:
    """Every voice over every microphone, with a change of level, and for five seconds only."""
    kinds = microphones(random)
    for sentences in voices.values():
        for name, recorded in kinds.items():
            order = random.permutation(len(sentences))[: random.integers(2, len(sentences) + 1)]
            yield "one", name, recorded(_joined([sentences[index] for index in order], random))
        half = len(sentences) // 2
        nearer, farther = (_joined(part, random) for part in (sentences[:half], sentences[half:]))
        yield "one", "leans back", np.concatenate([nearer, farther * np.float32(0.35)])
        for first, second in ((0, 1), (2, 3)):
            short = [_start(sentences[first], 2.7), _start(sentences[second], 2.7)]
            recorded = kinds[str(random.choice(list(kinds)))]
            yield "one", "5 s", recorded(np.concatenate(short))


def two_people(
    voices: Sentences, random: np.random.Generator, pairs: Sequence[tuple[str, str]]
) -> Iterator[Recording]:
    """Pairs of voices one after the other, in turns, as a guest, and for five seconds only."""
    kinds = microphones(random)
    for one, other in pairs:
        a, b = voices[one], voices[other]
        turns = [_turn((a, b)[index % 2], index // 2) for index in range(6)]
        made = {
            "one after the other": _joined([a[0], a[1], b[2], b[3]], random),
            "sentence by sentence": _joined([a[0], b[1], a[2], b[3]], random),
            "turns of 3 s, no pause": np.concatenate(turns),
            "3 s of another": _joined([a[0], a[1], _turn(b, 0), a[3]], random),
            "2.7 s each": np.concatenate([_start(a[0], 2.7), _start(b[1], 2.7)]),
        }
        for name, sound in made.items():
            yield "two", name, kinds[str(random.choice(list(kinds)))](sound)


def _joined(parts: Sequence[FloatArray], random: np.random.Generator) -> FloatArray:
    pause = np.zeros(int(random.choice([0.05, 0.3, 0.6]) * RATE), np.float32)
    return np.concatenate([sound for part in parts for sound in (part, pause)])


def _start(sentence: FloatArray, length_s: float) -> FloatArray:
    return sentence[: int(length_s * RATE)]


def _turn(sentences: Sequence[FloatArray], index: int) -> FloatArray:
    return np.concatenate(sentences)[index * 3 * RATE : (index + 1) * 3 * RATE]


class _AnyVoice(StockEngine):
    """The stock engine with other voices than its own, at any speed."""

    def speak_as(self, style: FloatArray, speed: float, text: str) -> FloatArray:
        """`style` is (510, 256), as Kokoro's voices are stored."""
        self._styles = {"heart": style}
        session, self._session = self._session, _AtSpeed(self._session, speed)
        try:
            job = Speak(
                job_id=1, text=text, voice=StockVoice("heart"), parameters=SpeechParameters()
            )
            return self.synthesise(job, lambda: False).pcm
        finally:
            self._session = session


class _AtSpeed:
    def __init__(self, session: object, speed: float) -> None:
        self._session, self._speed = session, speed

    def run(self, names: object, inputs: dict[str, np.ndarray]) -> object:
        return self._session.run(names, inputs | {"speed": np.array([self._speed], np.float32)})  # type: ignore[attr-defined]


def _main(folder: Path) -> None:
    engine = _AnyVoice(threads=0, reason="calibration")
    files = [path for path in sorted(folder.glob("*.bin")) if path.stem not in _TWINS]
    for title, half, seed in (("calibration", files[0::2], 7), ("held out", files[1::2], 8)):
        voices = {}
        for path in half:
            style = np.fromfile(path, np.float32).reshape(-1, 256)
            voices[path.stem] = [
                engine.speak_as(style, speed, text)
                for speed, text in zip(_SPEEDS, TEXTS, strict=True)
            ]
            print(f"{title}: {path.stem}", file=sys.stderr)
        random = np.random.default_rng(seed)
        pairs = list(itertools.permutations(voices, 2))
        random.shuffle(pairs)
        found: dict[tuple[str, str], list[float]] = defaultdict(list)
        for people, kind, sound in [
            *one_person(voices, random),
            *two_people(voices, random, pairs[:_PAIRS]),
        ]:
            found[people, kind].append(likeness(sound))
        _show(title, len(voices), found)


def _show(title: str, voices: int, found: Mapping[tuple[str, str], Sequence[float]]) -> None:
    by_people = {
        people: np.concatenate([found[key] for key in found if key[0] == people])
        for people in ("one", "two")
    }
    one, two = by_people["one"], by_people["two"]
    area = np.mean(one[:, None] > two) + 0.5 * np.mean(one[:, None] == two)
    print(f"{title}: {voices} voices, {len(one)} of one person, {len(two)} of two; AUC {area:.4f}")
    for limit in (0.74, 0.76, 0.78, 0.79, 0.80, 0.81, 0.82, 0.84):
        print(f"  limit {limit:.2f}: one refused {np.mean(one < limit):.4f}", end=", ")
        print(f"two refused {np.mean(two < limit):.4f}")
    limit = ClipLimits().min_same_speaker_similarity
    for (people, kind), values in found.items():
        share = np.mean(np.array(values) < limit)
        print(f"  {people}, {kind}: {len(values)}, refused {share:.3f}, least {min(values):.3f}")


if __name__ == "__main__":
    _main(Path(sys.argv[1]))
