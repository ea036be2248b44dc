"""What the host hears of a slot's utterance: its tokens, and how it ended."""

import pytest
import torch

from engine.chatterbox.t3.kernels.reference import record_tokens
from engine.chatterbox.t3.slots import Assignment, SlotRows, Slots, SlotStatus
from engine.speech import SpeechParameters
from engine.weights.sizes import SMALL

RUNNING, STOPPED, CAPPED, FAILED = (SlotStatus(value) for value in (1, 2, 3, 4))
STOP = 6562


@pytest.fixture
def slots() -> Slots:
    return Slots(2, SMALL.t3, torch.device("cpu"), positions=100)


def assign(slots: Slots, slot: int, cap: int = 9) -> None:
    slots.assign([Assignment(slot, 40, cap, SpeechParameters(), ([3, 5], [3, 6]))])


def say(slots: Slots, slot: int, *tokens: int, finite: bool = True) -> None:
    places = torch.tensor([slot])
    for token in tokens:
        state, drawn = slots.state[places], torch.tensor([token], dtype=torch.int32)
        record_tokens(slots, places, state, drawn, torch.tensor([finite]))


def test_one_that_runs_has_as_many_tokens_as_were_sampled(slots: Slots) -> None:
    assign(slots, 1)
    say(slots, 1, 17, 6000, 3)
    assert slots.outcome(1, 3) == (RUNNING, 3)
    assert slots.tokens(1, 3) == [17, 6000, 3]


@pytest.mark.parametrize(
    ("said", "finite", "ended"),
    [((4, STOP), True, STOPPED), (range(9), True, CAPPED), ((4, 5), False, FAILED)],
)
def test_the_end_is_heard_though_more_steps_were_queued(
    slots: Slots, said: tuple[int, ...], finite: bool, ended: SlotStatus
) -> None:
    assign(slots, 0)
    say(slots, 0, *said[:-1])
    say(slots, 0, said[-1], finite=finite)
    say(slots, 0, 8, 8, 8)
    assert slots.outcome(0, len(said)) == (ended, len(said))
    assert slots.outcome(0, len(said) + 3) == (ended, len(said))
    assert slots.tokens(0, len(said)) == list(said)


def test_a_slot_that_is_assigned_anew_has_nothing_of_the_one_before(slots: Slots) -> None:
    assign(slots, 0)
    say(slots, 0, 1, 2, 3, STOP)
    slots.free(0)
    assert slots.state[0, 0] == SlotStatus.IDLE
    assign(slots, 0)
    say(slots, 0, 7)
    assert slots.outcome(0, 1) == (RUNNING, 1)
    assert slots.tokens(0, 1) == [7]
    say(slots, 0, STOP)
    assert slots.outcome(0, 4) == (STOPPED, 2)


def test_places_without_an_utterance_fill_the_idle_slot_alone(slots: Slots) -> None:
    assign(slots, 1)
    before = slots.state.clone(), slots.page_table.clone()
    slots.put(SlotRows(*map(torch.from_numpy, slots.idle_rows(2))))
    assert torch.equal(slots.state, before[0])
    assert torch.equal(slots.page_table, before[1])
