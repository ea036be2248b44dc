"""S3Gen's conformer encoder: speech tokens (25 Hz) to 80 features at 50 Hz, around full attention.

Relative positions as in Transformer-XL (Dai et al. 2019, section 3.3). Rows past an item's length
are masked out of attention and zeroed before the one convolution that looks ahead; the others look
back only.
"""

import math
from dataclasses import replace

import torch
from torch import Tensor
from torch.nn import functional

from engine.chatterbox.s3gen.kernels import EncoderKernels
from engine.chatterbox.s3gen.kernels.reference import multiply, windows
from engine.chatterbox.s3gen.layout import Linear
from engine.chatterbox.s3gen.weights import EncoderLayer, EncoderWeights
from engine.chatterbox.utterance import FRAMES_PER_TOKEN

EPSILON = 1e-5
LOOK_AHEAD, LOOK_BACK, UPSAMPLE = 4, 3, 5  # taps of the three convolutions
#: Tokens, up to which what layers make of distances is kept: 25 s with the prompt, 19 MB in halves.
_PLACED_TOKENS = 640


def with_places(weights: EncoderWeights) -> EncoderWeights:
    """With what `layers` make of distances, which is the same for every utterance."""

    def placed(layer: EncoderLayer, time: int) -> EncoderLayer:
        positions = _relative_positions(time, layer.position.shape[1], layer.position.device)
        return replace(layer, places=_places(layer, positions))

    return replace(
        weights,
        layers=tuple(placed(layer, _PLACED_TOKENS) for layer in weights.layers),
        up_layers=tuple(
            placed(layer, FRAMES_PER_TOKEN * _PLACED_TOKENS) for layer in weights.up_layers
        ),
    )


def encode(
    kernels: EncoderKernels, weights: EncoderWeights, tokens: Tensor, lengths: Tensor
) -> Tensor:
    """Features of each token's two frames: (batch, 2 * tokens, 80) fp32.

    `tokens` is (batch, tokens) int64, anything valid past `lengths` (batch,). Rows past an item's
    length come out as anything finite.
    """
    batch, count = tokens.shape
    used = torch.arange(count, device=lengths.device) < lengths[:, None]
    rows = weights.token_embedding[tokens] * used[..., None]
    rows = _embed(rows, weights.embed, weights.embed_norm)
    # The one convolution that looks ahead: what it sees past the end has to be zero.
    seen = windows(rows * used[..., None], LOOK_AHEAD, before=0)
    ahead = functional.leaky_relu(multiply(seen, weights.look_ahead))
    rows = rows + multiply(windows(ahead, LOOK_BACK, before=LOOK_BACK - 1), weights.look_back)
    rows = _conform(kernels, rows, weights.layers, lengths)

    rows = rows.repeat_interleave(FRAMES_PER_TOKEN, dim=1)
    rows = rows.to(weights.upsample.weight.dtype)
    rows = multiply(windows(rows, UPSAMPLE, before=UPSAMPLE - 1), weights.upsample).float()
    rows = _embed(rows, weights.up_embed, weights.up_embed_norm)
    rows = _conform(kernels, rows, weights.up_layers, lengths * FRAMES_PER_TOKEN)
    normed = functional.layer_norm(rows, rows.shape[-1:], eps=EPSILON)
    return multiply(normed, weights.projection).view(batch, FRAMES_PER_TOKEN * count, -1)


def _embed(rows: Tensor, product: Linear, norm: Linear) -> Tensor:
    embedded = multiply(rows, product)
    normed = functional.layer_norm(embedded, embedded.shape[-1:], norm.weight, norm.bias, EPSILON)
    return normed * math.sqrt(normed.shape[-1])


def _conform(
    kernels: EncoderKernels, stream: Tensor, layers: tuple[EncoderLayer, ...], lengths: Tensor
) -> Tensor:
    """The layers' `stream`, which they change."""
    time, width = stream.shape[1:]
    positions: Tensor | None = None
    missing: Tensor | None = None  # in the stream: the bias of the product that was added last
    for layer in layers:
        normed = kernels.norm(stream, missing)
        if layer.places is not None and 2 * time <= len(layer.places):
            most = len(layer.places) // 2
            places = layer.places[most - time : most + time]  # of these distances
        else:
            if positions is None:
                positions = _relative_positions(time, width, stream.device)
            places = _places(layer, positions)
        attended = kernels.attend(multiply(normed, layer.qkv), layer.heads, places, lengths)
        missing = kernels.grow(stream, attended, layer.out)
        hidden = functional.silu(multiply(kernels.norm(stream, missing), layer.feed_in))
        missing = kernels.grow(stream, hidden, layer.feed_out)
    return stream if missing is None else stream.add_(missing)


def _relative_positions(time: int, width: int, device: torch.device) -> Tensor:
    """Sinusoids of the distances time-1 ... -time: (2 * time, width) fp32.

    The last is met by no pair: an even number is what a GPU's products are quick with.
    Sines in the even features, cosines in the odd ones (Vaswani et al. 2017).
    """
    distances = torch.arange(time - 1, -time - 1, -1, device=device, dtype=torch.float32)
    steps = torch.arange(0, width, 2, device=device, dtype=torch.float32)
    angles = distances[:, None] * torch.exp(steps * -(math.log(10_000.0) / width))
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(1)


def _places(layer: EncoderLayer, positions: Tensor) -> Tensor:
    """What a layer makes of distances: (2 * time, width) in the dtype of its products."""
    return functional.linear(positions.to(layer.position.dtype), layer.position)
