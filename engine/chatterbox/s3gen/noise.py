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

    It is drawn from the request's `seed` alone, in the order in which upstream draws, and only when
    it is first asked for: most of it while the flow runs.
    """

    def __init__(self, utterance: Utterance, device: torch.device, *, mean_flow: bool) -> None:
        self.seed = utterance.request.parameters.seed
        self._frames, self._samples = utterance.total_frames, utterance.samples
        # Upstream draws a mean flow's speech first, and then a whole of which the prompt is used.
        tokens = len(utterance.speech_tokens) if mean_flow else 0
        self._drawn_first = tokens * FRAMES_PER_TOKEN
        self._device = device

    @cached_property
    def mel(self) -> Tensor:
        """(80, frames of prompt and speech) standard normal: where the ODE starts."""
        return self._begun[1]

    @property
    def phase(self) -> Tensor:
        """(9,) uniform in [-pi, pi), and zero for the fundamental."""
        return self._of_source[0]

    @property
    def source(self) -> Tensor:
        """(9, samples) standard normal: the harmonic source's."""
        return self._of_source[1]

    @cached_property
    def _begun(self) -> tuple[torch.Generator, Tensor]:
        generator = torch.Generator(self._device).manual_seed(self.seed)
        first = self._drawn_first
        speech = _normal(MEL_BINS, first, generator) if first else None
        mel = _normal(MEL_BINS, self._frames, generator)
        if speech is not None:
            mel[:, self._frames - first :] = speech
        return generator, mel

    @cached_property
    def _of_source(self) -> tuple[Tensor, Tensor]:
        generator, _ = self._begun
        drawn = torch.rand(HARMONICS, generator=generator, device=generator.device)
        phase = (drawn * 2 - 1) * torch.pi
        phase[:1].zero_()  # assigned as a number it would be copied, and waited for
        return phase, _normal(HARMONICS, self._samples, generator)


def _normal(rows: int, columns: int, generator: torch.Generator) -> Tensor:
    return torch.randn(rows, columns, generator=generator, device=generator.device)
