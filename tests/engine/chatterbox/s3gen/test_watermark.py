"""The watermark on the device, judged by Perth's own detector on the CPU."""

from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from engine.chatterbox.loading import assemble
from engine.chatterbox.s3gen import WaveformDecoder
from engine.chatterbox.s3gen.watermark import MarkInputs, Watermark, WatermarkDetector
from engine.chatterbox.shared import SharedParts
from engine.errors import WatermarkMissing
from engine.silence import trim
from engine.upstream import package as upstream_package
from engine.upstream.random_weights import synthetic_voice
from engine.weights.models import ENGLISH
from tests.engine.chatterbox.s3gen.upstream_s3gen import Upstream, make_utterance, relative_error


@pytest.fixture(scope="module")
def perth() -> Any:
    return upstream_package.perth.PerthImplicitWatermarker()


def buzz(seconds: float, pitch_hz: float) -> Tensor:
    """A voice-like signal without the top octave, which Perth's resampling would take away."""
    samples = synthetic_voice(pitch_hz, seconds)
    spectrum = np.fft.rfft(samples)
    spectrum[len(spectrum) // 2 :] = 0
    return torch.from_numpy(np.fft.irfft(spectrum, len(samples)).astype(np.float32))


def test_perths_detector_finds_the_mark_in_every_output(
    decoder: WaveformDecoder, perth: Any, pytestconfig: pytest.Config
) -> None:
    lengths = (13, 25, 50, 31, 125) if pytestconfig.getoption("--all") else (13, 31)
    batch = [make_utterance(tokens, 20, seed=tokens) for tokens in lengths]
    for wave in decoder.decode(batch):
        assert perth.get_watermark(wave.numpy(), sample_rate=24000) == 1


def test_the_mark_is_the_one_that_perth_itself_puts_in(perth: Any) -> None:
    """Perth's detector finds it, and nothing before it is in."""
    signals = [buzz(2, 110), buzz(3, 190)]
    lengths = torch.tensor([len(signal) for signal in signals])
    wave = torch.full((2, 72_000), 0.3)  # the padding is not silent, and must not matter
    for row, signal in enumerate(signals):
        wave[row, : len(signal)] = signal
    marked = Watermark(torch.device("cpu"))(MarkInputs(wave, lengths))
    for row, signal in enumerate(signals):
        theirs = torch.from_numpy(perth.apply_watermark(signal.numpy(), sample_rate=24000))
        ours = marked[row, : len(signal)]
        assert relative_error(ours - signal, theirs - signal) < 0.1
        assert relative_error(ours, theirs) < 5e-3
        assert perth.get_watermark(signal.numpy(), sample_rate=24000) == 0
        assert perth.get_watermark(ours.numpy(), sample_rate=24000) == 1
        for sound in (signal, ours):
            confidence = perth.get_watermark(sound.numpy(), sample_rate=24000, round=False)
            assert WatermarkDetector()(sound) == pytest.approx(float(confidence), abs=0.05)


def test_the_mark_is_found_where_silence_was_cut(perth: Any) -> None:
    """Both ends are, and a stall in the middle."""
    silence = torch.zeros(72_000)
    signal = torch.cat((silence, buzz(2, 110), silence, buzz(1, 190), silence))
    inputs = MarkInputs(signal[None], torch.tensor([len(signal)]))
    marked = Watermark(torch.device("cpu"))(inputs)[0].numpy()
    trimmed = trim(marked, 24_000, lead_s=0.1, tail_s=0.25)
    assert len(trimmed) < 5 * 24_000
    assert perth.get_watermark(trimmed, sample_rate=24_000) == 1


def test_the_mark_of_the_loaded_decoder_is_found_before_it_speaks(
    decoder: WaveformDecoder, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoder.check_watermark()
    broken = upstream.decoder()
    monkeypatch.setattr(Watermark, "__call__", lambda _, inputs: inputs.wave)
    with pytest.raises(WatermarkMissing, match="not found again"):
        broken.check_watermark()


def test_an_engine_whose_mark_is_not_found_does_not_load(
    small_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor does another model find the decoder ready, and not ask again."""
    monkeypatch.setattr(Watermark, "__call__", lambda _, inputs: inputs.wave)
    shared = SharedParts()
    with pytest.raises(WatermarkMissing, match="not found again"):
        assemble(
            small_checkpoint,
            ENGLISH,
            revision="test",
            device="cpu",
            precision="fp32",
            reason="It is a test.",
            home=tmp_path,
            report=lambda _: None,
            shared=shared,
        )
    assert not shared.waveforms


def test_a_changed_network_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "perth_net" / "pretrained" / "implicit"
    folder.mkdir(parents=True)
    (folder / "perth_net_250000.pth.tar").write_bytes(b"another")
    spec = ModuleSpec("perth", None, is_package=True)
    spec.submodule_search_locations = [str(tmp_path)]
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: spec)
    with pytest.raises(WatermarkMissing, match="not the one it was shipped with"):
        Watermark(torch.device("cpu"))


def test_without_perths_network_nothing_speaks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(WatermarkMissing, match="nothing may speak unmarked"):
        Watermark(torch.device("cpu"))


@pytest.mark.gpu
def test_the_mark_is_the_same_on_a_gpu(upstream: Upstream) -> None:
    signal = buzz(2, 150)[None]
    lengths = torch.tensor([signal.shape[1]])
    here, there = (
        Watermark(device)(MarkInputs(signal.to(device), lengths.to(device)))
        for device in (torch.device("cpu"), upstream.device)
    )
    assert relative_error(there, here) < 1e-4
