"""S3Gen's kernels in plain torch: slow, obvious, and the same on every device.

The Triton kernels are tested against these, and replaced by them where Triton is missing. No
tensor's value may decide what is launched: these too are captured into CUDA graphs.
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from engine.chatterbox.s3gen.kernels.protocol import Activation
from engine.chatterbox.s3gen.layout import Linear
from engine.chatterbox.s3gen.weights import EstimatorBlock, NormedConv, TransformerLayer

EPSILON = 1e-5
LAYER_EPSILON = 1e-12  # of the encoder's layers
SNAKE_EPSILON = 1e-9  # upstream's, against a division by zero
TAPS = 3


class PlainEncoderKernels:
    """See `EncoderKernels` in `protocol`."""

    def norm(self, stream: Tensor, bias: Tensor | None) -> Tensor:
        if bias is not None:
            stream.add_(bias)
        return functional.layer_norm(stream, stream.shape[-1:], eps=LAYER_EPSILON)

    def grow(self, stream: Tensor, rows: Tensor, product: Linear) -> Tensor | None:
        stream.add_(multiply(rows, product))
        return None

    def attend(self, rows: Tensor, heads: int, places: Tensor, lengths: Tensor) -> Tensor:
        """In fp16 where the products are, else in fp32: bf16 has too few digits for scores."""
        batch, time, _ = rows.shape
        if rows.dtype != torch.float16:
            rows, places = rows.float(), places.float()
        place = places.view(2 * time, heads, -1).permute(1, 2, 0)
        content, located, key, value = rows.view(batch, time, 4, heads, -1).permute(2, 0, 3, 1, 4)
        used = torch.arange(time, device=rows.device) < lengths[:, None]
        attended = []
        for item in range(batch):  # one at a time: a score for every distance is large
            scores = located[item] @ place
            # Row i holds distances from time-1 down; those of its keys begin time-1-i in.
            shifted = scores.as_strided(
                (heads, time, time), (2 * time * time, 2 * time - 1, 1), time - 1
            )
            bias = torch.where(used[item], shifted, float("-inf"))
            attended.append(
                functional.scaled_dot_product_attention(
                    content[item, None], key[item, None], value[item, None], bias[None], scale=1.0
                )
            )
        joined = attended[0] if batch == 1 else torch.cat(attended)
        return joined.transpose(1, 2).reshape(batch, time, -1)


class ReferenceS3GenKernels:
    """See `S3GenKernels` in `protocol` for what each of these computes."""

    def block(
        self,
        rows: Tensor,
        block: EstimatorBlock,
        lengths: Tensor,
        step: int,
        skip: Tensor | None = None,
    ) -> Tensor:
        if skip is not None:
            rows = torch.cat([rows, skip], dim=-1)
        stream = self.resnet(rows, block, step)
        self.transform(stream, block.layers, block.heads, lengths)
        return stream

    def resnet(self, rows: Tensor, block: EstimatorBlock, step: int) -> Tensor:
        hidden = self.normed_conv(rows, block.first, shift=block.time[step], stream=None)
        stream = self.linear(rows, block.shortcut)
        return self.normed_conv(hidden, block.second, shift=block.layer_biases, stream=stream)

    def transform(
        self, stream: Tensor, layers: tuple[TransformerLayer, ...], heads: int, lengths: Tensor
    ) -> None:
        for layer in layers:
            qkv = self.norm_linear(stream, layer.ahead, layer.qkv, "none")
            self.add_product(stream, self.attend(qkv, heads, lengths), layer.out)
            hidden = self.norm_linear(stream, layer.feed_ahead, layer.feed_in, "gelu")
            self.add_product(stream, hidden, layer.feed_out)

    def norm_linear(
        self, stream: Tensor, ahead: Tensor, product: Linear, activation: Activation
    ) -> Tensor:
        normed = functional.layer_norm(stream - ahead, stream.shape[-1:], eps=EPSILON)
        result = multiply(normed, product)
        return functional.gelu(result) if activation == "gelu" else result

    def add_product(self, stream: Tensor, rows: Tensor, weight: Tensor) -> None:
        stream.add_(functional.linear(rows, weight))

    def linear(self, rows: Tensor, product: Linear) -> Tensor:
        return multiply(rows, product).float()

    def attend(self, qkv: Tensor, heads: int, lengths: Tensor) -> Tensor:
        batch, time, _ = qkv.shape
        query, key, value = qkv.view(batch, time, 3, heads, -1).permute(2, 0, 3, 1, 4)
        used = torch.arange(time, device=qkv.device) < lengths[:, None]
        attended = functional.scaled_dot_product_attention(
            query, key, value, attn_mask=used[:, None, None, :]
        )
        return attended.transpose(1, 2).reshape(batch, time, -1)

    def causal_conv(self, rows: Tensor, product: Linear) -> Tensor:
        rows = rows.to(product.weight.dtype)
        return multiply(windows(rows, TAPS, before=TAPS - 1), product).float()

    def normed_conv(
        self, rows: Tensor, block: NormedConv, *, shift: Tensor | None, stream: Tensor | None
    ) -> Tensor:
        convolved = self.causal_conv(rows, block.conv)
        normed = functional.layer_norm(
            convolved, convolved.shape[-1:], block.gain, block.bias, EPSILON
        )
        result = functional.mish(normed)
        if shift is not None:
            result = result + shift
        if stream is not None:
            return stream.add_(result)
        return result.to(block.conv.weight.dtype)

    def advance(
        self, mel: Tensor, slope: Tensor, shares: Sequence[float], features: Tensor
    ) -> None:
        for part, share in zip(slope, shares, strict=True):
            mel.add_(part, alpha=share)
        features[..., : mel.shape[-1]] = mel

    def snake(
        self, signal: Tensor, added: Tensor | None, alpha: Tensor, lengths: Tensor
    ) -> tuple[Tensor, Tensor]:
        total = signal if added is None else signal + added
        scale = alpha.view(1, -1, 1, 1)
        # In place, as each of these takes as long as the memory does.
        sine = (total * scale).sin_()
        bent = torch.addcmul(total, sine.mul_(sine), 1 / (scale + SNAKE_EPSILON))
        return total, bent.mul_(mask_of(lengths, signal.shape[-1]))


def multiply(rows: Tensor, product: Linear) -> Tensor:
    """The product in the weight's dtype."""
    dtype = product.weight.dtype
    return functional.linear(rows.to(dtype), product.weight, product.bias)


def windows(rows: Tensor, taps: int, before: int) -> Tensor:
    """Each row beside its neighbours, the earliest first: (batch, time, taps * channels).

    A window begins `before` rows ahead of its row; what lies outside the tensor is zero.
    """
    time = rows.shape[1]
    padded = functional.pad(rows, (0, 0, before, taps - 1 - before))
    return torch.cat([padded[:, tap : tap + time] for tap in range(taps)], dim=-1)


def mask_of(lengths: Tensor, time: int) -> Tensor:
    """(batch, 1, 1, time) fp32: one within each item's length, zero past it."""
    used = torch.arange(time, device=lengths.device) < lengths[:, None]
    return used[:, None, None, :].float()
