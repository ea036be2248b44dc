"""Perth's watermark, put in on the device and at 24 kHz.

Upstream resamples to 32 kHz on the CPU, takes a 2048-point transform every 320 samples, changes
the lowest 128 bins, and resamples back. A 1536-point transform every 240 samples of the 24 kHz
signal has the same bins at the same times, so the same network sees the same spectrum without any
resampling. Only the change is synthesised and added: what Perth does not touch stays as it was.
The network is the one inside the resemble-perth wheel; without it nothing may speak. Neither may
an engine that does not find its own mark again (`check_watermark`).
"""

import io
import math
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from engine.chatterbox.s3gen.config import SAMPLE_RATE, rounds_to_tf32, tf32_products
from engine.chatterbox.s3gen.half_watermark import HalfWatermark
from engine.chatterbox.s3gen.kernels import mark_kernels_for
from engine.chatterbox.s3gen.spectrum import ShortTimeFourier
from engine.errors import WatermarkMissing
from engine.perth import DETECTED, network

PERTH_N_FFT, N_FFT, HOP = 2048, 1536, 240
LEAST_MAGNITUDE = 1e-9
FLOOR_DB = 20 * math.log10(LEAST_MAGNITUDE)
RANGE_DB = 15 - FLOOR_DB  # Perth's networks see decibels over this range as 0 to 1
AUDIBLE_SHARE = 0.05  # frames with less than this of the loudest one's sum are left alone

_Layers = list[tuple[Tensor, Tensor]]
#: Of encoder and detector, by name.
Networks = dict[str, Tensor]


class MarkInputs(NamedTuple):
    """Waveforms (batch, samples) fp32 and their lengths (batch,) int64 in samples."""

    wave: Tensor
    lengths: Tensor


class Watermark:
    """Perth's encoder on one device, beside an estimator of `dtype`."""

    def __init__(self, device: torch.device, dtype: torch.dtype = torch.float32) -> None:
        self._tf32 = rounds_to_tf32(dtype, device)
        networks = _load_networks()
        self.layers = _layers(networks, "encoder.layers", device)
        self.transform = _transform(device)
        self._networks: Networks | None = networks
        self._half: HalfWatermark | None = None
        if (kernels := mark_kernels_for(device, dtype)) is not None:
            self._half = HalfWatermark(self.layers, self.transform, *kernels)

    def detector(self) -> "WatermarkDetector":
        """That of the same file. It is kept for the first time that it is asked for."""
        networks, self._networks = self._networks, None
        return WatermarkDetector(networks)

    def __call__(self, inputs: MarkInputs) -> Tensor:
        """The waveforms (batch, samples) fp32 with the mark in.

        In half precision on a GPU, lengths have to be multiples of `HOP`, as a frame of mel is.
        """
        wave, lengths = inputs
        if self._half is not None and wave.shape[1] % HOP == 0:
            return self._half(wave, lengths)
        spectrum = self.transform.analyse(wave, lengths)
        level, marked = _levels(spectrum)
        frames = torch.arange(wave.shape[1] // HOP + 1, device=wave.device)
        used = (frames < (lengths // HOP + 1)[:, None]).float()[:, None]
        bins = self.layers[0][0].shape[1]
        with tf32_products(self._tf32):
            change = _convolve(level[..., :bins].transpose(1, 2), self.layers, used)
        gain = 10 ** (change.transpose(1, 2) * marked[..., None] * RANGE_DB / 20)
        difference = spectrum[..., :bins] * (gain - 1)[:, :, None]
        return wave + self.transform.synthesise(difference, lengths)


class WatermarkDetector:
    """Perth's detector, on the CPU."""

    def __init__(self, networks: Networks | None = None) -> None:
        """`networks` are Perth's, where they are loaded already."""
        cpu, state = torch.device("cpu"), networks or _load_networks()
        #: It listens at three speeds, in case the sound was stretched.
        self._branches = [
            (scale, _layers(state, f"decoder.{name}_layers", cpu))
            for scale, name in ((1.25, "slow"), (1.0, "normal"), (0.75, "fast"))
        ]
        self._transform = _transform(cpu)

    def __call__(self, wave: Tensor) -> float:
        """How sure it is, from 0 to 1, that (samples,) fp32 at 24 kHz carry the mark."""
        level, marked = _levels(self._transform.analyse(wave[None], torch.tensor([len(wave)])))
        found = []
        for scale, layers in self._branches:
            size = int(level.shape[1] * scale)
            low = level[..., : layers[0][0].shape[1]].transpose(1, 2)
            low = functional.interpolate(low, size=size, mode="linear", align_corners=True)
            mask = functional.interpolate(marked[:, None], size=size, mode="nearest")
            found.append((_convolve(low, layers) * mask).sum(2)[0] / mask.sum())
        attention, mark = torch.stack(found, 1)
        return float((mark * attention.softmax(0)).sum().clamp(0, 1))


def check_watermark(mark: Callable[[Tensor], Tensor], detect: WatermarkDetector) -> None:
    """Raise `WatermarkMissing` where `detect` does not find what `mark` puts into a signal.

    `mark` takes and returns (samples,) fp32 at 24 kHz, on the CPU.
    """
    seconds = torch.arange(SAMPLE_RATE) / SAMPLE_RATE
    # A voice, as far as a spectrum goes: harmonics of 130 Hz that waver, and syllables.
    turns = 130 * seconds + 0.8 * torch.sin(2 * math.pi * 3 * seconds)
    harmonics = torch.arange(1, 40)[:, None]
    signal = (torch.sin(2 * math.pi * harmonics * turns) / harmonics).sum(0)
    signal = 0.1 * signal * (0.6 - 0.4 * torch.cos(2 * math.pi * 4 * seconds))
    if not detect(signal) < DETECTED < detect(mark(signal)):
        raise WatermarkMissing(
            "The watermark was not found again in a test signal, and nothing may speak unmarked."
        )


def _levels(spectrum: Tensor) -> tuple[Tensor, Tensor]:
    """Perth's input (batch, frames, bins), and which frames (batch, frames) are loud enough."""
    # A 2048-point sum is 4/3 as large as one over 1536 points of the same signal.
    magnitude = spectrum.square().sum(2).sqrt() * (PERTH_N_FFT / N_FFT)
    level = (20 * magnitude.clamp(min=LEAST_MAGNITUDE).log10() - FLOOR_DB) / RANGE_DB
    sums = level.sum(-1)
    return level, (sums > sums.amax(1, keepdim=True) * AUDIBLE_SHARE).float()


def _convolve(hidden: Tensor, layers: _Layers, used: Tensor | float = 1.0) -> Tensor:
    for index, (weight, bias) in enumerate(layers):
        if index > 0:
            hidden = functional.leaky_relu(hidden)
        hidden = functional.conv1d(hidden * used, weight, bias, padding=weight.shape[-1] // 2)
    return hidden


def _layers(state: dict[str, Tensor], name: str, device: torch.device) -> _Layers:
    count = sum(n.startswith(f"{name}.") and n.endswith("conv.weight") for n in state)
    return [
        (
            state[f"{name}.{n}.conv.weight"].to(device),
            state[f"{name}.{n}.conv.bias"].to(device),
        )
        for n in range(count)
    ]


@lru_cache(maxsize=2)
def _transform(device: torch.device) -> ShortTimeFourier:
    """Of 19 MB, which all models on a device share, and the detector on a CPU."""
    return ShortTimeFourier(N_FFT, HOP, device)


def _load_networks() -> Networks:
    """Perth's tensors from the wheel, read without running any pickled code: 37 MB."""
    model: Networks = torch.load(io.BytesIO(network()), map_location="cpu", weights_only=True)[
        "model"
    ]
    return model
