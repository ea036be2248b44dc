"""Flow matching: from noise to a mel spectrogram in a few Euler steps.

Guidance (Ho and Salimans 2022) runs two rows for each item and ten steps; the unconditional row
sees neither tokens nor voice, but the same state. A mean flow, which was distilled from the guided
one (Turbo's and Nano's), runs one row and two steps. The state is fp32. Nothing here reads a
tensor's value, so that the whole of it is one CUDA graph.
"""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from engine.chatterbox.s3gen.config import (
    GUIDANCE,
    MEL_BINS,
    encoder_dtype,
    rounds_to_tf32,
    tf32_products,
)
from engine.chatterbox.s3gen.encoder import encode, with_places
from engine.chatterbox.s3gen.estimator import estimate
from engine.chatterbox.s3gen.kernels import encoder_kernels_for, kernels_for
from engine.chatterbox.s3gen.layout import Layout
from engine.chatterbox.s3gen.weights import (
    euler_times,
    is_mean_flow,
    load_encoder,
    load_estimator,
)
from engine.chatterbox.utterance import FRAMES_PER_TOKEN
from engine.weights.sizes import S3GenSizes

#: What each row's slope counts: the guided one's and the unguided one's.
_GUIDED, _UNGUIDED = (1 + GUIDANCE, -GUIDANCE), (1.0,)


class FlowInputs(NamedTuple):
    """A padded batch; frames are two to a token.

    `tokens` (batch, tokens) int64, prompt first, valid ids in the padding too; `lengths` (batch,)
    int64, in tokens, at least one; `prompt` (batch, frames, 80) fp32, the prompt's mel and then
    zeros; `embedding` (batch, 192) fp32; `noise` (batch, frames, 80) fp32.
    """

    tokens: Tensor
    lengths: Tensor
    prompt: Tensor
    embedding: Tensor
    noise: Tensor


class Flow:
    """Encoder and estimator on one device. Holds no state of any utterance."""

    def __init__(self, layout: Layout, sizes: S3GenSizes, dtype: torch.dtype) -> None:
        """`dtype` is the estimator's; for the encoder's products see `encoder_dtype`."""
        self._tf32 = rounds_to_tf32(dtype, layout.device)
        self._encoder = load_encoder(layout, sizes, encoder_dtype(dtype, layout.device))
        if layout.device.type == "cuda":  # on a CPU the memory is worth more
            self._encoder = with_places(self._encoder)
        width = self._encoder.token_embedding.shape[1]
        self._encoder_kernels = encoder_kernels_for(layout.device, dtype, width)
        self._estimator = load_estimator(layout, sizes, dtype)
        self._kernels = kernels_for(layout.device, dtype)
        self.mean_flow = is_mean_flow(layout)
        self._steps = euler_times(mean_flow=self.mean_flow).diff().tolist()
        self._row_weights = _UNGUIDED if self.mean_flow else _GUIDED

    def __call__(self, inputs: FlowInputs) -> Tensor:
        """The mel of prompt and speech: (batch, frames, 80) fp32, anything past an item's end."""
        return self.solve(inputs, self.encode(inputs))

    def encode(self, inputs: FlowInputs) -> Tensor:
        """What `solve` is given."""
        with tf32_products(self._tf32):
            return encode(self._encoder_kernels, self._encoder, inputs.tokens, inputs.lengths)

    def solve(self, inputs: FlowInputs, encoded: Tensor) -> Tensor:
        with tf32_products(False):
            return self._solve(inputs, encoded)

    def _solve(self, inputs: FlowInputs, encoded: Tensor) -> Tensor:
        voice = functional.normalize(inputs.embedding, dim=1)
        speaker = functional.linear(voice, self._encoder.speaker.weight, self._encoder.speaker.bias)
        batch, frames, _ = encoded.shape
        rows = len(self._row_weights)
        # Rows 0..batch-1 are guided by everything, the others, if any, by nothing.
        features = encoded.new_zeros(rows, batch, frames, 4 * MEL_BINS)
        state, mu, spks, cond = features.chunk(4, dim=-1)
        mu[0] = encoded
        spks[0] = speaker[:, None]
        cond[0] = inputs.prompt
        lengths = (inputs.lengths * FRAMES_PER_TOKEN).repeat(rows)
        mel = inputs.noise.clone()
        state.copy_(mel.expand_as(state))
        for step, duration in enumerate(self._steps):
            slope = estimate(self._kernels, self._estimator, features.flatten(0, 1), lengths, step)
            shares = [duration * weight for weight in self._row_weights]
            self._kernels.advance(mel, slope.view(rows, batch, frames, -1), shares, features)
        return mel
