"""The noise that an utterance's sound starts from.

It belongs to the utterance, never to the batch: the same seed on the same device gives the same
audio, whatever shares the batch.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from engine.chatterbox.s3gen.config import HARMONICS, MEL_BINS
from engine.chatterbox.utterance import Utterance


@dataclass(frozen=True, slots=True)
class Noise:
    """Everything random in one utterance, in upstream's layouts.

    `mel` is (80, frames of prompt and speech), standard normal: where the ODE starts. `phase` is
    (9,), uniform in [-pi, pi) and zero for the fundamental; `source` is (9, samples), standard
    normal: the harmonic source's.
    """

    mel: Tensor
    phase: Tensor
    source: Tensor

    @classmethod
    def of(cls, utterance: Utterance, device: torch.device) -> "Noise":
        """Draw from the request's seed alone, in the order in which upstream draws."""
        generator = torch.Generator(device).manual_seed(utterance.request.parameters.seed)
        mel = torch.randn(MEL_BINS, utterance.total_frames, generator=generator, device=device)
        phase = (torch.rand(HARMONICS, generator=generator, device=device) * 2 - 1) * torch.pi
        phase[0] = 0
        source = torch.randn(HARMONICS, utterance.samples, generator=generator, device=device)
        return cls(mel, phase, source)
