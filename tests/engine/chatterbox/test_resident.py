"""Several models in one worker, reduced, with random weights: they share what they have alike."""

import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from engine.chatterbox.engine import ChatterboxEngine
from engine.chatterbox.leisure import Leisure
from engine.chatterbox.loading import assemble
from engine.chatterbox.resident import ResidentModels
from engine.chatterbox.shared import SharedParts
from engine.messages import Speak
from engine.protocol import Outcome
from engine.speech import Priority, Speech, SpeechParameters, StockVoice, Voice
from engine.upstream.random_weights import write_random_checkpoint
from engine.weights.models import MODELS
from tests.engine.chatterbox.test_engine import new_voices

BUILTIN = StockVoice()


@pytest.fixture(scope="module")
def nano_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("nano") / "checkpoint"
    nano = MODELS["nano"]
    write_random_checkpoint(folder, nano, seed=3, small=True, calibrated=False)
    return folder


@pytest.fixture(scope="module")
def shared() -> SharedParts:
    return SharedParts()


@pytest.fixture(scope="module")
def models(
    small_checkpoint: Path,
    multilingual_checkpoint: Path,
    nano_checkpoint: Path,
    shared: SharedParts,
) -> list[ChatterboxEngine]:
    """Nano, Multilingual and English, in one home."""
    folders = {
        "nano": nano_checkpoint,
        "multilingual": multilingual_checkpoint,
        "english": small_checkpoint,
    }
    home = nano_checkpoint.parent
    return [engine(name, folder, home, "cpu", shared) for name, folder in folders.items()]


def engine(
    name: str, folder: Path, home: Path, device: str, shared: SharedParts
) -> ChatterboxEngine:
    return assemble(
        folder,
        MODELS[name],
        revision="test",
        device=device,
        precision="fp32",
        reason=f"It is {name}.",
        home=home,
        report=lambda _: None,
        max_streams=6,
        max_speech_tokens=24,
        shared=shared,
    )


@pytest.fixture(scope="module")
def resident(models: list[ChatterboxEngine]) -> ResidentModels:
    return ResidentModels(models, ["Chatterbox Turbo is left out: memory is short."])


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


def assert_together_as_alone(
    engines: Sequence[ChatterboxEngine],
    resident: ResidentModels,
    jobs: Sequence[Speak],
    within: float,
) -> None:
    """Lengths are equal, and waveforms differ by no more than a share of their peak."""
    together = speeches(resident, *jobs)
    assert len(together) == len(jobs)
    by_model = {engine.info.model: engine for engine in engines}
    for job in jobs:
        expected = speeches(by_model[job.model], job)[job.job_id].pcm
        among = together[job.job_id].pcm
        assert len(among) == len(expected)
        assert np.abs(among - expected).max() <= within * max(1.0, np.abs(expected).max())


def test_models_languages_and_voices_sound_together_as_each_alone(
    models: list[ChatterboxEngine],
    resident: ResidentModels,
    shared: SharedParts,
    nano_checkpoint: Path,
    *,
    tmp_path: Path,
    pytestconfig: pytest.Config,
) -> None:
    (cloned,) = new_voices(tmp_path, 140)
    jobs = [
        speak(1, "nano", "Good morning. [laugh]", cloned),
        speak(2, "multilingual", "¡Buenos días!", cloned, "es"),
        speak(3, "english", "It is late.", cloned),
    ]
    if pytestconfig.getoption("--all"):
        jobs.append(speak(4, "multilingual", "Good morning."))
        jobs.append(speak(5, "nano", "Three words only."))
    assert_together_as_alone(models, resident, jobs, 1e-3)
    # English and Multilingual have files in common, Nano has its own.
    assert len(shared.waveforms) == len(shared.enrolments) == 2
    kept = nano_checkpoint.parent / "conditionals"
    assert len(list(kept.iterdir())) == 2
    resident.forget(cloned.identity)
    assert not list(kept.iterdir())


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
def test_real_sizes_sound_together_as_each_alone_on_a_gpu(tmp_path: Path) -> None:
    torch.set_num_threads(max(1, (os.cpu_count() or 1) // 2))  # 1.3 thousand million weights
    shared = SharedParts()
    engines = []
    for name in ("multilingual", "turbo"):
        folder = tmp_path / name / "checkpoint"
        write_random_checkpoint(folder, MODELS[name], seed=3, small=False, stop_after=20)
        engines.append(engine(name, folder, tmp_path, "cuda", shared))
    one, other = new_voices(tmp_path, 140, 230)
    jobs = [
        speak(0, "multilingual", "Good morning.", one),
        speak(1, "multilingual", "¡Buenos días!", other, "es"),
        speak(2, "multilingual", "Guten Morgen, wie geht es dir heute?", language="de"),
        speak(3, "multilingual", "It is late.", other),
        speak(4, "turbo", "Good morning. [laugh]", one),
        speak(5, "turbo", "It is late, is it not?"),
        speak(6, "turbo", "Well; this one goes on.", other),
    ]
    # The vocoder's random weights turn the mel's rounding into 1.4e-3.
    assert_together_as_alone(engines, ResidentModels(engines), jobs, 3e-3)


def test_they_are_told_of_as_one_engine(
    models: list[ChatterboxEngine], resident: ResidentModels
) -> None:
    info, (nano, multilingual, english) = resident.info, models
    assert info.models == ("chatterbox-nano", "chatterbox-multilingual", "chatterbox-english")
    assert info.reads[0] == "en"
    assert set(info.reads) == set(multilingual.info.languages)
    assert info.makes == nano.info.sounds
    assert info.of("chatterbox-english").identity == english.info.identity
    assert info.of("chatterbox-turbo").identity == nano.info.identity == info.identity
    assert info.identities == tuple(engine.info.identity for engine in models)
    assert info.reason == (
        "It is nano. It is multilingual. It is english. "
        "Chatterbox Turbo is left out: memory is short."
    )
    # On a CPU Nano takes fewer at once than the others do.
    assert info.streams == nano.info.streams < english.info.streams


def test_a_cancelled_job_leaves_its_model_and_one_for_a_model_that_is_gone_the_first_speaks(
    resident: ResidentModels,
) -> None:
    for job in (speak(1, "english", "Not heard."), speak(2, "english", "Heard.")):
        resident.admit(job)
    resident.step()
    resident.cancel(1)
    resident.cancel(99)
    ended = speeches(resident, speak(4, "turbo", "Hello."))
    assert set(ended) == {2, 4}
    first = speeches(resident, speak(4, "nano", "Hello."))
    assert np.array_equal(first[4].pcm, ended[4].pcm)


def test_leisure_is_when_no_model_was_asked_and_then_one_does_one_thing(
    models: list[ChatterboxEngine], resident: ResidentModels, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, done = [50.0], []
    for number, model in enumerate(models):
        pieces = [partial(done.append, number)]
        monkeypatch.setattr(model, "leisure", Leisure(pieces, lambda: now[0]))
    assert resident.idle() == 1.0
    now[0] += 0.9
    speeches(resident, speak(1, "english", "Hello."))
    now[0] += 0.9
    assert (resident.idle(), done) == (1.0, [])  # the others did not know of it
    now[0] += 1
    for so_far in ([0], [0, 1], [0, 1, 2]):
        assert (resident.idle(), done) == (0.0, so_far)
    resident.idle()
    assert done == [0, 1, 2]


class _Model:
    """As much of an engine as turns are about: jobs by their priority, one a step."""

    def __init__(self, name: str, *priorities: Priority, left_s: float | None = None) -> None:
        self.info = SimpleNamespace(model=name)
        self.left_s = left_s
        self._jobs = sorted(priorities)
        self.steps = 0

    @property
    def busy(self) -> bool:
        return bool(self._jobs)

    @property
    def urgency(self) -> int:
        return self._jobs[0]

    def idle(self) -> float | None:
        return self.left_s

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
    assert resident.idle() is None
    even = [
        _Model("one", *[Priority.SPEAKING] * 2),
        _Model("two", *[Priority.SPEAKING] * 2, left_s=5.0),
    ]
    resident = ResidentModels(even)  # type: ignore[arg-type]
    resident.step()
    resident.step()
    assert [model.steps for model in even] == [1, 1]
    assert resident.idle() == 5.0
