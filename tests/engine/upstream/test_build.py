"""Upstream's networks come out of a checkpoint as upstream would have built them."""

import copy
import pickle
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers.initialization import no_init_weights

from engine.upstream import package as upstream
from engine.upstream.build import ReducedS3Gen, load_builtin_voice, load_upstream
from engine.upstream.encoders import Undrawn, build_voice_encoder, load_into
from engine.weights.checkpoint import WeightsError
from engine.weights.models import ENGLISH
from engine.weights.sizes import S3GenSizes, VoiceEncoderSizes


def test_the_assembly_of_a_reduced_s3gen_is_upstreams() -> None:
    """At the released sizes every layer, stride, dilation and buffer is the same."""
    with Undrawn(), no_init_weights():  # seconds of random numbers that nobody looks at
        theirs, ours = upstream.S3Gen(), ReducedS3Gen(S3GenSizes())
    described = repr(ours)
    for reduced, original in (("ReducedS3Gen", "S3Token2Wav"), ("ReducedSpeechT", "S3T")):
        described = described.replace(reduced, original)
    assert described == repr(theirs)
    assert {n: t.shape for n, t in ours.state_dict().items()} == {
        n: t.shape for n, t in theirs.state_dict().items()
    }
    computed = {name for name, _ in theirs.named_buffers()}
    constant = computed & {"trim_fade", "tokenizer.window", "tokenizer._mel_filters"}
    assert len(constant) == 3
    for name in constant:
        assert torch.equal(ours.get_buffer(name), theirs.get_buffer(name)), name
    for name, value in vars(theirs).items():
        if not name.startswith("_"):
            assert getattr(ours, name) == value, name


def test_every_tensor_of_the_files_is_loaded(small_checkpoint: Path) -> None:
    model = load_upstream(small_checkpoint, ENGLISH)
    for name, network in (
        (ENGLISH.t3, model.t3),
        (ENGLISH.s3gen, model.s3gen),
        (ENGLISH.voice_encoder, model.ve),
    ):
        state = network.state_dict()
        for tensor_name, tensor in load_file(small_checkpoint / name).items():
            assert torch.equal(state[tensor_name], tensor), tensor_name
        assert not network.training


def test_a_file_without_one_of_its_tensors_is_refused(
    small_checkpoint: Path, tmp_path: Path
) -> None:
    tensors = load_file(small_checkpoint / ENGLISH.voice_encoder)
    del tensors["proj.bias"]
    path = tmp_path / ENGLISH.voice_encoder
    save_file(tensors, path)
    network = build_voice_encoder(VoiceEncoderSizes(hidden=64))
    with pytest.raises(WeightsError, match=r"ve.safetensors lacks 1 tensors, proj.bias first"):
        load_into(network, path)


def test_tensors_of_other_shapes_are_refused(small_checkpoint: Path) -> None:
    network = build_voice_encoder(VoiceEncoderSizes(hidden=32))
    with pytest.raises(WeightsError, match="other shapes"):
        load_into(network, small_checkpoint / ENGLISH.voice_encoder)


class Payload:
    """What a malicious pickle would run."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.touch, (self.path,)


@pytest.mark.parametrize("zipped", [True, False])
def test_code_in_the_builtin_voice_is_not_run(tmp_path: Path, zipped: bool) -> None:
    marker = tmp_path / "ran"
    path = tmp_path / ENGLISH.builtin_voice
    if zipped:
        torch.save({"t3": Payload(marker), "gen": {}}, path)
    else:
        path.write_bytes(pickle.dumps({"t3": Payload(marker), "gen": {}}))
    with pytest.raises(WeightsError, match=ENGLISH.builtin_voice):
        load_builtin_voice(path)
    assert not marker.exists()


def test_the_builtin_voice_is_complete(small_checkpoint: Path) -> None:
    voice = copy.deepcopy(load_builtin_voice(small_checkpoint / ENGLISH.builtin_voice))
    assert voice.t3.cond_prompt_speech_emb is None
    assert voice.gen["prompt_feat"].shape[1] == 2 * voice.gen["prompt_token"].shape[1]
