"""The noise that an utterance's sound starts from.

It belongs to the utterance, never to the batch: the same seed on the same device gives the same
audio, whatever shares the batch.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from engine.chatterbox.s3gen.config import HARMONICS, MEL_BINS
from engine.chatterbox.utterance import FRAMES_PER_TOKEN, Utterance


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
    def of(cls, utterance: Utterance, device: torch.device, *, mean_flow: bool) -> "Noise":
        """Draw from the request's seed alone, in the order in which upstream draws."""
        generator = torch.Generator(device).manual_seed(utterance.request.parameters.seed)

        def normal(rows: int, columns: int) -> Tensor:
            return torch.randn(rows, columns, generator=generator, device=device)

        speech_frames = len(utterance.speech_tokens) * FRAMES_PER_TOKEN
        # Upstream draws a mean flow's speech first, and then a whole of which the prompt is used.
        speech = normal(MEL_BINS, speech_frames) if mean_flow else None
        mel = normal(MEL_BINS, utterance.total_frames)
        if speech is not None:
            mel[:, utterance.total_frames - speech_frames :] = speech
        phase = (torch.rand(HARMONICS, generator=generator, device=device) * 2 - 1) * torch.pi
        phase[0] = 0
        return cls(mel, phase, source=normal(HARMONICS, utterance.samples))
