"""Jobs and their waiters, without a process: equal requests, turns, deadlines, second tries.

Longer than most files: all of it asks the same queue.
"""

import asyncio
import time
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from engine.errors import DeadlineExceeded, QueueFull, VoiceUnusable, WorkerDied
from engine.host.backlog import Backlog
from engine.speech import Priority, Speech, SpeechParameters, SpeechRequest

SPEECH = Speech(pcm=np.zeros(3, np.float32), sample_rate=24_000)
DIED = WorkerDied("It died.")


def ask(text: str, guild: int = 0, user: int = 0, **more: Any) -> SpeechRequest:
    return SpeechRequest(text=text, guild_id=guild, user_id=user, **more)


async def test_equal_requests_are_one_job_before_and_while_it_runs() -> None:
    backlog = Backlog(9)
    early = [backlog.submit(ask("same", guild)) for guild in (1, 2)]
    assert (backlog.queued, backlog.running) == (1, 0)
    job = backlog.start(9)
    late = backlog.submit(ask("same", 3))
    assert backlog.start(9) is None
    backlog.finish(job.job_id, SPEECH)
    assert [await waiter.answer for waiter in (*early, late)] == [SPEECH] * 3
    assert (backlog.queued, backlog.running) == (0, 0)


async def test_other_parameters_and_the_words_of_others_are_another_job() -> None:
    backlog = Backlog(9)
    backlog.submit(ask("same"))
    backlog.submit(ask("same", parameters=SpeechParameters(seed=1)))
    backlog.submit(ask("same", user=1))
    assert backlog.queued == 3


async def test_a_better_priority_lifts_the_job_and_leaves_with_its_waiter() -> None:
    for leaves, expected in ((False, ["same", "other"]), (True, ["other", "same"])):
        backlog = Backlog(9)
        backlog.submit(ask("other", priority=Priority.SPEAKING))
        backlog.submit(ask("same", priority=Priority.LOOK_AHEAD))
        urgent = backlog.submit(ask("same", priority=Priority.FIRST_SOUND))
        if leaves:
            urgent.answer.cancel()
            assert backlog.leave(urgent) is None
        assert [backlog.start(9).text, backlog.start(9).text] == expected
        assert backlog.start(9) is None


async def test_guilds_and_their_members_take_turns_and_look_ahead_comes_last() -> None:
    backlog = Backlog(9)
    backlog.submit(ask("ahead", guild=3, priority=Priority.LOOK_AHEAD))
    for guild, user, text in (
        *((1, 1, f"greedy-{n}") for n in range(3)),
        (1, 2, "modest"),
        *((2, 3, f"elsewhere-{n}") for n in range(2)),
    ):
        backlog.submit(ask(text, guild, user))
    order = "greedy-0 elsewhere-0 modest elsewhere-1 greedy-1 greedy-2 ahead"
    assert " ".join(backlog.start(9).text for _ in range(7)) == order


async def test_the_worker_is_told_the_best_priority_of_who_waits() -> None:
    """Of those who still do as the job starts."""
    backlog = Backlog(9)
    backlog.submit(ask("one", priority=Priority.LOOK_AHEAD))
    backlog.submit(ask("one", guild=1, priority=Priority.SPEAKING))
    left = backlog.submit(ask("one", guild=2, priority=Priority.FIRST_SOUND))
    backlog.submit(ask("two", priority=Priority.FIRST_SOUND))
    backlog.leave(left)
    jobs = [backlog.start(9), backlog.start(9)]
    assert [job.priority for job in jobs if job] == [Priority.FIRST_SOUND, Priority.SPEAKING]


async def test_a_full_queue_refuses_new_jobs_but_not_equal_ones() -> None:
    backlog = Backlog(2)
    for text in ("a", "b"):
        backlog.submit(ask(text))
    with pytest.raises(QueueFull, match=r"2 pieces.*try again"):
        backlog.submit(ask("c"))
    backlog.submit(ask("a"))
    assert backlog.queued == 2
    backlog.start(1)
    backlog.submit(ask("c"))


async def test_a_deadline_is_told_when_it_passes_and_only_to_who_had_it() -> None:
    backlog = Backlog(9)
    hasty, patient = backlog.submit(ask("same", deadline_s=0.05)), backlog.submit(ask("same"))
    lonely = backlog.submit(ask("other", deadline_s=0.05))
    with pytest.raises(DeadlineExceeded, match=r"0\.05 s"):
        await asyncio.wait_for(hasty.answer, 60)
    with pytest.raises(DeadlineExceeded):
        await asyncio.wait_for(lonely.answer, 60)
    assert backlog.queued == 1
    job = backlog.start(9)
    assert job.text == "same"
    backlog.finish(job.job_id, SPEECH)
    assert await patient.answer is SPEECH
    assert backlog.start(9) is None


async def test_what_has_started_has_no_deadline_any_more() -> None:
    backlog = Backlog(9)
    waiter = backlog.submit(ask("a", deadline_s=0.02))
    backlog.start(1)
    joined = backlog.submit(ask("a", deadline_s=0.02))
    await asyncio.sleep(0.05)
    assert not waiter.answer.done()
    assert not joined.answer.done()
    backlog.worker_lost(DIED)
    await asyncio.sleep(0.05)
    assert not waiter.answer.done()


async def test_a_job_is_cancelled_once_nobody_waits_for_it() -> None:
    backlog = Backlog(9)
    first, second = backlog.submit(ask("a")), backlog.submit(ask("a"))
    job = backlog.start(1)
    for waiter, expected in ((first, None), (second, job.job_id)):
        waiter.answer.cancel()
        assert backlog.leave(waiter) == expected
    assert backlog.running == 0
    backlog.finish(job.job_id, SPEECH)  # it had been on its way
    again = backlog.submit(ask("a"))
    assert backlog.start(1).job_id != job.job_id
    assert not again.answer.done()


async def test_lost_jobs_are_tried_first_in_their_order_and_each_alone() -> None:
    backlog = Backlog(9)
    waiters = {text: backlog.submit(ask(text, guild)) for guild, text in enumerate("abcd")}
    assert [backlog.start(3).text for _ in range(3)] == ["a", "b", "c"]
    backlog.worker_lost(DIED)
    assert (backlog.queued, backlog.running) == (4, 0)
    for text in "abc":
        job = backlog.start(3)
        assert job.text == text
        assert backlog.start(3) is None
        if text == "b":
            backlog.worker_lost(DIED)
            with pytest.raises(WorkerDied):
                await waiters["b"].answer
        else:
            backlog.finish(job.job_id, SPEECH)
    assert backlog.start(3).text == "d"
    assert [w.answer.done() for w in waiters.values()] == [True, True, True, False]


async def test_one_worker_of_several_is_held_back_for_what_is_tried_again() -> None:
    """The job has that worker to itself; the others go on with the queue."""
    backlog = Backlog(99)
    for guild in range(20):
        backlog.submit(ask(f"{guild}", guild))
    lost, held, other = (
        [backlog.start(9, worker) for _ in range(2)] for worker in ("lost", "held", "other")
    )
    backlog.worker_lost(DIED, "lost")
    assert backlog.start(9, "held") is None
    assert backlog.start(9, "other").text == "6"
    backlog.finish(lost[0].job_id, SPEECH)  # what was given up on says it all the same
    assert backlog.running == 5
    for job in held:
        backlog.finish(job.job_id, SPEECH)
    again = backlog.start(9, "held")
    assert again.text == lost[0].text
    assert backlog.start(9, "held") is None
    assert backlog.start(9, "other").text == "7"
    backlog.worker_lost(DIED, "other")
    assert backlog.start(9, "idle").text in {job.text for job in other}
    backlog.finish(again.job_id, SPEECH)
    assert backlog.running_on("held") == 0


async def test_only_what_another_worker_may_do_is_tried_again() -> None:
    backlog = Backlog(9)
    waiters = [backlog.submit(ask("a")), backlog.submit(ask("a"))]
    backlog.fail(backlog.start(1).job_id, VoiceUnusable("The clip is gone."))
    errors = await asyncio.gather(*(w.answer for w in waiters), return_exceptions=True)
    assert [str(error) for error in errors] == ["The clip is gone."] * 2
    assert errors[0] is not errors[1]
    assert backlog.start(1) is None


async def test_a_request_to_be_tried_again_can_be_given_up() -> None:
    backlog = Backlog(9)
    waiter = backlog.submit(ask("a"))
    backlog.start(1)
    backlog.worker_lost(DIED)
    waiter.answer.cancel()
    assert backlog.leave(waiter) is None
    assert backlog.start(1) is None
    assert backlog.queued == 0


async def test_a_guild_that_fills_the_queue_gives_up_its_newest_for_another() -> None:
    backlog = Backlog(4)
    greedy = [backlog.submit(ask(f"one {n}", guild=1)) for n in range(4)]
    with pytest.raises(QueueFull):
        backlog.submit(ask("one more", guild=1))
    for n in range(2):
        backlog.submit(ask(f"two {n}", guild=2))
    for waiter in greedy[2:]:
        with pytest.raises(QueueFull, match="Too many messages of this server"):
            await waiter.answer
    assert not greedy[0].answer.done()
    with pytest.raises(QueueFull):  # now both have as much
        backlog.submit(ask("two more", guild=2))
    assert [backlog.start(9).text for _ in range(4)] == ["one 0", "two 0", "one 1", "two 1"]


async def test_a_member_who_fills_the_queue_gives_up_their_newest_for_others() -> None:
    backlog = Backlog(4)
    greedy = [backlog.submit(ask(f"one {n}", guild=1, user=1)) for n in range(4)]
    modest = [backlog.submit(ask(f"two {n}", guild=1, user=2)) for n in range(2)]
    for waiter in greedy[2:]:
        with pytest.raises(QueueFull, match="Too many of your messages"):
            await waiter.answer
    with pytest.raises(QueueFull, match="4 pieces"):  # now both have as much
        backlog.submit(ask("two more", guild=1, user=2))
    # From another server the one with the most is the first member again, by a tie the oldest.
    backlog.submit(ask("elsewhere", guild=2, user=3))
    with pytest.raises(QueueFull, match="Too many messages of this server"):
        await greedy[1].answer
    assert not any(waiter.answer.done() for waiter in (greedy[0], *modest))


async def test_a_promotion_moves_a_members_own_request_alone_and_never_back() -> None:
    backlog = Backlog(9)
    in_line = ask("mine", guild=1, user=1, priority=Priority.IN_LINE)
    backlog.submit(in_line)
    backlog.submit(ask("sounds", guild=1, user=2, priority=Priority.LOOK_AHEAD))
    for other in (
        replace(in_line, user_id=2, priority=Priority.FIRST_SOUND),
        replace(in_line, guild_id=2, priority=Priority.FIRST_SOUND),
        replace(in_line, text="nobody's", priority=Priority.FIRST_SOUND),
    ):
        backlog.promote(other)
    backlog.submit(ask("late", guild=2, user=3, priority=Priority.IN_LINE))
    assert backlog.start(1).text == "sounds"
    backlog.promote(replace(in_line, priority=Priority.SPEAKING))
    backlog.promote(in_line)
    backlog.submit(ask("ahead", guild=1, user=2, priority=Priority.LOOK_AHEAD))
    jobs = [backlog.start(9) for _ in range(3)]
    assert [job.text for job in jobs] == ["mine", "ahead", "late"]
    assert jobs[0].priority is Priority.SPEAKING
    backlog.promote(replace(in_line, priority=Priority.FIRST_SOUND))  # it runs already
    assert backlog.start(9) is None


async def test_what_is_promoted_has_a_deadline_from_then_on() -> None:
    backlog = Backlog(9)
    in_line = ask("mine", priority=Priority.IN_LINE)
    waiter = backlog.submit(in_line)
    await asyncio.sleep(0.1)
    promoted_s = time.monotonic()
    backlog.promote(replace(in_line, priority=Priority.SPEAKING, deadline_s=0.2))
    with pytest.raises(DeadlineExceeded):
        await asyncio.wait_for(waiter.answer, 60)
    assert time.monotonic() - promoted_s >= 0.19
    assert backlog.queued == 0


@pytest.mark.parametrize(("streams", "for_files"), [(1, 1), (2, 1), (8, 4)])
async def test_who_listens_finds_half_of_the_engine_free_of_files_and_goes_first(
    streams: int, for_files: int
) -> None:
    backlog = Backlog(99)
    for n in range(20):
        backlog.submit(ask(f"file {n}", priority=Priority.BACKGROUND))
    begun = [job for _ in range(streams) if (job := backlog.start(streams))]
    assert len(begun) == for_files
    assert backlog.waiting == {Priority.BACKGROUND: 20 - for_files}
    backlog.submit(ask("in line", guild=1, priority=Priority.IN_LINE))
    backlog.submit(ask("live", guild=1))
    if streams == 1:
        backlog.finish(begun[0].job_id, SPEECH)
    live = [backlog.start(streams) for _ in range(streams - for_files)] or [backlog.start(1)]
    assert [job.text for job in live if job][:2] == ["live", "in line"][
        : max(1, streams - for_files)
    ]


async def test_files_take_nobodys_place_in_a_full_queue_and_give_theirs_up() -> None:
    backlog = Backlog(3)
    files = [backlog.submit(ask(f"file {n}", priority=Priority.BACKGROUND)) for n in range(2)]
    live = [backlog.submit(ask("live 0", guild=1))]
    with pytest.raises(QueueFull):
        backlog.submit(ask("file 2", guild=2, priority=Priority.BACKGROUND))
    live += [backlog.submit(ask(f"live {n}", guild=1)) for n in (1, 2)]
    for waiter in reversed(files):
        with pytest.raises(QueueFull, match="cannot make files"):
            await waiter.answer
    with pytest.raises(QueueFull):
        backlog.submit(ask("file 3", guild=2, priority=Priority.BACKGROUND))
    assert not any(waiter.answer.done() for waiter in live)
