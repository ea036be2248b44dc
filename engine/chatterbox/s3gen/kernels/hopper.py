"""The estimator's resnets and transformer layers on Hopper, which hand on blocks.

A block is 64 rows of 64 halves as the card's own products read them, 8 KB in one piece: see
`blocks.cuh`, and `transformer.cu`, `attention_blocks.cu` and `resnet.cu` for the kernels.
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
CHANNELS = (256, 320, 512)  # of what a resnet reads
MOST_ROWS = 8192  # with so many and more the other forms are as fast
MULTIPROCESSORS = 132  # of an H100 or H200: a product's blocks keep their weights for all rows

_PACKAGE = "engine.chatterbox.s3gen.kernels"
_BLOCK_BYTES = 64 * 64 * 2
_SQUARE = 256  # columns that a block of `qkv` and `feed_in` takes


class ChainForm(NamedTuple):
    """A kernel's threads, the blocks that it keeps in shared memory, and bytes beside them."""

    threads: int
    blocks: int
    more: int = 0

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
        "attended_out": ChainForm(160, 8 + 8),
        "feed_in": ChainForm(512, 4 + 4 * 4),
        "feed_out": ChainForm(160, 16 + 8),
    },
    "attention_blocks": {
        "attention_64": ChainForm(160, 1 + 4 * 2),
        "attention_128": ChainForm(288, 2 + 6 * 2),
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
    """What is compiled for a precision, by name, for Hopper alone."""
    defines = {"BF16": int(dtype == torch.bfloat16)}
    return {name: SourceFile(_PACKAGE, f"{name}.cu", defines) for name in FORMS}


def blocks_of(matrix: Tensor) -> Tensor:
    """(rows, columns), both multiples of 64, as (rows / 64, columns / 64, 64, 64) blocks."""
    rows, columns = matrix.shape
    chunks = matrix.view(rows // 64, 64, columns // 64, 8, 8).transpose(1, 2)
    row = torch.arange(64, device=matrix.device)[:, None]
    chunk = torch.arange(8, device=matrix.device) ^ row % 8
    return chunks[:, :, row, chunk].flatten(-2).contiguous()


class HopperKernels:
    """See `S3GenKernels` in `protocol`. What is not of these sizes is refused by `..._fits`.

    A matrix is laid out in blocks when it is first met, and they are kept as long as it is.
    """

    def __init__(self, device: torch.device, dtype: torch.dtype) -> None:
        """Raises `LibraryMissing`, `CompileError` or `DriverError`."""
        self._dtype = dtype
        self._kernels: dict[str, tuple[Kernel, ChainForm]] = {}
        for name, file in sources(dtype).items():
            program = Program(file, device)
            for kernel, form in FORMS[name].items():
                self._kernels[kernel] = program.kernel(kernel, shared=form.shared), form
        self._laid_out = WeakIdKeyDictionary()

    @staticmethod
    def resnet_fits(rows: Tensor, block: EstimatorBlock) -> bool:
        return _few(rows) and rows.shape[2] in CHANNELS and len(block.first.gain) == WIDTH

    @staticmethod
    def conv_fits(rows: Tensor, product: Linear) -> bool:
        return _few(rows) and rows.shape[2] == len(product.weight) == WIDTH

    @staticmethod
    def transform_fits(stream: Tensor, layer: TransformerLayer) -> bool:
        feed = len(layer.feed_in.weight)
        return _few(stream) and layer.out.shape == (WIDTH, INNER) and feed == FEED

    def resnet(self, rows: Tensor, block: EstimatorBlock, step: int) -> Tensor:
        batch, time, channels = rows.shape
        first, shortcut = block.first, block.shortcut
        found: tuple[Tensor, Tensor] | None = self._laid_out.get(shortcut.weight)
        if found is None:
            weight = torch.cat([first.conv.weight, shortcut.weight], dim=1)
            found = blocks_of(weight), torch.cat([first.conv.bias, shortcut.bias])
            self._laid_out[shortcut.weight] = found
        stream = rows.new_empty(batch, time, WIDTH)
        hidden = torch.empty_like(stream, dtype=self._dtype)
        affine = (first.gain, first.bias, block.time[step])
        self._convolve(f"first_{channels}", rows, *found, *affine, hidden, stream)
        return self.normed_conv(hidden, block.second, shift=block.layer_biases, stream=stream)

    def normed_conv(
        self, rows: Tensor, block: NormedConv, *, shift: Tensor | None, stream: Tensor | None
    ) -> Tensor:
        rounded = None if stream is not None else torch.empty_like(rows, dtype=self._dtype)
        name = "last" if rows.dtype == torch.float32 else "second"
        weight, bias = self._blocks(block.conv.weight), block.conv.bias
        affine = (block.gain, block.bias, shift)
        self._convolve(name, rows, weight, bias, *affine, rounded, stream)
        result = stream if rounded is None else rounded
        assert result is not None
        return result

    def causal_conv(self, rows: Tensor, product: Linear) -> Tensor:
        """Of rows in fp32."""
        result = torch.empty_like(rows)
        weight = self._blocks(product.weight)
        self._convolve("plain", rows, weight, product.bias, None, None, None, None, result)
        return result

    def transform(
        self, stream: Tensor, layers: tuple[TransformerLayer, ...], lengths: Tensor
    ) -> None:
        batch, time, _ = stream.shape
        tiles = batch * time // 64
        qkv, attended, hidden = (
            stream.new_empty(tiles, columns // 64, 64, 64, dtype=self._dtype)
            for columns in (3 * INNER, INNER, FEED)
        )
        # Twice as many share keys where one by one they would fill the card, but not twice.
        paired = time % 128 == 0 and MULTIPROCESSORS < tiles * HEADS < 3 * MULTIPROCESSORS
        queries = 128 if paired else 64
        grid = (time // queries, HEADS, batch)
        for layer in layers:
            norm = (stream, layer.ahead)
            self._multiply("qkv", norm, layer.qkv, qkv)
            self._launch(f"attention_{queries}", grid, qkv, lengths, attended, time)
            self._launch("attended_out", (tiles, 4), attended, self._blocks(layer.out), stream)
            self._multiply("feed_in", (stream, layer.feed_ahead), layer.feed_in, hidden)
            self._launch("feed_out", (tiles, 4), hidden, self._blocks(layer.feed_out), stream)

    def _multiply(
        self, name: str, rows: tuple[Tensor, Tensor], product: Linear, result: Tensor
    ) -> None:
        tiles, across = len(result), len(product.weight) // _SQUARE
        grid = (min(tiles, MULTIPROCESSORS // across), across)
        weight = self._blocks(product.weight)
        self._launch(name, grid, *rows, weight, product.bias, result, tiles)

    def _convolve(self, name: str, rows: Tensor, *others: Tensor | None) -> None:
        batch, time, _ = rows.shape
        self._launch(name, (WIDTH // 64, time // 64, batch), rows, *others, time)

    def _blocks(self, matrix: Tensor) -> Tensor:
        found: Tensor | None = self._laid_out.get(matrix)
        if found is None:
            found = self._laid_out[matrix] = blocks_of(matrix)
        return found

    def _launch(self, name: str, grid: tuple[int, ...], *arguments: Tensor | int | None) -> None:
        kernel, form = self._kernels[name]
        given = [ctypes.c_void_p() if each is None else each for each in arguments]
        kernel(grid, form.threads, *given, shared=form.shared, behind=True)


def _few(rows: Tensor) -> bool:
    batch, time, _ = rows.shape
    return batch * time < MOST_ROWS and time % 64 == 0
