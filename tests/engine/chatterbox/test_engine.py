"""The engine as the worker drives it, on a whole reduced checkpoint with random weights."""

import hashlib
import logging
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import numpy as np
import pytest
import soundfile
import torch

from engine.chatterbox.engine import ChatterboxEngine
from engine.chatterbox.loading import assemble
from engine.chatterbox.s3gen import PendingWaveforms, WaveformDecoder
from engine.chatterbox.text import TextTokenizer, even_out_punctuation
from engine.chatterbox.utterance import Utterance
from engine.errors import SpeechError, SynthesisFailed, VoiceUnusable
from engine.messages import Enrolled, Speak
from engine.speech import ClonedVoice, Priority, Speech, SpeechParameters, StockVoice, Voice
from engine.upstream.package import EnTokenizer, punc_norm
from engine.upstream.random_weights import synthetic_voice, write_random_checkpoint
from engine.weights import checkpoint

NewEngine = Callable[..., ChatterboxEngine]
BUILTIN = StockVoice()
TEXTS = ["Good morning.", "It is late, is it not?", "Three words only.", "Well; this one goes on."]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A reduced checkpoint that stops after about a second of speech."""
    folder = tmp_path_factory.mktemp("weights")
    write_random_checkpoint(folder, seed=3, small=True, stop_after=25)
    return folder


@pytest.fixture
def new_engine(folder: Path, tmp_path: Path) -> NewEngine:
    """Engines on that checkpoint; those of one test share a home."""

    def make(max_streams: int = 4, **more: object) -> ChatterboxEngine:
        arguments: dict[str, object] = {
            "revision": "test",
            "device": "cpu",
            "precision": "fp32",
            "reason": "It is a test.",
            "home": tmp_path / "home",
            "report": lambda _: None,
            "max_streams": max_streams,
            "max_speech_tokens": 60,
        }
        return assemble(folder, **(arguments | more))  # type: ignore[arg-type]

    return make


def speak(job_id: int, text: str, voice: Voice = BUILTIN, **parameters: float) -> Speak:
    """A job."""
    given = SpeechParameters(**{"seed": job_id, **parameters})  # type: ignore[arg-type]
    return Speak(job_id=job_id, text=text, voice=voice, parameters=given)


def run(engine: ChatterboxEngine, *jobs: Speak) -> dict[int, Speech | SpeechError]:
    """Admit, and step until nothing is left."""
    for job in jobs:
        engine.admit(job)
    results: dict[int, Speech | SpeechError] = {}
    while engine.busy:
        for outcome in engine.step():
            assert outcome.job_id not in results
            results[outcome.job_id] = outcome.result
    return results


def pcm_of(result: Speech | SpeechError) -> np.ndarray:
    """The samples of a job that must have succeeded."""
    assert isinstance(result, Speech), result
    return result.pcm


def clip_voice(folder: Path, pitch_hz: float) -> ClonedVoice:
    """A member's voice."""
    path = folder / f"{pitch_hz}.wav"
    soundfile.write(path, synthetic_voice(pitch_hz), 24_000)
    return ClonedVoice(hashlib.sha256(path.read_bytes()).hexdigest(), str(path))


def test_jobs_of_many_voices_sound_together_as_each_sounds_alone(
    new_engine: NewEngine, tmp_path: Path
) -> None:
    """Text, voice and parameters of one job reach its own audio and no other's."""
    voices: list[Voice] = [StockVoice(), clip_voice(tmp_path, 105), clip_voice(tmp_path, 230)]
    jobs = [
        speak(n, text, voices[n % 3], cfg_weight=(0.5, 0.0)[n % 2]) for n, text in enumerate(TEXTS)
    ]
    together = run(new_engine(), *jobs)
    assert sorted(together) == [0, 1, 2, 3]
    for job in jobs:
        alone = pcm_of(run(new_engine(max_streams=1), job)[job.job_id])
        among = pcm_of(together[job.job_id])
        assert among.dtype == np.float32
        assert len(among) == len(alone)
        assert np.abs(among - alone).max() <= 1e-3 * max(1.0, np.abs(alone).max())
    assert len({len(pcm_of(result)) for result in together.values()}) > 1
    speech = together[0]
    assert isinstance(speech, Speech)
    assert {"t3", "flow", "vocoder", "watermark"} <= set(speech.stage_ms)


def test_a_recalled_voice_speaks_as_before_and_computes_nothing_anew(
    new_engine: NewEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new worker has the conditioning of the voices used last ready."""
    voice = clip_voice(tmp_path, 140.0)
    engine = new_engine()
    before = pcm_of(run(engine, speak(1, TEXTS[0], voice))[1])
    engine = new_engine()
    engine.recall_voices()
    computing_nothing(engine, monkeypatch)
    np.testing.assert_array_equal(pcm_of(run(engine, speak(1, TEXTS[0], voice))[1]), before)
    engine.forget(voice.clip_sha256)
    engine = new_engine()
    computing_nothing(engine, monkeypatch)
    engine.recall_voices()


def computing_nothing(engine: ChatterboxEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail the test if the engine computes the conditioning of a voice from here on."""
    computed = "the conditioning of a voice was computed"
    monkeypatch.setattr(engine._scheduler.t3, "_prefix", lambda _: pytest.fail(computed))


def test_a_forgotten_voice_leaves_nothing_and_others_still_speak(
    new_engine: NewEngine, tmp_path: Path
) -> None:
    """Neither its file nor what the decoder kept of it; the built-in voice is as it was."""
    engine = new_engine()
    voice = clip_voice(tmp_path, 140.0)
    before = run(engine, speak(1, TEXTS[0], voice), speak(2, TEXTS[0]))
    assert list((tmp_path / "home").rglob("*.safetensors"))
    engine.forget(voice.clip_sha256)
    assert not list((tmp_path / "home").rglob("*.safetensors"))
    assert not engine._scheduler.t3.prefixes.storage.any()
    after = run(engine, speak(2, TEXTS[0]))[2]
    assert isinstance(after, Speech)
    assert isinstance(before[2], Speech)
    assert np.array_equal(after.pcm, before[2].pcm)


def test_a_cancelled_job_is_never_reported_and_the_others_are(new_engine: NewEngine) -> None:
    """Whether it waits, is being decoded, or is turned into sound."""
    for steps in (0, 1, 3, 8):
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
    """Nothing to say, a text without end, a missing clip: each is said, the rest is spoken."""
    engine = new_engine()
    missing = ClonedVoice("0" * 64, str(tmp_path / "gone.wav"))
    results = run(
        engine,
        speak(1, " \n"),
        speak(2, "word " * 3000),
        speak(3, "Hello.", missing),
        speak(4, "Hello."),
    )
    assert isinstance(results[1], SynthesisFailed)
    assert isinstance(results[2], SynthesisFailed)
    assert isinstance(results[3], VoiceUnusable)
    assert len(pcm_of(results[4])) > 0


def test_a_runaway_is_cut_off_and_logged(
    new_engine: NewEngine, caplog: pytest.LogCaptureFixture
) -> None:
    """It still sounds, as long as it was let."""
    engine = new_engine(max_speech_tokens=9)
    engine.admit(speak(1, TEXTS[1]))
    with caplog.at_level(logging.WARNING):
        pcm = pcm_of(run(engine)[1])
    assert len(pcm) <= 9 * 960
    assert "no stop token" in caplog.text


def test_a_new_voice_is_reported_once_and_known_to_the_next_engine(
    new_engine: NewEngine, tmp_path: Path
) -> None:
    """The second engine finds it on the disk."""
    voice, reported = clip_voice(tmp_path, 160), list[Enrolled]()
    for job_id in (1, 2):
        engine = new_engine(report=reported.append)
        engine.admit(speak(job_id, "Hello.", voice))
        engine.admit(speak(job_id + 10, "Hello again.", voice))
        run(engine)
    assert [enrolled.clip_sha256 for enrolled in reported] == [voice.clip_sha256]


def test_an_unknown_stock_voice_is_replaced_and_the_listener_told(new_engine: NewEngine) -> None:
    """By the checkpoint's own."""
    engine = new_engine()
    result = run(engine, speak(1, "Hello.", StockVoice("nobody")))[1]
    assert isinstance(result, Speech)
    assert result.substitution is not None
    assert "nobody" in result.substitution


@pytest.mark.parametrize(
    "text",
    [
        "hello there",
        "  two  spaces   and a tab\t. ",
        "wait... what\N{HORIZONTAL ELLIPSIS} no: yes; \N{EM DASH} maybe \N{EN DASH} so -",
        "\N{LEFT DOUBLE QUOTATION MARK}quoted\N{RIGHT DOUBLE QUOTATION MARK} - fine ,",
        "it\N{RIGHT SINGLE QUOTATION MARK}s \N{LEFT SINGLE QUOTATION MARK}so",
        "\N{LATIN SMALL LETTER E WITH ACUTE}t\N{LATIN SMALL LETTER E WITH ACUTE}",
        "Done!",
    ],
)
def test_text_becomes_upstreams_tokens(folder: Path, text: str) -> None:
    """Punctuation and tokenizer, start and stop around."""
    assert even_out_punctuation(text) == punc_norm(text)
    expected = EnTokenizer(str(folder / checkpoint.TOKENIZER)).text_to_tokens(punc_norm(text))
    got = TextTokenizer(folder / checkpoint.TOKENIZER)(text)
    assert torch.equal(got[1:-1], expected[0].long())
    assert got[[0, -1]].tolist() == [255, 0]


def test_the_best_priority_goes_first(new_engine: NewEngine) -> None:
    """Into the only slot and through the decoder, although the others were there before."""
    engine = new_engine(max_streams=1)
    for job_id, priority in enumerate(
        (Priority.LOOK_AHEAD, Priority.SPEAKING, Priority.FIRST_SOUND)
    ):
        job = speak(job_id, TEXTS[job_id])
        engine.admit(msgspec.structs.replace(job, priority=priority))
    assert list(run(engine)) == [2, 1, 0]


@pytest.fixture
def batches(monkeypatch: pytest.MonkeyPatch) -> list[list[int]]:
    """The job ids of each batch that a waveform decoder is given."""
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
    engine._largest_waveform_batch = 4
    assert list(run(engine, *jobs)) == [1, 0]
    assert batches == [[1], [0]]


def test_on_a_cpu_a_step_makes_one_waveform(
    new_engine: NewEngine, batches: list[list[int]]
) -> None:
    """Several at once take as long as one after the other, and the step is all of them."""
    engine = new_engine()
    assert sorted(run(engine, *(speak(n, "Same.", seed=7) for n in range(3)))) == [0, 1, 2]
    assert [len(batch) for batch in batches] == [1, 1, 1]
    assert engine.info.step_patience > 1


def test_as_many_streams_are_promised_as_there_is_memory_for(
    new_engine: NewEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the start, and after memory ran out: what is over waits where fairness is kept."""
    monkeypatch.setattr("engine.chatterbox.t3.memory.ON_THE_CPU_BYTES", 3_000_000)
    engine = new_engine(max_streams=32)
    assert engine.info.streams == engine._scheduler.t3.config.slots < 32
    monkeypatch.undo()
    engine = new_engine(max_streams=4)
    assert engine.info.streams == 4
    engine._scheduler.limit = 2
    assert engine.info.streams == 2


def test_new_voices_are_computed_while_others_speak(new_engine: NewEngine, tmp_path: Path) -> None:
    """In their order, and one that is cancelled is not waited for."""
    new = [clip_voice(tmp_path, pitch_hz) for pitch_hz in (105.0, 140.0, 230.0)]
    loaded = threading.Event()
    with ThreadPoolExecutor(1) as background:
        try:
            background.submit(loaded.wait)
            engine = new_engine(max_streams=1, background=background)
            for number, voice in enumerate([*new, BUILTIN]):
                engine.admit(speak(number, TEXTS[0], voice))
            while not (outcomes := engine.step()):
                assert engine.busy
            assert [outcome.job_id for outcome in outcomes] == [3]
            assert engine.busy
            engine.cancel(1)
        finally:
            loaded.set()
        results = run(engine)
    assert list(results) == [0, 2]
    assert all(isinstance(result, Speech) for result in results.values())


def test_the_enrolment_of_a_new_voice_takes_as_long_as_its_utterance_waited(
    new_engine: NewEngine, tmp_path: Path
) -> None:
    """From its first look for the voice, not from the one that found it."""
    loaded = threading.Event()
    with ThreadPoolExecutor(1) as background:
        background.submit(loaded.wait)
        engine = new_engine(background=background)
        engine.admit(speak(1, TEXTS[0], clip_voice(tmp_path, 105.0)))
        engine.step()
        time.sleep(0.1)
        loaded.set()
        engine.admit(speak(2, TEXTS[0]))
        results = run(engine)
    new, known = results[1], results[2]
    assert isinstance(new, Speech)
    assert isinstance(known, Speech)
    assert new.stage_ms["enrolment"] >= 100
    assert known.stage_ms["enrolment"] < 100


def test_a_new_voice_that_nobody_wants_any_more_is_not_waited_for(
    new_engine: NewEngine, tmp_path: Path
) -> None:
    loaded = threading.Event()
    with ThreadPoolExecutor(1) as background:
        try:
            background.submit(loaded.wait)
            engine = new_engine(background=background)
            engine.admit(speak(1, TEXTS[0], clip_voice(tmp_path, 105.0)))
            assert not engine.step()
            assert engine.busy
            engine.cancel(1)
            assert not engine.busy
        finally:
            loaded.set()


def test_an_idle_engine_releases_what_only_new_voices_need(
    new_engine: NewEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A while after the last new voice, and it says when to ask."""
    engine = new_engine()
    assert engine.release_unused() is None
    run(engine, speak(1, TEXTS[0], clip_voice(tmp_path, 140.0)))
    left_s = engine.release_unused()
    assert left_s is not None
    assert 0 < left_s <= 30
    monkeypatch.setattr("engine.enrolment.newcomers._KEPT_UNUSED_S", 0.0)
    assert engine.release_unused() is None
    assert not engine._voices.newcomers.holds_networks


def test_a_package_that_cannot_be_imported_fails_new_voices_in_words(
    new_engine: NewEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Installed, and broken; the voices that are known speak on."""
    monkeypatch.setitem(sys.modules, "engine.enrolment.networks", None)
    engine = new_engine()
    results = run(engine, speak(1, TEXTS[0], clip_voice(tmp_path, 140.0)), speak(2, TEXTS[0]))
    assert isinstance(results[1], SynthesisFailed)
    assert "cannot learn new voices" in str(results[1])
    assert isinstance(results[2], Speech)


@pytest.mark.parametrize("where", ["waveforms", "waiting for them", "enrolment"])
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

    def fail(*_: object) -> None:
        raise fault

    engine = new_engine()
    match where:
        case "waveforms":
            monkeypatch.setattr(engine._waveforms, "submit", fail)
        case "waiting for them":
            monkeypatch.setattr(PendingWaveforms, "wait", fail)
        case "enrolment":
            monkeypatch.setattr(engine._voices, "find", fail)
    engine.admit(speak(1, TEXTS[0]))
    with pytest.raises(type(fault)):
        run(engine)


def test_fp16_speaks(new_engine: NewEngine) -> None:
    """What a card without bfloat16 runs, on the CPU and at the reduced size."""
    engine = new_engine(precision="fp16")
    pcm = pcm_of(run(engine, speak(1, TEXTS[3]))[1])
    assert np.isfinite(pcm).all()
    assert np.abs(pcm).max() > 0.01


def test_what_is_no_number_reaches_no_other_utterance(new_engine: NewEngine) -> None:
    """Neither through pages that are used again nor through the page that belongs to no row."""
    engine = new_engine()
    sound = pcm_of(run(engine, speak(1, TEXTS[0]))[1])
    engine._scheduler.t3.pool.storage.fill_(float("nan"))
    engine._scheduler.t3.prefixes.forget()
    assert np.array_equal(pcm_of(run(engine, speak(1, TEXTS[0]))[1]), sound)
