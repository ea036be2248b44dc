"""Perth's watermark, put in on the device and at 24 kHz.

Upstream resamples to 32 kHz on the CPU, takes a 2048-point transform every 320 samples, changes
the lowest 128 bins, and resamples back. A 1536-point transform every 240 samples of the 24 kHz
signal has the same bins at the same times, so the same network sees the same spectrum without any
resampling. Only the change is synthesised and added: what Perth does not touch stays as it was.
The network is the one inside the resemble-perth wheel; without it nothing may speak.
"""

import importlib.util
import math
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from engine.chatterbox.s3gen.config import tf32_products
from engine.chatterbox.s3gen.spectrum import ShortTimeFourier
from engine.errors import WatermarkMissing

PERTH_N_FFT, N_FFT, HOP = 2048, 1536, 240
LEAST_MAGNITUDE = 1e-9
FLOOR_DB = 20 * math.log10(LEAST_MAGNITUDE)
RANGE_DB = 15 - FLOOR_DB  # Perth's networks see decibels over this range as 0 to 1
AUDIBLE_SHARE = 0.05  # frames with less than this of the loudest one's sum are left alone


class MarkInputs(NamedTuple):
    """Waveforms (batch, samples) fp32 and their lengths (batch,) int64 in samples."""

    wave: Tensor
    lengths: Tensor


class Watermark:
    """Perth's encoder on one device."""

    def __init__(self, device: torch.device, *, tf32: bool = False) -> None:
        state = _load_encoder()
        self._tf32 = tf32
        self._layers = [
            (state[f"layers.{n}.conv.weight"].to(device), state[f"layers.{n}.conv.bias"].to(device))
            for n in range(sum(name.endswith("conv.weight") for name in state))
        ]
        self._bins = self._layers[0][0].shape[1]
        self._transform = ShortTimeFourier(N_FFT, HOP, device)

    def __call__(self, inputs: MarkInputs) -> Tensor:
        """The waveforms (batch, samples) fp32 with the mark in."""
        wave, lengths = inputs
        spectrum = self._transform.analyse(wave, lengths)
        # A 2048-point sum is 4/3 as large as one over 1536 points of the same signal.
        magnitude = spectrum.square().sum(2).sqrt() * (PERTH_N_FFT / N_FFT)
        level = (20 * magnitude.clamp(min=LEAST_MAGNITUDE).log10() - FLOOR_DB) / RANGE_DB
        sums = level.sum(-1)
        marked = (sums > sums.amax(1, keepdim=True) * AUDIBLE_SHARE).float()
        frames = torch.arange(wave.shape[1] // HOP + 1, device=wave.device)
        used = (frames < (lengths // HOP + 1)[:, None]).float()[:, None]
        change = self._encode(level[..., : self._bins].transpose(1, 2), used)
        gain = 10 ** (change.transpose(1, 2) * marked[..., None] * RANGE_DB / 20)
        difference = spectrum[..., : self._bins] * (gain - 1)[:, :, None]
        return wave + self._transform.synthesise(difference, lengths)

    def _encode(self, level: Tensor, used: Tensor) -> Tensor:
        with tf32_products(self._tf32):
            hidden = level
            for index, (weight, bias) in enumerate(self._layers):
                if index > 0:
                    hidden = functional.leaky_relu(hidden)
                hidden = functional.conv1d(
                    hidden * used, weight, bias, padding=weight.shape[-1] // 2
                )
        return hidden


def _load_encoder() -> dict[str, Tensor]:
    """The encoder's tensors from the wheel, read without running any pickled code."""
    package = importlib.util.find_spec("perth")
    if package is None or not package.submodule_search_locations:
        raise WatermarkMissing("resemble-perth is not installed, and nothing may speak unmarked.")
    folder = Path(package.submodule_search_locations[0]) / "perth_net" / "pretrained" / "implicit"
    found = sorted(folder.glob("perth_net_*.pth.tar"))
    if not found:
        raise WatermarkMissing(f"resemble-perth holds no network in {folder.name}.")
    model = torch.load(found[-1], map_location="cpu", weights_only=True)["model"]
    return {n.removeprefix("encoder."): t for n, t in model.items() if n.startswith("encoder.")}
