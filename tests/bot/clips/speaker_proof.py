"""How often somebody is refused who says their own statement, and somebody else accepted.

`python -m tests.bot.clips.speaker_proof VOICES REAL` prints what docs/speaker-proof.md shows.
VOICES has voices of Kokoro as `one_speaker` takes them; REAL has Debian's packages of real
recordings, unpacked: docs/speaker-proof.md says which and how.
"""

import io
import random
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import product
from pathlib import Path

import av
import numpy as np

from bot.clips.activity import segments
from bot.clips.decoding import decode
from bot.clips.limits import ProofLimits
from bot.clips.proof import Examiner
from bot.clips.resampling import resample
from bot.clips.speaker import SpeakerEncoder, least_similarity
from bot.clips.statement import Statement
from bot.clips.verdict import Unfit
from engine.speech import FloatArray
from engine.voice_activity import FRAME_S, SpeechDetector
from engine.voice_activity import RATE as LISTENING_RATE
from tests.bot.clips.one_speaker import TEXTS, _AnyVoice, microphones
from tests.bot.clips.recordings import RATE, encode

LIMITS = ProofLimits()
_FRAME = round(FRAME_S * RATE)
_STATEMENT_S, _CLIP_S, _MOST_S = 5, 12, 42
#: English voices of both sexes and both sides of the Atlantic.
KOKORO = ("af_alloy", "af_sarah", "am_michael", "am_puck", "bf_emma", "bm_lewis")


def speakers(folder: Path) -> Iterator[tuple[str, list[Path]]]:
    """Recordings of one person each, by package and language."""
    for pattern, suffix in (
        ("asterisk-core-sounds-*", "g722"),
        ("asterisk-prompt-*", "*"),
        ("klettres-data/usr/share/klettres/*", "*"),
        ("ktuberling-data/usr/share/ktuberling/sounds/*", "*"),
        ("pocketsphinx-testdata/usr/share/pocketsphinx/test/data/librivox", "wav"),
    ):
        for one in sorted(folder.glob(pattern)):
            kinds = {".g722", ".wav", ".gsm", ".ogg"} if suffix == "*" else {f".{suffix}"}
            paths = sorted(
                p for p in one.rglob("*") if p.suffix in kinds and "silence" not in str(p)
            )
            if len(paths) >= 5:
                yield f"{pattern.partition('/')[0]} {one.name}", paths


def language(name: str) -> str:
    """Two packages of KDE have one language by one person, perhaps."""
    return name.rsplit(maxsplit=1)[-1][:2] if name.startswith("k") else name


def sound_of(path: Path) -> FloatArray:
    """Mono float32 at `RATE`; nothing for a file that cannot be played."""
    blocks = []
    try:
        raw = "g722" if path.suffix == ".g722" else None
        with av.open(str(path), format=raw, metadata_errors="ignore") as container:
            for frame in container.decode(container.streams.audio[0]):
                samples = frame.to_ndarray()
                if not frame.format.is_planar:
                    samples = samples.reshape(-1, frame.layout.nb_channels).T
                full = -float(np.iinfo(samples.dtype).min) if samples.dtype.kind == "i" else 1.0
                blocks.append(samples.mean(axis=0).astype(np.float32) / np.float32(full))
                rate = frame.sample_rate
    except av.error.FFmpegError:
        return np.zeros(0, np.float32)
    return resample(np.concatenate(blocks), rate, RATE) if blocks else np.zeros(0, np.float32)


class Ears:
    """What the child hears with."""

    def __init__(self) -> None:
        self._detector = SpeechDetector()
        self.encoder = SpeakerEncoder()

    def voiced(self, sound: FloatArray) -> FloatArray:
        speech = segments(self._detector.probabilities(resample(sound, RATE, LISTENING_RATE)))
        parts = [sound[one.start * _FRAME : one.end * _FRAME] for one in speech]
        return np.concatenate([np.zeros(0, np.float32), *parts])

    def direction(self, voiced: FloatArray) -> FloatArray:
        mean = self.encoder.embed(voiced).mean(axis=0)
        return np.asarray(mean / np.linalg.norm(mean), np.float32)


def real_speech(folder: Path) -> None:
    """Likeness of real people's recordings: 12 s are the clip, every further 5 s a statement."""
    ears, order = Ears(), random.Random(5)
    kinds = microphones(np.random.default_rng(2))
    clips: dict[str, FloatArray] = {}
    said: list[tuple[str, str, FloatArray]] = []
    parts: list[float] = []
    for name, paths in speakers(folder):
        order.shuffle(paths)
        pause, sounds, length = np.zeros(RATE // 5, np.float32), [], 0
        for path in paths:
            sound = sound_of(path)
            if len(sound) > RATE // 4:
                sounds += [sound, pause]
                length += len(sound)
            if length > 75 * RATE:
                break
        voiced = ears.voiced(np.concatenate(sounds))[: _MOST_S * RATE]
        first = min(_CLIP_S * RATE, len(voiced) - _STATEMENT_S * RATE)
        if first < _STATEMENT_S * RATE:
            continue
        clips[name] = ears.direction(voiced[:first])
        rest = voiced[first:]
        for number in range(len(rest) // (_STATEMENT_S * RATE)):
            statement = rest[number * _STATEMENT_S * RATE :][: _STATEMENT_S * RATE]
            other = list(kinds)[1 + number % 5]
            parts.append(least_similarity(ears.encoder.embed(statement)))
            said.append((name, "same", ears.direction(statement)))
            said.append((name, other, ears.direction(kinds[other](statement))))
    same: dict[str, list[float]] = defaultdict(list)
    others: list[float] = []
    for name, kind, direction in said:
        same[kind].append(float(clips[name] @ direction))
        if kind == "same":
            others += [
                float(clip @ direction)
                for other, clip in clips.items()
                if language(other) != language(name)
            ]
    print(
        f"real speech: {len(clips)} people, {len(same['same'])} pairs of one, {len(others)} of two"
    )
    for limit in (0.70, 0.74, 0.76, 0.78, 0.79, 0.80, 0.81, 0.82, 0.84, 0.86):
        one, two = np.array(same["same"]) < limit, np.array(others) >= limit
        print(f"  limit {limit:.2f}: one refused {rate(one)}, two accepted {rate(two)}")
    for kind, found in same.items():
        missed = rate(np.array(found) < LIMITS.min_likeness)
        print(f"  clip as it is, statement over {kind}: refused {missed}")
    missed = rate(np.array(parts) < LIMITS.min_same_voice_throughout)
    print(f"  taken for several voices: {missed}", flush=True)


def rate(hits: Sequence[bool] | np.ndarray) -> str:
    """A share with its 95 % interval (Wilson)."""
    n, k, z = len(hits), int(np.sum(hits)), 1.96
    middle = (k + z * z / 2) / (n + z * z)
    half = z / (n + z * z) * np.sqrt(k * (n - k) / n + z * z / 4)
    low, high = max(0.0, middle - half), min(1.0, middle + half)
    return f"{k} of {n} ({k / n:.1%}; {low:.1%} to {high:.1%})"


def as_voice_message(sound: FloatArray) -> FloatArray:
    return decode(io.BytesIO(encode(sound, "voice message")), 300)


def statements(folder: Path) -> None:
    """Whole recordings, as the child examines them, by Kokoro's voices over every microphone."""
    engine, source = _AnyVoice(threads=1, reason="calibration"), random.Random(11)
    kinds = microphones(np.random.default_rng(3))
    clips: dict[str, FloatArray] = {}
    spoken: dict[str, list[tuple[Statement, FloatArray]]] = {}
    for name in KOKORO:
        style = np.fromfile(folder / f"{name}.bin", np.float32).reshape(-1, 256)
        clips[name] = np.concatenate([engine.speak_as(style, 1.0, text) for text in TEXTS[:2]])
        drawn = [Statement.drawn(source), Statement.drawn(source, digits=True)]
        spoken[name] = [(one, engine.speak_as(style, 1.05, one.text)) for one in drawn]
        print(name, file=sys.stderr)
    outcomes: dict[str, list[str]] = defaultdict(list)
    for name, (kind, record) in product(KOKORO, kinds.items()):
        clip = as_voice_message(record(clips[name]))
        for statement, pcm in spoken[name]:
            examine = _examination(statement, clip)
            outcomes[f"right, over {kind}"].append(examine(record(pcm)))
            other = source.choice([one for one in KOKORO if one != name])
            outcomes["another's clip"].append(
                _examination(statement, as_voice_message(record(clips[other])))(record(pcm))
            )
    for name in KOKORO:
        (statement, pcm), half = spoken[name][0], len(spoken[name][0][1]) // 2
        examine = _examination(statement, clips[name])
        other = source.choice([one for one in KOKORO if one != name])
        theirs = engine.speak_as(
            np.fromfile(folder / f"{other}.bin", np.float32).reshape(-1, 256), 1.0, statement.text
        )
        outcomes["spliced: two voices"].append(
            examine(np.concatenate([pcm[:half], theirs[len(theirs) // 2 :]]))
        )
        for first, second in (("plain", "noise at 20 dB"), ("noise at 20 dB", "room")):
            outcomes[f"spliced: {first}, then {second}"].append(
                examine(np.concatenate([kinds[first](pcm)[:half], kinds[second](pcm)[half:]]))
            )
    right = [one for kind, all_ in outcomes.items() if kind.startswith("right") for one in all_]
    print(
        f"statements by {len(KOKORO)} voices: the right ones, over one microphone, refused", end=" "
    )
    print(rate([one != "" for one in right]))
    for kind, found in outcomes.items():
        print(f"  {kind}: refused {rate([one != '' for one in found])}")
        for sentence in sorted(set(found) - {""}):
            print(f"    {found.count(sentence)}: {sentence}")


def _examination(statement: Statement, clip: FloatArray) -> Callable[[FloatArray], str]:
    """The refusal of a recording, "" for none."""
    examiner = Examiner(statement)

    def examine(pcm: FloatArray) -> str:
        quiet = np.zeros(RATE // 4, np.float32)
        try:
            examiner.examine(as_voice_message(np.concatenate([quiet, pcm, quiet])), clip, LIMITS)
        except Unfit as unfit:
            return str(unfit)
        return ""

    return examine


if __name__ == "__main__":
    real_speech(Path(sys.argv[2]))
    statements(Path(sys.argv[1]))
