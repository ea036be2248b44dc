"""T3: text and a voice to speech tokens. Prefill of new utterances, and one step of all of them.

The network is upstream's; only the order of the work is ours. Every per-request value is read
from the slots on the device, so a step can be captured once and replayed for any request.
"""

import torch
from torch import Tensor

from engine.chatterbox.cuda.capture import GraphCache, GraphPool
from engine.chatterbox.t3.backbone import Backbone
from engine.chatterbox.t3.buffers import Batch, Buffers
from engine.chatterbox.t3.conditioning import PrefixInputs, conditioning_prefix
from engine.chatterbox.t3.config import (
    CONTEXT_BUCKETS,
    PAGE,
    SLOT_BUCKETS,
    TEXT_BUCKETS,
    DecoderConfig,
    bucket_for,
    expected_speech_tokens,
    pages_for,
)
from engine.chatterbox.t3.kernels import T3Kernels, kernels_for
from engine.chatterbox.t3.kv_cache import PagePool
from engine.chatterbox.t3.prefix import Prefix, PrefixCache
from engine.chatterbox.t3.prompt import STARTS, Prompt, PromptRows
from engine.chatterbox.t3.rotary import rotary_tables
from engine.chatterbox.t3.slots import Assignment, Slots
from engine.chatterbox.t3.weights import T3Weights
from engine.chatterbox.utterance import EnrolledVoice, Utterance


class T3:
    """The network with its caches. All methods queue work on the current stream."""

    def __init__(
        self,
        weights: T3Weights,
        config: DecoderConfig,
        kernels: T3Kernels | None = None,
    ) -> None:
        self.weights, self.config = weights, config
        self.device, self.sizes = weights.device, weights.sizes
        self.kernels = kernels if kernels is not None else kernels_for(self.device)
        self.pool = PagePool(self.sizes, config.pages, config.dtype, self.device)
        self.prefixes = PrefixCache(self.pool, self.sizes, config.voices)
        #: Pages that utterances can have; the rest are the voices'.
        self.pages = self.pool.free
        self.slots = Slots(config.slots, self.sizes, self.device)
        places = bucket_for(config.slots, SLOT_BUCKETS)
        self.buffers = Buffers(config, self.sizes, self.slots, places)
        self.rotary = rotary_tables(self.slots.positions, self.device)
        self.graphs = GraphCache(GraphPool() if self.device.type == "cuda" else None)
        self._backbone = Backbone(weights, self.rotary, self.kernels)

    @torch.inference_mode()
    def prepare(self) -> None:
        """Compile and capture, ahead of its first use, what a new voice's prefix takes."""
        speaker = torch.zeros(1, self.sizes.speaker_embedding)
        tokens = torch.zeros(1, 1, dtype=torch.int64)
        for _ in range(2):  # the first call rehearses
            self._prefix(PrefixInputs.of(speaker, tokens, 0.0, self.device))

    @torch.inference_mode()
    def prepare_voice(self, voice: EnrolledVoice, exaggeration: float) -> None:
        self.prefixes.release(self._acquire_prefix(voice, exaggeration))

    def fits(self, utterance: Utterance) -> bool:
        """Whether an utterance can be decoded to its cap, alone if need be."""
        return self._pages_for(utterance, utterance.cap) <= self.pages

    def has_room_for(self, utterance: Utterance) -> bool:
        enough = self._pages_for(utterance, _expected_tokens(utterance)) <= self.pool.free
        return enough and self.prefixes.has_room_for(utterance.prefix_key)

    def reserve(self, utterance: Utterance, slot: int) -> Prompt:
        """Take what an utterance is expected to need: pages, and its voice's prefix.

        Raises `ValueError` where `has_room_for` is false.
        """
        parameters = utterance.request.parameters
        prefix = self._acquire_prefix(utterance.voice, parameters.exaggeration)
        own = self._pages_for(utterance, _expected_tokens(utterance)) // utterance.rows
        assignment = Assignment(
            slot=slot,
            prompt_positions=self._prompt_positions(utterance),
            cap=utterance.cap,
            parameters=parameters,
            pages=tuple(prefix.pages + self.pool.take(own) for _ in range(utterance.rows)),
        )
        return Prompt(assignment, utterance.text_tokens, prefix)

    def extend(self, prompt: Prompt, tokens: int) -> bool:
        """Take the pages that a prefilled utterance lacks for `tokens` tokens in all.

        False, and nothing taken, if fewer are free.
        """
        assignment = prompt.assignment
        needed = pages_for(assignment.prompt_positions + min(tokens, assignment.cap))
        first = len(assignment.pages[0])
        missing = needed - first
        if missing <= 0:
            return True
        if missing * len(assignment.pages) > self.pool.free:
            return False
        for half, row in enumerate(assignment.pages):
            taken = self.pool.take(missing)
            row.extend(taken)
            self.slots.add_pages(assignment.slot, half, first, taken)
        return True

    def release(self, prompt: Prompt) -> None:
        """Give back what `reserve` took, and stop work on the slot."""
        self.slots.free(prompt.assignment.slot)
        for row in prompt.assignment.pages:
            self.pool.give_back(row[len(prompt.prefix.pages) :])
        self.prefixes.release(prompt.prefix)

    def prompt_rows(self, prompts: list[Prompt]) -> PromptRows:
        """Rows for `prefill_step`, on the CPU, in buckets that hold the prompts."""
        return PromptRows.of(
            prompts,
            places=bucket_for(len(prompts), SLOT_BUCKETS),
            guided=any(prompt.assignment.guided for prompt in prompts),
            width=bucket_for(max(len(prompt.text_tokens) for prompt in prompts), TEXT_BUCKETS),
            start=self.sizes.conditioning_positions,
        )

    def prefill(self, prompts: list[Prompt]) -> Batch:
        """Assign the slots of new utterances and sample the first token of each.

        Returns the batch, whose `logits` are those of the last position.
        """
        rows = self.prompt_rows(prompts)
        batch = self.assign(prompts)
        self.prefill_step(batch, rows.to(self.device))
        return batch

    def assign(self, prompts: list[Prompt]) -> Batch:
        """Assign the slots of new utterances; returns the batch to prefill them in."""
        self.slots.assign([prompt.assignment for prompt in prompts])
        batch = self.buffers.batch(
            bucket_for(len(prompts), SLOT_BUCKETS),
            guided=any(prompt.assignment.guided for prompt in prompts),
            context=CONTEXT_BUCKETS[0],
        )
        self.buffers.fill(batch, [prompt.assignment.slot for prompt in prompts])
        return batch

    def prefill_step(self, batch: Batch, rows: PromptRows) -> None:
        batch.residual.copy_(self._backbone.prefill(rows, self.prefixes, self.pool))
        self._sample(batch)

    def step(self, batch: Batch) -> None:
        """Feed every running slot its last token and sample the next one."""
        kernels = self.kernels
        kernels.embed(self.weights, self.slots, batch)
        for index, layer in enumerate(self.weights.layers):
            kernels.norm_linear(batch, layer.qkv, batch.qkv)
            kernels.attend(batch, self.pool.views(index), self.rotary)
            kernels.add_attended(batch, layer.output)
            kernels.add_mlp(batch, layer.gate_up, layer.down)
        self._sample(batch)

    def _acquire_prefix(self, voice: EnrolledVoice, exaggeration: float) -> Prefix:
        known = voice.conditionals
        return self.prefixes.acquire(
            (voice.identity, exaggeration),
            lambda: self._prefix(
                PrefixInputs.of(known.speaker, known.t3_prompt_tokens, exaggeration, self.device)
            ),
        )

    def _prefix(self, inputs: PrefixInputs) -> Tensor:
        """Keys and values of a voice's conditioning, as `PrefixCache.acquire` wants them."""

        def compute(inputs: PrefixInputs) -> Tensor:
            return self._backbone.prefix(conditioning_prefix(self.weights, inputs))

        return self.graphs.call("prefix", compute, inputs)

    def _sample(self, batch: Batch) -> None:
        self.kernels.norm_linear(batch, self.weights.speech_head, batch.logits)
        self.kernels.draw_noise(self.slots, batch)
        self.kernels.sample(self.slots, batch)

    def _pages_for(self, utterance: Utterance, tokens: int) -> int:
        shared = self.sizes.conditioning_positions // PAGE
        return utterance.rows * (pages_for(self._prompt_positions(utterance) + tokens) - shared)

    def _prompt_positions(self, utterance: Utterance) -> int:
        return self.sizes.conditioning_positions + len(utterance.text_tokens) + STARTS


def _expected_tokens(utterance: Utterance) -> int:
    return min(utterance.cap, expected_speech_tokens(len(utterance.text_tokens)))
