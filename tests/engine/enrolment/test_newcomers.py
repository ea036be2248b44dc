"""New voices are computed aside, and what only they need is there no longer than they need it."""

import weakref
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest
import torch

from engine.enrolment import Conditionals, Enrolment, NotYet
from engine.enrolment.networks import EnrolmentNetworks
from engine.errors import SynthesisFailed, VoiceUnusable
from engine.speech import ClonedVoice, FloatArray
from tests.engine.enrolment.enrolment_house import (
    RATE,
    House,
    OneAtATime,
    same,
    write_clip,
    write_samples,
)


def test_networks_are_kept_a_while_and_loaded_again_after_their_release(
    house: House, tmp_path: Path
) -> None:
    newcomers = house.enrolment.newcomers
    for pitch_hz, waited_s, release, loads in (
        (110, 0, newcomers.release_unused, 1),
        (150, 20, newcomers.release_unused, 1),
        (190, 31, newcomers.release_unused, 2),
        (230, 0, newcomers.release, 3),
    ):
        house.now += waited_s
        release()
        house.enrolment.conditionals(write_clip(tmp_path / f"{pitch_hz}.wav", pitch_hz))
        assert house.loads == loads


def test_a_new_voice_is_computed_aside(house: House, tmp_path: Path) -> None:
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
    enrolment.forget(cloned_voice.identity)
    background.work()
    assert (len(enrolment._known), house.files(), house.reports) == (0, [], [])
    assert house.loads == 0  # it had not begun
    with pytest.raises(NotYet):
        enrolment.conditionals(cloned_voice)


def test_networks_that_are_loaded_for_a_forgotten_voice_are_released_too(
    house: House, cloned_voice: ClonedVoice
) -> None:
    background = OneAtATime()
    enrolment = house.open(background=background)
    newcomers = enrolment.newcomers

    def load() -> EnrolmentNetworks:
        enrolment.forget(cloned_voice.identity)
        house.now += 100
        assert newcomers.release_unused() == 30
        return house.networks

    newcomers._load_networks = load
    with pytest.raises(NotYet):
        enrolment.conditionals(cloned_voice)
    background.work()
    assert newcomers.holds_networks
    house.now += 31
    assert newcomers.release_unused() is None
    assert not newcomers.holds_networks
    assert house.files() == []


def test_a_voice_that_is_computed_for_ever_is_noticed(
    house: House, cloned_voice: ClonedVoice
) -> None:
    newcomers = house.enrolment.newcomers

    def load() -> EnrolmentNetworks:
        house.now += 299
        newcomers.check()
        house.now += 2
        with pytest.raises(RuntimeError, match="for ever"):
            newcomers.check()
        return house.networks

    newcomers._load_networks = load
    newcomers.check()
    house.enrolment.conditionals(cloned_voice)
    newcomers.check()


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
    large = Mock(**{"enrol.side_effect": torch.OutOfMemoryError("CUDA out of memory")})
    enrolment = Enrolment(
        home=tmp_path / "short",
        family="original",
        networks="n1",
        load_networks=Mock(side_effect=[OSError("gone"), large, house.networks]),
        report=lambda _: None,
    )
    with pytest.raises(OSError, match="gone"):
        enrolment.conditionals(cloned_voice)
    with pytest.raises(SynthesisFailed, match="no memory left to learn"):
        enrolment.conditionals(cloned_voice)
    assert not enrolment.newcomers.holds_networks
    assert same(enrolment.conditionals(cloned_voice), house.enrolment.conditionals(cloned_voice))
