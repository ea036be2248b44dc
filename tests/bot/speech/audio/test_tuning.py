"""Speech faster or slower, higher or lower: as much as it says, and still to be understood."""

import itertools

import numpy as np
import pytest

from bot.clips.resampling import resample
from bot.clips.watermark import WatermarkHearing
from bot.speech.audio import opus
from bot.speech.audio.clip import Clip, faster
from bot.speech.audio.codec import Codec
from bot.speech.audio.tuning import (
    PITCH_MAX,
    PITCH_MIN,
    SPEED_MAX,
    SPEED_MIN,
    UNTUNED,
    Tuning,
    tuned,
)
from engine.speech import FloatArray
from tests.bot.clips.recordings import RATE, TEXTS, sentences
from tests.bot.speech.audio.test_loudness import tone
from tests.recogniser import word_error_rate

ENDS = list(itertools.product((SPEED_MIN, SPEED_MAX), (PITCH_MIN, PITCH_MAX)))


def pitch_hz(pcm: FloatArray, sample_rate: int) -> float:
    return float(np.argmax(np.abs(np.fft.rfft(pcm)))) * sample_rate / len(pcm)


def like_a_voice(seconds: float) -> FloatArray:
    """As far as a spectrum goes: harmonics of 130 Hz that waver, and syllables."""
    t = np.arange(int(seconds * RATE)) / RATE
    turns = 130 * t + 0.8 * np.sin(2 * np.pi * 3 * t)
    harmonics = np.arange(1, 40)[:, None]
    voice = (np.sin(2 * np.pi * harmonics * turns) / harmonics).sum(0)
    return (0.1 * voice * (0.6 - 0.4 * np.cos(2 * np.pi * 4 * t))).astype(np.float32)


@pytest.mark.parametrize(("speed", "semitones"), [(0.5, 0), (2.0, 0), (1.0, 12), (1.5, -4)])
def test_speed_changes_the_length_and_pitch_the_height(speed: float, semitones: int) -> None:
    sound = tone(2.0, 0.3)
    changed = tuned(sound, RATE, Tuning(speed, semitones))
    assert len(changed) == pytest.approx(len(sound) / speed, rel=0.03)
    expected = pitch_hz(sound, RATE) * 2 ** (semitones / 12)
    assert pitch_hz(changed, RATE) == pytest.approx(expected, rel=0.01)


def test_nothing_is_done_where_nothing_is_asked_for_or_there_is_no_sound() -> None:
    sound = tone(0.1, 0.3)
    assert tuned(sound, RATE, UNTUNED) is sound
    assert len(tuned(np.zeros(0, np.float32), RATE, Tuning(2.0))) == 0
    assert len(tuned(sound[:1], RATE, Tuning(2.0, 3))) <= 2


@pytest.mark.slow
@pytest.mark.parametrize(("speed", "pitch"), ENDS)
def test_it_is_understood_at_the_ends_of_what_members_choose(speed: float, pitch: int) -> None:
    """Of whom a recogniser understands every word as they are."""
    errors = [
        word_error_rate(text, tuned(pcm, RATE, Tuning(speed, pitch)), RATE)
        for said in sentences(("heart", "michael"), TEXTS[:1]).values()
        for text, pcm in zip(TEXTS, said, strict=False)
    ]
    assert np.mean(errors) <= 0.1


def test_another_pitch_is_marked_as_synthetic_anew() -> None:
    """It moves Perth's mark to where no detector looks for it; another speed does not."""
    hearing, voice = WatermarkHearing(), like_a_voice(2.0)

    def heard(tuning: Tuning) -> float:
        pcm = Codec().with_tuning(tuning).levelled(voice, RATE)
        packets, _ = opus.encode(pcm, RATE, kbps=64)
        sound = opus.decode(opus.join(packets)).mean(axis=1)
        return hearing.certainty(resample(sound, opus.SAMPLE_RATE, RATE))

    assert heard(Tuning(1.0, 1)) > 0.9
    assert heard(UNTUNED) < 0.1  # what an engine says has its mark already, or none


def test_a_clip_is_hurried_at_its_pitch_and_loudness() -> None:
    packets, _ = opus.encode(tone(1.0, 0.3), RATE, kbps=64)
    clip = Clip("key", tuple(packets), cached=False)
    hurried = faster(clip, 1.25, kbps=64)
    assert hurried.duration_s == pytest.approx(clip.duration_s / 1.25, abs=0.06)
    before, after = (opus.decode(opus.join(one.packets)).mean(axis=1) for one in (clip, hurried))
    assert pitch_hz(after, RATE) == pytest.approx(pitch_hz(before, RATE), rel=0.01)
    levels = [np.sqrt(np.mean(one[4_000:30_000] ** 2)) for one in (before, after)]
    assert levels[1] == pytest.approx(levels[0], rel=0.05)
