"""The engine as the worker drives it, on a whole reduced checkpoint with random weights.

Longer than most files: all of it needs the engines that `new_engine` makes.
"""

import logging
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from unittest.mock import Mock

import msgspec
import numpy as np
import pytest
import torch

from engine.bench.speakers import without_stop
from engine.chatterbox.cuda.capture import CapturedGraph
from engine.chatterbox.engine import ChatterboxEngine
from engine.chatterbox.leisure import Leisure
from engine.chatterbox.loading import assemble
from engine.chatterbox.s3gen import PendingWaveforms, WaveformDecoder
from engine.chatterbox.shared import SharedParts
from engine.chatterbox.t3.config import MAX_SPEECH_TOKENS
from engine.chatterbox.utterance import Utterance
from engine.errors import SpeechError, SynthesisFailed, VoiceUnusable
from engine.messages import Speak
from engine.speech import ClonedVoice, Priority, Speech, SpeechParameters, StockVoice, Voice
from engine.weights.models import ENGLISH
from tests.engine.enrolment.enrolment_house import OneAtATime, write_clip

NewEngine = Callable[..., ChatterboxEngine]
BUILTIN = StockVoice()
TEXTS = ["Good morning.", "It is late, is it not?", "Three words only.", "Well; this one goes on."]


@pytest.fixture(scope="module")
def waveforms() -> dict[str, WaveformDecoder]:
    """Decoders, which have no state and take as long to load as all else: by their precision."""
    return {}


@pytest.fixture
def new_engine(
    small_checkpoint: Path, tmp_path: Path, waveforms: dict[str, WaveformDecoder]
) -> NewEngine:
    """Engines on that checkpoint; those of one test share a home."""

    def make(
        max_streams: int = 4, folder: Path = small_checkpoint, **more: object
    ) -> ChatterboxEngine:
        arguments = {
            "revision": "test",
            "device": "cpu",
            "precision": "fp32",
            "reason": "It is a test.",
            "home": tmp_path / "home",
            "report": lambda _: None,
            "max_streams": max_streams,
            "max_speech_tokens": 60,
            "shared": SharedParts(waveforms),
        }
        return assemble(folder, ENGLISH, **(arguments | more))

    return make


def speak(job_id: int, text: str, voice: Voice = BUILTIN, **parameters: float) -> Speak:
    return Speak(job_id, text, voice, SpeechParameters(**{"seed": job_id, **parameters}))


def run(engine: ChatterboxEngine, *jobs: Speak) -> dict[int, Speech | SpeechError]:
    for job in jobs:
        engine.admit(job)
    results = {}
    while engine.busy:
        for outcome in engine.step():
            assert outcome.job_id not in results
            results[outcome.job_id] = outcome.result
    return results


def speech_of(engine: ChatterboxEngine, *jobs: Speak) -> list[Speech]:
    """What became of jobs that all have to succeed, in their order."""
    results = run(engine, *jobs)
    assert all(isinstance(result, Speech) for result in results.values()), results
    return [results[job.job_id] for job in jobs]


def new_voices(folder: Path, *pitches_hz: float) -> list[ClonedVoice]:
    return [write_clip(folder / f"{pitch_hz}.wav", pitch_hz) for pitch_hz in pitches_hz]


def test_jobs_of_many_voices_sound_together_as_each_sounds_alone(
    new_engine: NewEngine, tmp_path: Path
) -> None:
    voices = [BUILTIN, *new_voices(tmp_path, 105, 230)]
    jobs = [
        speak(n, text, voices[n % 3], cfg_weight=(0.5, 0.0)[n % 2]) for n, text in enumerate(TEXTS)
    ]
    together = speech_of(new_engine(), *jobs)
    for job, among in zip(jobs, together, strict=True):
        (alone,) = speech_of(new_engine(max_streams=1), job)
        assert among.pcm.dtype == np.float32
        assert len(among.pcm) == len(alone.pcm)
        assert np.abs(among.pcm - alone.pcm).max() <= 1e-3 * max(1.0, np.abs(alone.pcm).max())
    assert len({len(speech.pcm) for speech in together}) > 1
    assert {"t3", "flow", "vocoder", "watermark"} <= set(together[0].stage_ms)


def test_a_recalled_voice_speaks_as_before_and_computes_nothing_anew(
    new_engine: NewEngine, cloned_voice: ClonedVoice, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = speak(1, TEXTS[0], cloned_voice)
    (before,) = speech_of(new_engine(), job)
    engine, later = new_engine(), new_engine()
    engine.recall_voices()
    for each in (engine, later):
        computing = Mock(side_effect=AssertionError("conditioning was computed"))
        monkeypatch.setattr(each._scheduler.t3, "_prefix", computing)
    np.testing.assert_array_equal(speech_of(engine, job)[0].pcm, before.pcm)
    engine.forget(job.voice.identity)
    later.recall_voices()


def test_a_forgotten_voice_leaves_nothing_and_others_still_speak(
    new_engine: NewEngine, tmp_path: Path, cloned_voice: ClonedVoice
) -> None:
    engine = new_engine()
    _, before = speech_of(engine, speak(1, TEXTS[0], cloned_voice), speak(2, TEXTS[0]))
    assert list((tmp_path / "home").rglob("*.safetensors"))
    read = [torch.ones(2), torch.ones(3)]  # on a GPU by graphs, of which there are none here
    for graphs, inputs in zip(
        (engine._scheduler.t3.graphs, engine._waveforms.graphs), read, strict=True
    ):
        graphs._graphs["one"] = CapturedGraph(Mock(), (inputs,), None)
    engine.forget(cloned_voice.identity)
    assert not list((tmp_path / "home").rglob("*.safetensors"))
    assert not engine._scheduler.t3.prefixes.storage.any()
    assert not engine._scheduler.t3.pool.storage.any()
    assert not any(tensor.any() for tensor in read)
    (after,) = speech_of(engine, speak(2, TEXTS[0]))
    assert np.array_equal(after.pcm, before.pcm)


@pytest.mark.parametrize(
    "steps", [0, 3, *(pytest.param(n, marks=pytest.mark.slow) for n in (1, 8))]
)
def test_a_cancelled_job_is_never_reported_and_the_others_are(
    new_engine: NewEngine, steps: int
) -> None:
    engine = new_engine()
    for n, text in enumerate(TEXTS):
        engine.admit(speak(n, text))
    early = [outcome for _ in range(steps) for outcome in engine.step()]
    engine.cancel(1)
    engine.cancel(99)
    results = run(engine) | {outcome.job_id: outcome.result for outcome in early}
    assert {0, 2, 3} <= set(results)
    assert 1 not in results or 1 in {outcome.job_id for outcome in early}


def test_a_job_that_fails_takes_nobody_with_it(new_engine: NewEngine, tmp_path: Path) -> None:
    missing = ClonedVoice("0" * 64, str(tmp_path / "gone.wav"))
    texts = (" \n", BUILTIN), ("word " * 3000, BUILTIN), ("Hello.", missing), ("Hello.", BUILTIN)
    results = run(new_engine(), *(speak(n, *asked) for n, asked in enumerate(texts, start=1)))
    kinds = {1: SynthesisFailed, 2: SynthesisFailed, 3: VoiceUnusable, 4: Speech}
    assert {job_id: type(result) for job_id, result in results.items()} == kinds


def test_a_runaway_is_cut_off_and_logged(
    new_engine: NewEngine, caplog: pytest.LogCaptureFixture
) -> None:
    (speech,) = speech_of(new_engine(max_speech_tokens=9), speak(1, TEXTS[1]))
    assert len(speech.pcm) <= 9 * 960
    assert "no stop token" in caplog.text


@pytest.mark.parametrize(
    "text",
    ["Hi.", *(pytest.param(text, marks=pytest.mark.slow) for text in ("No", "hello", "Really?"))],
)
def test_one_word_is_short_though_the_model_never_stops(
    small_checkpoint: Path, new_engine: NewEngine, tmp_path: Path, text: str
) -> None:
    endless = without_stop(small_checkpoint, ENGLISH, tmp_path / "endless")
    engine = new_engine(folder=endless, max_speech_tokens=MAX_SPEECH_TOKENS)
    (speech,) = speech_of(engine, speak(1, text))
    assert 1 < speech.duration_s < 3.2


def test_an_unknown_stock_voice_is_replaced_and_the_listener_told(new_engine: NewEngine) -> None:
    (speech,) = speech_of(new_engine(), speak(1, "Hello.", StockVoice("nobody")))
    assert "nobody" in speech.substitution


@pytest.fixture
def batches(monkeypatch: pytest.MonkeyPatch) -> list[list[int]]:
    given, submit = list[list[int]](), WaveformDecoder.submit

    def noted(decoder: WaveformDecoder, batch: Sequence[Utterance]) -> PendingWaveforms:
        given.append([utterance.request.job_id for utterance in batch])
        return submit(decoder, batch)

    monkeypatch.setattr(WaveformDecoder, "submit", noted)
    return given


def test_waveforms_are_made_for_the_best_priority_alone(
    new_engine: NewEngine, batches: list[list[int]]
) -> None:
    """Decoded together, heard one after the other: each in a batch waits for all of it."""
    jobs = [
        msgspec.structs.replace(speak(n, "Same.", seed=7), priority=priority)
        for n, priority in enumerate((Priority.LOOK_AHEAD, Priority.FIRST_SOUND))
    ]
    engine = new_engine()
    engine._sounding.largest_batch = 4
    assert list(run(engine, *jobs)) == [1, 0]
    assert batches == [[1], [0]]


def test_first_sounds_do_not_wait_for_as_many_others_as_files_do(
    new_engine: NewEngine, batches: list[list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.chatterbox.sounding._FIRST_SOUNDS", 1)
    priorities = (Priority.FIRST_SOUND,) * 2 + (Priority.BACKGROUND,) * 2
    jobs = [
        msgspec.structs.replace(speak(n, "Same.", seed=7), priority=priority)
        for n, priority in enumerate(priorities)
    ]
    engine = new_engine(max_streams=4)
    engine._sounding.largest_batch = 4
    assert sorted(run(engine, *jobs)) == [0, 1, 2, 3]
    assert sorted(batches) == [[0], [1], [2, 3]]


def test_on_a_cpu_a_step_makes_one_waveform(
    new_engine: NewEngine, batches: list[list[int]]
) -> None:
    """Several at once take as long as one after the other, and the step is all of them."""
    engine = new_engine()
    assert sorted(run(engine, *(speak(n, "Same.", seed=7) for n in range(3)))) == [0, 1, 2]
    assert [len(batch) for batch in batches] == [1, 1, 1]
    assert engine.info.step_patience > 1


def test_a_batch_that_memory_is_too_short_for_is_heard_in_parts(
    new_engine: NewEngine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """And what not even one has memory for fails alone, with the next as good as ever."""
    submit, most = WaveformDecoder.submit, 2

    def scarce(decoder: WaveformDecoder, batch: Sequence[Utterance]) -> PendingWaveforms:
        if len(batch) > most:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return submit(decoder, batch)

    monkeypatch.setattr(WaveformDecoder, "submit", scarce)
    engine = new_engine(max_streams=4)
    engine._sounding.largest_batch = 4
    speech_of(engine, *(speak(n, "Same.", seed=7) for n in range(3)))
    assert engine._sounding.largest_batch == 1
    assert "memory ran out" in caplog.text
    most = 0
    assert isinstance(run(engine, speak(3, TEXTS[0]))[3], SpeechError)
    most = 2
    speech_of(engine, speak(4, TEXTS[0]))


def test_what_follows_the_last_token_is_rehearsed_for_one_alone(
    new_engine: NewEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where others are decoded the host has no time for it."""
    rehearsed = []

    def noted(_decoder: WaveformDecoder, utterance: Utterance, tokens: int) -> None:
        rehearsed.append((utterance.request.job_id, tokens))

    monkeypatch.setattr(WaveformDecoder, "rehearse", noted)
    engine = new_engine()
    run(engine, *(speak(n, TEXTS[3], seed=7) for n in range(2)))
    assert not rehearsed
    run(engine, speak(2, TEXTS[3], seed=7))
    assert len(rehearsed) > 1
    assert {job for job, _ in rehearsed} == {2}
    assert {tokens % 8 for _, tokens in rehearsed} == {0}


def test_nothing_is_rehearsed_behind_others_sound(
    new_engine: NewEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each rehearsal would wait there in pinned memory of its own, which is kept."""
    engine, rehearsed, looks = new_engine(), list[bool](), list[PendingWaveforms]()

    def noted(_decoder: WaveformDecoder, _utterance: Utterance, _tokens: int) -> None:
        rehearsed.append(bool(engine._sounding.pending))

    def slow(pending: PendingWaveforms) -> bool:
        looks.append(pending)
        return len(looks) > 12

    monkeypatch.setattr(WaveformDecoder, "rehearse", noted)
    for look in ("done", "nearly_done"):
        monkeypatch.setattr(PendingWaveforms, look, slow)
    engine.admit(speak(1, TEXTS[0], seed=7))
    while not engine._sounding.pending:
        engine.step(lambda: engine.admit(speak(2, TEXTS[3], seed=7)))
    run(engine)
    assert len(looks) > 12
    assert rehearsed
    assert not any(rehearsed)


def test_a_new_job_begins_while_sound_is_awaited(
    new_engine: NewEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The device is busy with it for as long as a whole first chunk of somebody else's takes."""
    engine, admitted, looks = new_engine(), list[int](), list[PendingWaveforms]()

    def poll() -> None:
        if engine._sounding.pending and not admitted:
            admitted.append(2)
            engine.admit(speak(2, TEXTS[1]))

    def begun_or_in_vain(pending: PendingWaveforms) -> bool:
        looks.append(pending)
        return bool(admitted and engine._scheduler.busy) or len(looks) > 1000

    for look in ("done", "nearly_done"):
        monkeypatch.setattr(PendingWaveforms, look, begun_or_in_vain)
    engine.admit(speak(1, TEXTS[0]))
    while not (outcomes := engine.step(poll)):
        assert engine.busy
    assert [outcome.job_id for outcome in outcomes] == [1]
    assert len(looks) <= 1000
    assert admitted
    assert engine._scheduler.busy
    assert list(run(engine)) == [2]


def test_two_sounds_are_queued_together_and_heard_one_by_one(
    new_engine: NewEngine, batches: list[list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though nothing is left to do meanwhile, on a device that they take some time."""
    looks = list[PendingWaveforms]()
    there = {0}  # after some looks

    def done(pending: PendingWaveforms) -> bool:
        looks.append(pending)
        return len(looks) > (20 if pending.batch[0].request.job_id in there else 1000)

    for look in ("done", "nearly_done"):
        monkeypatch.setattr(PendingWaveforms, look, done)
    engine = new_engine()
    for number, priority in enumerate((Priority.FIRST_SOUND, Priority.LOOK_AHEAD)):
        engine.admit(msgspec.structs.replace(speak(number, "Same.", seed=7), priority=priority))
    while not (outcomes := engine.step()):
        assert engine.busy
    assert [outcome.job_id for outcome in outcomes] == [0]
    assert batches == [[0], [1]]
    assert len(looks) < 1000
    there.add(1)
    assert list(run(engine)) == [1]


def test_as_many_streams_are_promised_as_there_is_memory_for(
    new_engine: NewEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the start, and after memory ran out: what is over waits where fairness is kept."""
    engine = new_engine(max_streams=4)
    assert engine.info.streams == 4
    engine._scheduler.limit = 2
    assert engine.info.streams == 2
    monkeypatch.setattr("engine.chatterbox.t3.memory.ON_THE_CPU_BYTES", 3_000_000)
    engine = new_engine(max_streams=32)
    assert engine.info.streams == engine._scheduler.t3.config.slots < 32


def test_new_voices_are_computed_while_others_speak(new_engine: NewEngine, tmp_path: Path) -> None:
    """And not waited for once nobody wants them any more."""
    *new, unwanted = new_voices(tmp_path, 105, 140, 230, 180)
    background = OneAtATime()
    engine = new_engine(max_streams=1, background=background)
    for number, voice in enumerate([*new, BUILTIN]):
        engine.admit(speak(number, TEXTS[0], voice))
    while not (outcomes := engine.step()):
        assert engine.busy
    assert [outcome.job_id for outcome in outcomes] == [3]
    assert engine.busy
    engine.cancel(1)
    while background.given:
        background.work()
    results = run(engine)
    assert list(results) == [0, 2]
    assert all(isinstance(result, Speech) for result in results.values())
    engine.admit(speak(4, TEXTS[0], unwanted))
    assert not engine.step()
    assert engine.busy
    engine.cancel(4)
    assert not engine.busy


def test_the_enrolment_of_a_new_voice_takes_as_long_as_its_utterance_waited(
    new_engine: NewEngine, cloned_voice: ClonedVoice
) -> None:
    """From its first look for the voice, not from the one that found it."""
    background = OneAtATime()
    engine = new_engine(background=background)
    engine.admit(speak(1, TEXTS[0], cloned_voice))
    engine.step()
    time.sleep(0.4)
    background.work()
    engine.admit(speak(2, TEXTS[0]))
    waited_ms = {job: speech.stage_ms["enrolment"] for job, speech in run(engine).items()}
    assert waited_ms[1] >= 400 > waited_ms[2]


def test_what_nobody_waits_for_is_done_piece_by_piece_once_nobody_has_asked_for_a_while(
    new_engine: NewEngine,
) -> None:
    engine, now, done = new_engine(), [50.0], []
    pieces = [lambda: done.append("first"), lambda: done.append("second")]
    engine.leisure = Leisure(pieces, lambda: now[0])
    assert (engine.idle(), done) == (1.0, [])
    now[0] += 0.4
    assert engine.idle() == pytest.approx(0.6)
    run(engine, speak(1, TEXTS[0]))
    now[0] += 0.7
    assert (engine.idle(), done) == (1.0, [])  # it was asked since
    now[0] += 1
    assert (engine.idle(), done) == (0.0, ["first"])
    assert (engine.idle(), done) == (0.0, ["first", "second"])
    assert engine.idle() is None


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (torch.OutOfMemoryError("none is left"), "memory is short"),
        (MemoryError(), "memory is short"),
        (RuntimeError("an operator is missing"), "could not be prepared"),
    ],
)
def test_what_nobody_waits_for_is_not_tried_again_where_it_fails(
    new_engine: NewEngine, caplog: pytest.LogCaptureFixture, error: Exception, said: str
) -> None:
    def failing() -> None:
        raise error

    engine = new_engine()
    engine.leisure = Leisure([failing, failing], iter([0.0, 1.0, 1.0]).__next__)
    with caplog.at_level(logging.INFO):
        assert engine.idle() == 0.0
    assert said in caplog.text
    assert engine.idle() is None
    assert run(engine, speak(1, TEXTS[0]))[1].duration_s > 0


def test_an_idle_engine_releases_what_only_new_voices_need(
    new_engine: NewEngine, cloned_voice: ClonedVoice, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = new_engine()
    assert engine.idle() is None
    run(engine, speak(1, TEXTS[0], cloned_voice))
    assert 0 < engine.idle() <= 30
    monkeypatch.setattr("engine.enrolment.newcomers._KEPT_UNUSED_S", 0.0)
    emptied = Mock()
    monkeypatch.setattr(engine._scheduler.spare, "empty_cache", emptied)
    run(engine, speak(2, TEXTS[0]))  # what was released between steps would stay torch's
    assert engine.idle() is None
    assert not engine._voices.enrolment.newcomers.holds_networks
    emptied.assert_called_once_with()


def test_a_package_that_cannot_be_imported_fails_new_voices_in_words(
    new_engine: NewEngine, cloned_voice: ClonedVoice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "engine.enrolment.networks", None)
    jobs = speak(1, TEXTS[0], cloned_voice), speak(2, TEXTS[0])
    results = run(new_engine(), *jobs)
    assert isinstance(results[1], SynthesisFailed)
    assert "cannot learn new voices" in str(results[1])
    assert isinstance(results[2], Speech)


@pytest.mark.parametrize(
    "where",
    [
        "engine.chatterbox.s3gen.WaveformDecoder.submit",
        "engine.chatterbox.s3gen.PendingWaveforms.wait",
        "engine.chatterbox.voices.EnrolledVoices.find",
    ],
)
@pytest.mark.parametrize(
    "fault",
    [
        type("AcceleratorError", (RuntimeError,), {})("an illegal memory access"),
        RuntimeError("CUDA error: CUBLAS_STATUS_EXECUTION_FAILED when calling `cublasGemmEx`"),
    ],
)
def test_a_fault_of_the_device_is_no_texts_fault(
    new_engine: NewEngine, monkeypatch: pytest.MonkeyPatch, where: str, fault: RuntimeError
) -> None:
    """It goes past the jobs to the worker's loop: another process tries them once more."""
    monkeypatch.setattr(where, Mock(side_effect=fault))
    with pytest.raises(type(fault)):
        run(new_engine(), speak(1, TEXTS[0]))


def test_fp16_speaks(new_engine: NewEngine) -> None:
    """What a card without bfloat16 runs."""
    (speech,) = speech_of(new_engine(precision="fp16"), speak(1, TEXTS[3]))
    assert np.isfinite(speech.pcm).all()
    assert np.abs(speech.pcm).max() > 0.01


def test_what_is_no_number_reaches_no_other_utterance(new_engine: NewEngine) -> None:
    """Neither through pages that are used again nor through the page that belongs to no row."""
    engine = new_engine()
    (before,) = speech_of(engine, speak(1, TEXTS[0]))
    engine._scheduler.t3.pool.storage.fill_(float("nan"))
    engine._scheduler.t3.prefixes.forget()
    assert np.array_equal(speech_of(engine, speak(1, TEXTS[0]))[0].pcm, before.pcm)
