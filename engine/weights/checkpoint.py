"""The files of a checkpoint, and whether a folder holds them whole.

Imports no torch: the command line and the Discord process may ask. A folder that was fetched or
generated carries a manifest with the size and SHA-256 of each file; one that was put together by
hand is judged by what its files say of themselves. Which model it holds is read in its T3 alone:
other files have been found under a model's name.
"""

import hashlib
import struct
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import msgspec

from engine.errors import WorkerUnavailable
from engine.weights.models import MODELS, FileRecord, Model
from engine.weights.sizes import ModelSizes, S3GenSizes, Shapes, T3Sizes, VoiceEncoderSizes

MANIFEST = "timbre-manifest.json"

#: Called with what is being done and how much of it (0 to 1), None where that is not known.
OnProgress = Callable[[str, float | None], None]
SizesT = TypeVar("SizesT")


class WeightsError(WorkerUnavailable):
    """What is wrong with the weights, in one sentence that names the file or the cause."""


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """Where a checkpoint came from and what its files were then.

    `source` is the hub's repository name, or "random" for weights that were never trained.
    """

    source: str
    revision: str
    files: dict[str, FileRecord]


def models_in(folder: Path) -> tuple[Model, ...]:
    """The models whose T3 the folder holds, by its content.

    Raises `WeightsError` where there is none, or one under another's name.
    """
    found = tuple(model for model in MODELS.values() if (folder / model.t3).exists())
    for model in found:
        _refuse_another(folder / model.t3, model)
    if not found:
        names = ", ".join(model.t3 for model in MODELS.values())
        raise WeightsError(f"{folder} holds no Chatterbox: of {names} each is missing.")
    return found


def folder_of(weights: str, model: Model) -> Path:
    """Where a model lies in the folder that TIMBRE_WEIGHTS names.

    In a folder of its own name there, if there is one: models of two families have files of one
    name.
    """
    own = Path(weights) / model.name
    return own if own.is_dir() else Path(weights)


def check(folder: Path, model: Model) -> None:
    """Find missing and cut-off files without reading more than headers: milliseconds.

    Raises `WeightsError`.
    """
    manifest = read_manifest(folder)
    for name in model.files:
        path = folder / name
        size = _size_of(path)
        recorded = manifest.files.get(name) if manifest else None
        expected = recorded.size if recorded else size
        if size < expected:
            raise WeightsError(f"{path} is cut off: {size} of {expected} bytes are there.")
        if size > expected:
            raise WeightsError(f"{path} has {size} bytes where {expected} were recorded.")
        if path.suffix == ".safetensors":
            _read_header(path)
        elif path.suffix == ".json":
            _read_json(path)
    if not zipfile.is_zipfile(folder / model.builtin_voice):
        raise WeightsError(f"{folder / model.builtin_voice} is cut off or is not a torch file.")


def verify(folder: Path, model: Model, progress: OnProgress | None = None) -> str:
    """Read every byte and compare SHA-256 with the manifest, or with the pinned revision.

    Returns one sentence on what was verified. Raises `WeightsError`.
    """
    read_sizes(folder, model)
    manifest = manifest_of(folder, model)
    digests = {}
    for index, name in enumerate(model.files):
        if progress is not None:
            progress(f"Checking {name}", index / len(model.files))
        digests[name] = sha256_of_file(folder / name)
    pinned = model.repository
    for source, known in ((manifest and manifest.source, manifest), (pinned.name, pinned)):
        if known is not None and all(digests[n] == known.files[n].sha256 for n in model.files):
            return f"All files of {model.title} are those of {source} at {known.revision}."
    if manifest is not None:
        changed = next(n for n in model.files if digests[n] != manifest.files[n].sha256)
        raise WeightsError(f"{folder / changed} is damaged: its SHA-256 is not the recorded one.")
    return (
        f"All files of {model.title} are whole, but they are not those of the pinned revision and "
        "no manifest says what they should be."
    )


def read_sizes(folder: Path, model: Model) -> ModelSizes:
    """The networks' sizes, from the tensors' shapes.

    Raises `WeightsError`, where they are another model's, too.
    """
    check(folder, model)
    _refuse_another(folder / model.t3, model)
    sizes = ModelSizes(
        t3=_sizes(folder / model.t3, T3Sizes.from_shapes),
        s3gen=_sizes(folder / model.s3gen, S3GenSizes.from_shapes),
        voice_encoder=_sizes(folder / model.voice_encoder, VoiceEncoderSizes.from_shapes),
    )
    if sizes.s3gen.meanflow != (model.family == "turbo"):
        raise WeightsError(f"{folder / model.s3gen} is not {model.title}'s: its flow is another.")
    return sizes


def revision_of(folder: Path, model: Model) -> str:
    """What distinguishes these weights in a cache key.

    The manifest's revision or, for a folder put together by hand, a fingerprint: SHA-256 over each
    file's length and 64 KiB at sixteen places, which differs for any retrained network and takes
    milliseconds where hashing 3 GB takes seconds.
    """
    check(folder, model)
    manifest = manifest_of(folder, model)
    return manifest.revision if manifest else f"folder-{_fingerprint(folder, model.files)}"


def enrolment_digest(folder: Path, model: Model) -> str:
    """What distinguishes the files that hold the networks which enrol voices. Hex.

    Their SHA-256 as they are recorded; a fingerprint where they are not.
    """
    check(folder, model)
    manifest = manifest_of(folder, model)
    names = (model.voice_encoder, model.s3gen)
    if manifest is None:
        return _fingerprint(folder, names)
    return hashlib.sha256("".join(manifest.files[n].sha256 for n in names).encode()).hexdigest()


def _fingerprint(folder: Path, names: tuple[str, ...]) -> str:
    digest = hashlib.sha256()
    for name in names:
        path = folder / name
        size = _size_of(path)
        digest.update(f"{name}:{size};".encode())
        with path.open("rb") as file:
            for sixteenth in range(16):
                file.seek(size * sixteenth // 16)
                digest.update(file.read(65536))
    return digest.hexdigest()[:16]


def read_manifest(folder: Path) -> Manifest | None:
    """The folder's manifest, or None where there is none. Raises `WeightsError`."""
    path = folder / MANIFEST
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise WeightsError(f"{path} cannot be read ({error.strerror}).") from error
    try:
        manifest = msgspec.json.decode(content, type=Manifest)
    except msgspec.DecodeError as error:
        raise WeightsError(f"{path} is damaged; fetch the weights again.") from error
    return manifest


def manifest_of(folder: Path, model: Model) -> Manifest | None:
    """The folder's manifest where it tells of all of a model's files. Raises `WeightsError`."""
    manifest = read_manifest(folder)
    tells = manifest is not None and manifest.files.keys() >= set(model.files)
    return manifest if tells else None


def write_manifest(
    folder: Path,
    model: Model,
    *,
    source: str,
    revision: str,
    digests: Mapping[str, str] | None = None,
) -> None:
    """Record a model's files as they are now, beside those of others of this revision.

    Each is read once, but those whose SHA-256 are in `digests`.
    """
    known = digests or {}
    files = {
        name: FileRecord(
            (folder / name).stat().st_size, known.get(name) or sha256_of_file(folder / name)
        )
        for name in model.fetched
    }
    before = read_manifest(folder)
    if before is not None and (before.source, before.revision) == (source, revision):
        files = before.files | files
    manifest = Manifest(source=source, revision=revision, files=files)
    unfinished = folder / f"{MANIFEST}.part"
    unfinished.write_bytes(msgspec.json.format(msgspec.json.encode(manifest)) + b"\n")
    unfinished.replace(folder / MANIFEST)


def sha256_of_file(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class _Tensor(msgspec.Struct):
    """One entry of a safetensors header."""

    dtype: str
    shape: list[int]
    data_offsets: tuple[int, int]


def _read_header(path: Path) -> dict[str, _Tensor]:
    """Parse a safetensors header and hold it against the file's length.

    Format: an unsigned 64-bit little-endian length, that much JSON, then the tensors' bytes.
    """
    size = _size_of(path)
    with path.open("rb") as file:
        start = file.read(8)
        length = struct.unpack("<Q", start)[0] if len(start) == 8 else 0
        if not 0 < length <= size - 8:
            raise WeightsError(f"{path} is cut off or is not a safetensors file.")
        text = file.read(length)
    try:
        fields = msgspec.json.decode(text, type=dict[str, msgspec.Raw])
        fields.pop("__metadata__", None)
        header = {n: msgspec.json.decode(raw, type=_Tensor) for n, raw in fields.items()}
    except msgspec.DecodeError as error:
        raise WeightsError(f"{path} is not a safetensors file.") from error
    expected = 8 + length + max((t.data_offsets[1] for t in header.values()), default=0)
    if size != expected:
        raise WeightsError(f"{path} is cut off: {size} of {expected} bytes are there.")
    return header


def _read_json(path: Path) -> None:
    try:
        msgspec.json.decode(path.read_bytes())
    except msgspec.DecodeError as error:
        raise WeightsError(f"{path} is cut off or is not JSON.") from error


def _refuse_another(t3: Path, model: Model) -> None:
    sizes = _sizes(t3, T3Sizes.from_shapes)
    try:
        found = MODELS[sizes.model].title
    except KeyError as error:
        found = f"a model with {error} words of text"
    if found != model.title:
        raise WeightsError(f"{t3} holds {found}, not {model.title}.")


def _sizes(path: Path, from_shapes: Callable[[Shapes], SizesT]) -> SizesT:
    shapes = {name: tuple(tensor.shape) for name, tensor in _read_header(path).items()}
    try:
        return from_shapes(shapes)
    except (KeyError, IndexError) as error:
        raise WeightsError(
            f"{path} is not a Chatterbox network: it lacks the tensor {error}."
        ) from error


def _size_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError as error:
        raise WeightsError(f"{path} is missing.") from error
    except OSError as error:
        raise WeightsError(f"{path} cannot be read ({error.strerror}).") from error
