"""T3: text and a voice to speech tokens. Prefill of new utterances, and one step of all of them.

The network is upstream's; only the order of the work is ours. Every per-request value is read
from the slots on the device, so a step can be captured once and replayed for any request.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch.nn import functional
from torch import Tensor

from engine.chatterbox.buffers import Batch, Buffers
from engine.chatterbox.conditioning import VoicePrompt, conditioning_prefix
from engine.chatterbox.config import (
    CONTEXT_BUCKETS,
    PAGE,
    SLOT_BUCKETS,
    START_OF_SPEECH,
    DecoderConfig,
    bucket_for,
    pages_for,
)
from engine.chatterbox.kernels import Kernels, kernels_for
from engine.chatterbox.kernels.reference import mlp, rms_norm
from engine.chatterbox.kv_cache import SINK_PAGE, PagePool
from engine.chatterbox.prefix import Prefix, PrefixCache
from engine.chatterbox.rotary import rotary_tables, rotate
from engine.chatterbox.slots import Assignment, Slots
from engine.chatterbox.weights import T3Weights
from engine.speech import SpeechParameters
from engine.weights.sizes import HEAD_DIM

#: Two start-of-speech positions follow the text, both at speech position 0, as in upstream.
STARTS = 2


@dataclass(frozen=True)
class Utterance:
    """What is to be said, by whom and how. `text_tokens` is int64 (n,), start and stop included.

    At most `cap` tokens are sampled.
    """

    text_tokens: Tensor
    voice: VoicePrompt
    parameters: SpeechParameters
    cap: int

    @property
    def rows(self) -> int:
        """One, and one more where guidance is wanted."""
        return 2 if self.parameters.cfg_weight > 0 else 1

    @property
    def text_positions(self) -> int:
        """Positions between the conditioning and the first sampled token."""
        return len(self.text_tokens) + STARTS

    @property
    def positions(self) -> int:
        """Positions past the conditioning that it can come to."""
        return self.text_positions + self.cap


@dataclass(frozen=True)
class Prompt:
    """An utterance with everything reserved that it needs."""

    assignment: Assignment
    text_tokens: Tensor
    prefix: Prefix


class T3:
    """The network with its caches. All methods queue work on the current stream."""

    def __init__(
        self, weights: T3Weights, config: DecoderConfig, kernels: Kernels | None = None
    ) -> None:
        self.weights, self.config = weights, config
        self.device, self.sizes = weights.device, weights.sizes
        self.kernels = kernels if kernels is not None else kernels_for(self.device)
        self.pool = PagePool(self.sizes, config.pages, config.dtype, self.device)
        self.slots = Slots(config.slots, self.sizes, self.device)
        self.buffers = Buffers(
            config, self.sizes, self.device, bucket_for(config.slots, SLOT_BUCKETS)
        )
        self.rotary = rotary_tables(self.slots.positions, self.device)
        self.prefixes = PrefixCache(self.pool)

    def pages_needed(self, utterance: Utterance) -> int:
        """Pages that `reserve` takes at most."""
        shared, own = self._pages_of(utterance)
        return shared + own * utterance.rows

    def reserve(self, utterance: Utterance, slot: int) -> Prompt:
        """Take what an utterance needs until its end: pages, and its voice's prefix.

        Raises `ValueError` if `pages_needed` are not free.
        """
        parameters = utterance.parameters
        prefix = self.prefixes.acquire(
            (utterance.voice.identity, parameters.exaggeration),
            partial(self._compute_prefix, utterance.voice, parameters.exaggeration),
        )
        _, own = self._pages_of(utterance)
        rows = [self.pool.take(own) for _ in range(utterance.rows)]
        assignment = Assignment(
            slot=slot,
            prompt_positions=self.sizes.conditioning_positions + utterance.text_positions,
            cap=utterance.cap,
            parameters=parameters,
            pages=tuple(prefix.pages + row for row in rows),
        )
        return Prompt(assignment, utterance.text_tokens, prefix)

    def release(self, prompt: Prompt) -> None:
        """Give back what `reserve` took, and stop work on the slot."""
        self.slots.free(prompt.assignment.slot)
        shared = len(prompt.prefix.pages)
        for row in prompt.assignment.pages:
            self.pool.give_back(row[shared:])
        self.prefixes.release(prompt.prefix)

    def _pages_of(self, utterance: Utterance) -> tuple[int, int]:
        """Pages of the shared prefix, and of each row past it."""
        conditioning = self.sizes.conditioning_positions
        shared = conditioning // PAGE
        return shared, pages_for(conditioning + utterance.positions) - shared

    def prefill(self, prompts: list[Prompt], *, draw_noise: bool = True) -> Batch:
        """Run the prompts of new utterances and sample the first token of each.

        Their slots are assigned here. Returns the batch, whose `logits` are those of the last
        position. With `draw_noise` false the batch's noise is used as it stands.
        """
        self.slots.assign([prompt.assignment for prompt in prompts])
        last = self._prefill_rows(prompts)
        guided = any(prompt.assignment.guided for prompt in prompts)
        places = bucket_for(len(prompts), SLOT_BUCKETS)
        batch = self.buffers.batch(places, guided=guided, context=CONTEXT_BUCKETS[0])
        self.buffers.fill(batch, [prompt.assignment.slot for prompt in prompts])
        batch.residual.zero_()
        unconditional = [i for i, prompt in enumerate(prompts) if prompt.assignment.guided]
        rows = list(range(len(prompts))) + [places + i for i in unconditional]
        batch.residual[torch.tensor(rows, device=self.device)] = last
        self._sample(batch, draw_noise=draw_noise)
        return batch

    def step(self, batch: Batch, *, draw_noise: bool = True) -> None:
        """Feed every running slot its last token and sample the next one."""
        kernels = self.kernels
        kernels.embed(self.weights, self.slots, batch)
        for index, layer in enumerate(self.weights.layers):
            kernels.norm_linear(batch, layer.attention_gain, layer.qkv, batch.qkv)
            cache = (self.pool.keys(index), self.pool.values(index))
            kernels.attend(self.slots, batch, cache, self.rotary)
            kernels.add_attended(batch, layer.output)
            kernels.add_mlp(batch, layer.mlp_gain, layer.gate_up, layer.down)
        self._sample(batch, draw_noise=draw_noise)

    def _sample(self, batch: Batch, *, draw_noise: bool) -> None:
        weights = self.weights
        self.kernels.norm_linear(batch, weights.final_gain, weights.speech_head, batch.logits)
        if draw_noise:
            self.kernels.draw_noise(self.slots, batch)
        self.kernels.sample(self.slots, batch)

    def _compute_prefix(self, voice: VoicePrompt, exaggeration: float) -> Tensor:
        computed: list[Tensor] = []

        def keep(_: int, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
            computed.append(torch.stack([keys[0], values[0]]))
            return keys, values

        embedded = conditioning_prefix(self.weights, voice, exaggeration)
        self._backbone(embedded[None], 0, keep)
        return torch.stack(computed)

    def _prefill_rows(self, prompts: list[Prompt]) -> Tensor:
        """The last position's residual of every guided row, then of every unconditional one."""
        guided = [prompt for prompt in prompts if prompt.assignment.guided]
        rows = [(prompt, 0) for prompt in prompts] + [(prompt, 1) for prompt in guided]
        lengths = [len(prompt.text_tokens) + STARTS for prompt, _ in rows]
        start = self.sizes.conditioning_positions
        embedded = torch.zeros(len(rows), max(lengths), self.sizes.hidden, device=self.device)
        for row, (prompt, half) in zip(embedded, rows, strict=True):
            self._embed_prompt(row, prompt.text_tokens, conditional=half == 0)
        pages, offsets = self._destinations(rows, lengths, max(lengths))

        def extend(layer: int, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
            stored = [prompt.prefix.keys_and_values(self.pool, layer) for prompt in prompts]
            order = [prompts.index(prompt) for prompt, _ in rows]
            whole = []
            for part, (pool, new) in enumerate(
                [(self.pool.keys(layer), keys), (self.pool.values(layer), values)]
            ):
                before = torch.stack([stored[i][part] for i in order])
                everything = torch.cat([before, new], dim=2)
                # What lies past the shared pages goes into the row's own.
                own = everything[:, :, start - start % PAGE :].transpose(1, 2)
                pool[pages, :, offsets] = own
                whole.append(everything)
            return whole[0], whole[1]

        residual = self._backbone(embedded, start, extend)
        ends = torch.tensor(lengths, device=self.device) - 1
        return residual[torch.arange(len(rows), device=self.device), ends]

    def _embed_prompt(self, row: Tensor, text_tokens: Tensor, *, conditional: bool) -> None:
        weights, count = self.weights, len(text_tokens)
        row[:count] = weights.text_position[:count]
        if conditional:
            row[:count] += weights.text_embedding[text_tokens.to(self.device)]
        start = weights.speech_embedding[START_OF_SPEECH].float() + weights.speech_position[0]
        row[count : count + STARTS] = start

    def _destinations(
        self, rows: list[tuple[Prompt, int]], lengths: list[int], longest: int
    ) -> tuple[Tensor, Tensor]:
        """Page and offset of every position past the shared pages, each (rows, positions)."""
        start = self.sizes.conditioning_positions
        shared = start - start % PAGE
        pages = []
        for (prompt, half), length in zip(rows, lengths, strict=True):
            table = prompt.assignment.pages[half]
            used = [table[p // PAGE] for p in range(shared, start + length)]
            pages.append(used + [SINK_PAGE] * (longest - length))
        offsets = torch.arange(shared, start + longest, device=self.device) % PAGE
        index = torch.tensor(pages).to(self.device, non_blocking=True)
        return index, offsets.expand_as(index)

    def _backbone(
        self,
        residual: Tensor,
        start: int,
        extend: Callable[[int, Tensor, Tensor], tuple[Tensor, Tensor]],
    ) -> Tensor:
        """All layers over (rows, positions, hidden) fp32, whose first position is `start`.

        `extend` is given a layer's new keys and values, (rows, heads, positions, HEAD_DIM), and
        returns those to attend to, earlier positions first.
        """
        rows, count, _ = residual.shape
        cosine, sine = (table[start : start + count] for table in self.rotary)
        visible = torch.ones(count, start + count, dtype=torch.bool, device=self.device)
        visible = visible.tril(diagonal=start)
        dtype = self.config.dtype
        for index, layer in enumerate(self.weights.layers):
            normed = rms_norm(residual, layer.attention_gain, dtype)
            qkv = functional.linear(normed, layer.qkv).view(rows, count, 3, -1, HEAD_DIM)
            query, key, value = qkv.permute(2, 0, 3, 1, 4)
            key, value = extend(index, rotate(key, cosine, sine), value)
            mixed = functional.scaled_dot_product_attention(
                rotate(query, cosine, sine), key, value, attn_mask=visible
            )
            mixed = mixed.transpose(1, 2).reshape(rows, count, -1)
            residual = residual + functional.linear(mixed, layer.output)
            normed = rms_norm(residual, layer.mlp_gain, dtype)
            residual = residual + mlp(normed, layer.gate_up, layer.down)
        return residual
