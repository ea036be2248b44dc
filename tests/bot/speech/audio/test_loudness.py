"""Loudness: everybody is brought to the same one, and nothing clips."""

import math

import numpy as np
import pytest

from bot.speech.audio.loudness import _PHASES, loudness_lufs, normalise, true_peak_dbtp
from engine.speech import FloatArray

RATE = 24_000


def tone(seconds: float, level: float, hz: float = 997.0) -> FloatArray:
    t = np.arange(int(seconds * RATE)) / RATE
    return (level * np.sin(2 * np.pi * hz * t)).astype(np.float32)


def test_a_full_scale_997_hz_sine_measures_as_the_standard_says() -> None:
    # BS.1770-4: a 0 dBFS 997 Hz sine in one front channel reads -3.01 LUFS, in both 0.0.
    assert loudness_lufs(tone(3, 1.0), RATE) == pytest.approx(0.0, abs=0.1)


@pytest.mark.parametrize("level", [0.001, 0.05, 0.9])
@pytest.mark.parametrize("seconds", [0.1, 0.35, 2.0])
def test_quiet_and_loud_speech_end_at_the_same_loudness(level: float, seconds: float) -> None:
    out = normalise(tone(seconds, level), RATE, target_lufs=-18, max_dbtp=-1.5)
    assert loudness_lufs(out, RATE) == pytest.approx(-18, abs=0.3)
    assert out.dtype == np.float32


def test_a_peaky_signal_is_held_below_the_true_peak_limit() -> None:
    pcm = tone(2, 0.01)
    pcm[RATE] = 1.0
    out = normalise(pcm, RATE, target_lufs=-14, max_dbtp=-1.5)
    assert true_peak_dbtp(out) == pytest.approx(-1.5, abs=0.05)


def test_true_peak_sees_what_lies_between_the_samples() -> None:
    # A quarter-rate sine sampled at 45 degrees never shows its crest: 3 dB above its samples.
    t = np.arange(RATE)
    pcm = np.sin(np.pi / 2 * t + np.pi / 4).astype(np.float32)
    sample_peak = 20 * math.log10(float(np.abs(pcm).max()))
    assert true_peak_dbtp(pcm) - sample_peak > 2.5


@pytest.mark.parametrize("seconds", [0.0001, 0.01, 1.5])
def test_the_true_peak_is_that_of_every_sample_oversampled(seconds: float) -> None:
    """Though only where it can be is looked at: in a swell, a click at either end, and in noise."""
    noise = np.random.default_rng(7).standard_normal(int(seconds * RATE)).astype(np.float32)
    swell = noise * np.linspace(0, 1, len(noise), dtype=np.float32)
    clicks = 0.01 * noise
    clicks[[0, -1]] = 0.9, -1.0
    for pcm in (noise, swell, clicks):
        phases = np.concatenate([_PHASES, _PHASES[:, ::-1]])
        peak = max(np.abs(np.convolve(pcm, phase)).max() for phase in phases)
        assert true_peak_dbtp(pcm) == pytest.approx(20 * math.log10(peak), abs=1e-4)


@pytest.mark.parametrize("pcm", [np.zeros(0, np.float32), np.zeros(RATE, np.float32)])
def test_silence_stays_silence(pcm: FloatArray) -> None:
    assert np.array_equal(normalise(pcm, RATE, target_lufs=-18, max_dbtp=-1.5), pcm)
