"""Several models in one worker, reduced, with random weights: they share what they have alike."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from engine.chatterbox.engine import ChatterboxEngine
from engine.chatterbox.loading import assemble
from engine.chatterbox.resident import ResidentModels
from engine.chatterbox.shared import SharedParts
from engine.messages import Enrolled, Speak
from engine.protocol import Outcome
from engine.speech import Priority, Speech, SpeechParameters, StockVoice, Voice
from engine.upstream.random_weights import write_random_checkpoint
from engine.weights.models import MODELS
from tests.engine.chatterbox.test_engine import new_voices

BUILTIN = StockVoice()


@pytest.fixture(scope="module")
def turbo_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("turbo") / "checkpoint"
    write_random_checkpoint(folder, MODELS["turbo"], seed=3, small=True, stop_after=20)
    return folder


@pytest.fixture(scope="module")
def reports() -> list[Enrolled]:
    return []


@pytest.fixture(scope="module")
def shared() -> SharedParts:
    return SharedParts()


@pytest.fixture(scope="module")
def models(
    small_checkpoint: Path,
    multilingual_checkpoint: Path,
    turbo_checkpoint: Path,
    shared: SharedParts,
    reports: list[Enrolled],
) -> list[ChatterboxEngine]:
    """Turbo, Multilingual and English, in one home."""
    folders = {
        "turbo": turbo_checkpoint,
        "multilingual": multilingual_checkpoint,
        "english": small_checkpoint,
    }
    return [
        assemble(
            folder,
            MODELS[name],
            revision="test",
            device="cpu",
            precision="fp32",
            reason=f"It is {name}.",
            home=turbo_checkpoint.parent,
            report=reports.append,
            max_streams=6,
            max_speech_tokens=40,
            shared=shared,
        )
        for name, folder in folders.items()
    ]


@pytest.fixture(scope="module")
def resident(models: list[ChatterboxEngine]) -> ResidentModels:
    return ResidentModels(models, ["Chatterbox Nano is left out: memory is short."])


def speak(
    job_id: int, model: str, text: str, voice: Voice = BUILTIN, language: str = "en"
) -> Speak:
    parameters = SpeechParameters(seed=job_id)
    return Speak(job_id, text, voice, parameters, language, model=f"chatterbox-{model}")


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
    models: list[ChatterboxEngine],
    resident: ResidentModels,
    shared: SharedParts,
    reports: list[Enrolled],
    tmp_path: Path,
) -> None:
    (cloned,) = new_voices(tmp_path, 140)
    jobs = [
        speak(0, "multilingual", "Good morning."),
        speak(1, "turbo", "Good morning. [laugh]", cloned),
        speak(2, "multilingual", "¡Buenos días!", cloned, "es"),
        speak(3, "english", "It is late.", cloned),
        speak(4, "turbo", "Three words only."),
    ]
    together = speeches(resident, *jobs)
    assert len(together) == len(jobs)
    # English and Multilingual have files in common, Turbo has its own.
    assert len(shared.waveforms) == len(shared.enrolments) == len(reports) == 2
    by_model = {engine.info.model: engine for engine in models}
    for job in jobs:
        expected = speeches(by_model[job.model], job)[job.job_id].pcm
        among = together[job.job_id].pcm
        assert len(among) == len(expected)
        assert np.abs(among - expected).max() <= 1e-3 * max(1.0, np.abs(expected).max())


def test_they_are_told_of_as_one_engine_that_a_forgotten_voice_leaves(
    models: list[ChatterboxEngine],
    resident: ResidentModels,
    turbo_checkpoint: Path,
    tmp_path: Path,
) -> None:
    info, (turbo, multilingual, english) = resident.info, models
    assert info.models == ("chatterbox-turbo", "chatterbox-multilingual", "chatterbox-english")
    assert info.reads[0] == "en"
    assert set(info.reads) == set(multilingual.info.languages)
    assert info.of("chatterbox-english").identity == english.info.identity
    assert info.of("chatterbox-nano").identity == turbo.info.identity == info.identity
    assert info.reason == (
        "It is turbo. It is multilingual. It is english. "
        "Chatterbox Nano is left out: memory is short."
    )
    # On a CPU Turbo takes fewer at once than the others do.
    assert info.streams == turbo.info.streams < english.info.streams
    (voice,) = new_voices(tmp_path, 230)
    kept = turbo_checkpoint.parent / "conditionals"
    before = set(kept.iterdir())
    jobs = [speak(0, "english", "Hello.", voice), speak(1, "turbo", "Hello.", voice)]
    speeches(resident, *jobs)
    assert len(set(kept.iterdir()) - before) == 2
    resident.forget(voice.identity)
    assert set(kept.iterdir()) == before
    assert resident.release_unused() is not None  # the networks that enrolled it


def test_a_cancelled_job_leaves_its_model_and_one_for_a_model_that_is_gone_the_first_speaks(
    resident: ResidentModels,
) -> None:
    for job in (speak(1, "english", "Not heard."), speak(2, "english", "Heard.")):
        resident.admit(job)
    resident.step()
    resident.cancel(1)
    resident.cancel(99)
    ended = speeches(resident, speak(4, "nano", "Hello."))
    assert set(ended) == {2, 4}
    first = speeches(resident, speak(4, "turbo", "Hello."))
    assert np.array_equal(first[4].pcm, ended[4].pcm)


class _Model:
    """As much of an engine as turns are about: jobs by their priority, one a step."""

    def __init__(self, name: str, *priorities: Priority) -> None:
        self.info = SimpleNamespace(model=name)
        self._jobs = sorted(priorities)
        self.steps = 0

    @property
    def busy(self) -> bool:
        return bool(self._jobs)

    @property
    def urgency(self) -> int:
        return self._jobs[0]

    def step(self, _poll: Callable[[], None]) -> list[Outcome]:
        self._jobs.pop(0)
        self.steps += 1
        return []


def test_the_model_with_the_more_urgent_job_goes_first_and_no_other_waits_for_ever() -> None:
    live = _Model("live", *[Priority.FIRST_SOUND] * 8)
    file = _Model("file", *[Priority.BACKGROUND] * 3)
    resident = ResidentModels([file, live])  # type: ignore[list-item]  # see `_Model`
    order = []
    while resident.busy:
        before = live.steps
        resident.step()
        order.append("live" if live.steps > before else "file")
    assert order == [*["live"] * 4, "file", *["live"] * 4, "file", "file"]
    even = [_Model("one", *[Priority.SPEAKING] * 2), _Model("two", *[Priority.SPEAKING] * 2)]
    resident = ResidentModels(even)  # type: ignore[arg-type]
    resident.step()
    resident.step()
    assert [model.steps for model in even] == [1, 1]
