"""Fetching the released weights from the model hub, at a fixed revision, whole or not at all.

An interrupted download is resumed by the next one. Whatever goes wrong is a `WeightsError`, one
sentence that says what to do about it.
"""

import io
import logging
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from huggingface_hub import HfApi, hf_hub_download
from huggingface_hub.errors import (
    EntryNotFoundError,
    GatedRepoError,
    HfHubHTTPError,
    LocalEntryNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from tqdm import tqdm  # type: ignore[import-untyped]  # no stubs

from engine.weights import checkpoint
from engine.weights.checkpoint import FILES, PINNED, REPOSITORY, Progress, WeightsError

# Its client tells of every retry; what matters of that is in the error.
logging.getLogger("huggingface_hub").setLevel(logging.ERROR)

_COMMIT = re.compile(r"[0-9a-f]{40}")
_REPORT_EVERY_S = 0.2


def fetch(folder: Path, *, revision: str | None = None, progress: Progress | None = None) -> str:
    """Download a checkpoint into `folder`, check it and record it in a manifest.

    `revision` is a commit, branch or tag; None is the pinned commit, whose SHA-256 are known
    beforehand. Those of another are recorded now, so that `checkpoint.verify` finds later damage.
    Returns the commit. Raises `WeightsError`.
    """
    commit = _resolve(revision)
    with _explained(commit):
        folder.mkdir(parents=True, exist_ok=True)
    _download(commit, progress, local_dir=folder)
    checkpoint.read_sizes(folder)
    checkpoint.write_manifest(folder, source=REPOSITORY, revision=commit)
    return commit


def from_cache(
    *, revision: str | None = None, progress: Progress | None = None
) -> tuple[Path, str]:
    """The checkpoint in the hub's own cache, downloaded first where it is not there yet.

    Needs no network once everything is there. Returns its folder, which has no manifest, and the
    commit. Raises `WeightsError`.
    """
    commit = _resolve(revision)
    try:
        paths = [
            hf_hub_download(REPOSITORY, name, revision=commit, local_files_only=True)
            for name in FILES
        ]
    except (LocalEntryNotFoundError, OSError):
        paths = _download(commit, progress)
    folder = Path(paths[0]).parent
    checkpoint.read_sizes(folder)
    return folder, commit


def _resolve(revision: str | None) -> str:
    if revision is None:
        return PINNED.revision
    if _COMMIT.fullmatch(revision):
        return revision
    with _explained(revision):
        commit = HfApi().model_info(REPOSITORY, revision=revision).sha
    if commit is None:
        raise WeightsError(f"The model hub does not say which commit {revision!r} is.")
    return commit


def _download(commit: str, progress: Progress | None, **where: Any) -> list[str]:
    total = sum(record.size for record in PINNED.files.values())
    done = 0
    paths = []
    for name in FILES:
        bar = _reporting_bar(f"Fetching {name}", done, total, progress)
        request: dict[str, Any] = {"revision": commit, "tqdm_class": bar, **where}
        with _explained(commit):
            path = hf_hub_download(REPOSITORY, name, **request)
            if not _as_expected(Path(path), commit):
                # Damaged after it was downloaded: the hub's client trusts what it once wrote.
                path = hf_hub_download(REPOSITORY, name, force_download=True, **request)
        if not _as_expected(Path(path), commit):
            raise WeightsError(f"{name} arrived damaged: its SHA-256 is not the published one.")
        done += Path(path).stat().st_size
        paths.append(path)
    return paths


def _as_expected(path: Path, commit: str) -> bool:
    if commit != PINNED.revision:
        return True
    expected = PINNED.files[path.name]
    return (
        path.stat().st_size == expected.size and checkpoint.sha256_of_file(path) == expected.sha256
    )


def _reporting_bar(activity: str, before: int, total: int, progress: Progress | None) -> type[tqdm]:
    """A progress bar for the hub's client that draws nothing and reports instead."""

    class ReportingBar(tqdm):  # type: ignore[misc]  # untyped base
        reported_at = 0.0

        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **{**options, "file": io.StringIO()})

        def update(self, n: float | None = 1) -> None:
            super().update(n)
            now = time.monotonic()
            if progress is not None and now - self.reported_at >= _REPORT_EVERY_S:
                self.reported_at = now
                progress(activity, min(1.0, (before + self.n) / total))

    return ReportingBar


@contextmanager
def _explained(revision: str) -> Iterator[None]:
    """Turn what the hub's client raises into a `WeightsError`."""
    hub = f"The model hub's {REPOSITORY}"
    try:
        yield
    except RevisionNotFoundError as error:
        raise WeightsError(f"{hub} has no revision {revision}.") from error
    except GatedRepoError as error:
        raise WeightsError(f"{hub} asks for a login; set HF_TOKEN.") from error
    except RepositoryNotFoundError as error:
        raise WeightsError(f"{hub} is not there, or the HF_TOKEN that is set is wrong.") from error
    except (OfflineModeIsEnabled, LocalEntryNotFoundError) as error:
        raise WeightsError(
            "The weights are not on this machine and the model hub cannot be reached; check the "
            "network and HF_HUB_OFFLINE, or give a folder that holds them."
        ) from error
    except EntryNotFoundError as error:
        raise WeightsError(f"{hub} lacks a file of the checkpoint at {revision}.") from error
    except HfHubHTTPError as error:
        status = error.response.status_code
        raise WeightsError(
            f"The model hub answered with HTTP {status}; try again later."
        ) from error
    except WeightsError:
        raise
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise WeightsError(f"The weights cannot be fetched ({reason}).") from error
    except Exception as error:  # the client's HTTP library differs between its versions
        raise WeightsError(
            f"The download was cut off ({type(error).__name__}); run it again to resume."
        ) from error
