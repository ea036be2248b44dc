"""Steps of T3 from CUDA graphs, one per size of what they work on, captured when first needed.

Replaying a graph costs one launch where the step itself has hundreds. Elsewhere than on CUDA the
step is simply run.
"""

from typing import NamedTuple

from engine.chatterbox.cuda.packed import Packed
from engine.chatterbox.t3.buffers import Batch
from engine.chatterbox.t3.config import SLOT_BUCKETS, TEXT_BUCKETS, bucket_for
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
                captured.replay()
            else:
                t3.step(batch)
        return batch

    def prefill(self, prompts: list[Prompt]) -> None:
        """Queue the prefill of new utterances, first tokens included, on the current stream."""
        t3 = self._t3
        places = bucket_for(len(prompts), SLOT_BUCKETS)
        guided = any(prompt.assignment.guided for prompt in prompts)
        width = bucket_for(max(len(prompt.text_tokens) for prompt in prompts), TEXT_BUCKETS)
        rows = 2 * places if guided else places
        if not t3.graphs.captures or rows * width > _LARGEST_PREFILL:
            t3.prefill(prompts)
            return
        batch = t3.prefill_batch(places, guided=guided)
        key = ("prefill", places, guided, width)
        captured = t3.graphs.find(key)
        if captured is None:
            packed = Packed(t3.idle_rows(prompts).flat, t3.device)
            given = PrefillRows.of(packed.tensors)
            captured = t3.graphs.capture(key, lambda: t3.prefill_step(batch, given), packed)
        t3.fill_rows(PrefillRows.of(captured.inputs.begin()), prompts)
        captured.inputs.send()
        captured.replay()
        t3.note_assigned(batch, prompts)
