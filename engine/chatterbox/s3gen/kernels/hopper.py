"""The estimator's resnets and transformer layers on Hopper, which hand on blocks.

A block is 64 rows of 64 halves as the card's own products read them, 8 KB in one piece: see
`blocks.cuh`, and `transformer.cu`, `attention_blocks.cu` and `resnet.cu` for the kernels, and
`out_and_feed.cu`, which replaces most of the first for few rows. Many rows go another way: see
`hopper_many`.
"""

import ctypes
from typing import NamedTuple

import torch
from torch import Tensor
from torch.utils.weak import WeakIdKeyDictionary

from engine.chatterbox.cuda.program import Kernel, Program
from engine.chatterbox.s3gen.kernels.hopper_blocks import Blocks
from engine.chatterbox.s3gen.kernels.hopper_forms import FORMS, ChainForm, sources
from engine.chatterbox.s3gen.kernels.hopper_many import ManyFrames, is_many, pairs
from engine.chatterbox.s3gen.layout import Linear
from engine.chatterbox.s3gen.weights import EstimatorBlock, NormedConv, TransformerLayer

WIDTH, INNER, FEED = 256, 512, 1024  # of the stream, of all heads together, of the feed-forward
HEADS = INNER // 64
CHANNELS = (256, 320, 512)  # of what a resnet reads
#: Clusters of four whose blocks take a multiprocessor each: so many surely fit a card at once.
CLUSTERS = 28
PARTS = WIDTH // 32  # of a row, each of which tells its mean and its sum of squares
#: Into so many parts at most keys are cut, of so many times 64 queries at most: a cut takes room of
#: two or more multiprocessors.
MOST_CUT, MOST_OVER = 3, 128
JOINED = (1 + 64 // 8) * 128 * 4  # numbers that a part leaves: see `halved_attention`


class _Rows(NamedTuple):
    """What a product reads in place of the stream: see `transformer.cu`."""

    left: Tensor  # (tiles, 4, 64, 64) halves
    told: Tensor  # (tiles, 8, 64, 2) fp32


class _Joined(NamedTuple):
    """Where parts of the keys that attention cuts leave what they attended to, and are counted."""

    parts: Tensor  # (multiprocessors, numbers) fp32
    arrived: Tensor  # int32, zero before an attention, which the kernel ahead of it sees to


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
        self._multiprocessors = torch.cuda.get_device_properties(device).multi_processor_count
        self._blocks = Blocks()
        self._many = ManyFrames(self._launch, self._blocks, self._halves)
        #: Streams that a block has made, in blocks of halves: what the next resnet reads of them.
        self._rounded = WeakIdKeyDictionary()

    @staticmethod
    def resnet_fits(rows: Tensor, block: EstimatorBlock, skip: Tensor | None = None) -> bool:
        _, time, channels = rows.shape
        if skip is not None and (channels, skip.shape) != (WIDTH, rows.shape):
            return False
        return time % 64 == 0 and channels in CHANNELS and len(block.first.gain) == WIDTH

    @staticmethod
    def conv_fits(rows: Tensor, product: Linear) -> bool:
        _, time, channels = rows.shape
        return time % 64 == 0 and channels == len(product.weight) == WIDTH

    @classmethod
    def normed_conv_fits(cls, rows: Tensor, product: Linear, stream: Tensor | None) -> bool:
        """Rows are in fp32, and many rows do not grow a stream."""
        refused = rows.dtype != torch.float32 or (is_many(rows) and stream is not None)
        return cls.conv_fits(rows, product) and not refused

    @staticmethod
    def layers_fit(time: int, layers: tuple[TransformerLayer, ...]) -> bool:
        if time % 64 or not layers:
            return False
        feed = len(layers[0].feed_in.weight)
        return layers[0].out.shape == (WIDTH, INNER) and feed == FEED

    def block(
        self,
        rows: Tensor,
        block: EstimatorBlock,
        lengths: Tensor,
        step: int,
        skip: Tensor | None = None,
    ) -> Tensor:
        """`resnet`, whose last kernel hands the stream on to the first layer, and `transform`."""
        if is_many(rows):
            joined = rows if skip is None else torch.cat([rows, skip], dim=-1)
            return self._many.block(joined, block, lengths, step)
        batch, time, _ = rows.shape
        handed = self._rows(rows.new_empty(batch, time, WIDTH))
        stream = self._resnet(rows, block, step, (block.layers[0].ahead, *handed), skip)
        rounded = self._halves(batch * time // 64, WIDTH, stream)
        self._grow(stream, block.layers, lengths, handed, rounded)
        self._rounded[stream] = rounded
        return stream

    def resnet(self, rows: Tensor, block: EstimatorBlock, step: int) -> Tensor:
        if is_many(rows):
            return self._many.resnet(rows, block, step)
        return self._resnet(rows, block, step, (None, None, None))

    def _resnet(
        self,
        rows: Tensor,
        block: EstimatorBlock,
        step: int,
        handed: tuple[Tensor | None, Tensor | None, Tensor | None],
        skip: Tensor | None = None,
    ) -> Tensor:
        rounded = self._rounded.get(rows)
        beside = None if skip is None else self._rounded.get(skip)
        if skip is not None and (rounded is None or beside is None):
            rows, rounded = torch.cat([rows, skip], dim=-1), None
        batch, time, channels = rows.shape
        first, second, shortcut = block.first, block.second, block.shortcut
        found = self._blocks.joined(first.conv, shortcut)
        stream = rows.new_empty(batch, time, WIDTH)
        hidden = torch.empty_like(stream, dtype=self._dtype)  # with few rows, in blocks
        name, shape = f"first_{channels}", (batch, time)
        if rounded is not None:
            name, rows = "first_blocks" if skip is None else "first_two", rounded
        affine = (first.gain, first.bias, block.time[step])
        self._convolve(name, shape, rows, *found, *affine, hidden, stream, beside=beside)
        affine = (second.gain, second.bias, block.layer_biases)
        conv = (self._blocks(second.conv.weight), second.conv.bias)
        self._convolve("second", shape, hidden, *conv, *affine, None, stream, handed=handed)
        return stream

    def normed_conv(
        self, rows: Tensor, block: NormedConv, *, shift: Tensor | None, stream: Tensor | None
    ) -> Tensor:
        if is_many(rows):
            return self._many.normed_conv(rows, block, shift)
        rounded: Tensor | None = None
        if stream is None:
            rounded = torch.empty_like(rows, dtype=self._dtype)
        else:
            self._rounded.pop(stream, None)
        conv = (self._blocks(block.conv.weight), block.conv.bias)
        affine = (block.gain, block.bias, shift)
        self._convolve("last", rows.shape[:2], rows, *conv, *affine, rounded, stream)
        result = stream if rounded is None else rounded
        assert result is not None
        return result

    def causal_conv(self, rows: Tensor, product: Linear) -> Tensor:
        """Of rows in fp32."""
        if is_many(rows):
            return self._many.causal_conv(rows, product)
        result = torch.empty_like(rows)
        given = (self._blocks(product.weight), product.bias, None, None, None, None, result)
        rounded = self._rounded.get(rows)
        name, read = ("plain", rows) if rounded is None else ("plain_blocks", rounded)
        self._convolve(name, rows.shape[:2], read, *given)
        return result

    def transform(
        self, stream: Tensor, layers: tuple[TransformerLayer, ...], lengths: Tensor
    ) -> None:
        if is_many(stream):
            self._many.transform(stream, layers, lengths)
            return
        self._rounded.pop(stream, None)
        rows = self._rows(stream)
        count = stream.numel() // WIDTH
        self._launch("begin_rows", (count // 8,), stream, layers[0].ahead, *rows)
        self._grow(stream, layers, lengths, rows)

    def _grow(
        self,
        stream: Tensor,
        layers: tuple[TransformerLayer, ...],
        lengths: Tensor,
        rows: _Rows,
        rounded: Tensor | None = None,
    ) -> None:
        """The layers, of which the first reads `rows`; in the end the stream goes to `rounded`."""
        batch, time, _ = stream.shape
        tiles = batch * time // 64
        qkv, attended, hidden = self._between(stream)
        left, told = rows
        fed = torch.empty_like(told)
        means = stream.new_empty(tiles, 64)
        parts = stream.new_empty(self._multiprocessors, JOINED)
        joined = _Joined(parts, stream.new_empty(MOST_OVER, dtype=torch.int32))
        queries = self._queries_form(tiles)
        for layer, after in pairs(layers):
            self._divided(queries, (left, told), layer.qkv, qkv, means, joined.arrived)
            self._attend(qkv, lengths, attended, time, joined)
            weight, second = self._blocks(layer.out), self._blocks(layer.feed_out)
            ahead, next_ahead = layer.feed_ahead, None if after is None else after.ahead
            handed = (rounded, None) if after is None else (left, told)
            if tiles <= CLUSTERS:
                first = self._blocks(layer.feed_in.weight, centred=True)
                given = (attended, weight, means, stream, ahead, first, layer.feed_in.bias, second)
                self._launch("out_and_feed", (4, tiles), *given, next_ahead, *handed)
                continue
            grown = (stream, ahead, means, left, fed)
            self._launch("attended_out", (tiles, 4), attended, weight, *grown)
            self._divided("feed_in", (left, fed), layer.feed_in, hidden, means, None)
            grown_on = (stream, next_ahead, None if after is None else means, *handed)
            self._launch("feed_out", (tiles, 4), hidden, second, *grown_on)

    def _queries_form(self, tiles: int) -> str:
        """Of two tiles where the blocks of one are more than multiprocessors, if those fit."""
        if tiles % 2 == 0 and tiles * (3 * INNER // 128) > self._multiprocessors:
            for columns in (128, 192):
                if tiles // 2 * (3 * INNER // columns) <= self._multiprocessors:
                    return f"qkv_of_two_{columns}"
        return "qkv"

    def _attend(
        self, qkv: Tensor, lengths: Tensor, attended: Tensor, time: int, joined: _Joined
    ) -> None:
        """Half of the keys each where that does not fill the card more than once.

        What is more than one for each multiprocessor is cut further, as far as there is room.
        """
        blocks = len(qkv) * HEADS
        if (over := blocks - self._multiprocessors) > self._multiprocessors:
            grid = (time // 64, HEADS, len(lengths))
            self._launch("attention_64", grid, qkv, lengths, attended, time)
            return
        name, grid = "halved_64", (blocks, 1, 1)
        cut = min(MOST_CUT, self._multiprocessors // over) if over > 0 else 1
        if cut > 1:
            name, grid = f"halved_64_cut_{cut}", (self._multiprocessors, 1, 1)
        self._launch(name, grid, qkv, lengths, attended, time, blocks, *joined)

    def _divided(
        self, name: str, rows: tuple[Tensor, Tensor], product: Linear, *results: Tensor | None
    ) -> None:
        left, told = rows
        weight = self._blocks(product.weight, centred=True)
        tiles, columns = 2 if "of_two" in name else 1, 192 if name.endswith("192") else 128
        grid = (len(left) // tiles, len(product.weight) // columns)
        self._launch(name, grid, left, told, weight, product.bias, *results)

    def _convolve(
        self,
        name: str,
        shape: tuple[int, ...],
        rows: Tensor,
        *others: Tensor | None,
        handed: tuple[Tensor | None, Tensor | None, Tensor | None] = (None, None, None),
        beside: Tensor | None = None,
    ) -> None:
        batch, time = shape
        # All of a matrix at once is faster, but leaves no room for a second block.
        if batch * time // 64 <= CLUSTERS and f"{name}_all" in self._kernels:
            name += "_all"
        grid = (WIDTH // 64, time // 64, batch)
        self._launch(name, grid, rows, *others, time, *handed, beside)

    def _rows(self, stream: Tensor) -> _Rows:
        tiles = stream.numel() // WIDTH // 64
        return _Rows(
            self._halves(tiles, WIDTH, stream),
            stream.new_empty(tiles, PARTS, 64, 2, dtype=torch.float32),
        )

    def _between(self, stream: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Where queries, keys and values go, what is attended to, and the feed-forward's inside."""
        tiles = stream.numel() // WIDTH // 64
        qkv, attended, hidden = (
            self._halves(tiles, columns, stream) for columns in (3 * INNER, INNER, FEED)
        )
        return qkv, attended, hidden

    def _halves(self, tiles: int, columns: int, like: Tensor) -> Tensor:
        return like.new_empty(tiles, columns // 64, 64, 64, dtype=self._dtype)

    def _launch(self, name: str, grid: tuple[int, ...], *arguments: Tensor | int | None) -> None:
        kernel, form = self._kernels[name]
        given = [ctypes.c_void_p() if each is None else each for each in arguments]
        kernel(grid, form.threads, *given, shared=form.shared, behind=True)
