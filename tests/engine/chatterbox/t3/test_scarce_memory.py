"""Memory that runs out costs an utterance at most its turn."""

from unittest.mock import MagicMock

import pytest
import torch

from engine.chatterbox.cuda.memory import SpareMemory
from engine.chatterbox.t3.buffers import Batch
from engine.chatterbox.t3.conditioning import PrefixInputs
from engine.chatterbox.t3.graphs import GraphKey, StepGraphs
from engine.chatterbox.t3.model import T3
from engine.chatterbox.t3.prompt import Prompt
from engine.chatterbox.t3.scheduler import Scheduler
from tests.engine.chatterbox.t3.t3_checkpoint import (
    NewScheduler,
    assert_as_alone,
    finish,
    some_utterance,
)


class ScarceMemory(StepGraphs):
    """A device that has memory for so many utterances at a time."""

    def __init__(self, t3: T3, most_prefilled: int = 8, most_decoded: int = 8) -> None:
        super().__init__(t3)
        self.most_prefilled, self.most_decoded = most_prefilled, most_decoded

    def prefill(self, prompts: list[Prompt]) -> None:
        if len(prompts) > self.most_prefilled:
            raise torch.OutOfMemoryError("CUDA out of memory")
        super().prefill(prompts)

    def run(self, slots: list[int], key: GraphKey, *, steps: int = 1) -> Batch:
        if len(slots) > self.most_decoded:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return super().run(slots, key, steps=steps)


@pytest.mark.parametrize(
    ("most_prefilled", "most_decoded", "spared"),
    [
        *((1, 8, False), (8, 2, False), (8, 2, True)),
        *(
            pytest.param(*case, marks=pytest.mark.slow)
            for case in ((1, 1, False), (1, 8, True), (1, 1, True))
        ),
    ],
)
def test_when_memory_runs_out_fewer_run_at_once_unless_others_can_spare_some(
    new_scheduler: NewScheduler,
    caplog: pytest.LogCaptureFixture,
    most_prefilled: int,
    most_decoded: int,
    spared: bool,
) -> None:
    """It is said, and none is lost."""
    t3 = new_scheduler(slots=4).t3
    graphs = ScarceMemory(t3, most_prefilled, most_decoded)

    def release() -> bool:
        if spared:
            graphs.most_prefilled = graphs.most_decoded = 8
        return spared

    scheduler = Scheduler(t3, graphs, spare=SpareMemory(t3.device, [release]))
    utterances = [some_utterance(index, cap=9) for index in range(5)]
    finish(scheduler, utterances)
    assert (scheduler.limit == 4) is spared
    assert ("memory ran out" in caplog.text) is not spared
    assert_as_alone(new_scheduler, *utterances)


@torch.inference_mode()
def test_a_voice_that_memory_lacks_for_does_not_silence_who_is_speaking(
    new_scheduler: NewScheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    scheduler = new_scheduler(slots=2)
    first, second = some_utterance(0, cap=30), some_utterance(1, cap=30)
    scheduler.submit(first)
    scheduler.advance()
    compute, most = scheduler.t3._prefix, 1

    def scarce(inputs: PrefixInputs) -> torch.Tensor:
        if len(scheduler._running) >= most:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return compute(inputs)

    monkeypatch.setattr(scheduler.t3, "_prefix", scarce)
    finish(scheduler, [second])
    assert_as_alone(new_scheduler, first, second)
    most = 0
    with pytest.raises(torch.OutOfMemoryError):
        finish(scheduler, [some_utterance(2)])


def test_when_not_even_one_utterance_fits_the_memory_that_is_an_error(
    new_scheduler: NewScheduler,
) -> None:
    scheduler = new_scheduler(slots=2)
    scheduler.graphs = ScarceMemory(scheduler.t3, most_decoded=0)
    with pytest.raises(torch.OutOfMemoryError):
        finish(scheduler, [some_utterance(index) for index in range(3)])


def test_a_batch_that_memory_ran_out_for_is_filled_when_it_is_tried_again(
    new_scheduler: NewScheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    t3 = new_scheduler(slots=1).t3
    prompt = t3.reserve(some_utterance(0, cap=9), 0)
    t3.slots.assign([prompt.assignment])
    batch = t3.buffers.batch(1, guided=prompt.assignment.guided, context=256)
    scarce = MagicMock()
    scarce.__getitem__.side_effect = torch.OutOfMemoryError("CUDA out of memory")
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(t3.slots, "page_table", scarce)
        with pytest.raises(torch.OutOfMemoryError):
            t3.buffers.fill(batch, [0])
    t3.buffers.fill(batch, [0])
    for table, pages in zip(batch.tables.tolist(), prompt.assignment.pages, strict=True):
        assert table[: len(pages)] == pages
