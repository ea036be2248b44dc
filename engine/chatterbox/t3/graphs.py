"""Steps as CUDA graphs, one per size of what they work on, captured when first needed.

Replaying a graph costs one launch where the step itself has hundreds. Elsewhere than on CUDA the
step is simply run.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch

from engine.chatterbox.t3.buffers import Batch
from engine.chatterbox.t3.config import CONTEXT_BUCKETS
from engine.chatterbox.t3.model import T3
from engine.chatterbox.t3.prompt import Prompt, PromptRows

#: Prefill of more positions than this is not captured: the device is busy enough without, and the
#: memory of its activations would be kept for ever.
_LARGEST_PREFILL = 4096


class GraphKey(NamedTuple):
    """What a captured decode step depends on beside the device's memory."""

    places: int
    guided: bool
    context: int
    draw_noise: bool = True


class PrefillKey(NamedTuple):
    """What a captured prefill depends on beside the device's memory."""

    places: int
    guided: bool
    width: int


class StepGraphs:
    """Runs the steps of one decoder, from graphs where it can."""

    def __init__(self, t3: T3, *, capture: bool = True) -> None:
        self._t3 = t3
        self._steps: dict[GraphKey, torch.cuda.CUDAGraph] = {}
        self._prefills: dict[PrefillKey, tuple[torch.cuda.CUDAGraph, PromptRows]] = {}
        self._pool = t3.graph_pool if capture else None

    def run(self, slots: list[int], key: GraphKey, *, steps: int = 1) -> Batch:
        """Queue steps over these slots on the current stream. The key's sizes must hold them."""
        t3 = self._t3
        batch = t3.buffers.batch(key.places, guided=key.guided, context=key.context)
        if self._pool is not None and key not in self._steps:
            t3.buffers.fill(batch, [])
            self._steps[key] = self._captured(lambda: t3.step(batch, draw_noise=key.draw_noise))
        t3.buffers.fill(batch, slots)
        for _ in range(steps):
            if self._pool is not None:
                self._steps[key].replay()
            else:
                t3.step(batch, draw_noise=key.draw_noise)
        return batch

    def prefill(self, prompts: list[Prompt]) -> None:
        """Queue the prefill of new utterances, first tokens included, on the current stream."""
        t3 = self._t3
        rows = t3.prompt_rows(prompts)
        if self._pool is None or rows.text_tokens.numel() > _LARGEST_PREFILL:
            t3.prefill(prompts)
            return
        guided = any(prompt.assignment.guided for prompt in prompts)
        places = len(rows.lengths) // (2 if guided else 1)
        key = PrefillKey(places, guided, rows.width)
        if key not in self._prefills:
            self._prefills[key] = self._captured_prefill(key, rows)
        graph, static = self._prefills[key]
        static.copy_(rows)
        t3.assign(prompts)
        graph.replay()

    def _captured_prefill(
        self, key: PrefillKey, rows: PromptRows
    ) -> tuple[torch.cuda.CUDAGraph, PromptRows]:
        t3 = self._t3
        batch = t3.buffers.batch(key.places, guided=key.guided, context=CONTEXT_BUCKETS[0])
        t3.buffers.fill(batch, [])
        nobody = PromptRows.of(
            [],
            places=key.places,
            guided=key.guided,
            width=key.width,
            start=t3.sizes.conditioning_positions,
        )
        static = rows.to(t3.device)
        static.copy_(nobody)
        return self._captured(lambda: t3.prefill_step(batch, static)), static

    def _captured(self, step: Callable[[], None]) -> torch.cuda.CUDAGraph:
        assert self._pool is not None, "nothing is captured elsewhere than on CUDA"
        # The rehearsal compiles kernels and must not touch anybody's utterance: nobody is in it.
        self._pool.rehearse(step)
        return self._pool.capture(step)
