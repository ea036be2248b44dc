"""What enrolment computes without librosa is what librosa computes."""

import librosa
import numpy as np
import pytest

from engine.upstream import acoustics

RANDOM = np.random.default_rng(7)


def clip(samples: int) -> acoustics.Signal:
    """Noise between two silences."""
    loud = RANDOM.standard_normal(samples).astype(np.float32) * 0.1
    loud[: samples // 5] *= 1e-3
    loud[-samples // 7 :] *= 1e-3
    return loud


@pytest.mark.parametrize("orig_sr", [16_000, 22_050, 24_000, 44_100, 48_000])
@pytest.mark.parametrize("target_sr", [16_000, 24_000])
def test_a_clip_resampled(orig_sr: int, target_sr: int) -> None:
    samples = clip(30_011)
    ours = acoustics.resample(samples, orig_sr=orig_sr, target_sr=target_sr)
    theirs = librosa.resample(samples, orig_sr=orig_sr, target_sr=target_sr)
    assert ours.dtype == theirs.dtype
    assert np.array_equal(ours, theirs)


@pytest.mark.parametrize(
    ("sr", "n_fft", "n_mels", "fmax"),
    [(16_000, 400, 128, None), (16_000, 400, 40, 8000), (24_000, 1920, 80, 8000)],
    ids=["speech tokenizer", "voice encoder", "S3Gen"],
)
def test_mel_filters(sr: int, n_fft: int, n_mels: int, fmax: float | None) -> None:
    ours = acoustics.mel_filters(sr=sr, n_fft=n_fft, n_mels=n_mels, fmax=fmax)
    theirs = librosa.filters.mel(sr=sr, n_fft=n_fft, n_mels=n_mels, fmin=0, fmax=fmax)
    assert ours.dtype == theirs.dtype
    assert np.abs(ours - theirs).max() <= 1e-7 * theirs.max()


@pytest.mark.parametrize("samples", [1_000, 16_000, 47_803])
def test_what_is_left_between_silences(samples: int) -> None:
    given = clip(samples)
    ours, theirs = acoustics.trim(given, top_db=20), librosa.effects.trim(given, top_db=20)
    assert np.array_equal(ours[0], theirs[0])
    assert np.array_equal(ours[1], theirs[1])
    assert samples < 16_000 or len(ours[0]) < samples


def test_silence_is_trimmed_as_there() -> None:
    silence = np.zeros(16_000, np.float32)
    assert np.array_equal(acoustics.trim(silence, top_db=20)[1], librosa.effects.trim(silence)[1])


@pytest.mark.parametrize("samples", [400, 8_000, 47_803])
def test_a_transform(samples: int) -> None:
    given, how = clip(samples), {"n_fft": 400, "hop_length": 160, "win_length": 400}
    ours = acoustics.stft(given, **how, center=True, pad_mode="reflect")
    theirs = librosa.stft(given, **how, center=True, pad_mode="reflect")
    assert ours.dtype == theirs.dtype
    assert ours.shape == theirs.shape
    assert np.abs(ours - theirs).max() <= 1e-6 * np.abs(theirs).max()


def test_a_transform_that_it_does_not_know_is_refused() -> None:
    with pytest.raises(ValueError, match="centred"):
        acoustics.stft(
            clip(800), n_fft=400, hop_length=160, win_length=400, center=False, pad_mode="reflect"
        )
