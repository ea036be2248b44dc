"""T3's GPT-2, as Turbo and Nano have it: `T3Network` on fused or plain kernels.

A voice's prefix is its speaker and its prompt's speech tokens, one position each, so voices have
prefixes of different length; every position is a learned one of the whole stream.
"""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from engine.chatterbox.t3.buffers import Batch
from engine.chatterbox.t3.config import START_OF_SPEECH, TEXT_BUCKETS
from engine.chatterbox.t3.gpt2_weights import Gpt2Weights
from engine.chatterbox.t3.kernels import T3Kernels
from engine.chatterbox.t3.kernels.reference import gelu
from engine.chatterbox.t3.kv_cache import InPages, PagePool
from engine.chatterbox.t3.prefix import PrefixCache
from engine.chatterbox.t3.prompt import Destination, Earlier, InOnePiece, PromptRows
from engine.chatterbox.t3.rules import TURBO
from engine.chatterbox.t3.slots import Slots
from engine.enrolment import Conditionals
from engine.weights.sizes import GPT2_PROMPT_TOKENS, HEAD_DIM

#: Text ids from here on are sounds, such as [laugh].
_FIRST_SOUND = 50257
# Of byte pairs: at 14 letters a second most texts take six to nine speech tokens for each.
_EXPECTED_TO_BEGIN_WITH = 40
_EXPECTED_PER_TEXT_TOKEN = 10
_EXPECTED_PER_SOUND = 75


class Gpt2PrefixInputs(NamedTuple):
    """`speaker` (1, speaker_embedding) fp32 and `prompt_tokens` (n,) int64, on the device."""

    speaker: Tensor
    prompt_tokens: Tensor


class Gpt2T3:
    """See `engine.chatterbox.t3.network.T3Network`."""

    rules = TURBO
    starts = 1

    def __init__(self, weights: Gpt2Weights, kernels: T3Kernels) -> None:
        self.kernels = kernels
        self._weights = weights
        others = weights.sizes.conditioning_positions + self.starts + self.rules.most_tokens
        self.text_positions = min(len(weights.position) - others, TEXT_BUCKETS[-1])

    def expected_tokens(self, text_tokens: Tensor) -> int:
        sounds = int((text_tokens >= _FIRST_SOUND).sum())
        spoken = len(text_tokens) - sounds
        expected = _EXPECTED_PER_TEXT_TOKEN * spoken + _EXPECTED_PER_SOUND * sounds
        return _EXPECTED_TO_BEGIN_WITH + expected

    def prefix_key(self, _exaggeration: float) -> None:
        return None

    def prefix_positions(self, voice: Conditionals) -> int:
        return 1 + min(voice.t3_prompt_tokens.numel(), GPT2_PROMPT_TOKENS)

    def prefix_inputs(self, voice: Conditionals, _exaggeration: float) -> Gpt2PrefixInputs:
        device = self._weights.device
        tokens = voice.t3_prompt_tokens.view(-1)[:GPT2_PROMPT_TOKENS]
        if device.type == "cuda":  # one graph for all voices: what follows changes nothing before
            tokens = functional.pad(tokens, (0, GPT2_PROMPT_TOKENS - len(tokens)))
        speaker = voice.speaker.to(device, torch.float32).view(1, -1)
        return Gpt2PrefixInputs(speaker, tokens.to(device))

    def prefix(self, inputs: Gpt2PrefixInputs) -> Tensor:
        weights = self._weights
        sizes = weights.sizes
        prompt = weights.speech_embedding[inputs.prompt_tokens].float()
        speaker = functional.linear(
            inputs.speaker, *self.kernels.plain(weights.speaker, torch.float32)
        )
        embedded = torch.cat([speaker, prompt])
        embedded += weights.position[: len(embedded)].float()
        computed = embedded.new_empty(
            sizes.layers, 2, sizes.heads, len(embedded), HEAD_DIM, dtype=weights.dtype
        )
        none = torch.zeros(1, dtype=torch.int64, device=embedded.device)
        nothing = Earlier(computed[None, :, :, :, :0], none, none, len(embedded))
        self._run(embedded[None], nothing, InOnePiece(computed))
        return computed

    def prefill(self, rows: PromptRows[Tensor], prefixes: PrefixCache, pool: PagePool) -> Tensor:
        residual = self._embedded(rows)
        earlier = Earlier(prefixes.storage, rows.prefixes, rows.before, residual.shape[1])
        own = InPages(pool, rows.pages, rows.offsets)
        residual = self._run(residual, earlier, own)
        ends = (rows.lengths + self.starts - 1)[:, None, None].expand(-1, 1, residual.shape[2])
        return residual.gather(1, ends)[:, 0]

    def step(self, batch: Batch, slots: Slots, pool: PagePool) -> None:
        kernels = self.kernels
        kernels.embed(self._weights, slots, batch)
        for index, layer in enumerate(self._weights.layers):
            kernels.attend_normed(batch, index, layer.qkv, pool.views(index), None)
            kernels.add_attended(batch, layer.output)
            kernels.add_mlp(batch, layer.up, layer.down)

    def logits(self, batch: Batch) -> None:
        self.kernels.norm_linear(batch, self._weights.speech_head, batch.logits)

    def _embedded(self, rows: PromptRows[Tensor]) -> Tensor:
        weights = self._weights
        index = torch.arange(rows.text_tokens.shape[1] + self.starts, device=rows.lengths.device)
        text = weights.text_embedding[rows.text_tokens].float()
        text = functional.pad(text, (0, 0, 0, self.starts))
        start = weights.speech_embedding[START_OF_SPEECH].float()
        past_text = (index >= rows.lengths[:, None])[:, :, None]
        position = (rows.before[:, None] + index).clamp(max=len(weights.position) - 1)
        return torch.where(past_text, start, text) + weights.position[position].float()

    def _run(self, residual: Tensor, earlier: Earlier, kept: Destination) -> Tensor:
        """All layers over (rows, positions, hidden) fp32; their keys and values go to `kept`.

        Returns the residual stream.
        """
        kernels, dtype = self.kernels, self._weights.dtype
        for index, layer in enumerate(self._weights.layers):
            normed = kernels.prompt_norm(residual, dtype)
            qkv = functional.linear(normed, *kernels.plain(layer.qkv, dtype))
            mixed = torch.empty_like(normed)
            kernels.prompt_attend(qkv, index, earlier, kept, None, mixed)
            residual = residual + functional.linear(mixed, *kernels.plain(layer.output, dtype))
            normed = kernels.prompt_norm(residual, dtype)
            up = functional.linear(normed, *kernels.plain(layer.up, dtype))
            residual = residual + functional.linear(gelu(up), *kernels.plain(layer.down, dtype))
        return residual
