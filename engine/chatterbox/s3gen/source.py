"""The vocoder's excitation: pitch from the mel, and sines with noise from the pitch.

The harmonic-plus-noise source of the neural source-filter model (Wang et al. 2019). All of it is
fp32, and the phase is summed in fp64: half a cycle of error is another sound.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from engine.chatterbox.s3gen.config import HARMONICS, SAMPLE_RATE, tf32_products
from engine.chatterbox.s3gen.kernels.reference import multiply, windows
from engine.chatterbox.s3gen.layout import Layout, Linear
from engine.chatterbox.utterance import SAMPLES_PER_FRAME

SINE_AMPLITUDE = 0.1
VOICED_NOISE = 0.003
VOICED_ABOVE_HZ = 10.0
PITCH_TAPS = 3
_PITCH_LAYERS = (0, 2, 4, 6, 8)  # upstream's indices: an ELU lies between any two


@dataclass(frozen=True, slots=True)
class SourceWeights:
    """The pitch network and the mix of harmonics, fp32."""

    pitch: tuple[Linear, ...]
    pitch_head: Linear
    mix: Linear  # (1, harmonics)


def load_source(layout: Layout) -> SourceWeights:
    root = "mel2wav.f0_predictor."
    return SourceWeights(
        pitch=tuple(layout.windowed(f"{root}condnet.{index}") for index in _PITCH_LAYERS),
        pitch_head=layout.linear(root + "classifier"),
        mix=layout.linear("mel2wav.m_source.l_linear"),
    )


def pitch_hz(weights: SourceWeights, mel: Tensor, used: Tensor) -> Tensor:
    """F0 of each frame, (batch, frames) fp32.

    `mel` is (batch, frames, 80) fp32, finite in the padding too; `used` (batch, frames, 1) is zero
    there.
    """
    rows = mel
    with tf32_products(False):
        for layer in weights.pitch:
            seen = windows(rows * used, PITCH_TAPS, before=PITCH_TAPS // 2)
            rows = functional.elu(multiply(seen, layer))
        return multiply(rows, weights.pitch_head).squeeze(-1).abs()


def excitation(weights: SourceWeights, pitch: Tensor, phase: Tensor, noise: Tensor) -> Tensor:
    """The source signal, (batch, samples) fp32.

    `pitch` is (batch, frames) in Hz, `phase` (batch, 9) in radians, `noise` (batch, 9, samples)
    standard normal.
    """
    harmonics = torch.arange(1, HARMONICS + 1, device=pitch.device)
    # Cycles per sample, rounded as upstream rounds them; each frame's pitch holds for its samples.
    rate = (pitch[:, None] * harmonics[:, None] / SAMPLE_RATE).double()
    before = (rate.cumsum(-1) - rate) * SAMPLES_PER_FRAME
    position = torch.arange(1, SAMPLES_PER_FRAME + 1, device=pitch.device)
    cycles = (before[..., None] + rate[..., None] * position).frac().float().flatten(2)
    voiced = (pitch > VOICED_ABOVE_HZ).float().repeat_interleave(SAMPLES_PER_FRAME, dim=1)[:, None]
    sines = SINE_AMPLITUDE * torch.sin(2 * torch.pi * cycles + phase[..., None])
    loudness = voiced * VOICED_NOISE + (1 - voiced) * SINE_AMPLITUDE / 3
    waves = sines * voiced + loudness * noise
    mixed = (weights.mix.weight[0][:, None] * waves).sum(1) + weights.mix.bias
    return mixed.tanh()
