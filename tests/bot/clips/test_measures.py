"""The encoder and the loudness meter against the libraries that they stand in for."""

import importlib.resources

import numpy as np
import pytest
from safetensors.numpy import load

from bot.clips.loudness import loudness_lufs
from bot.clips.speaker import SpeakerEncoder, least_similarity, windows
from engine.speech import FloatArray

RATE = 24_000


def test_the_encoder_is_the_network_that_torch_would_run() -> None:
    torch = pytest.importorskip("torch")
    stored = load((importlib.resources.files("bot.clips") / "speaker.safetensors").read_bytes())
    weights = {name: torch.from_numpy(array.astype(np.float32)) for name, array in stored.items()}
    lstm = torch.nn.LSTM(40, 256, 3, batch_first=True)
    lstm.load_state_dict(
        {name[5:]: weight for name, weight in weights.items() if name.startswith("lstm.")}
    )
    mels = np.random.default_rng(4).exponential(0.05, (5, 160, 40)).astype(np.float32)
    with torch.inference_mode():
        _, (hidden, _) = lstm(torch.from_numpy(mels))
        raw = torch.relu(hidden[-1] @ weights["linear.weight"].T + weights["linear.bias"])
        expected = torch.nn.functional.normalize(raw).numpy()
    np.testing.assert_allclose(SpeakerEncoder().encode(mels), expected, atol=1e-5)


def test_the_spectrogram_is_librosas(spoken: dict[str, list[FloatArray]]) -> None:
    """What the encoder hears is what it was trained on."""
    librosa = pytest.importorskip("librosa")
    sound = spoken["heart"][0]
    expected = librosa.feature.melspectrogram(
        y=sound, sr=16_000, n_fft=400, hop_length=160, n_mels=40
    )
    np.testing.assert_allclose(SpeakerEncoder().mel(sound), expected.T, rtol=1e-3, atol=1e-5)


def test_short_speech_is_one_window() -> None:
    """Less than 1.6 s is padded; each 0.4 s more is another window."""
    assert windows(np.ones((10, 40), np.float32)).shape == (1, 160, 40)
    assert windows(np.ones((280, 40), np.float32)).shape == (4, 160, 40)


def test_two_groups_are_found_in_any_order() -> None:
    one, other = np.eye(256, dtype=np.float32)[:2]
    other = (0.6 * one + 0.8 * other).astype(np.float32)
    assert least_similarity(np.stack([one, other] * 4)) == pytest.approx(0.6, abs=1e-5)
    assert least_similarity(np.stack([one] * 4 + [other] * 4)) == pytest.approx(0.6, abs=1e-5)
    assert least_similarity(np.stack([one] * 8)) == pytest.approx(1.0)


def test_loudness_is_that_of_the_standard(spoken: dict[str, list[FloatArray]]) -> None:
    """Pyloudnorm's figure for speech, and -3.01 LUFS for a sine of 997 Hz, as BS.1770 says."""
    pyloudnorm = pytest.importorskip("pyloudnorm")
    speech = np.concatenate([*spoken["fenrir"], np.zeros(RATE, np.float32)])
    expected = pyloudnorm.Meter(RATE).integrated_loudness(speech)
    assert loudness_lufs(speech, RATE) == pytest.approx(expected, abs=0.15)
    sine = np.sin(2 * np.pi * 997 * np.arange(5 * RATE) / RATE).astype(np.float32)
    assert loudness_lufs(sine, RATE) == pytest.approx(-3.01, abs=0.1)
    assert loudness_lufs(np.zeros(RATE, np.float32), RATE) == -np.inf
