"""A folder of weights says whether it is whole, and what it is."""

import os
import shutil
import zipfile
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from engine.upstream.build import build_s3gen, build_t3
from engine.upstream.encoders import build_voice_encoder
from engine.weights import checkpoint
from engine.weights.checkpoint import MANIFEST, WeightsError
from engine.weights.models import ENGLISH, MODELS, Model, ModelName
from engine.weights.sizes import (
    RELEASED,
    SMALL,
    S3GenSizes,
    T3Sizes,
    VoiceEncoderSizes,
)


@pytest.fixture
def folder(small_checkpoint: Path, tmp_path: Path) -> Path:
    """A copy of its own, made of hard links: replace files in it, never write into them."""
    copy = tmp_path / "checkpoint"
    shutil.copytree(small_checkpoint, copy, copy_function=os.link)
    return copy


def replace(path: Path, content: bytes) -> None:
    path.unlink()
    path.write_bytes(content)


def test_a_whole_checkpoint_verifies_and_names_its_source(folder: Path) -> None:
    assert "random at random-small-seed-3" in checkpoint.verify(folder, ENGLISH)


@pytest.mark.parametrize("name", ENGLISH.files)
@pytest.mark.parametrize("manifest", [True, False])
def test_a_missing_file_is_named(folder: Path, name: str, manifest: bool) -> None:
    (folder / name).unlink()
    if not manifest:
        (folder / MANIFEST).unlink()
    with pytest.raises(WeightsError, match=f"{name} is missing"):
        checkpoint.check(folder, ENGLISH)


@pytest.mark.parametrize("name", ENGLISH.files)
@pytest.mark.parametrize("manifest", [True, False])
@pytest.mark.parametrize("kept", [0, 0.5, -1])
def test_a_truncated_file_is_named(folder: Path, name: str, manifest: bool, kept: float) -> None:
    """Also without a manifest: each format shows that its end is missing."""
    content = (folder / name).read_bytes()
    replace(folder / name, content[: -1 if kept == -1 else int(kept * len(content))])
    if not manifest:
        (folder / MANIFEST).unlink()
    with pytest.raises(WeightsError, match=f"{name} is cut off"):
        checkpoint.check(folder, ENGLISH)


@pytest.mark.parametrize("name", ENGLISH.files)
def test_one_wrong_bit_is_found_by_verify(folder: Path, name: str) -> None:
    content = bytearray((folder / name).read_bytes())
    content[len(content) * 2 // 3] ^= 4
    replace(folder / name, bytes(content))
    with pytest.raises(WeightsError, match=name):
        checkpoint.verify(folder, ENGLISH)


def test_a_file_that_grew_is_named(folder: Path) -> None:
    name = ENGLISH.t3
    replace(folder / name, (folder / name).read_bytes() + b"\0")
    with pytest.raises(WeightsError, match=f"{name} has"):
        checkpoint.check(folder, ENGLISH)


def test_a_damaged_manifest_is_refused(folder: Path) -> None:
    replace(folder / MANIFEST, b'{"source": "random"')
    with pytest.raises(WeightsError, match=MANIFEST):
        checkpoint.check(folder, ENGLISH)


def test_another_network_in_a_files_place_is_refused(folder: Path) -> None:
    replace(folder / ENGLISH.t3, (folder / ENGLISH.voice_encoder).read_bytes())
    (folder / MANIFEST).unlink()
    with pytest.raises(WeightsError, match=r"t3_cfg.safetensors is not a Chatterbox network"):
        checkpoint.read_sizes(folder, ENGLISH)


def test_a_flow_of_another_family_is_refused(folder: Path) -> None:
    """As when a Turbo's files are put together with English Chatterbox's S3Gen."""
    tensors = load_file(folder / ENGLISH.s3gen)
    tensors["flow.decoder.estimator.time_embed_mixer.weight"] = torch.zeros(256, 512)
    (folder / ENGLISH.s3gen).unlink()
    save_file(tensors, folder / ENGLISH.s3gen)
    (folder / MANIFEST).unlink()
    with pytest.raises(WeightsError, match=r"s3gen.safetensors is not Chatterbox's"):
        checkpoint.read_sizes(folder, ENGLISH)


def test_a_folder_without_manifest_verifies_only_as_unknown(folder: Path) -> None:
    (folder / MANIFEST).unlink()
    assert "not those of the pinned revision" in checkpoint.verify(folder, ENGLISH)


def test_sizes_are_read_from_the_tensors_alone(folder: Path) -> None:
    assert checkpoint.read_sizes(folder, ENGLISH) == SMALL


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_the_released_t3s_have_the_sizes_of_upstreams_own(model: Model) -> None:
    """Built without memory, so that only shapes exist; published are as many bytes."""
    with torch.device("meta"):
        t3 = build_t3(RELEASED[model.name].t3).state_dict()
    read = T3Sizes.from_shapes({name: tuple(tensor.shape) for name, tensor in t3.items()})
    assert read == RELEASED[model.name].t3
    assert read.model == model.name
    data = sum(tensor.numel() * 4 for tensor in t3.values())
    assert 0 < model.repository.files[model.t3].size - data < 200 * len(t3)


@pytest.mark.parametrize("name", ["english", "nano"])
def test_the_other_released_networks_have_the_sizes_of_upstreams_own(name: ModelName) -> None:
    model, released = MODELS[name], RELEASED[name]
    with torch.device("meta"):
        s3gen = build_s3gen(released.s3gen).state_dict()
        voice_encoder = build_voice_encoder(released.voice_encoder).state_dict()
    shapes = {name: tuple(tensor.shape) for name, tensor in s3gen.items()}
    assert S3GenSizes.from_shapes(shapes) == released.s3gen
    shapes = {name: tuple(tensor.shape) for name, tensor in voice_encoder.items()}
    assert VoiceEncoderSizes.from_shapes(shapes) == released.voice_encoder
    data = sum(tensor.numel() * 4 for tensor in voice_encoder.values())
    recorded = model.repository.files[model.voice_encoder].size
    assert 0 < recorded - data < 200 * len(voice_encoder)


def test_the_revision_is_the_manifests(folder: Path) -> None:
    assert checkpoint.revision_of(folder, ENGLISH) == "random-small-seed-3-stop-20"


def test_without_a_manifest_the_revision_follows_the_content(folder: Path) -> None:
    (folder / MANIFEST).unlink()
    before = checkpoint.revision_of(folder, ENGLISH)
    assert checkpoint.revision_of(folder, ENGLISH) == before
    content = bytearray((folder / ENGLISH.voice_encoder).read_bytes())
    content[-1] ^= 1
    replace(folder / ENGLISH.voice_encoder, bytes(content))
    assert checkpoint.revision_of(folder, ENGLISH) != before


def test_the_builtin_voice_must_be_a_zip_archive(folder: Path) -> None:
    assert zipfile.is_zipfile(folder / ENGLISH.builtin_voice)
    replace(folder / ENGLISH.builtin_voice, b"not a torch file, but long enough")
    (folder / MANIFEST).unlink()
    with pytest.raises(WeightsError, match=ENGLISH.builtin_voice):
        checkpoint.check(folder, ENGLISH)
