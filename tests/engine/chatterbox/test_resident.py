"""Several models in one worker, reduced, with random weights: they share what they have alike."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from engine.chatterbox.engine import ChatterboxEngine
from engine.chatterbox.loading import assemble
from engine.chatterbox.resident import ResidentModels
from engine.chatterbox.shared import SharedParts
from engine.messages import Enrolled, Speak
from engine.speech import ClonedVoice, Priority, Speech, SpeechParameters, StockVoice, Voice
from engine.upstream.random_weights import write_random_checkpoint
from engine.weights.models import ENGLISH, MODELS
from tests.engine.chatterbox.test_engine import new_voices

NewEngine = Callable[..., ChatterboxEngine]
BUILTIN = StockVoice()


@pytest.fixture(scope="module")
def turbo_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("turbo-checkpoint")
    write_random_checkpoint(folder, MODELS["turbo"], seed=3, small=True, stop_after=20)
    return folder


@pytest.fixture
def reports() -> list[Enrolled]:
    return []


@pytest.fixture
def new_engine(
    small_checkpoint: Path,
    multilingual_checkpoint: Path,
    turbo_checkpoint: Path,
    tmp_path: Path,
    reports: list[Enrolled],
) -> NewEngine:
    """A model's engine; those of one test share a home."""
    folders = {
        "english": small_checkpoint,
        "multilingual": multilingual_checkpoint,
        "turbo": turbo_checkpoint,
    }

    def make(name: str, shared: SharedParts | None = None) -> ChatterboxEngine:
        return assemble(
            folders[name],
            MODELS[name],
            revision="test",
            device="cpu",
            precision="fp32",
            reason=f"It is {name}.",
            home=tmp_path / "home",
            report=reports.append,
            max_streams=6,
            max_speech_tokens=40,
            shared=shared,
        )

    return make


def speak(
    job_id: int,
    model: str,
    text: str,
    voice: Voice = BUILTIN,
    language: str = "en",
    priority: Priority = Priority.FIRST_SOUND,
) -> Speak:
    parameters = SpeechParameters(seed=job_id)
    return Speak(job_id, text, voice, parameters, language, priority, f"chatterbox-{model}")


def speeches(engine: ResidentModels | ChatterboxEngine, *jobs: Speak) -> dict[int, Speech]:
    """What became of jobs, all of which have to succeed, in the order of their ends."""
    for job in jobs:
        engine.admit(job)
    ended = {}
    while engine.busy:
        for outcome in engine.step():
            assert isinstance(outcome.result, Speech), outcome
            ended[outcome.job_id] = outcome.result
    return ended


def test_models_languages_and_voices_sound_together_as_each_alone(
    new_engine: NewEngine, tmp_path: Path, reports: list[Enrolled]
) -> None:
    (cloned,) = new_voices(tmp_path, 140)
    jobs = [
        speak(0, "multilingual", "Good morning."),
        speak(1, "turbo", "Good morning. [laugh]", cloned),
        speak(2, "multilingual", "¡Buenos días!", cloned, "es"),
        speak(3, "english", "It is late, is it not?", cloned),
        speak(4, "turbo", "Three words only."),
        speak(5, "multilingual", "안녕하세요.", language="ko"),
        speak(6, "english", "Good morning."),
    ]
    shared = SharedParts()
    names = ("multilingual", "turbo", "english")
    resident = ResidentModels([new_engine(name, shared) for name in names])
    together = speeches(resident, *jobs)
    assert len(together) == len(jobs)
    # English and Multilingual have files in common, Turbo has its own.
    assert len(shared.waveforms) == len(shared.enrolments) == len(reports) == 2
    for name in names:
        alone = new_engine(name)
        for job in jobs:
            if job.model == f"chatterbox-{name}":
                expected, among = speeches(alone, job)[job.job_id].pcm, together[job.job_id].pcm
                assert len(among) == len(expected)
                assert np.abs(among - expected).max() <= 1e-3 * max(1.0, np.abs(expected).max())
    assert not np.array_equal(together[0].pcm, together[6].pcm)


def test_they_are_told_of_as_one_engine_that_a_forgotten_voice_leaves(
    new_engine: NewEngine, tmp_path: Path
) -> None:
    models = [new_engine("turbo"), new_engine("english")]
    resident = ResidentModels(models, ["Chatterbox Nano is left out: memory is short."])
    info = resident.info
    assert info.models == ("chatterbox-turbo", "chatterbox-english")
    assert info.of("chatterbox-english").identity == models[1].info.identity
    assert info.of("chatterbox-nano").identity == models[0].info.identity
    assert info.reason == (
        "It is turbo. It is english. Chatterbox Nano is left out: memory is short."
    )
    # On a CPU Turbo takes fewer at once than English does.
    assert info.streams == models[0].info.streams < models[1].info.streams
    voice = new_voices(tmp_path, 140)[0]
    jobs = [speak(0, "english", "Hello.", voice), speak(1, "turbo", "Hello.", voice)]
    speeches(resident, *jobs)
    assert len(list((tmp_path / "home").rglob("*.safetensors"))) == 2
    resident.forget(voice.identity)
    assert not list((tmp_path / "home").rglob("*.safetensors"))
    assert resident.release_unused() is not None  # the networks that enrolled it
    resident.close()


def test_a_cancelled_job_leaves_its_model_and_one_for_a_model_that_is_gone_the_first_speaks(
    new_engine: NewEngine,
) -> None:
    resident = ResidentModels([new_engine("english"), new_engine("turbo")])
    (expected,) = speeches(resident, speak(5, "english", "Hello."))
    for job in (speak(1, "turbo", "Not heard."), speak(2, "turbo", "Heard.")):
        resident.admit(job)
    resident.step()
    resident.cancel(1)
    resident.cancel(99)
    ended = speeches(resident, speak(5, "nano", "Hello."))
    assert set(ended) == {2, 5}
    assert expected == 5


def test_the_model_with_the_more_urgent_job_speaks_first_and_the_other_goes_on(
    new_engine: NewEngine,
) -> None:
    resident = ResidentModels([new_engine("english"), new_engine("turbo")])
    file = speak(0, "english", "Hello.", priority=Priority.BACKGROUND)
    live = [speak(n, "turbo", "Hello.") for n in range(1, 4)]
    assert list(speeches(resident, file, *live))[0] in {1, 2, 3}
    steps = []
    for engine in resident._engines:
        inner = engine.step

        def step(poll: Callable[[], None], name: str = engine.info.model, inner=inner):
            steps.append(name)
            return inner(poll)

        engine.step = step
    speeches(resident, file, *live)
    begun = steps[: steps.index("chatterbox-english") + 1]
    assert begun == ["chatterbox-turbo"] * 4 + ["chatterbox-english"]
