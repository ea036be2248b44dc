"""The Llama's layers over many positions at once: what prefill and a new voice's prefix go through.

Decoding does not come here; it has one position a row and kernels of its own.
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from engine.chatterbox.t3.config import START_OF_SPEECH
from engine.chatterbox.t3.kernels import T3Kernels
from engine.chatterbox.t3.kv_cache import PagePool
from engine.chatterbox.t3.prefix import PrefixCache
from engine.chatterbox.t3.prompt import PromptRows
from engine.chatterbox.t3.weights import T3Weights
from engine.weights.sizes import HEAD_DIM


class Backbone:
    """The layers with the rotary tables that their positions need."""

    def __init__(
        self, weights: T3Weights, rotary: tuple[Tensor, Tensor], kernels: T3Kernels, starts: int
    ) -> None:
        self._weights = weights
        self._starts = starts
        self._kernels = kernels
        self._rotary = rotary

    def prefix(self, embedded: Tensor) -> Tensor:
        """Keys and values of conditioning positions (positions, hidden) fp32.

        (layers, 2, heads, positions, HEAD_DIM).
        """
        sizes = self._weights.sizes
        computed = embedded.new_empty(
            sizes.layers, 2, sizes.heads, len(embedded), HEAD_DIM, dtype=self._weights.dtype
        )

        def keep(layer: int, both: Tensor) -> None:
            computed[layer] = both[:, 0]

        self._run(embedded[None], computed[None, :, :, :, :0], keep)
        return computed

    def prefill(self, rows: PromptRows, prefixes: PrefixCache, pool: PagePool) -> Tensor:
        """Put prompts through, and their keys and values into their pages.

        Returns the residual stream (rows, hidden) at the last position of each. No value decides
        what is launched.
        """
        before = prefixes.storage[rows.prefixes]
        places = pool.places(rows.pages, rows.offsets)

        def keep(layer: int, both: Tensor) -> None:
            # What lies past the shared pages goes into each row's own.
            pool.put(layer, places, both[:, :, :, -rows.pages.shape[1] :])

        residual = self._run(self._embedded(rows), before, keep)
        ends = (rows.lengths + self._starts - 1)[:, None, None].expand(-1, 1, residual.shape[2])
        return residual.gather(1, ends)[:, 0]

    def _embedded(self, rows: PromptRows) -> Tensor:
        weights = self._weights
        index = torch.arange(rows.width + self._starts, device=rows.lengths.device)
        text = weights.text_embedding[rows.text_tokens].float()
        text = functional.pad(text, (0, 0, 0, self._starts))
        position = weights.text_position[index.clamp(max=len(weights.text_position) - 1)].float()
        start = weights.speech_embedding[START_OF_SPEECH].float() + weights.speech_position[0]
        # The unconditional row has no text but as many positions.
        embedded = text * rows.conditional + position
        past_text = (index >= rows.lengths[:, None])[:, :, None]
        return torch.where(past_text, start, embedded)

    def _run(self, residual: Tensor, before: Tensor, keep: Callable[[int, Tensor], None]) -> Tensor:
        """All layers over (rows, positions, hidden) fp32 behind what was computed `before`.

        `before` is (rows, layers, 2, heads, earlier positions, HEAD_DIM). `keep` is given every
        layer's keys and values, (2, rows, heads, earlier and new, HEAD_DIM): those of all layers
        at once would be most of the memory that a prefill takes. Returns the residual stream.
        """
        rows, count, _ = residual.shape
        start = before.shape[4]
        cosines, sines = self._rotary
        rotary = cosines[start:], sines[start:]
        visible = torch.ones(count, start + count, dtype=torch.bool, device=residual.device)
        visible = visible.tril(diagonal=start)
        kernels, dtype = self._kernels, self._weights.dtype
        residual = residual.contiguous()
        for index, layer in enumerate(self._weights.layers):
            normed = kernels.prompt_norm(residual, dtype)
            qkv = functional.linear(normed, *kernels.plain(layer.qkv, dtype))
            query, both = kernels.prompt_heads(qkv, before[:, index].transpose(0, 1), rotary)
            keep(index, both)
            mixed = functional.scaled_dot_product_attention(
                query, both[0], both[1], attn_mask=visible
            )
            mixed = mixed.transpose(1, 2).reshape(rows, count, -1)
            kernels.prompt_add(residual, mixed, *kernels.plain(layer.output, dtype))
            normed = kernels.prompt_norm(residual, dtype)
            gate_up = functional.linear(normed, *kernels.plain(layer.gate_up, dtype))
            gated = kernels.prompt_gate(gate_up)
            kernels.prompt_add(residual, gated, *kernels.plain(layer.down, dtype))
        return residual
