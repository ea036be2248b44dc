"""Memory that graphs of S3Gen read, and that utterances are put into as they are.

What a listener waits for between the last speech token and the flow is the host's work here, so a
voice that is in its place already is not put there again.
"""

from collections.abc import Callable, Sequence
from weakref import ref

import numpy as np
import torch
from torch import Tensor

from engine.chatterbox.cuda.packed import Packed
from engine.chatterbox.s3gen.config import HARMONICS, MEL_BINS
from engine.chatterbox.s3gen.flow import FlowInputs
from engine.chatterbox.s3gen.kernels import NoiseKernel
from engine.chatterbox.s3gen.noise import Noise
from engine.chatterbox.s3gen.vocoder import VocoderInputs
from engine.chatterbox.utterance import FRAMES_PER_TOKEN, SAMPLES_PER_FRAME, Utterance
from engine.enrolment import Conditionals


class FlowRoom:
    """`inputs` for batches of at most `rows` utterances of at most `tokens`, prompts included."""

    def __init__(
        self,
        rows: int,
        tokens: int,
        speaker_width: int,
        device: torch.device,
        noise: NoiseKernel | None = None,
    ) -> None:
        """Noise is drawn by `draw` where there is a kernel for it, and else put here."""
        idle = (
            np.zeros((rows, tokens), np.int64),
            np.ones(rows, np.int64),  # rows that only fill the batch have length one
            np.ones((rows, speaker_width), np.float32),
            np.zeros(rows, np.int64),
        )
        self._packed = Packed(idle, device)
        ids, lengths, embedding, self._seeds = self._packed.tensors
        self._kernel = noise
        shape = (rows, tokens * FRAMES_PER_TOKEN, MEL_BINS)
        self._prompts, self._noise = (torch.zeros(shape, device=device) for _ in range(2))
        self._voices: list[ref[Conditionals] | None] = [None] * rows
        self.inputs = FlowInputs(ids, lengths, self._prompts, embedding, self._noise)

    def forget(self) -> None:
        """Queue what leaves nothing of any voice here, on the stream of `put`."""
        self._packed.forget()
        self._prompts.zero_()
        self._voices = [None] * len(self._voices)

    def put(
        self,
        batch: Sequence[Utterance],
        noise: Sequence[Noise],
        prompt_mel: Callable[[Utterance], Tensor],
    ) -> None:
        """Queue what puts a batch here; `prompt_mel` gives that of a voice, on the device."""
        ids, lengths, embedding, seeds = self._packed.begin()
        for row, (utterance, drawn) in enumerate(zip(batch, noise, strict=True)):
            voice, total = utterance.voice.conditionals, utterance.total_tokens
            prompt_tokens, lengths[row] = voice.prompt_tokens.shape[1], total
            ids[row, :prompt_tokens] = voice.prompt_tokens[0].numpy()
            ids[row, prompt_tokens:total] = utterance.speech_tokens.numpy()
            embedding[row] = voice.x_vector[0].numpy()
            held = self._voices[row]
            if held is None or held() is not voice:
                mel = prompt_mel(utterance)
                self._prompts[row, : len(mel)].copy_(mel)
                self._prompts[row, len(mel) :].zero_()
                self._voices[row] = ref(voice)
            if self._kernel is None:
                self._noise[row, : utterance.total_frames].copy_(drawn.mel.T)
            seeds[row] = drawn.seed
        self._packed.send()

    def draw(self) -> FlowInputs:
        """The inputs of the batch that was put here, noise and all."""
        if self._kernel is not None:
            self._kernel(self._noise, self.inputs.lengths, self._seeds)
        return self.inputs


class SoundRoom:
    """`inputs` of the vocoder for batches of at most `rows` utterances of at most `frames`.

    `kept` (rows,) int64 are the samples of each that are heard. Past an utterance's end there is
    what others left: nothing of it is heard.
    """

    def __init__(self, rows: int, frames: int, device: torch.device) -> None:
        # Rows that only fill the batch have length one.
        self._packed = Packed((np.ones(rows, np.int64), np.ones(rows, np.int64)), device)
        lengths, self.kept = self._packed.tensors
        self._mel = torch.zeros(rows, frames, MEL_BINS, device=device)
        self._phase = torch.zeros(rows, HARMONICS, device=device)
        self._source = torch.zeros(rows, HARMONICS, frames * SAMPLES_PER_FRAME, device=device)
        self.inputs = VocoderInputs(self._mel, lengths, self._phase, self._source)
        self.is_new = True

    def forget(self) -> None:
        """Queue what leaves nothing of anybody here, on the stream of `put`."""
        self._packed.forget()
        torch._foreach_zero_([self._mel, self._phase, self._source])

    def expect(self, batch: Sequence[Utterance], noise: Sequence[Noise]) -> None:
        """Queue what puts here all of a batch but its mels."""
        self.is_new = False
        lengths, kept = self._packed.begin()
        for row, (utterance, drawn) in enumerate(zip(batch, noise, strict=True)):
            lengths[row], kept[row] = utterance.frames, utterance.kept_samples
            self._phase[row].copy_(drawn.phase)
            self._source[row, :, : utterance.samples].copy_(drawn.source)
        self._packed.send()

    def put(self, mels: Sequence[Tensor]) -> None:
        """Queue what puts the mels (frames, 80) of the batch here."""
        for row, mel in enumerate(mels):
            self._mel[row, : len(mel)].copy_(mel)
