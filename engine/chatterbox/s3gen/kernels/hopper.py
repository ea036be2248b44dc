"""The estimator's transformer layers on Hopper: five kernels a layer, which hand on blocks.

A block is 64 rows of 64 halves as the card's own products read them, 8 KB in one piece. See
`transformer.cu`.
"""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.utils.weak import WeakIdKeyDictionary

from engine.chatterbox.cuda.program import Kernel, Program, SourceFile
from engine.chatterbox.s3gen.weights import TransformerLayer

WIDTH, INNER, FEED = 256, 512, 1024  # of the stream, of all heads together, of the feed-forward
HEADS = INNER // 64
TIME_STEP = 128  # lengths are a multiple, as the decoder pads them
MANY_BLOCKS = 400  # of 64 queries of one head: from there on no two warps share their queries

_BLOCK_BYTES = 64 * 64 * 2


class ChainForm(NamedTuple):
    """A kernel's threads, and the blocks that it keeps in shared memory."""

    threads: int
    blocks: int

    @property
    def shared(self) -> int:
        return self.blocks * _BLOCK_BYTES


FORMS = {
    "qkv_128": ChainForm(256, 4 + 2 * 4),
    "qkv_256": ChainForm(512, 4 + 4 * 4),
    "feed_in_128": ChainForm(256, 4 + 2 * 4),
    "feed_in_256": ChainForm(512, 4 + 4 * 4),
    "attended_out": ChainForm(160, 8 + 8),
    "feed_out": ChainForm(160, 16 + 8),
    "attention_64": ChainForm(288, 1 + 6 * 2),
    "attention_128": ChainForm(288, 2 + 5 * 2),
}


def source(dtype: torch.dtype) -> SourceFile:
    return SourceFile(
        "engine.chatterbox.s3gen.kernels", "transformer.cu", {"BF16": int(dtype == torch.bfloat16)}
    )


def blocks_of(matrix: Tensor) -> Tensor:
    """(rows, columns), both multiples of 64, as (rows / 64, columns / 64, 64, 64) blocks."""
    rows, columns = matrix.shape
    chunks = matrix.view(rows // 64, 64, columns // 64, 8, 8).transpose(1, 2)
    row = torch.arange(64, device=matrix.device)[:, None]
    chunk = torch.arange(8, device=matrix.device) ^ row % 8
    return chunks[:, :, row, chunk].flatten(-2).contiguous()


class LayerBlocks(NamedTuple):
    """A layer's matrices as blocks."""

    qkv: Tensor
    out: Tensor
    feed_in: Tensor
    feed_out: Tensor


class HopperTransformer:
    """Adds layers to a stream of (batch, time, 256) fp32, in place."""

    def __init__(self, device: torch.device, dtype: torch.dtype) -> None:
        program = Program(source(dtype), device)
        self._kernels: dict[str, Kernel] = {
            name: program.kernel(name, shared=form.shared) for name, form in FORMS.items()
        }
        self._blocks = WeakIdKeyDictionary()
        self.qkv, self.feed_in, self.many = 128, 128, MANY_BLOCKS

    @staticmethod
    def fits(stream: Tensor, layer: TransformerLayer) -> bool:
        return (
            stream.shape[-1] == WIDTH
            and stream.shape[1] % TIME_STEP == 0
            and layer.out.shape[1] == INNER
            and layer.feed_out.shape[1] == FEED
        )

    def _of(self, layer: TransformerLayer) -> LayerBlocks:
        found = self._blocks.get(layer.out)
        if found is None:
            found = LayerBlocks(
                blocks_of(layer.qkv.weight),
                blocks_of(layer.out),
                blocks_of(layer.feed_in.weight),
                blocks_of(layer.feed_out),
            )
            self._blocks[layer.out] = found
        return found

    def __call__(
        self, stream: Tensor, layers: tuple[TransformerLayer, ...], lengths: Tensor
    ) -> None:
        batch, time, _ = stream.shape
        tiles = batch * time // 64
        dtype = layers[0].out.dtype
        qkv = stream.new_empty(tiles, 3 * HEADS, 64, 64, dtype=dtype)
        attended = stream.new_empty(tiles, HEADS, 64, 64, dtype=dtype)
        hidden = stream.new_empty(tiles, FEED // 64, 64, 64, dtype=dtype)
        many = tiles * HEADS >= self.many
        for layer in layers:
            blocks = self._of(layer)
            self._launch(
                f"qkv_{self.qkv}",
                (tiles, 3 * INNER // self.qkv),
                *(stream, layer.ahead, blocks.qkv, layer.qkv.bias, qkv),
            )
            self._launch(
                "attention_128" if many else "attention_64",
                (time // (128 if many else 64), HEADS, batch),
                *(qkv, lengths, attended, time),
            )
            self._launch("attended_out", (tiles, 4), attended, blocks.out, stream)
            self._launch(
                f"feed_in_{self.feed_in}",
                (tiles, FEED // self.feed_in),
                *(stream, layer.feed_ahead, blocks.feed_in, layer.feed_in.bias, hidden),
            )
            self._launch("feed_out", (tiles, 4), hidden, blocks.feed_out, stream)

    def _launch(self, name: str, grid: tuple[int, ...], *arguments: Tensor | int) -> None:
        form = FORMS[name]
        self._kernels[name](grid, form.threads, *arguments, shared=form.shared, behind=True)
