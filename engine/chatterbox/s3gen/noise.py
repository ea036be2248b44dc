"""The noise that an utterance's sound starts from.

It belongs to the utterance, never to the batch: the same seed on the same device gives the same
audio, whatever shares the batch.
"""

from functools import cached_property

import torch
from torch import Tensor

from engine.chatterbox.s3gen.config import HARMONICS, MEL_BINS
from engine.chatterbox.utterance import FRAMES_PER_TOKEN, Utterance


class Noise:
    """Everything random in one utterance, in upstream's layouts.

    `mel` is (80, frames of prompt and speech), standard normal: where the ODE starts. The rest is
    drawn when it is first asked for, which is while the flow runs.
    """

    def __init__(self, mel: Tensor, samples: int, generator: torch.Generator) -> None:
        self.mel = mel
        self._samples, self._generator = samples, generator

    @classmethod
    def of(cls, utterance: Utterance, device: torch.device, *, mean_flow: bool) -> "Noise":
        """Draw from the request's seed alone, in the order in which upstream draws."""
        generator = torch.Generator(device).manual_seed(utterance.request.parameters.seed)
        speech_frames = len(utterance.speech_tokens) * FRAMES_PER_TOKEN
        # Upstream draws a mean flow's speech first, and then a whole of which the prompt is used.
        speech = _normal(MEL_BINS, speech_frames, generator) if mean_flow else None
        mel = _normal(MEL_BINS, utterance.total_frames, generator)
        if speech is not None:
            mel[:, utterance.total_frames - speech_frames :] = speech
        return cls(mel, utterance.samples, generator)

    @property
    def phase(self) -> Tensor:
        """(9,) uniform in [-pi, pi), and zero for the fundamental."""
        return self._of_source[0]

    @property
    def source(self) -> Tensor:
        """(9, samples) standard normal: the harmonic source's."""
        return self._of_source[1]

    @cached_property
    def _of_source(self) -> tuple[Tensor, Tensor]:
        generator = self._generator
        drawn = torch.rand(HARMONICS, generator=generator, device=generator.device)
        phase = (drawn * 2 - 1) * torch.pi
        phase[:1].zero_()  # assigned as a number it would be copied, and waited for
        return phase, _normal(HARMONICS, self._samples, generator)


def _normal(rows: int, columns: int, generator: torch.Generator) -> Tensor:
    return torch.randn(rows, columns, generator=generator, device=generator.device)
