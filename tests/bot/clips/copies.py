"""How surely a changed copy of a clip is known again, and how often another clip is taken for one.

`python -m tests.bot.clips.copies REAL` prints what docs/speaker-proof.md shows; REAL as there.
"""

import io
import sys
from collections import defaultdict
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import numpy as np

from bot.clips.decoding import decode
from bot.clips.resampling import resample
from engine.speech import FloatArray
from tests.bot.clips.recordings import RATE, encode
from tests.bot.clips.speaker_proof import Ears, language, rate, sound_of, speakers

CLIP_S = 20
#: Of what has less speech nobody makes a voice: see `bot.clips.limits.ClipLimits`.
SPEECH_S = 5
#: What changes a voice most, by tests/bot/clips/test_copies.py.
HARDEST = ("pitch +2 %", "pitch -2 %", "a quarter cut", "Opus")
LIMITS = (0.90, 0.92, 0.94, 0.95, 0.96, 0.97, 0.98, 0.99)


def changes(noise: np.random.Generator) -> dict[str, Callable[[FloatArray], FloatArray]]:
    """What somebody does to a recording so that it is another file."""

    def one_sample(sound: FloatArray) -> FloatArray:
        changed = sound.copy()
        changed[len(changed) // 2] += np.float32(1 / 32768)
        return changed

    def sent_as(name: str) -> Callable[[FloatArray], FloatArray]:
        return lambda sound: decode(io.BytesIO(encode(sound, name)), 300)

    def noisy(sound: FloatArray) -> FloatArray:
        hiss = noise.standard_normal(len(sound)).astype(np.float32) * np.float32(10 ** (-70 / 20))
        return sound + hiss

    return {
        "one sample": one_sample,
        "-1 dB": lambda sound: sound * np.float32(10 ** (-1 / 20)),
        "noise at -70 dB": noisy,
        "pitch +2 %": lambda sound: resample(sound, round(RATE * 1.02), RATE),
        "pitch -2 %": lambda sound: resample(sound, round(RATE * 0.98), RATE),
        "0.3 s cut": lambda sound: sound[round(0.3 * RATE) :],
        "a quarter cut": lambda sound: sound[len(sound) // 4 :],
        "MP3": sent_as("mp3"),
        "Opus": sent_as("voice message"),
    }


def main(folder: Path) -> None:
    ears, copies = Ears(), defaultdict(list)
    clips: dict[str, FloatArray] = {}
    second: list[float] = []
    for name, paths in speakers(folder):
        pause, sounds, length = np.zeros(RATE // 5, np.float32), [], 0
        for path in paths:
            if length > 2.5 * CLIP_S * RATE:
                break
            sound = sound_of(path)
            if len(sound) > RATE // 4:
                sounds += [sound, pause]
                length += len(sound)
        whole = np.concatenate(sounds)
        clip, rest = whole[: CLIP_S * RATE], whole[CLIP_S * RATE :][: CLIP_S * RATE]
        speech, later = ears.voiced(clip), ears.voiced(rest) if len(rest) > RATE else rest
        if len(speech) < SPEECH_S * RATE:
            continue
        clips[name] = ears.direction(speech)
        if len(later) >= SPEECH_S * RATE:
            second.append(float(clips[name] @ ears.direction(later)))
        kinds = changes(np.random.default_rng(4))
        for change in HARDEST:
            copy = ears.direction(ears.voiced(kinds[change](clip)))
            copies[change].append(float(clips[name] @ copy))
        worst = min(found[-1] for found in copies.values())
        print(f"{name}: {len(speech) / RATE:.1f} s, {worst:.3f}", file=sys.stderr)
    others = [
        float(clips[one] @ clips[two])
        for one, two in combinations(clips, 2)
        if language(one) != language(two)
    ]
    print(f"{len(clips)} people; two people's clips at most {max(others):.3f} alike")
    for change, found in copies.items():
        print(f"  {change}: least {min(found):.3f}")
    for limit in LIMITS:
        missed = np.concatenate([np.array(found) < limit for found in copies.values()])
        print(
            f"  limit {limit:.2f}: copies missed {rate(missed)}, "
            f"two people {rate(np.array(others) >= limit)}, "
            f"one person's other clip {rate(np.array(second) >= limit)}"
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
