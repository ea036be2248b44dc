"""Utterances that are decoded together get the tokens that each gets alone.

Longer than most files: all of it needs the decoders and utterances that are made here.
"""

from dataclasses import replace

import pytest
import torch

from engine.bench.t3 import some_text, some_voice
from engine.chatterbox.t3.buffers import Batch
from engine.chatterbox.t3.config import (
    CONTEXT_BUCKETS,
    PAGE,
    SILENCE_KEPT,
    SLOT_BUCKETS,
)
from engine.chatterbox.t3.graphs import GraphKey
from engine.chatterbox.t3.scheduler import Scheduler, speech_only
from engine.chatterbox.utterance import EnrolledVoice, Utterance, UtteranceStatus
from engine.speech import Priority, SpeechParameters
from tests.engine.chatterbox.t3.t3_checkpoint import (
    NewScheduler,
    assert_as_alone,
    finish,
    some_utterance,
    tokens,
)
from tests.engine.chatterbox.utterances import to_decode

FIRST_SOUND, SPEAKING, LOOK_AHEAD, *_ = Priority


def slots_of(scheduler: Scheduler) -> dict[Utterance, int]:
    return {each: prompt.assignment.slot for each, prompt in scheduler._running.items()}


def test_a_mixed_batch_gives_each_the_tokens_it_gets_alone(new_scheduler: NewScheduler) -> None:
    utterances = [some_utterance(index) for index in range(7)]
    ended = finish(new_scheduler(), utterances)
    assert set(ended) == set(utterances)
    assert_as_alone(new_scheduler, *utterances)
    assert len({tuple(tokens(utterance)) for utterance in utterances}) == 7


@torch.inference_mode()
def test_joining_and_dropping_leave_the_others_tokens_unchanged(
    new_scheduler: NewScheduler,
) -> None:
    scheduler = new_scheduler(slots=2)
    first, dropped, late = (some_utterance(index, cap=60) for index in (3, 4, 2))
    scheduler.submit(first)
    scheduler.submit(dropped)
    for _ in range(4):
        assert scheduler.advance() == []
    scheduler.submit(late)
    scheduler.advance()
    assert slots_of(scheduler) == {first: 0, dropped: 1}
    scheduler.drop(dropped)
    scheduler.advance()
    assert slots_of(scheduler) == {first: 0, late: 1}
    assert set(finish(scheduler)) == {first, late}
    assert_as_alone(new_scheduler, first, late)


def test_every_parameter_is_taken_from_the_request_and_not_from_the_first_one(
    new_scheduler: NewScheduler,
) -> None:
    base = {"top_p": 0.95, "temperature": 0.9, "seed": 5}
    changed = {"seed": 6, "temperature": 1.4, "cfg_weight": 1.5, "min_p": 0.5, "top_p": 0.3}
    changed |= {"repetition_penalty": 1.9, "exaggeration": 2.0}
    scheduler, got = new_scheduler(slots=1), []
    scheduler.t3.weights.speech_head[100:] *= 0.2  # few tokens, so that they are repeated
    for asked in (base, *(base | {name: changed[name]} for name in changed), base):
        said = to_decode(some_text(20), some_voice(1), SpeechParameters(**asked), cap=50)
        got += finish(scheduler, [said])
    first = tokens(got[0])
    assert [index for index, said in enumerate(got) if tokens(said) == first] == [0, 8]
    assert_as_alone(new_scheduler, got[3], got[5])


@pytest.mark.parametrize(
    "count", [1, 4, 8, *(pytest.param(n, marks=pytest.mark.slow) for n in (2, 3, 5, 9))]
)
def test_each_size_of_batch_on_both_sides_of_a_bucket(
    new_scheduler: NewScheduler, count: int
) -> None:
    assert {1, 2, 4, 8} <= set(SLOT_BUCKETS)
    utterances = [some_utterance(index % 5, cap=9) for index in range(count)]
    finish(new_scheduler(slots=count), utterances)
    assert_as_alone(new_scheduler, utterances[0], utterances[-1])


@pytest.mark.parametrize("edge", [CONTEXT_BUCKETS[0], CONTEXT_BUCKETS[1]])
def test_decoding_across_a_context_bucket_and_a_page(
    new_scheduler: NewScheduler, edge: int
) -> None:
    assert edge % PAGE == 0
    text = some_text(edge - 34 - 2 - 10)
    results = []
    for burst in (1, 4):
        said = to_decode(text, some_voice(0), SpeechParameters(seed=9), cap=24)
        finish(new_scheduler(slots=1, positions=edge + 64, burst=burst), [said])
        results.append(tokens(said))
    assert results[0] == results[1]
    assert len(results[0]) >= 20


def test_an_utterance_ends_at_the_stop_token(new_scheduler: NewScheduler) -> None:
    scheduler = new_scheduler(slots=1)
    scheduler.t3.weights.speech_head[6562] = 40 * scheduler.t3.weights.speech_head[100]
    stopped = 0
    for seed in range(6):
        parameters = SpeechParameters(seed=seed, temperature=1.5)
        (ended,) = finish(scheduler, [to_decode(some_text(9), some_voice(0), parameters, cap=60)])
        assert (ended.speech_tokens < 6561).all()
        if not ended.capped:
            stopped += 1
            assert len(ended.speech_tokens) < 60
    assert stopped > 0


def test_no_step_is_queued_behind_the_last_token_of_those_that_are_cut_off(
    new_scheduler: NewScheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    scheduler, queued = new_scheduler(), list[int]()
    run = scheduler.graphs.run

    def counted(slots: list[int], key: GraphKey, *, steps: int) -> Batch:
        queued.append(steps)
        return run(slots, key, steps=steps)

    monkeypatch.setattr(scheduler.graphs, "run", counted)
    said = [some_utterance(3), some_utterance(4)]
    said[0].cap, said[1].cap = 9, 13
    assert set(finish(scheduler, said)) == set(said)
    assert all(utterance.capped for utterance in said)
    assert sum(queued) == 12  # the first token comes with the prompt
    assert_as_alone(new_scheduler, *said)


def test_an_utterance_that_is_cut_off_with_its_first_token_ends(
    new_scheduler: NewScheduler,
) -> None:
    scheduler, said, ended = new_scheduler(), some_utterance(3), list[Utterance]()
    said.cap = 1
    scheduler.submit(said)
    for _ in range(3):
        ended += scheduler.advance()
    assert ended == [said]
    assert said.capped
    assert len(said.speech_tokens) <= 1


def test_pages_and_slots_come_back(new_scheduler: NewScheduler) -> None:
    scheduler = new_scheduler(slots=3, voices=3)
    for _ in range(3):
        utterances = [some_utterance(index, cap=8) for index in range(5)]
        for utterance in utterances:
            scheduler.submit(utterance)
        with torch.inference_mode():
            scheduler.advance()
        scheduler.drop(utterances[0])  # is running
        scheduler.drop(utterances[4])  # waits
        assert set(finish(scheduler)) == set(utterances[1:4])
        assert scheduler.t3.pool.free == scheduler.t3.pages
        assert all(prefix.users == 0 for prefix in scheduler.t3.prefixes._kept.values())


def test_voices_make_room_when_pages_run_short(new_scheduler: NewScheduler) -> None:
    scheduler = new_scheduler(slots=1, positions=120, voices=1)
    said = [some_utterance(0, cap=30, voice=some_voice(n)) for n in range(5)]
    assert finish(scheduler, said) == said
    with pytest.raises(ValueError, match="longer than the cache"):
        scheduler.submit(some_utterance(99, cap=900))


def test_utterances_that_outgrow_the_pages_take_turns_and_keep_their_tokens(
    new_scheduler: NewScheduler,
) -> None:
    """Far longer than expected, all of them: some begin anew, and nobody can tell."""
    scheduler = new_scheduler(slots=3)
    pages = scheduler.t3.pages
    held = scheduler.t3.pool.take(pages - 2 * 6)  # too few for two to come to their end
    said = [
        to_decode(some_text(5), some_voice(n), SpeechParameters(seed=n), cap=120) for n in range(3)
    ]
    finish(scheduler, said)
    assert sum(utterance.preempted for utterance in said) > 0
    assert_as_alone(new_scheduler, *said)
    assert all(len(tokens(utterance)) > 110 for utterance in said)
    assert scheduler.t3.pool.free + len(held) == pages


def test_an_utterance_that_overflows_fails_and_spoils_nobody(new_scheduler: NewScheduler) -> None:
    """Neither beside it nor later, in the pages that it had; and it does not run to its cap."""
    scheduler, voice = new_scheduler(slots=2), some_voice(2)
    beyond = torch.full_like(voice.conditionals.speaker, torch.finfo(torch.float32).max)
    voice = EnrolledVoice("too loud", replace(voice.conditionals, speaker=beyond))
    overflowing, other = some_utterance(1, voice=voice), some_utterance(4, cap=12)
    finish(scheduler, [overflowing, other])
    assert overflowing.status is UtteranceStatus.FAILED
    assert len(overflowing.speech_tokens) <= 1
    later = [some_utterance(index, cap=30) for index in (3, 4)]
    finish(scheduler, later)
    assert_as_alone(new_scheduler, other, *later)


@torch.inference_mode()
def test_whatever_matters_least_is_not_preempted_for_ever(
    new_scheduler: NewScheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Look-ahead on a full server, where somebody else always hears silence: it ends all the same.

    All of them grow far beyond what is expected, and a new one comes as each ends.
    """
    monkeypatch.setattr("engine.chatterbox.t3.llama.LlamaT3.expected_tokens", lambda *_: 8)
    scheduler = new_scheduler(slots=3)
    scheduler.t3.pool.take(scheduler.t3.pages - 22)
    least = some_utterance(0, cap=120, priority=LOOK_AHEAD, voice=some_voice(1))
    scheduler.submit(least)
    scheduler.advance()
    for index in (1, 2):
        scheduler.submit(some_utterance(index, cap=160))
    ended = list[Utterance]()
    while least not in ended:
        for utterance in scheduler.advance():
            ended.append(utterance)
            scheduler.submit(some_utterance(1 + len(ended) % 2, cap=160))
        assert len(ended) < 12
    assert len(ended) > 1


def test_of_those_that_wait_the_best_priority_is_taken_first(new_scheduler: NewScheduler) -> None:
    scheduler = new_scheduler(slots=1)
    order = (LOOK_AHEAD, LOOK_AHEAD, FIRST_SOUND, SPEAKING, FIRST_SOUND)
    said = [some_utterance(n, cap=6, priority=priority) for n, priority in enumerate(order)]
    scheduler.submit(said[0])
    with torch.inference_mode():
        scheduler.advance()
    assert finish(scheduler, said[1:]) == [said[index] for index in (0, 2, 4, 3, 1)]


@torch.inference_mode()
def test_in_turn_the_most_urgent_is_decoded_alone_and_overtakes(
    new_scheduler: NewScheduler,
) -> None:
    order = (LOOK_AHEAD, SPEAKING, FIRST_SOUND, FIRST_SOUND)
    later, sooner, *first = (some_utterance(n, priority=each) for n, each in enumerate(order))
    scheduler = new_scheduler(in_turn=True)
    for utterance in (later, sooner):
        scheduler.submit(utterance)
    assert scheduler.advance() == []
    before = sooner.queued
    assert later.queued == 0 < before
    for utterance in first:
        scheduler.submit(utterance)
    assert scheduler.advance() == []
    assert first[0].queued > 1
    assert (sooner.queued, first[1].queued) == (before, 0)
    assert finish(scheduler) == [*first, sooner, later]
    assert_as_alone(new_scheduler, *first, sooner, later)


def test_one_that_only_makes_silence_ends_and_frees_its_slot(
    new_scheduler: NewScheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What sounds is as it was. Another, which still sounds, goes on."""
    (alone,) = finish(new_scheduler(), [some_utterance(1, cap=200)])
    scheduler = new_scheduler(slots=2)
    quiet, loud, next_one = (some_utterance(index, cap=200) for index in (1, 2, 3))

    def sounds_for_40(sampled: list[int]) -> int:
        is_quiet = sampled[:8] == tokens(alone)[:8]
        return min(40, len(sampled)) if is_quiet else len(sampled)

    monkeypatch.setattr("engine.chatterbox.t3.scheduler.sounding_end", sounds_for_40)
    for utterance in (quiet, loud, next_one):
        scheduler.submit(utterance)
    ended: list[Utterance] = []
    with torch.inference_mode():
        while not ended:
            ended = scheduler.advance()
        assert ended == [quiet]
        assert not quiet.capped
        assert tokens(quiet) == tokens(alone)[: 40 + SILENCE_KEPT]
        assert loud.queued < 160
        scheduler.advance()
    assert next_one.status is UtteranceStatus.DECODING
    assert {len(tokens(each)) for each in finish(scheduler)} == {202, 203}


@pytest.mark.slow
def test_one_that_halts_before_half_of_its_cap_goes_on(
    new_scheduler: NewScheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Words may follow, and 3 s of silence in the middle are cut out of the sound."""

    def halts_at_50(sampled: list[int]) -> int:
        return len(sampled) if not 50 < len(sampled) < 140 else 50

    monkeypatch.setattr("engine.chatterbox.t3.scheduler.sounding_end", halts_at_50)
    (utterance,) = finish(new_scheduler(), [some_utterance(0, cap=300)])
    assert len(tokens(utterance)) == 300
    assert utterance.capped


def test_of_silence_at_the_end_little_is_left() -> None:
    sampled = [4299] * 3 + [17] + [4299] * 60 + [5, 6405, 4218] + [4299] * 40 + [6562]
    assert speech_only(sampled) == sampled[: 65 + SILENCE_KEPT]
    assert len(speech_only(sampled[:3])) == 3
