"""One pass at the released size: the layout is the released one and upstream's own loader takes it.

Random weights: this proves sizes and loading, and says nothing of how it sounds.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import nn
from transformers.initialization import no_init_weights

from engine.enrolment.networks import EnrolmentNetworks
from engine.upstream import untrained
from engine.upstream.build import load_upstream
from engine.upstream.encoders import Undrawn
from engine.upstream.package import ChatterboxTTS
from engine.upstream.random_weights import synthetic_voice, write_random_checkpoint
from engine.weights import checkpoint
from engine.weights.models import ENGLISH
from engine.weights.sizes import ModelSizes

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def count_through(t3: nn.Module, _stop_after: int | None) -> None:
    """Weights that differ between and within tensors, in a tenth of the time of random ones."""
    for number, weight in enumerate(t3.parameters()):
        torch.arange(number, number + weight.numel(), out=weight.view(-1))


@pytest.fixture(scope="module")
def full_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """3.2 GB, deleted afterwards. Nothing here runs its T3, which is two thirds of it."""
    folder = tmp_path_factory.mktemp("full")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(untrained, "draw_t3", count_through)
        write_random_checkpoint(folder, seed=1, small=False, calibrated=False)
    yield folder
    shutil.rmtree(folder)


def test_the_files_are_as_long_as_the_released_ones(full_checkpoint: Path) -> None:
    """To the byte: the same tensors, under the same names, in the same types."""
    for name in (ENGLISH.voice_encoder, ENGLISH.t3, ENGLISH.s3gen):
        assert (full_checkpoint / name).stat().st_size == ENGLISH.repository.files[name].size, name
    assert checkpoint.read_sizes(full_checkpoint, ENGLISH) == ModelSizes()


def test_upstreams_loader_makes_the_same_networks_of_it(full_checkpoint: Path) -> None:
    ours = load_upstream(full_checkpoint, ENGLISH)
    with Undrawn(), no_init_weights():  # what they would not load would be equal by no chance
        theirs = ChatterboxTTS.from_local(full_checkpoint, "cpu")
    for name in ("t3", "s3gen", "ve"):
        state = getattr(ours, name).state_dict()
        for tensor_name, tensor in getattr(theirs, name).state_dict().items():
            assert torch.equal(state[tensor_name], tensor), (name, tensor_name)
    assert (repr(theirs.t3), repr(theirs.s3gen)) == (repr(ours.t3), repr(ours.s3gen))


def test_a_voice_is_enrolled_within_its_megabyte(full_checkpoint: Path) -> None:
    networks = EnrolmentNetworks.load(full_checkpoint, ENGLISH, torch.device("cpu"))
    conditionals = networks.enrol(synthetic_voice(130.0, 10.0))
    assert conditionals.prompt_mel.shape == (1, 500, 80)
    assert conditionals.prompt_tokens.unique().numel() > 30
    assert len(conditionals.to_bytes()) < 2**18
