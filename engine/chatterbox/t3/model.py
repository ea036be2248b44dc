"""T3: text and a voice to speech tokens. Prefill of new utterances, and one step of all of them.

The networks are upstream's; only the order of the work is ours. Every per-request value is read
from the slots on the device, so a step can be captured once and replayed for any request.
"""

from collections.abc import Sequence
from typing import Any, Generic, NamedTuple, TypeVar

import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.chatterbox.cuda.capture import GraphCache, GraphPool
from engine.chatterbox.cuda.packed import upload
from engine.chatterbox.t3.buffers import Batch, Buffers
from engine.chatterbox.t3.config import (
    CONTEXT_BUCKETS,
    SLOT_BUCKETS,
    TEXT_BUCKETS,
    DecoderConfig,
    bucket_for,
    pages_for,
)
from engine.chatterbox.t3.kernels import T3Kernels
from engine.chatterbox.t3.kv_cache import PagePool
from engine.chatterbox.t3.loading import AnyWeights, network_of
from engine.chatterbox.t3.prefix import Prefix, PrefixCache
from engine.chatterbox.t3.prompt import Prompt, PromptRows, PromptShape, fill_rows, idle_rows
from engine.chatterbox.t3.slots import Assignment, SlotRows, Slots
from engine.chatterbox.utterance import EnrolledVoice, Utterance
from engine.enrolment import Conditionals
from engine.weights.sizes import MEL_BINS

RowsT = TypeVar("RowsT")


class PrefillRows(NamedTuple, Generic[RowsT]):
    """All that a prefill is told of its utterances."""

    prompts: PromptRows[RowsT]
    slots: SlotRows[RowsT]

    @property
    def flat(self) -> tuple[RowsT, ...]:
        return *self.prompts, *self.slots

    @classmethod
    def of(cls, flat: Sequence[RowsT]) -> "PrefillRows[RowsT]":
        count = len(PromptRows._fields)
        return cls(PromptRows(*flat[:count]), SlotRows(*flat[count:]))


class T3:
    """The network with its caches. All methods queue work on the current stream."""

    def __init__(
        self,
        weights: AnyWeights,
        config: DecoderConfig,
        kernels: T3Kernels | None = None,
    ) -> None:
        self.weights, self.config = weights, config
        self.device, self.sizes = weights.device, weights.sizes
        self.network = network_of(weights, kernels, config.cache)
        self.kernels = self.network.kernels
        kept_in = config.cache or config.dtype
        self.pool = PagePool(self.sizes, config.pages, kept_in, self.device, config.page)
        self.prefixes = PrefixCache(self.pool, self.sizes, config.voices, config.dtype)
        #: Pages that utterances can have; the rest are the voices'.
        self.pages = self.pool.free
        longest = self.sizes.conditioning_positions + self.network.text_positions
        self.slots = Slots(
            config.slots,
            self.sizes,
            self.device,
            positions=longest + self.network.starts + self.network.rules.most_tokens,
            rules=self.network.rules,
            page=config.page,
        )
        self._prompt_shape = PromptShape(
            starts=self.network.starts,
            prefix=self.sizes.conditioning_positions,
            varied=self.sizes.backbone == "gpt2",
            page=config.page,
        )
        places = bucket_for(config.slots, SLOT_BUCKETS)
        self.buffers = Buffers(config, self.sizes, self.slots, places)
        self.graphs = GraphCache(GraphPool() if self.device.type == "cuda" else None)

    @torch.inference_mode()
    def prepare(self) -> None:
        """Compile and capture, ahead of its first use, what a new voice's prefix takes."""
        silence = Conditionals(
            speaker=torch.zeros(1, self.sizes.speaker_embedding),
            t3_prompt_tokens=torch.zeros(1, 1, dtype=torch.int64),
            prompt_tokens=torch.zeros(1, 1, dtype=torch.int64),  # S3Gen's, as those that follow
            prompt_mel=torch.zeros(1, 2, MEL_BINS),
            x_vector=torch.zeros(1, 1),
        )
        for _ in range(2):  # the first call rehearses
            self._prefix(self.network.prefix_inputs(silence, 0.0))

    def forget(self) -> None:
        """Leave nothing of voices that are not in use, here or where graphs read it."""
        self.prefixes.forget()
        self.pool.forget()
        self.graphs.forget()

    @torch.inference_mode()
    def prepare_voice(self, voice: EnrolledVoice, exaggeration: float) -> None:
        self.prefixes.release(self._acquire_prefix(voice, exaggeration))

    def fits(self, utterance: Utterance) -> bool:
        """Whether an utterance can be decoded to its cap, alone if need be."""
        fits = self._pages_for(utterance, utterance.cap) <= self.pages
        return fits and len(utterance.text_tokens) <= self.network.text_positions

    def has_room_for(self, utterance: Utterance) -> bool:
        enough = self._pages_for(utterance, self._expected_tokens(utterance)) <= self.pool.free
        exaggeration = utterance.request.parameters.exaggeration
        key = self._prefix_key(utterance.voice, exaggeration)
        return enough and self.prefixes.has_room_for(key)

    def reserve(self, utterance: Utterance, slot: int) -> Prompt:
        """Take what an utterance is expected to need: pages, and its voice's prefix.

        Raises `ValueError` where `has_room_for` is false.
        """
        parameters = utterance.request.parameters
        prefix = self._acquire_prefix(utterance.voice, parameters.exaggeration)
        rows = self.network.rules.rows(parameters)
        own = self._pages_for(utterance, self._expected_tokens(utterance)) // rows
        assignment = Assignment(
            slot=slot,
            prompt_positions=self._prompt_positions(utterance),
            cap=utterance.cap,
            parameters=parameters,
            pages=tuple(prefix.pages + self.pool.take(own) for _ in range(rows)),
        )
        return Prompt(assignment, utterance.text_tokens, prefix)

    def extend(self, prompt: Prompt, tokens: int) -> bool:
        """Take the pages that a prefilled utterance lacks for `tokens` tokens in all.

        False, and nothing taken, if fewer are free.
        """
        assignment = prompt.assignment
        positions = assignment.prompt_positions + min(tokens, assignment.cap)
        needed = pages_for(positions, self.config.page)
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

    def idle_rows(self, prompts: list[Prompt]) -> PrefillRows[NDArray[Any]]:
        """Rows on the CPU that have no prompt yet, in buckets that hold these."""
        places = bucket_for(len(prompts), SLOT_BUCKETS)
        of_prompts = idle_rows(
            places=places,
            guided=any(prompt.assignment.guided for prompt in prompts),
            width=bucket_for(max(len(prompt.text_tokens) for prompt in prompts), TEXT_BUCKETS),
            shape=self._prompt_shape,
        )
        return PrefillRows(of_prompts, self.slots.idle_rows(places))

    def fill_rows(self, rows: PrefillRows[NDArray[Any]], prompts: list[Prompt]) -> None:
        """Put prompts into rows that are idle."""
        fill_rows(rows.prompts, prompts, len(rows.slots.slots), self._prompt_shape)
        self.slots.fill_rows(rows.slots, [prompt.assignment for prompt in prompts])

    def prefill(self, prompts: list[Prompt]) -> Batch:
        """Assign the slots of new utterances and sample the first token of each.

        Returns the batch, whose `logits` are those of the last position.
        """
        rows = self.idle_rows(prompts)
        self.fill_rows(rows, prompts)
        places = len(rows.slots.slots)
        batch = self.prefill_batch(places, guided=len(rows.prompts.lengths) > places)
        self.prefill_step(batch, PrefillRows.of(upload(rows.flat, self.device)))
        self.note_assigned(batch, prompts)
        return batch

    def prefill_batch(self, places: int, *, guided: bool) -> Batch:
        """The batch to prefill so many prompts in; it works on nothing yet."""
        self.buffers.invalidate()
        return self.buffers.batch(places, guided=guided, context=CONTEXT_BUCKETS[0])

    def note_assigned(self, batch: Batch, prompts: list[Prompt]) -> None:
        """To be called once `prefill_step` is queued for these prompts."""
        self.slots.revision += 1
        self.buffers.note_filled(batch, [prompt.assignment.slot for prompt in prompts])

    def prefill_step(self, batch: Batch, rows: PrefillRows[Tensor]) -> None:
        self.slots.put(rows.slots)
        self.buffers.put(batch, rows.slots.slots)
        batch.residual.copy_(self.network.prefill(rows.prompts, self.prefixes, self.pool))
        self._sample(batch)

    def step(self, batch: Batch) -> None:
        """Feed every running slot its last token and sample the next one."""
        self.network.step(batch, self.slots, self.pool)
        self._sample(batch)

    def _acquire_prefix(self, voice: EnrolledVoice, exaggeration: float) -> Prefix:
        known = voice.conditionals
        return self.prefixes.acquire(
            self._prefix_key(voice, exaggeration),
            self.network.prefix_positions(known),
            lambda: self._prefix(self.network.prefix_inputs(known, exaggeration)),
        )

    def _prefix_key(self, voice: EnrolledVoice, exaggeration: float) -> tuple[object, ...]:
        return voice.identity, self.network.prefix_key(exaggeration)

    def _prefix(self, inputs: Any) -> Tensor:
        """Keys and values of a voice's conditioning, as `PrefixCache.acquire` wants them."""
        return self.graphs.call("prefix", self.network.prefix, inputs)

    def _sample(self, batch: Batch) -> None:
        self.network.logits(batch)
        self.kernels.sample(self.slots, batch)

    def _pages_for(self, utterance: Utterance, tokens: int) -> int:
        page = self.config.page
        shared = self.network.prefix_positions(utterance.voice.conditionals) // page
        needed = pages_for(self._prompt_positions(utterance) + tokens, page)
        return self.network.rules.rows(utterance.request.parameters) * (needed - shared)

    def _prompt_positions(self, utterance: Utterance) -> int:
        prefix = self.network.prefix_positions(utterance.voice.conditionals)
        return prefix + len(utterance.text_tokens) + self.network.starts

    def _expected_tokens(self, utterance: Utterance) -> int:
        return min(utterance.cap, self.network.expected_tokens(utterance.text_tokens))
