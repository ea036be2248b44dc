"""What is resampled keeps what can be heard and gains nothing that was not there."""

import numpy as np
import pytest

from bot.clips.resampling import Resampler, resample
from engine.speech import FloatArray


def tone(hertz: float, rate: int) -> FloatArray:
    return np.sin(2 * np.pi * hertz * np.arange(2 * rate) / rate).astype(np.float32)


@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 44_100, 48_000, 96_000])
def test_a_tone_stays_what_it_was(rate: int) -> None:
    hertz = 0.4 * min(rate, 24_000)
    out = resample(tone(hertz, rate), rate, 24_000)
    assert len(out) == pytest.approx(2 * 24_000, abs=2)
    middle = out[12_000:36_000].astype(np.float64)
    angle = 2 * np.pi * hertz * np.arange(len(middle)) / 24_000
    waves = np.stack([np.sin(angle), np.cos(angle)], axis=1)
    found, *_ = np.linalg.lstsq(waves, middle, rcond=None)
    rest = middle - waves @ found
    assert 20 * np.log10(np.hypot(*found)) == pytest.approx(0, abs=0.1)
    assert 20 * np.log10(np.std(rest) / np.std(middle)) < -90


@pytest.mark.parametrize("rate", [44_100, 48_000, 96_000])
def test_what_no_longer_fits_does_not_fold_back(rate: int) -> None:
    out = resample(tone(13_500, rate), rate, 24_000)
    assert 20 * np.log10(np.std(out[12_000:36_000])) < -90


def test_blocks_join_without_a_seam() -> None:
    sound = np.random.default_rng(5).standard_normal(44_100).astype(np.float32)
    whole = resample(sound, 44_100, 24_000)
    resampler = Resampler(44_100, 24_000)
    pieces = [piece for block in np.array_split(sound, 7) for piece in resampler.push(block)]
    np.testing.assert_allclose(np.concatenate([*pieces, *resampler.flush()]), whole, atol=1e-6)


def test_nothing_gives_nothing() -> None:
    assert len(resample(np.zeros(0, np.float32), 48_000, 24_000)) == 0
