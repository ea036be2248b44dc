"""A decode step's parts as CUDA kernels that NVRTC compiles, and the library's products for many.

Which kernel is used is decided here and nowhere else.
"""

import ctypes

import torch
from torch import Tensor

from engine.chatterbox.cuda.program import Kernel, Program, SourceFile
from engine.chatterbox.t3.buffers import Activations, Batch
from engine.chatterbox.t3.gpt2_weights import Gpt2Weights
from engine.chatterbox.t3.kernels import few_rows, many_rows, sources
from engine.chatterbox.t3.kernels.few_rows import FewRowsAttention
from engine.chatterbox.t3.kernels.many_rows import ManyRows, PagedAttention
from engine.chatterbox.t3.kernels.products import (
    MOST_FULL_ROWS,
    Between,
    FullPrecision,
    HalfPrecision,
    Library,
)
from engine.chatterbox.t3.kernels.reference import Matrix, attend_prompts
from engine.chatterbox.t3.prompt import Destination, Earlier
from engine.chatterbox.t3.slots import Slots
from engine.chatterbox.t3.weights import T3Weights
from engine.weights.sizes import HEAD_DIM, T3Sizes

Products = HalfPrecision | FullPrecision | ManyRows | Library

#: In place of rotary tables where positions are not turned, which are not read then.
_NO_TABLES = ctypes.c_void_p(), ctypes.c_void_p()


def sources_for(
    sizes: T3Sizes,
    dtype: torch.dtype,
    capability: tuple[int, int],
    stored: torch.dtype | None = None,
    cache: torch.dtype | None = None,
) -> list[SourceFile]:
    """What `CompiledT3Kernels` compiles, what takes longest first."""
    found = []
    if many_rows.multiplies(sizes, dtype, capability, stored):
        found.append(many_rows.products(sizes))
    if dtype == torch.float32 and stored is None:
        found.append(sources.full_precision(sizes))
    elif dtype != torch.float32 and sources.multiplies(sizes, stored):
        found.append(sources.projections(sizes, dtype, capability, stored))
    found.append(sources.attention(sizes, dtype, capability, cache))
    if few_rows.attends(sizes, dtype, capability, stored):
        found.append(sources.attention_few(sizes, dtype, cache))
    if many_rows.attends(dtype, capability, cache):
        warps = many_rows.warps_by_rows(sizes).values()
        found += [many_rows.attention(sizes, each) for each in warps]
    if dtype != torch.float32:
        found.append(sources.prompts(sizes, dtype))
    return [*found, sources.sampling(sizes, dtype), sources.between(sizes, dtype)]


class CompiledT3Kernels:
    """See `engine.chatterbox.t3.kernels.T3Kernels`. Raises what `Program` raises."""

    def __init__(
        self,
        sizes: T3Sizes,
        dtype: torch.dtype,
        device: torch.device,
        stored: torch.dtype | None = None,
        cache: torch.dtype | None = None,
    ) -> None:
        """Computing in `dtype`; layers' matrices are `stored`, keys and values kept in `cache`.

        Both are in `dtype` unless they have eight bits.
        """
        self._between = Between(sizes, dtype, device)
        self._library = Library(self._between)
        self._own: HalfPrecision | FullPrecision | None = None
        self._most_rows = 0
        if dtype == torch.float32 and stored is None:
            self._own, self._most_rows = FullPrecision(sizes, device), MOST_FULL_ROWS
        elif dtype != torch.float32 and sources.multiplies(sizes, stored):
            self._own = HalfPrecision(sizes, dtype, device, stored)
            self._most_rows = sources.MOST_ROWS
        capability = torch.cuda.get_device_capability(device)
        self._many: ManyRows | None = None
        if many_rows.multiplies(sizes, dtype, capability, stored):
            self._many = ManyRows(sizes, device)
            self._most_rows = many_rows.fewest_rows(sizes) - 1
        attention = Program(sources.attention(sizes, dtype, capability, cache), device)
        self._attentions = [
            (how, attention.kernel(f"attend_{how.name}"))
            for how in sources.attentions(sizes, capability, cache)
        ]
        self._few: FewRowsAttention | None = None
        if few_rows.attends(sizes, dtype, capability, stored):
            self._few = FewRowsAttention(sizes, dtype, device, cache)
        self._pages: PagedAttention | None = None
        if many_rows.attends(dtype, capability, cache):
            self._pages = PagedAttention(sizes, device)
        self._attend_prompts: Kernel | None = None
        if dtype != torch.float32:
            prompts = Program(sources.prompts(sizes, dtype), device)
            self._attend_prompts = prompts.kernel("attend_prompts")
        sampling = Program(sources.sampling(sizes, dtype), device)
        self._embed, self._sample = map(sampling.kernel, ("embed", "sample"))
        self._behind = sampling.behind

    def prompt_norm(self, residual: Tensor, dtype: torch.dtype) -> Tensor:
        normed = torch.empty_like(residual, dtype=dtype)
        self._between.norm(residual.flatten(0, 1), normed.flatten(0, 1))
        return normed

    def prompt_heads(
        self, qkv: Tensor, before: Tensor, rotary: tuple[Tensor, Tensor] | None
    ) -> tuple[Tensor, Tensor]:
        rows, count, triple = qkv.shape
        heads, start = triple // (3 * HEAD_DIM), before.shape[3]
        query = qkv.new_empty(rows, heads, count, HEAD_DIM)
        both = qkv.new_empty(2, rows, heads, start + count, HEAD_DIM)
        self._between.turn_heads(
            (start + count, rows),
            128,
            qkv,
            before,
            *(rotary or _NO_TABLES),
            query,
            both,
            count,
            start,
            ctypes.c_int64(before.stride(1)),
            ctypes.c_int64(before.stride(0)),
            heads,
            behind=self._behind,
        )
        return query, both

    def prompt_attend(
        self,
        qkv: Tensor,
        layer: int,
        earlier: Earlier,
        kept: Destination,
        rotary: tuple[Tensor, Tensor] | None,
        out: Tensor,
    ) -> None:
        keys, values = kept.views(layer)
        if self._attend_prompts is None or keys.dtype != qkv.dtype:
            out.copy_(attend_prompts(self.prompt_heads, qkv, layer, earlier, kept, rotary))
            return
        rows, count, triple = qkv.shape
        heads = triple // (3 * HEAD_DIM)
        self._attend_prompts(
            (heads, rows, -(-count // 16)),
            128,
            qkv,
            earlier.storage[:, layer],
            ctypes.c_int64(earlier.storage.stride(0)),
            earlier.voices,
            earlier.lengths,
            *(rotary or _NO_TABLES),
            keys,
            values,
            kept.pages,
            kept.offsets,
            out,
            count,
            earlier.positions,
            kept.pages.shape[1],
            keys.shape[2],
            HEAD_DIM**-0.5,
            behind=self._behind,
        )

    def plain(self, weight: Matrix, dtype: torch.dtype) -> tuple[Tensor, ...]:
        return self._between.plain(weight, dtype)

    def embed(self, weights: T3Weights | Gpt2Weights, slots: Slots, batch: Batch) -> None:
        products = self._products(batch)
        self._embed(
            (batch.rows,),
            batch.residual.shape[1] // 4,
            batch.residual,
            batch.normed,
            batch.positions,
            weights.speech_embedding,
            weights.position if isinstance(weights, Gpt2Weights) else weights.speech_position,
            batch.slots,
            slots.state,
            batch.places,
            products.squares if isinstance(products, HalfPrecision) else ctypes.c_void_p(),
            behind=self._behind,
        )
        if isinstance(products, ManyRows):
            products.begin(batch)

    def begin(self, batch: Activations) -> None:
        products = self._products(batch)
        if isinstance(products, ManyRows | HalfPrecision):
            products.begin(batch)

    def norm_linear(self, batch: Activations, weight: Matrix, out: Tensor) -> None:
        self._products(batch).norm_linear(batch, weight, out)

    def attend(
        self, batch: Batch, cache: tuple[Tensor, Tensor], rotary: tuple[Tensor, Tensor] | None
    ) -> None:
        if self._pages is not None and batch.rows >= self._pages.fewest_rows:
            self._pages.attend(batch, cache, rotary)
            return
        how, attend = next(each for each in self._attentions if batch.rows <= each[0].rows)
        attend(
            (cache[0].shape[1], batch.rows),
            how.threads,
            batch.qkv,
            *cache,
            *(rotary or _NO_TABLES),
            batch.positions,
            batch.tables,
            batch.attended,
            batch.tables.shape[1],
            HEAD_DIM**-0.5,
            behind=self._behind,
        )

    def attend_normed(
        self,
        batch: Batch,
        layer: int,
        weight: Matrix,
        cache: tuple[Tensor, Tensor],
        rotary: tuple[Tensor, Tensor] | None,
    ) -> None:
        products = self._products(batch)
        if not isinstance(products, HalfPrecision):
            products.norm_linear(batch, weight, batch.qkv)
            self.attend(batch, cache, rotary)
            return
        few = self._few if batch.rows <= few_rows.MOST_ROWS else None
        if few is None:
            products.norm_linear(batch, weight, batch.qkv, late=layer == 0)
            self.attend(batch, cache, rotary)
            return
        with few.mailbox.taken_out(layer):
            given = few.mailbox.of(layer, batch.rows)
            products.norm_linear(batch, weight, given, late=layer == 0)
            few.attend(batch, layer, cache, rotary)

    def add_attended(self, batch: Activations, weight: Matrix) -> None:
        self._products(batch).add_attended(batch, weight)

    def add_mlp(self, batch: Activations, up: Matrix, down: Matrix) -> None:
        self._products(batch).add_mlp(batch, up, down)

    def sample(self, slots: Slots, batch: Batch, noise: Tensor | None = None) -> None:
        self._sample(
            (batch.places,),
            1024,
            batch.logits,
            ctypes.c_void_p() if noise is None else noise,
            slots.seeds,
            batch.slots,
            slots.state,
            slots.parameters,
            slots.seen,
            slots.said,
            batch.places,
            slots.said.shape[1],
            batch.guided,
            behind=self._behind,
        )

    def _products(self, batch: Activations) -> Products:
        if self._own is not None and batch.rows <= self._most_rows:
            return self._own
        if self._many is not None and batch.rows <= many_rows.MOST_ROWS:
            return self._many
        return self._library
