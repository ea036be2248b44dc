"""The estimator's resnets and layers on Hopper for so many rows that they fill the card many times.

A cluster of two blocks takes four times 64 rows at once: see `many.cuh`, `resnet_many.cu`,
`grow_many.cu` and `transformer_many.cu`.
"""

from typing import Protocol

import torch
from torch import Tensor
from torch.utils.weak import WeakIdKeyDictionary

from engine.chatterbox.s3gen.kernels.hopper_blocks import completed
from engine.chatterbox.s3gen.layout import Linear
from engine.chatterbox.s3gen.weights import EstimatorBlock, NormedConv, TransformerLayer

WIDTH, INNER = 256, 512  # of the stream, and of all heads together
HEADS = INNER // 64
ACROSS = 3 * INNER // WIDTH  # blocks of columns of queries, keys and values
MULTIPROCESSORS = 132  # of an H100 or H200
MANY_ROWS = 12_288  # from so many on these are faster

_NONE = (None, None, None)


class _Launch(Protocol):
    def __call__(
        self, name: str, grid: tuple[int, ...], *arguments: Tensor | int | None
    ) -> None: ...


class _Blocks(Protocol):
    def __call__(self, matrix: Tensor, *, centred: bool = False) -> Tensor: ...


class _Halves(Protocol):
    def __call__(self, tiles: int, columns: int, like: Tensor) -> Tensor: ...


class ManyFrames:
    """See `S3GenKernels` in `protocol`; rows are those that `HopperKernels` does not refuse."""

    def __init__(self, launch: _Launch, blocks: _Blocks, halves: _Halves) -> None:
        """How a kernel is launched, a matrix laid out, and room for blocks of rows made."""
        self._launch, self._blocks, self._halves = launch, blocks, halves
        #: What a block's last layer left of its stream, which nobody changes before the next.
        self._rounded = WeakIdKeyDictionary()
        #: Matrices as `many_grow` copies them.
        self._in_pieces = WeakIdKeyDictionary()

    def block(self, rows: Tensor, block: EstimatorBlock, lengths: Tensor, step: int) -> Tensor:
        stream, left = self._resnet(rows, block, step, block.layers[0].ahead)
        self._grow(stream, block.layers, lengths, left, pieces=True)
        self._rounded[stream] = left
        return stream

    def resnet(self, rows: Tensor, block: EstimatorBlock, step: int) -> Tensor:
        return self._resnet(rows, block, step, None)[0]

    def transform(
        self, stream: Tensor, layers: tuple[TransformerLayer, ...], lengths: Tensor
    ) -> None:
        self._rounded.pop(stream, None)
        left = self._halves(stream.numel() // WIDTH // 64, WIDTH, stream)
        self._launch("norm_blocks", (len(left),), stream, layers[0].ahead, left)
        self._grow(stream, layers, lengths, left)

    def normed_conv(self, rows: Tensor, block: NormedConv, shift: Tensor | None) -> Tensor:
        """Of rows in fp32, rounded."""
        result = torch.empty_like(rows, dtype=block.conv.weight.dtype)
        affine = (block.gain, block.bias, shift)
        time = rows.shape[1]
        self._convolve("last", self._round(rows), time, block.conv, affine, result=result)
        return result

    def causal_conv(self, rows: Tensor, product: Linear) -> Tensor:
        """Of rows in fp32."""
        result = torch.empty_like(rows)
        self._convolve("plain", self._round(rows), rows.shape[1], product, stream=result)
        return result

    def _resnet(
        self, rows: Tensor, block: EstimatorBlock, step: int, ahead: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """The stream, and blocks of it without `ahead`, normalised, where there is any."""
        batch, time, _ = rows.shape
        blocks = self._round(rows)
        first, second, shortcut = block.first, block.second, block.shortcut
        hidden, left = (self._halves(len(blocks), WIDTH, rows) for _ in range(2))
        affine = (first.gain, first.bias, block.time[step])
        self._convolve("first", blocks, time, first.conv, affine, result=hidden)
        stream = rows.new_empty(batch, time, WIDTH)
        affine = (second.gain, second.bias, block.layer_biases)
        direct = (blocks, self._blocks(shortcut.weight), shortcut.bias)
        handed = (ahead, None if ahead is None else left)
        self._convolve("second", hidden, time, second.conv, affine, direct, stream, *handed)
        return stream, left

    def _round(self, rows: Tensor) -> Tensor:
        """Rows in fp32 as blocks of halves, unless a block's last layer has left them."""
        rounded: Tensor | None = self._rounded.pop(rows, None)
        if rounded is not None:
            return rounded
        channels = rows.shape[-1]
        tiles = rows.numel() // channels // 64
        blocks = self._halves(tiles, channels, rows)
        self._launch("round_blocks", (tiles, channels // 64), rows, blocks, channels)
        return blocks

    def _convolve(
        self,
        name: str,
        blocks: Tensor,
        time: int,
        conv: Linear,
        affine: tuple[Tensor | None, ...] = _NONE,
        direct: tuple[Tensor | None, ...] = _NONE,
        stream: Tensor | None = None,
        ahead: Tensor | None = None,
        result: Tensor | None = None,
    ) -> None:
        """See `convolve` in `resnet_many.cu`."""
        tiles, wide = blocks.shape[:2]
        across = 0 if direct[0] is None else direct[0].shape[1]
        grid, each = _clusters(tiles)
        weight = self._blocks(conv.weight)
        given = (weight, conv.bias, *affine, *direct, stream, ahead, result)
        self._launch(f"many_{name}", grid, blocks, *given, wide, across, time, tiles, each)

    def _grow(
        self,
        stream: Tensor,
        layers: tuple[TransformerLayer, ...],
        lengths: Tensor,
        left: Tensor,
        *,
        pieces: bool = False,
    ) -> None:
        """The layers, of which the first reads `left`, which becomes the stream, rounded.

        The stream comes in rows, or in `pieces` as a resnet leaves it, and becomes rows. A kernel
        begins at the end where the one before has ended: what that left is still in the cache.
        """
        batch, time, _ = stream.shape
        tiles = len(left)
        qkv, attended = (self._halves(tiles, columns, stream) for columns in (3 * INNER, INNER))
        product = (min(tiles, MULTIPROCESSORS // ACROSS), ACROSS)
        grid, each = _clusters(tiles)
        for number, (layer, after) in enumerate(pairs(layers)):
            back = (number + 1) % 2
            weight = self._blocks(layer.qkv.weight, centred=True)
            self._launch("many_product", product, left, weight, layer.qkv.bias, qkv, tiles, back)
            queries = (time // 64, HEADS, batch)
            attention = "attention_64" if back else "attention_64_back"
            self._launch(attention, queries, qkv, lengths, attended, time)
            self._launch(
                "many_grow",
                grid,
                attended,
                self._pieces(layer.out),
                stream,
                layer.feed_ahead,
                self._pieces(layer.feed_in.weight, outputs=128),
                layer.feed_in.bias,
                self._pieces(layer.feed_out),
                None if after is None else after.ahead,
                left,
                tiles,
                each,
                int(number == 0 and not pieces),
                int(after is None),
                back,
            )

    def _pieces(self, matrix: Tensor, *, outputs: int = WIDTH) -> Tensor:
        """Blocks of a matrix so that those of `outputs`, 32 KB of them, lie in one piece.

        Pieces are in the order of the outputs and then the inputs. A matrix behind a norm, that of
        128 outputs, is centred: see `HopperKernels`.
        """
        found: Tensor | None = self._in_pieces.get(matrix)
        if found is None:
            blocks = self._blocks(matrix, centred=outputs < WIDTH)
            high = outputs // 64
            apart = blocks.unflatten(1, (-1, 4 // high)).unflatten(0, (-1, high))
            pieces = apart.permute(0, 2, 3, 1, 4, 5).contiguous()
            found = self._in_pieces[matrix] = completed(pieces)
        return found


def is_many(rows: Tensor) -> bool:
    batch, time, _ = rows.shape
    return batch * time >= MANY_ROWS


def pairs(
    layers: tuple[TransformerLayer, ...],
) -> list[tuple[TransformerLayer, TransformerLayer | None]]:
    """Each layer with the one behind it."""
    return list(zip(layers, (*layers[1:], None), strict=True))


def _clusters(tiles: int) -> tuple[tuple[int], int]:
    """The grid of clusters of two that take as many tiles each, and how many.

    A cluster takes four at a time, and of two last ones both blocks take half of the work each.
    """
    each = 2 * -(-tiles // MULTIPROCESSORS)
    return (2 * -(-tiles // each),), each
