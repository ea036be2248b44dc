"""The estimator's transformer layers on Hopper: five kernels a layer, which hand on blocks.

A block is 64 rows of 64 halves as the card's own products read them, 8 KB in one piece. See
`transformer.cu`.
"""

import ctypes
from typing import NamedTuple

import torch
from torch import Tensor
from torch.utils.weak import WeakIdKeyDictionary

from engine.chatterbox.cuda.program import Kernel, Program, SourceFile
from engine.chatterbox.s3gen.layout import Linear
from engine.chatterbox.s3gen.weights import EstimatorBlock, NormedConv, TransformerLayer

WIDTH, INNER, FEED = 256, 512, 1024  # of the stream, of all heads together, of the feed-forward
HEADS = INNER // 64
TIME_STEP = 128  # lengths are a multiple, as the decoder pads them

_PACKAGE = "engine.chatterbox.s3gen.kernels"
_BLOCK_BYTES = 64 * 64 * 2


class ChainForm(NamedTuple):
    """A kernel's threads, and the blocks that it keeps in shared memory."""

    threads: int
    blocks: int
    more: int = 0  # bytes beside them

    @property
    def shared(self) -> int:
        return self.blocks * _BLOCK_BYTES + self.more


def _conv(channels: int, parts: int) -> ChainForm:
    across = channels // 64
    tile = across * 72 * 64 * 2  # rows of halves, with two before the block's
    told = 8 * 64 * 8 + 8 * (parts + 2)  # between the blocks of a cluster, and signals
    return ChainForm(256, 2 * across, tile + told)


#: By source and kernel.
FORMS = {
    "transformer": {
        "qkv": ChainForm(512, 4 + 4 * 4),
        "feed_in": ChainForm(512, 4 + 4 * 4),
        "attended_out": ChainForm(160, 8 + 8),
        "feed_out": ChainForm(160, 16 + 8),
        "attended_out_4": ChainForm(160, 8 + 4),
        "feed_out_4": ChainForm(160, 16 + 4),
        "attention_one": ChainForm(160, 1 + 4 * 2),
        "attention_ahead": ChainForm(288, 2 + 6 * 2),
    },
    "resnet": {
        "first_256": _conv(256, 4),
        "first_320": _conv(320, 4),
        "first_512": _conv(512, 4),
        "second": _conv(256, 3),
        "last": _conv(256, 3),
        "plain": _conv(256, 3),
    },
}


def sources(dtype: torch.dtype) -> dict[str, SourceFile]:
    defines = {"BF16": int(dtype == torch.bfloat16)}
    return {name: SourceFile(_PACKAGE, f"{name}.cu", defines) for name in FORMS}


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


class HopperKernels:
    """Resnets and transformer layers, whose streams are (batch, time, 256) fp32."""

    def __init__(self, device: torch.device, dtype: torch.dtype) -> None:
        self._dtype = dtype
        self._kernels: dict[str, tuple[Kernel, ChainForm]] = {}
        for name, file in sources(dtype).items():
            program = Program(file, device)
            for kernel, form in FORMS[name].items():
                self._kernels[kernel] = program.kernel(kernel, shared=form.shared), form
        self._blocks = WeakIdKeyDictionary()
        self.attention, self.slots, self.most, self.at_once = "attention_one", "", 8192, 132

    def convolves(self, rows: Tensor, block: NormedConv) -> bool:
        return (
            len(block.gain) == WIDTH
            and rows.shape[1] % 64 == 0
            and rows.shape[2] in (WIDTH, 320, 512)
        )

    def resnet(self, rows: Tensor, block: EstimatorBlock, step: int) -> Tensor:
        """A new stream."""
        batch, time, channels = rows.shape
        found = self._blocks.get(block.shortcut.weight)
        if found is None:
            matrix = torch.cat([block.first.conv.weight, block.shortcut.weight], dim=1)
            found = blocks_of(matrix), torch.cat([block.first.conv.bias, block.shortcut.bias])
            self._blocks[block.shortcut.weight] = found
        weight, bias = found
        stream = rows.new_empty(batch, time, WIDTH)
        hidden = torch.empty_like(stream, dtype=self._dtype)
        grid = (4, time // 64, batch)
        first = block.first
        affine = (first.gain, first.bias, block.time[step])
        name = f"first_{channels}"
        self._launch(name, grid, rows, weight, bias, *affine, hidden, stream, time)
        self.normed_conv(hidden, block.second, shift=block.layer_biases, stream=stream)
        return stream

    def normed_conv(
        self, rows: Tensor, block: NormedConv, *, shift: Tensor | None, stream: Tensor | None
    ) -> Tensor:
        batch, time, _ = rows.shape
        weight = self._of_conv(block.conv)
        result = None
        if stream is None:
            result = rows.new_empty(batch, time, WIDTH, dtype=self._dtype)
        name = "last" if rows.dtype == torch.float32 else "second"
        affine = (block.gain, block.bias, shift)
        grid = (4, time // 64, batch)
        self._launch(name, grid, rows, weight, block.conv.bias, *affine, result, stream, time)
        made = stream if result is None else result
        assert made is not None
        return made

    def convolves_alone(self, rows: Tensor, product: Linear) -> bool:
        return (
            rows.dtype == torch.float32
            and len(product.weight) == WIDTH == rows.shape[2]
            and rows.shape[1] % 64 == 0
        )

    def causal_conv(self, rows: Tensor, product: Linear) -> Tensor:
        batch, time, _ = rows.shape
        stream = torch.empty_like(rows)
        given = (rows, self._of_conv(product), product.bias, None, None, None, None, stream, time)
        self._launch("plain", (4, time // 64, batch), *given)
        return stream

    def _of_conv(self, product: Linear) -> Tensor:
        found: Tensor | None = self._blocks.get(product.weight)
        if found is None:
            found = self._blocks[product.weight] = blocks_of(product.weight)
        return found

    @staticmethod
    def fits(stream: Tensor, layer: TransformerLayer) -> bool:
        return (
            stream.shape[-1] == WIDTH
            and stream.shape[1] % TIME_STEP == 0
            and layer.out.shape[1] == INNER
            and layer.feed_out.shape[1] == FEED
        )

    def _of(self, layer: TransformerLayer) -> LayerBlocks:
        found: LayerBlocks | None = self._blocks.get(layer.out)
        if found is None:
            found = LayerBlocks(
                blocks_of(layer.qkv.weight),
                blocks_of(layer.out),
                blocks_of(layer.feed_in.weight),
                blocks_of(layer.feed_out),
            )
            self._blocks[layer.out] = found
        return found

    def transform(
        self, stream: Tensor, layers: tuple[TransformerLayer, ...], lengths: Tensor
    ) -> None:
        batch, time, _ = stream.shape
        tiles = batch * time // 64
        dtype = layers[0].out.dtype
        qkv = stream.new_empty(tiles, 3 * HEADS, 64, 64, dtype=dtype)
        attended = stream.new_empty(tiles, HEADS, 64, 64, dtype=dtype)
        hidden = stream.new_empty(tiles, FEED // 64, 64, 64, dtype=dtype)
        at_once = 128 if self.attention == "attention_ahead" else 64
        for layer in layers:
            blocks = self._of(layer)
            self._launch(
                "qkv",
                (min(tiles, self.at_once // 6), 6),
                *(stream, layer.ahead, blocks.qkv, layer.qkv.bias, qkv, tiles),
            )
            self._launch(
                self.attention,
                (time // at_once, HEADS, batch),
                *(qkv, lengths, attended, time),
            )
            self._launch("attended_out" + self.slots, (tiles, 4), attended, blocks.out, stream)
            self._launch(
                "feed_in",
                (min(tiles, self.at_once // 4), 4),
                *(stream, layer.feed_ahead, blocks.feed_in, layer.feed_in.bias, hidden, tiles),
            )
            self._launch("feed_out" + self.slots, (tiles, 4), hidden, blocks.feed_out, stream)

    def _launch(self, name: str, grid: tuple[int, ...], *arguments: Tensor | int | None) -> None:
        kernel, form = self._kernels[name]
        given = [ctypes.c_void_p() if each is None else each for each in arguments]
        kernel(grid, form.threads, *given, shared=form.shared, behind=True)
