"""Fetching the released weights from the model hub, at a fixed revision, whole or not at all.

The hub's own client names the files and knows the login; the bytes are fetched here, because its
current versions start a file over when they are interrupted, and one of these has 2 GB. Whatever
goes wrong is a `WeightsError`, one sentence that says what to do about it.
"""

import http.client
import logging
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout
from huggingface_hub import HfApi, HfFileMetadata, get_hf_file_metadata, hf_hub_url
from huggingface_hub import try_to_load_from_cache as cached
from huggingface_hub.errors import (
    EntryNotFoundError,
    GatedRepoError,
    HfHubHTTPError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from engine.weights import checkpoint
from engine.weights.checkpoint import OnProgress, WeightsError
from engine.weights.models import Model
from engine.weights.revisions import recall, remember
from engine.weights.transfer import fetch_bytes, not_stored, refused

# Its client tells of every retry; what matters of that is in the error.
logging.getLogger("huggingface_hub").setLevel(logging.ERROR)

_COMMIT = re.compile(r"[0-9a-f]{40}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_REPORT_EVERY_S = 0.2

_log = logging.getLogger(__name__)


class HubUnreachable(WeightsError):
    """The model hub does not answer; what is on this machine may do without it."""


def fetch(
    folder: Path,
    model: Model,
    *,
    revision: str | None = None,
    progress: OnProgress | None = None,
) -> str:
    """Download a model into `folder`, check it and record it in a manifest.

    What an earlier call left unfinished is resumed, what is there already is kept, and files that
    another model's folder beside this one holds are taken from there. `revision` is a commit,
    branch or tag; None is the pinned commit, whose SHA-256 are known beforehand. Those of another
    are recorded now, which the log says, so that `checkpoint.verify` finds later damage. Whoever
    else fetches into the folder meanwhile is waited for. Returns the commit. Raises `WeightsError`.
    """
    total = model.fetched_bytes
    done = 0
    reported_at = 0.0

    def report(name: str, size: int) -> None:
        nonlocal reported_at
        now = time.monotonic()
        if progress is not None and now - reported_at >= _REPORT_EVERY_S:
            reported_at = now
            progress(f"Fetching {name}", min(1.0, (done + size) / total))

    repository = model.repository
    with _explained(model, revision or repository.revision):
        commit = _resolve(model, revision)
        folder.mkdir(parents=True, exist_ok=True)
        with _alone_in(folder, progress):
            digests = {}
            for name in model.fetched:
                digests[name] = _fetch_file(folder, model, name, commit, report)
                done += (folder / name).stat().st_size
            checkpoint.read_sizes(folder, model)
            checkpoint.write_manifest(
                folder, model, source=repository.name, revision=commit, digests=digests
            )
    if commit != repository.revision:
        _log.info(
            "the SHA-256 of %s at %s were not known before: they are recorded as they came",
            repository.name,
            commit,
        )
    return commit


@contextmanager
def _alone_in(folder: Path, progress: OnProgress | None) -> Iterator[None]:
    """Wait for another process that fetches into the folder: both would append to one file."""
    lock = FileLock(folder / ".fetching.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        if progress is not None:
            progress("Waiting for another download into the same folder", None)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def locate(
    weights_home: Path, model: Model, *, revision: str | None, progress: OnProgress
) -> tuple[Path, str]:
    """A model's checkpoint on this machine, fetched first where it is not there yet.

    Looks into the hub client's own cache, then under `weights_home`. Needs no network once
    everything is there: where the hub cannot be reached, a branch or tag stands for the commit that
    it was when it was last asked for. Returns its folder and the commit. Raises `WeightsError`.
    """
    folder, commit = place(weights_home, model, revision=revision)
    if not is_fetched(folder, weights_home, model):
        size_gb = model.fetched_bytes / 1e9
        _log.info("%s is fetched from the model hub: %.1f GB at most", model.title, size_gb)
        fetch(folder, model, revision=commit, progress=progress)
    checkpoint.check(folder, model)
    return folder, commit


def is_fetched(folder: Path, weights_home: Path, model: Model) -> bool:
    """Whether a folder that `place` named holds the model. Raises `WeightsError`."""
    in_the_hubs_cache = folder.parent != weights_home
    return in_the_hubs_cache or checkpoint.manifest_of(folder, model) is not None


def place(weights_home: Path, model: Model, *, revision: str | None) -> tuple[Path, str]:
    """Where `locate` looks, and for which commit; nothing is fetched. Raises `WeightsError`."""
    commit = _resolve_or_recall(weights_home, model, revision)
    paths = [cached(model.repository.name, name, revision=commit) for name in model.files]
    if all(isinstance(path, str) for path in paths):
        return Path(str(paths[0])).parent, commit
    return weights_home / commit, commit


def _resolve_or_recall(weights_home: Path, model: Model, revision: str | None) -> str:
    # Branches of two repositories may have one name.
    name = f"{model.repository.name}@{revision}"
    try:
        with _explained(model, revision or model.repository.revision):
            commit = _resolve(model, revision)
    except HubUnreachable:
        known = recall(weights_home, name) if revision else None
        if known is None:
            raise
        _log.warning("the model hub cannot be reached: %s is taken to be %s still", name, known)
        return known
    if revision is not None and revision != commit:
        with _explained(model, revision):
            remember(weights_home, name, commit)
    return commit


def _resolve(model: Model, revision: str | None) -> str:
    if revision is None:
        return model.repository.revision
    if _COMMIT.fullmatch(revision):
        return revision
    commit = HfApi().model_info(model.repository.name, revision=revision).sha
    if commit is None:
        raise WeightsError(f"The model hub does not say which commit {revision!r} is.")
    return commit


def _fetch_file(
    folder: Path, model: Model, name: str, commit: str, report: Callable[[str, int], None]
) -> str:
    """Have one file in the folder. Returns its SHA-256."""
    path, repository = folder / name, model.repository
    digest = repository.files[name].sha256 if commit == repository.revision else None
    if path.exists() and digest is not None and checkpoint.sha256_of_file(path) == digest:
        return digest
    if digest is not None and _take_from_beside(path, digest):
        return digest

    def look_up() -> HfFileMetadata:
        return get_hf_file_metadata(hf_hub_url(repository.name, name, revision=commit))

    metadata = look_up()
    etag, size = metadata.etag, metadata.size
    if etag is None or size is None:
        raise WeightsError(f"The model hub does not say how long {name} is.")
    if digest is None and _SHA256.fullmatch(etag):  # true of all but the smallest files
        digest = etag
        if path.exists() and checkpoint.sha256_of_file(path) == digest:
            return digest
    part = folder / f"{name}.{etag[:16]}.part"  # never continues another version of the file
    fetch_bytes(part, metadata, size, look_up, lambda: report(name, part.stat().st_size))
    arrived = checkpoint.sha256_of_file(part)
    if digest is not None and arrived != digest:
        part.unlink()
        raise WeightsError(f"{name} arrived damaged: its SHA-256 is not the published one.")
    _put(part, path)
    return arrived


def _take_from_beside(path: Path, digest: str) -> bool:
    """Link a file that another folder of weights beside this one has: of 1 GB, one copy is enough.

    Returns whether there was one.
    """
    for other in path.parent.parent.glob(f"*/{path.name}"):
        named_as_a_commit = _COMMIT.fullmatch(other.parent.name)
        if not named_as_a_commit or checkpoint.sha256_of_file(other) != digest:
            continue
        part = path.with_name(f"{path.name}.linked.part")
        part.unlink(missing_ok=True)
        try:
            os.link(other, part)
        except OSError as error:  # a file system that has no links
            _log.debug("%s cannot be linked and is fetched: %s", other, error)
            return False
        _put(part, path)
        return True
    return False


def _put(part: Path, path: Path) -> None:
    manifest = checkpoint.read_manifest(path.parent)
    if manifest is not None and path.name in manifest.files:
        # It tells of the files as they were: interrupted from here on, they are a mixture.
        (path.parent / checkpoint.MANIFEST).unlink()
    part.replace(path)


@contextmanager
def _explained(model: Model, revision: str) -> Iterator[None]:
    """Turn what the hub's client and the network raise into a `WeightsError`."""
    hub = f"The model hub's {model.repository.name}"
    try:
        yield
    except WeightsError:
        raise
    except RevisionNotFoundError as error:
        raise WeightsError(f"{hub} has no revision {revision}.") from error
    except GatedRepoError as error:
        raise refused(http.client.FORBIDDEN) from error
    except RepositoryNotFoundError as error:
        raise WeightsError(f"{hub} is not there, or the HF_TOKEN that is set is wrong.") from error
    except EntryNotFoundError as error:
        raise WeightsError(f"{hub} lacks a file of the checkpoint at {revision}.") from error
    except HfHubHTTPError as error:
        raise refused(error.response.status_code) from error
    except OSError as error:
        if error.errno is None:
            raise _unreachable() from error
        raise not_stored(error) from error
    except Exception as error:  # its client's HTTP library differs between its versions
        raise _unreachable() from error


def _unreachable() -> HubUnreachable:
    return HubUnreachable(
        "The weights are not on this machine and the model hub cannot be reached; check the "
        "network and HF_HUB_OFFLINE, or give a folder that holds them."
    )
