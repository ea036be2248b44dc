"""Who speaks next: everybody's own words in order, authors in turn."""

import asyncio
import random
from collections.abc import AsyncGenerator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channel.line import Line
from bot.channel.playback import Playback
from bot.speech.audio.clip import Clip


class Nothing:
    """An utterance without a clip."""

    def due(self, _: object) -> None:
        return

    async def clips(self) -> AsyncGenerator[Clip, None]:
        return
        yield

    def cancel(self) -> None:
        return

    def on_withdrawal(self, _: object) -> None:
        return


def playback(author_id: int, label: str = "") -> Playback:
    return Playback(Nothing(), author_id=author_id, label=label, on_cancel=lambda _: None)


def filled(*authors: int) -> Line:
    line = Line()
    for position, author_id in enumerate(authors):
        line.add(playback(author_id, f"{author_id}.{position}"))
    return line


def drained(line: Line) -> list[str]:
    return [one.label for one in iter(line.take, None)]


async def test_one_line_each_is_first_come_first_served() -> None:
    assert drained(filled(3, 1, 2)) == ["3.0", "1.1", "2.2"]


async def test_who_writes_a_lot_does_not_keep_the_others_waiting() -> None:
    assert drained(filled(1, 1, 1, 2, 3)) == ["1.0", "2.3", "3.4", "1.1", "1.2"]


async def test_who_has_just_spoken_comes_after_those_who_wait() -> None:
    line = filled(1, 2)
    first = line.take()
    assert first is not None
    line.add(playback(1, "again"))
    assert drained(line) == ["2.1", "again"]


async def test_what_is_taken_out_is_not_said_and_the_rest_is() -> None:
    line = filled(1, 1, 2)
    out = line.listed()[1]
    assert line.remove(out)
    assert not line.remove(out)
    assert drained(line) == ["1.0", "1.1"]


async def test_only_what_waits_too_long_is_taken_out() -> None:
    line = filled(1, 2)
    young = line.listed()[1]
    young.asked_at += 10
    old = line.take_older(young.asked_at)
    assert [one.label for one in old] == ["1.0"]
    assert drained(line) == ["2.1"]


async def test_a_pause_makes_nothing_older() -> None:
    line = filled(1)
    asked_at = line.listed()[0].asked_at
    line.postpone(60)
    assert line.take_older(asked_at + 30) == []


@given(st.lists(st.integers(1, 4), max_size=30), st.randoms(use_true_random=False))
def test_the_list_is_the_order_and_no_author_overtakes_themselves(
    authors: list[int], chance: random.Random
) -> None:
    async def example() -> None:
        line = filled(*authors)
        for one in line.listed():
            if chance.random() < 0.2:
                line.remove(one)
        listed = [one.label for one in line.listed()]
        assert len(line) == len(listed)
        assert drained(line) == listed
        for author in set(authors):
            own = [label for label in listed if label.startswith(f"{author}.")]
            assert own == sorted(own, key=lambda label: int(label.split(".")[1]))

    asyncio.run(example())  # a loop of its own for every example


async def test_a_full_line_can_spare_the_newest_of_whoever_has_the_most() -> None:
    line = filled(1, 1, 1, 2)
    for author, spared in ((2, "1.2"), (3, "1.2"), (1, None)):
        spare = line.spare(author)
        assert (spare and spare.label) == spared
    assert filled(1, 1, 2, 2).spare(2) is None
    assert filled(1, 2).spare(3) is None
    assert Line().spare(1) is None


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("a short\n one", "a short one"),
        ("word " * 30, "word " * 15 + "word…"),
        ("x" * 100, "x" * 79 + "…"),
    ],
)
async def test_what_the_queue_shows_of_a_text_ends_between_words(typed: str, shown: str) -> None:
    assert playback(1, typed).label == shown
