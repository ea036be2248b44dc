"""The files of a checkpoint, and whether a folder holds them whole.

Imports no torch: the command line and the Discord process may ask. A folder that was fetched or
generated carries a manifest with the size and SHA-256 of each file; one that was put together by
hand is judged by what its files say of themselves.
"""

import hashlib
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import msgspec

from engine.errors import WorkerUnavailable
from engine.weights.sizes import ModelSizes, S3GenSizes, Shapes, T3Sizes, VoiceEncoderSizes

VOICE_ENCODER = "ve.safetensors"
T3 = "t3_cfg.safetensors"
S3GEN = "s3gen.safetensors"
TOKENIZER = "tokenizer.json"
BUILTIN_VOICE = "conds.pt"  # upstream's own format: a torch file of tensors
FILES = (VOICE_ENCODER, TOKENIZER, BUILTIN_VOICE, S3GEN, T3)
MANIFEST = "timbre-manifest.json"

#: Called with what is being done and how much of it (0 to 1), None where that is not known.
OnProgress = Callable[[str, float | None], None]
SizesT = TypeVar("SizesT")


class WeightsError(WorkerUnavailable):
    """What is wrong with the weights, in one sentence that names the file or the cause."""


class FileRecord(msgspec.Struct, frozen=True):
    """What one file must be: its length in bytes and the hex SHA-256 of its content."""

    size: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """Where a checkpoint came from and what its files were then.

    `source` is the hub's repository name, or "random" for weights that were never trained.
    """

    source: str
    revision: str
    files: dict[str, FileRecord]


REPOSITORY = "ResembleAI/chatterbox"

#: The revision that Timbre is built on, and its files as the hub lists them.
PINNED = Manifest(
    source=REPOSITORY,
    revision="5bb1f6ee58e50c3b8d408bc82a6d3740c2db6e18",
    files={
        VOICE_ENCODER: FileRecord(
            5_695_784, "f0921cab452fa278bc25cd23ffd59d36f816d7dc5181dd1bef9751a7fb61f63c"
        ),
        T3: FileRecord(
            2_129_653_744, "914cb1696f47527fe8852ca8f1fe1fa63cb34f76f9c715e84e067b744dd0da81"
        ),
        S3GEN: FileRecord(
            1_056_484_620, "2b78103c654207393955e4900aac14a12de8ef25f4b09424f1ef91941f161d4e"
        ),
        TOKENIZER: FileRecord(
            25_470, "d71e3a44eabb1784df9a68e9f95b251ecbf1a7af6a9f50835856b2ca9d8c14a5"
        ),
        BUILTIN_VOICE: FileRecord(
            107_374, "6552d70568833628ba019c6b03459e77fe71ca197d5c560cef9411bee9d87f4e"
        ),
    },
)


def check(folder: Path) -> None:
    """Find missing and cut-off files without reading more than headers: milliseconds.

    Raises `WeightsError`.
    """
    manifest = read_manifest(folder)
    for name in FILES:
        path = folder / name
        size = _size_of(path)
        expected = size if manifest is None else manifest.files[name].size
        if size < expected:
            raise WeightsError(f"{path} is cut off: {size} of {expected} bytes are there.")
        if size > expected:
            raise WeightsError(f"{path} has {size} bytes where {expected} were recorded.")
        if path.suffix == ".safetensors":
            _read_header(path)
    if not zipfile.is_zipfile(folder / BUILTIN_VOICE):
        raise WeightsError(f"{folder / BUILTIN_VOICE} is cut off or is not a torch file.")
    try:
        msgspec.json.decode((folder / TOKENIZER).read_bytes())
    except msgspec.DecodeError as error:
        raise WeightsError(f"{folder / TOKENIZER} is cut off or is not JSON.") from error


def verify(folder: Path, progress: OnProgress | None = None) -> str:
    """Read every byte and compare SHA-256 with the manifest, or with the pinned revision.

    Returns one sentence on what was verified. Raises `WeightsError`.
    """
    read_sizes(folder)
    manifest = read_manifest(folder)
    digests = {}
    for index, name in enumerate(FILES):
        if progress is not None:
            progress(f"Checking {name}", index / len(FILES))
        digests[name] = sha256_of_file(folder / name)
    for known in (manifest, PINNED):
        if known is not None and all(digests[n] == known.files[n].sha256 for n in FILES):
            return f"All files are those of {known.source} at {known.revision}."
    if manifest is not None:
        changed = next(n for n in FILES if digests[n] != manifest.files[n].sha256)
        raise WeightsError(f"{folder / changed} is damaged: its SHA-256 is not the recorded one.")
    return (
        "All files are whole, but they are not those of the pinned revision and no manifest says "
        "what they should be."
    )


def read_sizes(folder: Path) -> ModelSizes:
    """The networks' sizes, from the tensors' shapes. Raises `WeightsError`."""
    check(folder)
    return ModelSizes(
        t3=_sizes(folder / T3, T3Sizes.from_shapes),
        s3gen=_sizes(folder / S3GEN, S3GenSizes.from_shapes),
        voice_encoder=_sizes(folder / VOICE_ENCODER, VoiceEncoderSizes.from_shapes),
    )


def revision_of(folder: Path) -> str:
    """What distinguishes these weights in a cache key.

    The manifest's revision or, for a folder put together by hand, a fingerprint: SHA-256 over each
    file's length and 64 KiB at sixteen places, which differs for any retrained network and takes
    milliseconds where hashing 3 GB takes seconds.
    """
    check(folder)
    manifest = read_manifest(folder)
    if manifest is not None:
        return manifest.revision
    digest = hashlib.sha256()
    for name in FILES:
        path = folder / name
        size = _size_of(path)
        digest.update(f"{name}:{size};".encode())
        with path.open("rb") as file:
            for sixteenth in range(16):
                file.seek(size * sixteenth // 16)
                digest.update(file.read(65536))
    return f"folder-{digest.hexdigest()[:16]}"


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
    if absent := set(FILES) - set(manifest.files):
        raise WeightsError(f"{path} says nothing of {min(absent)}; fetch the weights again.")
    return manifest


def write_manifest(folder: Path, *, source: str, revision: str) -> None:
    """Record the files as they are now, reading each once."""
    files = {
        name: FileRecord((folder / name).stat().st_size, sha256_of_file(folder / name))
        for name in FILES
    }
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
