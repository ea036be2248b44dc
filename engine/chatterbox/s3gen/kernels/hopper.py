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
from engine.chatterbox.s3gen.weights import EstimatorBlock, NormedConv, TransformerLayer

WIDTH, INNER, FEED = 256, 512, 1024  # of the stream, of all heads together, of the feed-forward
HEADS = INNER // 64
TIME_STEP = 128  # lengths are a multiple, as the decoder pads them
MANY_BLOCKS = 400  # of 64 queries of one head: from there on no two warps share their queries

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
    told = 8 * 64 * 8 + 8 * parts  # between the blocks of a cluster, and signals
    return ChainForm(256, parts * across, tile + told)


#: By source and kernel.
FORMS = {
    "transformer": {
        "qkv_128": ChainForm(256, 4 + 2 * 4),
        "qkv_256": ChainForm(512, 4 + 4 * 4),
        "feed_in_128": ChainForm(256, 4 + 2 * 4),
        "feed_in_256": ChainForm(512, 4 + 4 * 4),
        "attended_out": ChainForm(160, 8 + 8),
        "feed_out": ChainForm(160, 16 + 8),
        "attention_64": ChainForm(288, 1 + 6 * 2),
        "attention_128": ChainForm(288, 2 + 5 * 2),
        "attention_one": ChainForm(160, 1 + 4 * 2),
        "attention_ahead": ChainForm(288, 2 + 6 * 2),
    },
    "between": {
        "between": ChainForm(288, 8 + 4 + 4 + 2 * 5, 2 * 8 * 64 * 8 + 8 * 16),
    },
    "resnet": {
        "first_256": _conv(256, 4),
        "first_320": _conv(320, 4),
        "second": _conv(256, 3),
        "alone": _conv(256, 3),
        "first_256_shifted": _conv(256, 4),
        "first_320_shifted": _conv(320, 4),
        "second_shifted": _conv(256, 3),
        "alone_shifted": _conv(256, 3),
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
        self.qkv, self.feed_in, self.many, self.shifted = 128, 128, MANY_BLOCKS, ""
        self.joined, self.most = 0, 8192

    def convolves(self, rows: Tensor, block: NormedConv) -> bool:
        """Whether this is one of the sizes of `normed_conv`; `first` takes 320 channels too."""
        return (
            len(block.gain) == WIDTH and rows.shape[1] % 64 == 0 and rows.shape[2] in (WIDTH, 320)
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
        name = f"first_{channels}{self.shifted}"
        self._launch(name, grid, rows, weight, bias, *affine, hidden, stream, time)
        self.normed_conv(hidden, block.second, shift=block.layer_biases, stream=stream)
        return stream

    def normed_conv(
        self, rows: Tensor, block: NormedConv, *, shift: Tensor | None, stream: Tensor | None
    ) -> Tensor:
        batch, time, _ = rows.shape
        weight = self._blocks.get(block.conv.weight)
        if weight is None:
            weight = self._blocks[block.conv.weight] = blocks_of(block.conv.weight)
        result = None
        if stream is None:
            result = rows.new_empty(batch, time, WIDTH, dtype=self._dtype)
        name = ("alone" if rows.dtype == torch.float32 else "second") + self.shifted
        affine = (block.gain, block.bias, shift)
        grid = (4, time // 64, batch)
        self._launch(name, grid, rows, weight, block.conv.bias, *affine, result, stream, time)
        made = stream if result is None else result
        assert made is not None
        return made

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

    def _pieces(self, layer: TransformerLayer, after: TransformerLayer | None) -> Tensor:
        """What each of four neighbours streams of `between`, in order."""
        found = self._blocks.get(layer.feed_out)
        if found is None:
            blocks = self._of(layer)
            one = (64, 64)
            qkv = torch.zeros_like(blocks.qkv) if after is None else self._of(after).qkv
            parts = (
                blocks.out.view(4, 8, *one),
                blocks.feed_in.view(4, 2, 2, 4, *one).transpose(2, 3).reshape(4, 16, *one),
                blocks.feed_out.view(2, 2, 4, 4, *one).permute(2, 0, 3, 1, 4, 5).reshape(4, 16, *one),
                qkv.view(4, 3, 2, 4, *one).transpose(2, 3).reshape(4, 24, *one),
            )
            found = self._blocks[layer.feed_out] = torch.cat(parts, dim=1)
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
        name, at_once = "attention_64", 64
        if self.many == -2:
            name = "attention_one"
        elif self.many < 0:
            name, at_once = "attention_ahead", 128
        elif tiles * HEADS >= self.many:
            name, at_once = "attention_128", 128
        if tiles <= self.joined:
            blocks = self._of(layers[0])
            self._launch(
                f"qkv_{self.qkv}",
                (tiles, 3 * INNER // self.qkv),
                *(stream, layers[0].ahead, blocks.qkv, layers[0].qkv.bias, qkv),
            )
            for layer, after in zip(layers, (*layers[1:], None), strict=True):
                self._launch(
                    name,
                    (time // at_once, HEADS, batch),
                    *(qkv, lengths, attended, time),
                )
                self._launch(
                    "between",
                    (4, tiles, 1),
                    *(attended, self._pieces(layer, after), layer.feed_ahead, layer.feed_in.bias),
                    *(None if after is None else after.ahead, None if after is None else after.qkv.bias),
                    *(stream, None if after is None else qkv),
                )
            return
        for layer in layers:
            blocks = self._of(layer)
            self._launch(
                f"qkv_{self.qkv}",
                (tiles, 3 * INNER // self.qkv),
                *(stream, layer.ahead, blocks.qkv, layer.qkv.bias, qkv),
            )
            self._launch(
                name,
                (time // at_once, HEADS, batch),
                *(qkv, lengths, attended, time),
            )
            self._launch("attended_out", (tiles, 4), attended, blocks.out, stream)
            self._launch(
                f"feed_in_{self.feed_in}",
                (tiles, FEED // self.feed_in),
                *(stream, layer.feed_ahead, blocks.feed_in, layer.feed_in.bias, hidden),
            )
            self._launch("feed_out", (tiles, 4), hidden, blocks.feed_out, stream)

    def _launch(self, name: str, grid: tuple[int, ...], *arguments: Tensor | int | None) -> None:
        kernel, form = self._kernels[name]
        given = [ctypes.c_void_p() if each is None else each for each in arguments]
        kernel(grid, form.threads, *given, shared=form.shared, behind=True)
