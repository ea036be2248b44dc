"""The watermark by kernels is the plain one but for rounding: by twins, and on a GPU by them."""

import pytest
import torch
from torch import Tensor

from engine.chatterbox.s3gen.half_watermark import HalfWatermark
from engine.chatterbox.s3gen.kernels.convolutions import VocoderKernels
from engine.chatterbox.s3gen.kernels.cuda_mark import CudaMarkKernels, MarkKernels
from engine.chatterbox.s3gen.kernels.cuda_vocoder import CudaVocoderKernels
from engine.chatterbox.s3gen.spectrum import ShortTimeFourier
from engine.chatterbox.s3gen.watermark import HOP, N_FFT, MarkInputs, Watermark, WatermarkDetector
from engine.perth import DETECTED
from engine.upstream.random_weights import synthetic_voice
from tests.engine.chatterbox.s3gen.plain_vocoder_kernels import PlainVocoderKernels
from tests.engine.chatterbox.s3gen.upstream_s3gen import relative_error

on_a_gpu = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device"),
]


class PlainMarkKernels:
    """See `MarkKernels`. Transforms of a signal's own length take its samples from `hops`."""

    def __init__(self, device: torch.device) -> None:
        self._transform = ShortTimeFourier(N_FFT, HOP, device)

    def windows(self, wave: Tensor, hops: Tensor) -> Tensor:
        frames = wave.shape[1] // HOP + 1
        windows = wave.new_zeros(len(wave), frames, N_FFT)
        for item, count in enumerate(hops.tolist()):
            signal = wave[item, None, : count * HOP]
            padded = torch.nn.functional.pad(signal, (N_FFT // 2, N_FFT // 2), mode="reflect")
            windows[item, : count + 1] = padded[0].unfold(0, N_FFT, HOP)
        return windows

    def levels(self, spectrum: Tensor, hops: Tensor) -> tuple[Tensor, Tensor]:
        size = spectrum.unflatten(2, (2, -1)).square().sum(2).sqrt() * (4 / 3)
        level = (20 * size.clamp(min=1e-9).log10() + 180) / 195
        return (level[..., :128] * self._used(level, hops)).half(), level.sum(-1)

    def change(self, spectrum: Tensor, change: Tensor, sums: Tensor, hops: Tensor) -> Tensor:
        marked = (sums > sums.amax(1, keepdim=True) * 0.05)[..., None]
        gain = 10 ** (change * marked * 195 / 20) - 1
        low = spectrum.unflatten(2, (2, -1))[..., :128]
        return (low * gain[:, :, None]).flatten(2) * self._used(spectrum, hops)

    def total(self, wave: Tensor, pieces: Tensor, window: Tensor, hops: Tensor) -> Tensor:
        total, weight = torch.zeros_like(wave), torch.zeros_like(wave)
        half = N_FFT // 2
        for item, count in enumerate(hops.tolist()):
            sums = wave.new_zeros(2, count * HOP + N_FFT)
            for frame in range(count + 1):
                place = slice(frame * HOP, frame * HOP + N_FFT)
                sums[0, place] += pieces[item, frame]
                sums[1, place] += window
            heard = slice(half, half + count * HOP)
            total[item, : count * HOP], weight[item, : count * HOP] = sums[:, heard]
        return wave + total / weight.clamp(min=1e-8)

    def _used(self, rows: Tensor, hops: Tensor) -> Tensor:
        return (torch.arange(rows.shape[1], device=hops.device) <= hops[:, None])[..., None]


@pytest.mark.parametrize("form", ["twins", pytest.param("cuda", marks=on_a_gpu)])
def test_the_mark_is_that_of_plain_torch_and_is_found(form: str) -> None:
    device = torch.device("cpu" if form == "twins" else "cuda")
    signals = [torch.from_numpy(synthetic_voice(pitch, 2.0)) for pitch in (110.0, 190.0)]
    lengths = torch.tensor([len(signals[0]), 36_000], device=device)
    wave = torch.full((2, 57_600), 0.3)  # the padding is not silent, and must not matter
    for row, (signal, length) in enumerate(zip(signals, lengths.tolist(), strict=True)):
        wave[row, :length] = signal[:length]
    wave = wave.to(device)
    plain = Watermark(device)
    convolutions: VocoderKernels = PlainVocoderKernels()
    kernels: MarkKernels = PlainMarkKernels(device)
    if form == "cuda":
        convolutions, kernels = CudaVocoderKernels(device), CudaMarkKernels(device)
    half = HalfWatermark(plain.layers, plain.transform, convolutions, kernels)
    with torch.inference_mode():
        ours, expected = half(wave, lengths), plain(MarkInputs(wave, lengths))
    for row, length in enumerate(lengths.tolist()):
        heard, before = ours[row, :length], wave[row, :length]
        assert relative_error(heard - before, expected[row, :length] - before) < 5e-3
        assert torch.equal(ours[row, length:], wave[row, length:])
        assert WatermarkDetector()(before.cpu()) < DETECTED < WatermarkDetector()(heard.cpu())
