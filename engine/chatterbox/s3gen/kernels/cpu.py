"""S3Gen's kernels on a CPU, where a large tensor is read and written as often as it is named.

As in `reference`, but what is done to each value by itself is done to a piece that fits into a
core's cache, all of it, before the next piece.
"""

import torch
from torch import Tensor
from torch.nn import functional

from engine.chatterbox.s3gen.kernels.reference import SNAKE_EPSILON, ReferenceS3GenKernels

#: Values of a piece: 256 KiB, of which four lie in the cache of a core at a time.
_PIECE = 65_536


class CpuS3GenKernels(ReferenceS3GenKernels):
    """See `S3GenKernels` in `protocol`."""

    def attend(self, qkv: Tensor, heads: int, lengths: Tensor) -> Tensor:
        batch, time, _ = qkv.shape
        query, key, value = qkv.view(batch, time, 3, heads, -1).permute(2, 0, 3, 1, 4)
        attended = qkv.new_zeros(batch, time, heads, query.shape[-1])
        for item, length in enumerate(lengths.tolist()):
            # Without a mask, which would be added to every score.
            rows = functional.scaled_dot_product_attention(
                *(part[item : item + 1, :, :length] for part in (query, key, value))
            )
            attended[item, :length] = rows[0].transpose(0, 1)
        return attended.flatten(2)

    def snake(
        self, signal: Tensor, added: Tensor | None, alpha: Tensor, lengths: Tensor
    ) -> tuple[Tensor, Tensor]:
        total = torch.empty_like(signal) if added is not None else signal
        bent = torch.empty_like(signal)
        batch, channels, _, time = signal.shape
        count = min(time, max(1, _PIECE // channels))
        scale = alpha.expand(count, -1).contiguous()
        gain = 1 / (scale + SNAKE_EPSILON)
        sine = torch.empty_like(scale)
        for item, length in zip(range(batch), lengths.tolist(), strict=True):
            given, sums, out = (_rows(each, item) for each in (signal, total, bent))
            for first in range(0, time, count):
                piece = slice(first, first + count)
                rows = sums[piece]
                if added is not None:
                    torch.add(given[piece], _rows(added, item)[piece], out=rows)
                some = slice(len(rows))
                torch.mul(rows, scale[some], out=sine[some]).sin_()
                sine[some].mul_(sine[some])
                torch.addcmul(rows, sine[some], gain[some], out=out[piece])
            out[length:] = 0
        return total, bent


def _rows(signal: Tensor, item: int) -> Tensor:
    """(time, channels) of one item, as it lies in memory."""
    return signal[item, :, 0].T
