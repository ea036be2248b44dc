"""Turbo and Nano hear more of a clip than English, at another loudness, and as upstream has it."""

import io
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import soundfile
import torch

from engine.enrolment import Conditionals, clip
from engine.enrolment.conditionals import Damaged
from engine.enrolment.hearing import HEARINGS
from engine.enrolment.networks import EnrolmentNetworks
from engine.speech import FloatArray
from engine.upstream import package
from engine.upstream.build import load_upstream
from engine.upstream.random_weights import synthetic_voice
from engine.weights.models import ENGLISH
from tests.engine.enrolment.enrolment_house import RATE, same


@pytest.fixture(scope="module")
def turbo(networks: EnrolmentNetworks) -> EnrolmentNetworks:
    """All models have the same three networks."""
    return replace(networks, family="turbo")


@pytest.fixture(scope="module")
def upstream(small_checkpoint: Path) -> Any:
    """Upstream's Turbo around those networks; of T3 it asks for the longest prompt only."""
    english = load_upstream(small_checkpoint, ENGLISH)
    t3 = SimpleNamespace(hp=SimpleNamespace(speech_cond_prompt_len=375))
    return package.ChatterboxTurboTTS(t3, english.s3gen, english.ve, None, "cpu")


def of_upstream(upstream: Any, path: Path, samples: FloatArray) -> Conditionals:
    soundfile.write(path, samples, RATE, subtype="FLOAT")
    upstream.prepare_conditionals(str(path))
    return Conditionals.from_upstream(upstream.conds, "turbo")


def assert_alike(ours: Conditionals, theirs: Conditionals) -> None:
    """Tokens equal; numbers to rounding: numpy 2 has upstream's gain in fp64, numpy 1 in fp32."""
    assert ours.family == theirs.family == "turbo"
    for name, tensor in ours.tensors.items():
        other = theirs.tensors[name]
        assert tensor.shape == other.shape, name
        assert torch.allclose(tensor, other, rtol=1e-4, atol=1e-4), name


def test_conditionals_are_those_of_upstream(
    upstream: Any, turbo: EnrolmentNetworks, tmp_path: Path
) -> None:
    """Also for a clip beyond the fifteen seconds that T3 hears."""
    for seconds, t3_tokens, tokens in ((6.02, 151, 150), (17.0, 375, 250)):
        samples = synthetic_voice(180.0, seconds)
        theirs = of_upstream(upstream, tmp_path / "clip.wav", samples)
        ours = turbo.enrol(samples)
        assert_alike(ours, theirs)
        assert ours.t3_prompt_tokens.shape == (1, t3_tokens)
        assert ours.prompt_tokens.shape == (1, tokens)


def test_a_shorter_prompt_is_the_beginning_of_the_whole_one(turbo: EnrolmentNetworks) -> None:
    whole = turbo.enrol(synthetic_voice(160.0, 8.0))
    short = whole.with_prompt_of(125)
    assert torch.equal(short.prompt_tokens, whole.prompt_tokens[:, :125])
    assert torch.equal(short.prompt_mel, whole.prompt_mel[:, :250])
    for name in ("speaker", "t3_prompt_tokens", "x_vector"):
        assert torch.equal(short.tensors[name], whole.tensors[name])
    assert same(whole.with_prompt_of(500), whole)


def test_how_loud_a_clip_was_recorded_changes_nothing(turbo: EnrolmentNetworks) -> None:
    samples = synthetic_voice(140.0, 6.0)
    assert_alike(turbo.enrol(0.1 * samples), turbo.enrol(samples))


def test_a_clip_that_upstream_refuses_is_heard_as_often_as_it_takes(
    upstream: Any, turbo: EnrolmentNetworks, tmp_path: Path
) -> None:
    """A voice that speaks with English does with Turbo, too."""
    samples = synthetic_voice(150.0, 2.0)
    with pytest.raises(AssertionError, match="longer than 5 seconds"):
        of_upstream(upstream, tmp_path / "short.wav", samples)
    theirs = of_upstream(upstream, tmp_path / "thrice.wav", np.tile(samples, 3))
    assert_alike(turbo.enrol(samples), theirs)


def test_what_is_long_enough_is_heard_once_and_what_is_silent_as_it_is() -> None:
    hearing = HEARINGS["turbo"]
    for samples, heard in ((5 * RATE, 10 * RATE), (5 * RATE + 1, 5 * RATE + 1), (RATE, 6 * RATE)):
        assert len(hearing.prepare(np.zeros(samples, np.float32))) == heard
    given = np.full(6 * RATE, 1e-5, np.float32)
    prepared = hearing.prepare(given)
    assert prepared.dtype == np.float32
    assert np.array_equal(prepared, given)


def test_conditionals_of_one_family_are_no_others(
    turbo: EnrolmentNetworks, networks: EnrolmentNetworks
) -> None:
    samples = clip.decode(_wav(synthetic_voice(120.0, 6.0)))
    ours, original = turbo.enrol(samples), networks.enrol(samples)
    assert not torch.equal(ours.speaker, original.speaker)
    for conditionals, other in ((ours, "original"), (original, "turbo")):
        content = conditionals.to_bytes()
        assert same(Conditionals.from_bytes(content, conditionals.family), conditionals)
        with pytest.raises(Damaged, match=f"{conditionals.family} family of models, not"):
            Conditionals.from_bytes(content, other)  # type: ignore[arg-type]  # one of two


def _wav(samples: FloatArray) -> bytes:
    out = io.BytesIO()
    soundfile.write(out, samples, RATE, format="WAV", subtype="FLOAT")
    return out.getvalue()
