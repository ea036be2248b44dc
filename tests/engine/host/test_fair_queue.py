"""Whose turn it is: classes first, then guilds, then users, and nobody is starved."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.host.fair_queue import PASSED_OVER_MAX, FairQueue, Lane
from engine.speech import Priority

FIRST, SPEAKING, AHEAD = Priority.FIRST_SOUND, Priority.SPEAKING, Priority.LOOK_AHEAD
LANES = st.builds(Lane, st.sampled_from(Priority), st.integers(1, 3), st.integers(1, 3))


def filled(*lanes: Lane) -> FairQueue[tuple[int, Lane]]:
    queue = FairQueue()
    for number, lane in enumerate(lanes):
        queue.put((number, lane), lane)
    return queue


def drained(queue: FairQueue[Any]) -> list[Any]:
    return [queue.take() for _ in range(len(queue))]


def test_guilds_take_turns_however_much_one_of_them_asks() -> None:
    queue = filled(*[Lane(FIRST, 1, 1)] * 5, Lane(FIRST, 2, 7), Lane(FIRST, 2, 7))
    assert [lane.guild_id for _, lane in drained(queue)] == [1, 2, 1, 2, 1, 1, 1]


def test_users_of_a_guild_take_turns() -> None:
    queue = filled(*[Lane(FIRST, 1, 1)] * 3, Lane(FIRST, 1, 2), Lane(FIRST, 1, 3))
    assert [lane.user_id for _, lane in drained(queue)] == [1, 2, 3, 1, 1]


def test_many_users_give_a_guild_no_more_turns() -> None:
    queue = filled(*[Lane(FIRST, 1, user) for user in range(4)], *[Lane(FIRST, 2, 9)] * 2)
    assert [lane.guild_id for _, lane in drained(queue)] == [1, 2, 1, 2, 1, 1]


def test_one_users_requests_keep_their_order() -> None:
    assert [n for n, _ in drained(filled(*[Lane(FIRST, 1, 1)] * 6))] == list(range(6))


def test_a_first_sound_goes_before_what_is_sounding_and_that_before_looking_ahead() -> None:
    queue = filled(Lane(AHEAD, 1, 1), Lane(SPEAKING, 1, 1), Lane(FIRST, 1, 1))
    assert [lane.priority for _, lane in drained(queue)] == [FIRST, SPEAKING, AHEAD]


def test_lower_classes_are_slowed_but_not_starved() -> None:
    """Each gets at least one turn in `PASSED_OVER_MAX` + 2 while the better ones never run dry."""
    queue = filled(*[Lane(AHEAD, 1, 1)] * 9, *[Lane(SPEAKING, 1, 1)] * 9, *[Lane(FIRST, 1, 1)] * 99)
    order = [queue.take()[1].priority for _ in range(60)]
    assert order[:PASSED_OVER_MAX] == [FIRST] * PASSED_OVER_MAX
    for lower in (SPEAKING, AHEAD):
        turns = [at for at, priority in enumerate(order) if priority == lower]
        gaps = [b - a for a, b in zip([-1, *turns], turns, strict=False)]
        assert len(turns) >= 5
        assert max(gaps) <= PASSED_OVER_MAX + 2


@given(st.lists(st.tuples(LANES, st.sampled_from(["put", "take", "remove"]))))
def test_everything_comes_out_once_whatever_is_taken_out_of_the_middle(
    actions: list[tuple[Lane, str]],
) -> None:
    queue, inside, out = FairQueue(), {}, []
    for number, (lane, action) in enumerate(actions):
        if action == "put" or not inside:
            queue.put(number, lane)
            inside[number] = lane
        elif action == "take":
            out.append(queue.take())
            best = min(lane.priority for lane in inside.values())
            taken = inside.pop(out[-1])
            assert taken.priority == best or len(out) > PASSED_OVER_MAX
        else:
            gone = next(reversed(inside))
            queue.remove(gone)
            del inside[gone]
        assert len(queue) == len(inside)
    out += drained(queue)
    assert len(set(out)) == len(out)
    assert len(queue) == 0


@given(st.lists(LANES, max_size=40))
def test_what_waits_in_line_comes_after_all_that_is_due_and_in_fair_turns(
    lanes: list[Lane],
) -> None:
    """However often it was passed over: it is promoted when it is due. Files come last of all."""
    out = [lane for _, lane in drained(filled(*lanes))]
    due = [lane for lane in lanes if lane.priority < Priority.IN_LINE]
    assert all(lane.priority < Priority.IN_LINE for lane in out[: len(due)])
    patient = [lane.priority for lane in out[len(due) :]]
    assert patient == sorted(patient)
    in_line = [lane.guild_id for lane in out if lane.priority is Priority.IN_LINE]
    for n in range(1, len(in_line)):
        others = set(in_line[n:]) - {in_line[n - 1]}
        assert in_line[n] != in_line[n - 1] or not others


def test_what_is_below_the_least_class_stays() -> None:
    queue = filled(Lane(Priority.BACKGROUND, 1, 1))
    assert queue.waiting() == {Priority.BACKGROUND: 1}
    with pytest.raises(IndexError):
        queue.take(Priority.IN_LINE)
    assert queue.take()
    assert not queue.waiting()
