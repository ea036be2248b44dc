"""Steps of T3 from CUDA graphs, one per size of what they work on, captured when first needed.

Replaying a graph costs one launch where the step itself has hundreds. Elsewhere than on CUDA the
step is simply run.
"""

from typing import NamedTuple

from engine.chatterbox.cuda.packed import Packed
from engine.chatterbox.t3.buffers import Batch
from engine.chatterbox.t3.model import T3, PrefillRows
from engine.chatterbox.t3.prompt import Prompt

#: Prefill of more positions than this is not captured: the device is busy enough without, and the
#: memory of its activations would be kept for ever.
_LARGEST_PREFILL = 4096


class GraphKey(NamedTuple):
    """What a captured decode step depends on beside the device's memory."""

    places: int
    guided: bool
    context: int


class StepGraphs:
    """Runs the steps of one decoder, from its graphs where it can.

    What is captured is rehearsed first. The rehearsal must touch no utterance: its batch is idle.
    """

    def __init__(self, t3: T3) -> None:
        self._t3 = t3

    def run(self, slots: list[int], key: GraphKey, *, steps: int = 1) -> Batch:
        """Queue steps over these slots on the current stream. The key's sizes must hold them."""
        t3 = self._t3
        batch = t3.buffers.batch(key.places, guided=key.guided, context=key.context)
        captured = t3.graphs.find(key)
        if captured is None and t3.graphs.captures:
            t3.buffers.fill(batch, [])
            captured = t3.graphs.capture(key, lambda: t3.step(batch))
        t3.buffers.fill(batch, slots)
        for _ in range(steps):
            if captured is not None:
                captured.graph.replay()
            else:
                t3.step(batch)
        return batch

    def prefill(self, prompts: list[Prompt]) -> None:
        """Queue the prefill of new utterances, first tokens included, on the current stream."""
        t3 = self._t3
        rows = t3.prefill_rows(prompts)
        if not t3.graphs.captures or rows.prompts.text_tokens.size > _LARGEST_PREFILL:
            t3.prefill(prompts, rows)
            return
        batch = t3.prefill_batch(rows)
        key = ("prefill", batch.places, batch.guided, rows.prompts.text_tokens.shape[1])
        captured = t3.graphs.find(key)
        if captured is None:
            static = Packed(rows.flat, t3.device)
            static.fill(t3.idle_rows(rows).flat)
            given = PrefillRows.of(static.tensors)
            captured = t3.graphs.capture(key, lambda: t3.prefill_step(batch, given), static)
        captured.inputs.fill(rows.flat)
        captured.graph.replay()
        t3.note_assigned(batch, prompts)
