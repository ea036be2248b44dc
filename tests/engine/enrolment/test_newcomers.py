"""New voices are computed aside, and what only they need is there no longer than they need it."""

import threading
import weakref
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from engine.enrolment import Conditionals, Enrolment, NotYet
from engine.enrolment.networks import EnrolmentNetworks
from engine.enrolment.newcomers import AtOnce
from engine.errors import SynthesisFailed, VoiceUnusable
from engine.speech import ClonedVoice, FloatArray
from tests.engine.enrolment.enrolment_house import RATE, House, same, write_clip, write_samples


def test_networks_that_are_not_needed_are_released_after_a_while(
    house: House, tmp_path: Path
) -> None:
    """Not between the voices of people who register one after the other."""
    for pitch_hz, waited_s, loads in ((110.0, 0.0, 1), (150.0, 20.0, 1), (190.0, 31.0, 2)):
        house.now += waited_s
        house.enrolment.newcomers.release_unused()
        house.enrolment.conditionals(write_clip(tmp_path / f"{pitch_hz}.wav", pitch_hz))
        assert house.loads == loads


class OneAtATime(Executor):
    """A background that does what it was given when it is told to."""

    def __init__(self) -> None:
        self.given: list[Callable[[], None]] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()

        def carry_out() -> None:
            if not future.set_running_or_notify_cancel():
                return
            done = AtOnce().submit(fn, *args, **kwargs)
            if (error := done.exception()) is not None:
                future.set_exception(error)
            else:
                future.set_result(done.result())

        self.given.append(carry_out)
        return future

    def work(self) -> None:
        """Do what was given first."""
        self.given.pop(0)()


def test_a_new_voice_is_computed_aside(house: House, tmp_path: Path) -> None:
    """The caller is told when to ask again; a bad clip fails as it does elsewhere."""
    voices = [write_clip(tmp_path / f"{hz}.wav", hz) for hz in (110.0, 190.0)]
    bad = write_samples(tmp_path / "bad.wav", np.zeros(3 * RATE, np.float32))
    background = OneAtATime()
    enrolment = house.open(background=background)
    newcomers = []
    for voice in (*voices, bad, voices[0]):
        with pytest.raises(NotYet) as newcomer:
            enrolment.conditionals(voice)
        newcomers.append(newcomer.value)
    assert (house.loads, len(background.given)) == (0, 3)
    background.work()
    assert [newcomer.ready() for newcomer in newcomers] == [True, False, False, True]
    first = enrolment.conditionals(voices[0])
    assert enrolment.conditionals(voices[0]) is first
    with pytest.raises(NotYet):
        enrolment.conditionals(voices[1])
    background.work()
    background.work()
    with pytest.raises(VoiceUnusable, match="silent"):
        enrolment.conditionals(bad)
    second = enrolment.conditionals(voices[1])
    assert (house.loads, len(house.reports), len(background.given)) == (1, 2, 0)
    for voice, conditionals in zip(voices, (first, second), strict=True):
        assert same(
            House(tmp_path / "other", house.networks).enrolment.conditionals(voice), conditionals
        )


def test_a_voice_forgotten_while_it_is_computed_leaves_nothing(
    house: House, cloned_voice: ClonedVoice
) -> None:
    background = OneAtATime()
    enrolment = house.open(background=background)
    with pytest.raises(NotYet):
        enrolment.conditionals(cloned_voice)
    enrolment.forget(cloned_voice.clip_sha256)
    background.work()
    assert (enrolment.in_memory, house.files(), house.reports) == (0, [], [])
    assert house.loads == 0  # it had not begun
    with pytest.raises(NotYet):
        enrolment.conditionals(cloned_voice)


def test_networks_that_are_loaded_for_a_forgotten_voice_are_released_too(
    house: House, cloned_voice: ClonedVoice
) -> None:
    """No other voice may come for hours."""
    loading, loaded = threading.Event(), threading.Event()
    with ThreadPoolExecutor(1) as background:
        try:
            enrolment = house.open(background=background)
            load = house.networks

            def slowly() -> EnrolmentNetworks:
                loading.set()
                loaded.wait()
                return load

            enrolment.newcomers._load_networks = slowly
            with pytest.raises(NotYet):
                enrolment.conditionals(cloned_voice)
            loading.wait()
            enrolment.forget(cloned_voice.clip_sha256)
            house.now += 100
            assert enrolment.newcomers.release_unused() == 30
        finally:
            loaded.set()
        background.submit(list).result()  # after what was submitted before
        assert enrolment.newcomers.holds_networks
        house.now += 31
        assert enrolment.newcomers.release_unused() is None
        assert not enrolment.newcomers.holds_networks
        assert house.files() == []


def test_a_voice_that_is_computed_for_ever_is_noticed(
    house: House, cloned_voice: ClonedVoice
) -> None:
    loading, loaded = threading.Event(), threading.Event()
    with ThreadPoolExecutor(1) as background:
        try:
            newcomers = house.open(background=background).newcomers
            newcomers._load_networks = lambda: (loading.set(), loaded.wait())
            newcomers.check()
            with pytest.raises(NotYet):
                newcomers.conditionals("key", Path(cloned_voice.clip_path).read_bytes())
            loading.wait()
            house.now += 299
            newcomers.check()
            house.now += 2
            with pytest.raises(RuntimeError, match="for ever"):
                newcomers.check()
        finally:
            loaded.set()


@pytest.mark.parametrize("error", [torch.OutOfMemoryError("out of memory"), ValueError("other")])
def test_a_failure_keeps_neither_the_clip_nor_the_networks(
    house: House, cloned_voice: ClonedVoice, error: Exception
) -> None:
    """It is held a while to be logged and reported, and memory is what may be short."""

    class Networks:
        def enrol(self, _clip: FloatArray) -> Conditionals:
            raise error

    networks = [Networks()]
    gone = weakref.ref(networks[0])
    newcomers = house.enrolment.newcomers
    newcomers._load_networks = networks.pop
    with pytest.raises((SynthesisFailed, ValueError)) as failure:
        house.enrolment.conditionals(cloned_voice)
    newcomers.release()
    assert gone() is None
    assert failure.value is not None


def test_networks_that_take_long_to_load_are_not_released_before_their_use(
    house: House, cloned_voice: ClonedVoice
) -> None:
    """What they computed and was not fetched goes with them."""
    background = OneAtATime()
    enrolment = house.open(background=background)
    newcomers = enrolment.newcomers
    assert newcomers.release_unused() is None
    with pytest.raises(NotYet) as newcomer:
        enrolment.conditionals(cloned_voice)
    house.now += 100
    assert newcomers.release_unused() == 30
    assert not newcomers.release()
    background.work()
    house.now += 29
    assert newcomers.release_unused() == 1
    assert newcomer.value.ready()
    assert newcomers.holds_networks
    house.now += 2
    assert newcomers.release_unused() is None
    assert not newcomers.holds_networks
    with pytest.raises(NotYet):
        enrolment.conditionals(cloned_voice)
    background.work()
    enrolment.conditionals(cloned_voice)
    assert house.loads == 2


def test_where_memory_is_short_a_voice_is_not_learned_and_its_networks_go(
    house: House, cloned_voice: ClonedVoice, tmp_path: Path
) -> None:
    """Everybody else speaks on, so it is no failure of the engine."""

    class Large:
        def enrol(self, _clip: FloatArray) -> Conditionals:
            raise torch.OutOfMemoryError("CUDA out of memory")

    answers: list[Any] = [OSError("gone"), Large(), house.networks]
    enrolment = Enrolment(
        home=tmp_path / "short",
        revision="r1",
        load_networks=lambda: raised_or(answers.pop(0)),
        report=lambda _: None,
    )
    with pytest.raises(OSError, match="gone"):
        enrolment.conditionals(cloned_voice)
    with pytest.raises(SynthesisFailed, match="no memory left to learn"):
        enrolment.conditionals(cloned_voice)
    assert not enrolment.newcomers.holds_networks
    assert same(enrolment.conditionals(cloned_voice), house.enrolment.conditionals(cloned_voice))


def raised_or(answer: Any) -> Any:
    if isinstance(answer, Exception):
        raise answer
    return answer


def test_the_networks_are_loaded_again_only_after_release(house: House, tmp_path: Path) -> None:
    for index, loads in enumerate((1, 1, 2)):
        if index == 2:
            house.enrolment.newcomers.release()
        house.enrolment.conditionals(write_clip(tmp_path / f"{index}.wav", 100.0 + index))
        assert house.loads == loads
