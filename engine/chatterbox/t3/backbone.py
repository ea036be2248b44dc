"""The Llama's layers over many positions at once: what prefill and a new voice's prefix go through.

Decoding does not come here; it has one position a row and kernels of its own.
"""

import torch
from torch import Tensor
from torch.nn import functional

from engine.chatterbox.t3.buffers import PromptBatch
from engine.chatterbox.t3.config import START_OF_SPEECH
from engine.chatterbox.t3.kernels import T3Kernels
from engine.chatterbox.t3.kv_cache import InPages, PagePool
from engine.chatterbox.t3.prefix import PrefixCache
from engine.chatterbox.t3.prompt import Destination, Earlier, InOnePiece, PromptRows
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
        none = torch.zeros(1, dtype=torch.int64, device=embedded.device)
        nothing = Earlier(computed[None, :, :, :, :0], none, none, len(embedded))
        self._run(embedded[None], nothing, InOnePiece(computed))
        return computed

    def prefill(self, rows: PromptRows[Tensor], prefixes: PrefixCache, pool: PagePool) -> Tensor:
        """Put prompts through, and their keys and values into their pages.

        Returns the residual stream (rows, hidden) at the last position of each. No value decides
        what is launched.
        """
        residual = self._embedded(rows)
        earlier = Earlier(prefixes.storage, rows.prefixes, rows.before, residual.shape[1])
        # What lies past the shared pages goes into each row's own.
        own = InPages(pool, rows.pages, rows.offsets)
        residual = self._run(residual, earlier, own)
        ends = (rows.lengths + self._starts - 1)[:, None, None].expand(-1, 1, residual.shape[2])
        return residual.gather(1, ends)[:, 0]

    def _embedded(self, rows: PromptRows[Tensor]) -> Tensor:
        weights = self._weights
        index = torch.arange(rows.text_tokens.shape[1] + self._starts, device=rows.lengths.device)
        text = weights.text_embedding[rows.text_tokens].float()
        text = functional.pad(text, (0, 0, 0, self._starts))
        position = weights.text_position[index.clamp(max=len(weights.text_position) - 1)].float()
        start = weights.speech_embedding[START_OF_SPEECH].float() + weights.speech_position[0]
        # The unconditional row has no text but as many positions.
        embedded = text * rows.conditional + position
        past_text = (index >= rows.lengths[:, None])[:, :, None]
        return torch.where(past_text, start, embedded)

    def _run(self, residual: Tensor, earlier: Earlier, kept: Destination) -> Tensor:
        """All layers over (rows, positions, hidden) fp32; their keys and values go to `kept`.

        Returns the residual stream.
        """
        cosines, sines = self._rotary
        rotary = cosines[earlier.positions :], sines[earlier.positions :]
        kernels, weights = self._kernels, self._weights
        rows, count, _ = residual.shape
        batch = PromptBatch.of(residual.flatten(0, 1).contiguous(), weights.sizes, weights.dtype)
        of_rows = rows, count, -1
        kernels.begin(batch)
        for index, layer in enumerate(weights.layers):
            kernels.norm_linear(batch, layer.qkv, batch.qkv)
            attended = batch.attended.view(of_rows)
            kernels.prompt_attend(batch.qkv.view(of_rows), index, earlier, kept, rotary, attended)
            kernels.add_attended(batch, layer.output)
            kernels.add_mlp(batch, layer.gate_up, layer.down)
        return batch.residual.view(of_rows)
