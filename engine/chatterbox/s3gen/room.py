"""Memory that the flow's graph reads, and that utterances are put into as they are.

What a listener waits for between the last speech token and the flow is the host's work here, so a
voice that is in its place already is not put there again.
"""

from collections.abc import Callable, Sequence
from weakref import ref

import numpy as np
import torch
from torch import Tensor

from engine.chatterbox.cuda.packed import Packed
from engine.chatterbox.s3gen.config import MEL_BINS
from engine.chatterbox.s3gen.flow import FlowInputs
from engine.chatterbox.s3gen.noise import Noise
from engine.chatterbox.utterance import FRAMES_PER_TOKEN, Utterance
from engine.enrolment import Conditionals


class FlowRoom:
    """`inputs` for batches of at most `rows` utterances of at most `tokens`, prompts included."""

    def __init__(self, rows: int, tokens: int, speaker_width: int, device: torch.device) -> None:
        idle = (
            np.zeros((rows, tokens), np.int64),
            np.ones(rows, np.int64),  # rows that only fill the batch have length one
            np.ones((rows, speaker_width), np.float32),
        )
        self._packed = Packed(idle, device)
        ids, lengths, embedding = self._packed.tensors
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
        ids, lengths, embedding = self._packed.begin()
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
            self._noise[row, : utterance.total_frames].copy_(drawn.mel.T)
        self._packed.send()
