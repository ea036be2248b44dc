"""Flow matching: from noise to a mel spectrogram in ten Euler steps on a cosine schedule.

Guidance (Ho and Salimans 2022) runs two rows for each item; the unconditional one sees neither
tokens nor voice, but the same state. The state is fp32. Nothing here reads a tensor's value, so
that the whole of it is one CUDA graph.
"""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from engine.chatterbox.s3gen.config import EULER_STEPS, GUIDANCE, MEL_BINS, tf32_products
from engine.chatterbox.s3gen.encoder import encode
from engine.chatterbox.s3gen.estimator import estimate
from engine.chatterbox.s3gen.kernels import kernels_for
from engine.chatterbox.s3gen.layout import Layout
from engine.chatterbox.s3gen.weights import euler_times, load_encoder, load_estimator
from engine.chatterbox.utterance import FRAMES_PER_TOKEN
from engine.weights.sizes import S3GenSizes


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
        """`dtype` is the estimator's; the encoder is fp32."""
        self._tf32 = dtype != torch.float32
        self._encoder = load_encoder(layout, sizes)
        self._estimator = load_estimator(layout, sizes, dtype)
        self._kernels = kernels_for(layout.device, dtype)
        self._steps = euler_times().diff().tolist()

    def __call__(self, inputs: FlowInputs) -> Tensor:
        """The mel of prompt and speech: (batch, frames, 80) fp32, anything past an item's end."""
        with tf32_products(self._tf32):
            encoded = encode(self._encoder, inputs.tokens, inputs.lengths)
        with tf32_products(False):
            return self._solve(inputs, encoded)

    def _solve(self, inputs: FlowInputs, encoded: Tensor) -> Tensor:
        voice = functional.normalize(inputs.embedding, dim=1)
        speaker = functional.linear(voice, self._encoder.speaker.weight, self._encoder.speaker.bias)
        batch, frames, _ = encoded.shape
        # Rows 0..batch-1 are guided by everything, the others by nothing.
        features = encoded.new_zeros(2, batch, frames, 4 * MEL_BINS)
        state, mu, spks, cond = features.chunk(4, dim=-1)
        mu[0] = encoded
        spks[0] = speaker[:, None]
        cond[0] = inputs.prompt
        lengths = (inputs.lengths * FRAMES_PER_TOKEN).repeat(2)
        mel = inputs.noise.clone()
        for step in range(EULER_STEPS):
            state.copy_(mel.expand_as(state))
            slope = estimate(self._kernels, self._estimator, features.flatten(0, 1), lengths, step)
            guided, unguided = slope.chunk(2)
            duration = self._steps[step]
            mel.add_(guided, alpha=duration * (1 + GUIDANCE))
            mel.sub_(unguided, alpha=duration * GUIDANCE)
        return mel
