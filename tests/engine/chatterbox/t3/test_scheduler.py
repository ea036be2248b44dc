"""Utterances that are decoded together get the tokens that each gets alone."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from engine.chatterbox.t3.buffers import Batch
from engine.chatterbox.t3.conditioning import PrefixInputs
from engine.chatterbox.t3.config import CONTEXT_BUCKETS, PAGE, SLOT_BUCKETS, DecoderConfig
from engine.chatterbox.t3.graphs import GraphKey, StepGraphs
from engine.chatterbox.t3.kernels.reference import ReferenceKernels
from engine.chatterbox.t3.model import T3
from engine.chatterbox.t3.prompt import Prompt, Utterance
from engine.chatterbox.t3.scheduler import Scheduler, SpeechTokens
from engine.chatterbox.t3.weights import load_t3
from engine.speech import SpeechParameters
from tests.engine.chatterbox.t3.t3_checkpoint import Checkpoint, some_text, some_voice

NewScheduler = Callable[..., Scheduler]


@pytest.fixture
def new_scheduler(checkpoint: Checkpoint) -> NewScheduler:
    """Schedulers over one set of fp32 weights."""
    weights = load_t3(checkpoint.file, checkpoint.device, torch.float32)

    def make(slots: int = 4, positions: int = 400, voices: int = 4, burst: int = 4) -> Scheduler:
        config = DecoderConfig.for_streams(slots, torch.float32, positions, voices)
        return Scheduler(T3(weights, replace(config, burst=burst)))

    return make


def some_utterance(index: int, cap: int = 40) -> Utterance:
    """Utterances that differ in everything."""
    parameters = SpeechParameters(
        cfg_weight=(0.5, 0.0, 1.1)[index % 3],
        temperature=0.6 + 0.2 * (index % 4),
        min_p=(0.05, 0.0)[index % 2],
        top_p=(1.0, 0.8)[index % 2],
        repetition_penalty=1.1 + 0.1 * (index % 3),
        exaggeration=0.5 + 0.25 * (index % 2),
        seed=10_000_000_000 * index + 1,
    )
    return Utterance(some_text(8 + 9 * index), some_voice(index % 3), parameters, cap + index)


@torch.inference_mode()
def finish(scheduler: Scheduler) -> dict[int, SpeechTokens]:
    """Advance until nothing is left."""
    done: dict[int, SpeechTokens] = {}
    while scheduler.busy:
        done.update((tokens.key, tokens) for tokens in scheduler.advance())
    return done


def alone(new_scheduler: NewScheduler, utterance: Utterance) -> list[int]:
    """What an utterance becomes with nobody beside it."""
    scheduler = new_scheduler(slots=1)
    scheduler.submit(0, utterance)
    return finish(scheduler)[0].tokens.tolist()


def test_a_mixed_batch_gives_each_the_tokens_it_gets_alone(new_scheduler: NewScheduler) -> None:
    """Seven utterances through four slots: some wait, places change hands, voices are shared."""
    utterances = [some_utterance(index) for index in range(7)]
    scheduler = new_scheduler()
    for key, utterance in enumerate(utterances):
        scheduler.submit(key, utterance)
    done = finish(scheduler)
    assert sorted(done) == list(range(7))
    for key, utterance in enumerate(utterances):
        assert done[key].tokens.tolist() == alone(new_scheduler, utterance)
    assert len({tuple(tokens.tokens.tolist()) for tokens in done.values()}) == 7


@torch.inference_mode()
def test_joining_and_cancelling_leave_the_others_tokens_unchanged(
    new_scheduler: NewScheduler,
) -> None:
    """One joins and one leaves half way; the slot that it left is used at once."""
    scheduler = new_scheduler(slots=2)
    first, cancelled, late = (some_utterance(index, cap=60) for index in (3, 4, 2))
    scheduler.submit(1, first)
    scheduler.submit(2, cancelled)
    for _ in range(4):
        assert scheduler.advance() == []
    scheduler.submit(3, late)
    scheduler.advance()
    assert scheduler.running == 2
    scheduler.cancel(2)
    scheduler.advance()
    assert scheduler.running == 2
    done = finish(scheduler)
    assert sorted(done) == [1, 3]
    assert done[1].tokens.tolist() == alone(new_scheduler, first)
    assert done[3].tokens.tolist() == alone(new_scheduler, late)


def test_every_parameter_is_taken_from_the_request_and_not_from_the_first_one(
    new_scheduler: NewScheduler,
) -> None:
    """Requests that differ in one parameter, one after the other through one captured step."""
    base = SpeechParameters(top_p=0.95, temperature=0.9, seed=5)
    variants = [
        base,
        SpeechParameters(top_p=0.95, temperature=0.9, seed=6),
        SpeechParameters(top_p=0.95, seed=5, temperature=1.4),
        SpeechParameters(top_p=0.95, temperature=0.9, seed=5, cfg_weight=1.5),
        SpeechParameters(top_p=0.95, temperature=0.9, seed=5, min_p=0.5),
        SpeechParameters(top_p=0.3, temperature=0.9, seed=5),
        SpeechParameters(top_p=0.95, temperature=0.9, seed=5, repetition_penalty=1.9),
        SpeechParameters(top_p=0.95, temperature=0.9, seed=5, exaggeration=2.0),
    ]
    utterances = [
        Utterance(some_text(20), some_voice(1), parameters, cap=50) for parameters in variants
    ]
    scheduler, got = new_scheduler(slots=1), []
    scheduler.t3.weights.speech_head[100:] *= 0.2  # few tokens, so that they are repeated
    for key, utterance in enumerate([*utterances, utterances[0]]):
        scheduler.submit(key, utterance)
        got.append(finish(scheduler)[key].tokens.tolist())
    assert got[-1] == got[0]
    assert [i for i, tokens in enumerate(got) if tokens == got[0]] == [0, len(variants)]
    for index in (3, 5):
        assert got[index] == alone(new_scheduler, utterances[index])


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 8, 9])
def test_each_size_of_batch_on_both_sides_of_a_bucket(
    new_scheduler: NewScheduler, count: int
) -> None:
    """The last utterance of a batch is as good as the first, however many places are empty."""
    assert {1, 2, 4, 8} <= set(SLOT_BUCKETS)
    scheduler = new_scheduler(slots=count)
    utterances = [some_utterance(index % 5, cap=9) for index in range(count)]
    for key, utterance in enumerate(utterances):
        scheduler.submit(key, utterance)
    done = finish(scheduler)
    for key in (0, count - 1):
        assert done[key].tokens.tolist() == alone(new_scheduler, utterances[key])


@pytest.mark.parametrize("edge", [CONTEXT_BUCKETS[0], CONTEXT_BUCKETS[1]])
def test_decoding_across_a_context_bucket_and_a_page(
    new_scheduler: NewScheduler, edge: int
) -> None:
    """Bursts of one step and of four cross the edge differently and give the same tokens."""
    assert edge % PAGE == 0
    text = edge - 34 - 2 - 10
    utterance = Utterance(some_text(text), some_voice(0), SpeechParameters(seed=9), cap=24)
    results = []
    for burst in (1, 4):
        scheduler = new_scheduler(slots=1, positions=edge + 64, burst=burst)
        scheduler.submit(0, utterance)
        results.append(finish(scheduler)[0].tokens.tolist())
    assert results[0] == results[1]
    assert len(results[0]) >= 20


def test_an_utterance_without_end_is_cut_off_and_said_to_be(new_scheduler: NewScheduler) -> None:
    """These weights never stop by themselves."""
    scheduler = new_scheduler(slots=1)
    scheduler.submit(7, some_utterance(0, cap=17))
    (tokens,) = finish(scheduler).values()
    assert tokens.capped
    assert len(tokens.tokens) == 17


def test_an_utterance_ends_at_the_stop_token(new_scheduler: NewScheduler) -> None:
    """A head that wants to stop is obeyed, and the stop token is no speech."""
    scheduler = new_scheduler(slots=1)
    scheduler.t3.weights.speech_head[6562] = 40 * scheduler.t3.weights.speech_head[100]
    stopped = 0
    for seed in range(6):
        parameters = SpeechParameters(seed=seed, temperature=1.5)
        scheduler.submit(seed, Utterance(some_text(9), some_voice(0), parameters, cap=60))
        (tokens,) = finish(scheduler).values()
        assert (tokens.tokens < 6561).all()
        if not tokens.capped:
            stopped += 1
            assert len(tokens.tokens) < 60
    assert stopped > 0


def test_pages_and_slots_come_back(new_scheduler: NewScheduler) -> None:
    """After finished and cancelled utterances everything but the voices' prefixes is free."""
    scheduler = new_scheduler(slots=3, voices=3)
    pool = scheduler.t3.pool
    for round_ in range(3):
        for index in range(5):
            scheduler.submit(10 * round_ + index, some_utterance(index, cap=8))
        with torch.inference_mode():
            scheduler.advance()
        scheduler.cancel(10 * round_)
        scheduler.cancel(10 * round_ + 4)
        finish(scheduler)
        assert pool.free == scheduler.t3.pages
        assert all(prefix.users == 0 for prefix in scheduler.t3.prefixes._kept.values())


def test_voices_make_room_when_pages_run_short(new_scheduler: NewScheduler) -> None:
    """More voices than fit are decoded one after the other, and none is refused."""
    scheduler = new_scheduler(slots=1, positions=120, voices=1)
    for index in range(5):
        said = Utterance(some_text(10), some_voice(index), SpeechParameters(seed=1), cap=30)
        scheduler.submit(index, said)
    done = finish(scheduler)
    assert len(done) == 5
    with pytest.raises(ValueError, match="longer than the cache"):
        scheduler.submit(9, Utterance(some_text(900), some_voice(0), SpeechParameters(), cap=900))


def test_utterances_that_outgrow_the_pages_take_turns_and_keep_their_tokens(
    new_scheduler: NewScheduler,
) -> None:
    """Far longer than expected, all of them: some begin anew, and nobody can tell."""
    scheduler = new_scheduler(slots=3)
    pages = scheduler.t3.pages
    held = scheduler.t3.pool.take(pages - 2 * 6)  # too few for two to come to their end
    utterances = [
        Utterance(some_text(5), some_voice(n), SpeechParameters(seed=n), cap=120) for n in range(3)
    ]
    for key, utterance in enumerate(utterances):
        assert utterance.expected_tokens < 80
        scheduler.submit(key, utterance)
    begun, done = 0, dict[int, SpeechTokens]()
    with torch.inference_mode():
        while scheduler.busy:
            before = scheduler.running
            done.update((tokens.key, tokens) for tokens in scheduler.advance())
            begun += max(0, scheduler.running - before)
    assert begun > 3
    for key, utterance in enumerate(utterances):
        assert done[key].tokens.tolist() == alone(new_scheduler, utterance)
        assert len(done[key].tokens) > 110
    assert scheduler.t3.pool.free + len(held) == pages


def not_a_number(cap: int = 40) -> Utterance:
    """An utterance that overflows: its voice is infinite."""
    voice = replace(some_voice(2), identity="infinite")
    voice = replace(voice, speaker=torch.full_like(voice.speaker, torch.inf))
    return replace(some_utterance(1, cap), voice=voice)


def test_an_utterance_that_overflows_fails_and_spoils_nobody(new_scheduler: NewScheduler) -> None:
    """Neither beside it nor later, in the pages that it had; and it does not run to its cap."""
    scheduler = new_scheduler(slots=2)
    scheduler.submit(1, not_a_number())
    scheduler.submit(2, some_utterance(4, cap=12))
    done = finish(scheduler)
    assert done[1].failed
    assert len(done[1].tokens) <= 1
    assert not done[2].failed
    assert done[2].tokens.tolist() == alone(new_scheduler, some_utterance(4, cap=12))
    for key in (3, 4):
        scheduler.submit(key, some_utterance(key, cap=30))
    done = finish(scheduler)
    for key in (3, 4):
        assert done[key].tokens.tolist() == alone(new_scheduler, some_utterance(key, cap=30))


@torch.inference_mode()
def test_whoever_matters_least_is_not_put_back_for_ever(
    new_scheduler: NewScheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Look-ahead on a full server, where somebody else always hears silence: it ends all the same.

    All of them grow far beyond what is expected, and a new one comes as each ends.
    """
    monkeypatch.setattr(Utterance, "expected_tokens", property(lambda _: 8))
    scheduler = new_scheduler(slots=3)
    scheduler.t3.pool.take(scheduler.t3.pages - 22)
    said = replace(some_utterance(0, cap=120), voice=some_voice(1))
    scheduler.submit(0, said, priority=2)
    scheduler.advance()
    for key in (1, 2):
        scheduler.submit(key, some_utterance(key, cap=160))
    ended, coming = list[int](), 3
    while 0 not in ended:
        for tokens in scheduler.advance():
            ended.append(tokens.key)
            scheduler.submit(coming, some_utterance(1 + coming % 2, cap=160))
            coming += 1
        assert len(ended) < 12
    assert len(ended) > 1


class ScarceMemory(StepGraphs):
    """A device that has memory for so many utterances at a time."""

    most_prefilled = 8
    most_decoded = 8

    def prefill(self, prompts: list[Prompt]) -> None:
        """Prefill a few."""
        if len(prompts) > self.most_prefilled:
            raise torch.OutOfMemoryError("CUDA out of memory")
        super().prefill(prompts)

    def run(self, slots: list[int], key: GraphKey, *, steps: int = 1) -> Batch:
        """Decode a few."""
        if len(slots) > self.most_decoded:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return super().run(slots, key, steps=steps)


@pytest.mark.parametrize(("most_prefilled", "most_decoded"), [(1, 8), (8, 2), (1, 1)])
def test_when_memory_runs_out_fewer_run_at_once_and_none_is_lost(
    new_scheduler: NewScheduler,
    caplog: pytest.LogCaptureFixture,
    most_prefilled: int,
    most_decoded: int,
) -> None:
    """And it is said."""
    scheduler = new_scheduler(slots=4)
    scheduler.graphs = ScarceMemory(scheduler.t3)
    scheduler.graphs.most_prefilled = most_prefilled
    scheduler.graphs.most_decoded = most_decoded
    utterances = [some_utterance(index, cap=9) for index in range(5)]
    for key, utterance in enumerate(utterances):
        scheduler.submit(key, utterance)
    done = finish(scheduler)
    assert scheduler.limit < 4
    assert "memory ran out" in caplog.text
    for key, utterance in enumerate(utterances):
        assert done[key].tokens.tolist() == alone(new_scheduler, utterance)


@pytest.mark.parametrize(("most_prefilled", "most_decoded"), [(1, 8), (8, 1)])
def test_what_others_can_spare_is_taken_before_fewer_run_at_once(
    new_scheduler: NewScheduler, most_prefilled: int, most_decoded: int
) -> None:
    """Memory that networks hold which nobody needs at the moment."""
    t3 = new_scheduler(slots=4).t3
    graphs = ScarceMemory(t3)
    graphs.most_prefilled, graphs.most_decoded = most_prefilled, most_decoded

    def let_go() -> bool:
        graphs.most_prefilled = graphs.most_decoded = 8
        return True

    scheduler = Scheduler(t3, graphs, let_go=let_go)
    utterances = [some_utterance(index, cap=9) for index in range(4)]
    for key, utterance in enumerate(utterances):
        scheduler.submit(key, utterance)
    done = finish(scheduler)
    assert scheduler.limit == 4
    for key, utterance in enumerate(utterances):
        assert done[key].tokens.tolist() == alone(new_scheduler, utterance)


@torch.inference_mode()
def test_a_voice_that_memory_lacks_for_does_not_silence_who_is_speaking(
    new_scheduler: NewScheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The new voice waits; one that is given up over is given up over alone."""
    scheduler = new_scheduler(slots=2)
    first, second = some_utterance(0, cap=30), some_utterance(1, cap=30)
    scheduler.submit(0, first)
    scheduler.advance()
    compute, most = scheduler.t3._prefix, 1

    def scarce(inputs: PrefixInputs) -> torch.Tensor:
        if scheduler.running >= most:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return compute(inputs)

    monkeypatch.setattr(scheduler.t3, "_prefix", scarce)
    scheduler.submit(1, second)
    done = finish(scheduler)
    assert sorted(done) == [0, 1]
    assert done[0].tokens.tolist() == alone(new_scheduler, first)
    assert done[1].tokens.tolist() == alone(new_scheduler, second)
    most = 0
    scheduler.submit(2, some_utterance(2))
    with pytest.raises(torch.OutOfMemoryError):
        finish(scheduler)


def test_when_not_even_one_utterance_fits_the_memory_that_is_an_error(
    new_scheduler: NewScheduler,
) -> None:
    """It is not tried for ever."""
    scheduler = new_scheduler(slots=2)
    scheduler.graphs = ScarceMemory(scheduler.t3)
    scheduler.graphs.most_decoded = 0
    for key in range(3):
        scheduler.submit(key, some_utterance(key))
    with pytest.raises(torch.OutOfMemoryError):
        finish(scheduler)


@pytest.mark.gpu
@pytest.mark.parametrize("beside", [1, 3, 7, 31])
def test_in_half_precision_companions_within_a_bucket_change_nothing(
    checkpoint: Checkpoint, beside: int
) -> None:
    """Whoever they are, as long as there are as many: other buckets round differently."""
    if checkpoint.device.type != "cuda":
        pytest.skip("needs a CUDA device")
    weights = load_t3(checkpoint.file, checkpoint.device, torch.bfloat16)
    mine, got = some_utterance(0, cap=60), []
    for companions in (range(1, beside + 1), range(41, 41 + beside)):
        scheduler = Scheduler(T3(weights, DecoderConfig.for_streams(32, torch.bfloat16)))
        scheduler.submit(0, mine)
        for index in companions:
            other = some_utterance(index % 5, cap=60)
            parameters = SpeechParameters(seed=index, temperature=1.0 + index / 50)
            scheduler.submit(index, replace(other, parameters=parameters, cap=61))
        got.append(finish(scheduler)[0].tokens.tolist())
    assert got[0] == got[1]


@pytest.mark.gpu
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_captured_steps_give_the_tokens_of_steps_that_are_simply_run(
    checkpoint: Checkpoint, dtype: torch.dtype
) -> None:
    """The first token of each bucket included."""
    if checkpoint.device.type != "cuda":
        pytest.skip("needs a CUDA device")
    weights = load_t3(checkpoint.file, checkpoint.device, dtype)
    got = []
    for capture in (True, False):
        t3 = T3(weights, DecoderConfig.for_streams(4, dtype))
        scheduler = Scheduler(t3, StepGraphs(t3, capture=capture))
        for key in range(7):
            scheduler.submit(key, some_utterance(key, cap=20 + 5 * key))
        got.append({key: done.tokens.tolist() for key, done in finish(scheduler).items()})
    assert got[0] == got[1]


def test_on_a_card_before_ampere_fp16_decodes_without_triton(
    checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on compute capability 7.5: plain torch in graphs, and the same tokens without graphs."""
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda *_: (7, 5))
    weights = load_t3(checkpoint.file, checkpoint.device, torch.float16)
    got = []
    for capture in (True, False):
        t3 = T3(weights, DecoderConfig.for_streams(2, torch.float16))
        assert isinstance(t3.kernels, ReferenceKernels)
        scheduler = Scheduler(t3, StepGraphs(t3, capture=capture))
        for key in range(3):
            scheduler.submit(key, some_utterance(key, cap=30))
        got.append({key: done.tokens.tolist() for key, done in finish(scheduler).items()})
    assert got[0] == got[1]
    assert all(len(tokens) >= 25 for tokens in got[0].values())


def test_of_those_that_wait_the_best_priority_is_taken_first(new_scheduler: NewScheduler) -> None:
    """And of equals the one that came first; who is running stays."""
    scheduler = new_scheduler(slots=1)
    scheduler.submit(0, some_utterance(0, cap=6), priority=2)
    with torch.inference_mode():
        scheduler.advance()
    for key, priority in ((1, 2), (2, 0), (3, 1), (4, 0)):
        scheduler.submit(key, some_utterance(key, cap=6), priority)
    assert list(finish(scheduler)) == [0, 2, 4, 3, 1]


@pytest.mark.gpu
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_captured_prefill_gives_the_logits_of_one_that_is_simply_run(
    checkpoint: Checkpoint, dtype: torch.dtype
) -> None:
    """Rehearsed, captured and replayed for other prompts; the library may round otherwise."""
    if checkpoint.device.type != "cuda":
        pytest.skip("needs a CUDA device")
    weights = load_t3(checkpoint.file, checkpoint.device, dtype)
    for first in (0, 2, 4):
        got = []
        for capture in (True, False):
            t3 = T3(weights, DecoderConfig.for_streams(4, dtype))
            graphs = StepGraphs(t3, capture=capture)
            for said in (some_utterance(5), some_utterance(first)):
                prompts = [t3.reserve(said, 0), t3.reserve(some_utterance(3), 1)]
                with torch.inference_mode():
                    graphs.prefill(prompts)
            got.append(t3.buffers.batch(2, guided=True, context=256).logits.clone())
        error = (got[0] - got[1]).norm() / got[1].norm()
        assert error <= (1e-5 if dtype == torch.float32 else 1e-2)
