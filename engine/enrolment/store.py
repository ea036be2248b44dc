"""Conditionals on disk, one file a voice under TIMBRE_HOME.

The one place that knows where they lie and who may read them. A file is whole or absent: it is
written beside its place and renamed. A damaged one counts as absent.
"""

import logging
import os
import tempfile
from pathlib import Path

from engine.enrolment.conditionals import Conditionals, Damaged
from engine.speech import sha256_of
from engine.weights.models import Family

FOLDER = "conditionals"
_SUFFIX = ".safetensors"
#: Of a key's 64: the rest tells voices apart.
_SCOPE_DIGITS = 16

_log = logging.getLogger(__name__)


class ConditionalsFiles:
    """Files named by key in `<home>/conditionals`, for their owner's eyes only.

    A key begins as the voice's digest and ends as `scope`'s, a digest of what computes them: files
    of one scope alone, which are of one `family`, are read, and a voice's of all are removed.
    Windows has no such mode bits; there the home folder's own permissions hold.
    """

    def __init__(self, home: Path, scope: str, family: Family) -> None:
        self._home = home
        self._ending = scope[:_SCOPE_DIGITS]
        self._family = family

    def key(self, identity: str) -> str:
        """What a voice's conditionals of this scope are kept under."""
        return _of_voice(identity) + self._ending

    def relative_path(self, key: str) -> str:
        """Where a key's file is, from the home folder, with forward slashes."""
        return f"{FOLDER}/{key}{_SUFFIX}"

    def read(self, key: str) -> Conditionals | None:
        """What is kept under `key`; None, and a line in the log, if that cannot be used."""
        try:
            return Conditionals.from_bytes(self._path(key).read_bytes(), self._family)
        except FileNotFoundError:
            return None
        except (Damaged, OSError) as error:
            _log.warning("conditionals %s are unusable and are computed anew: %s", key, error)
            return None

    def write(self, key: str, conditionals: Conditionals) -> int | None:
        """Keep `conditionals`; returns the file's bytes.

        None, and a line in the log, where that fails: a full disk must not silence a voice.
        """
        content = conditionals.to_bytes()
        path = self._path(key)
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # mkstemp opens with mode 0600, and a rename keeps it.
            handle, temporary = tempfile.mkstemp(prefix=".", suffix=".part", dir=path.parent)
            try:
                # Not flushed to the disk: what a power cut leaves of it is known by its digest.
                with os.fdopen(handle, "wb") as file:
                    file.write(content)
                Path(temporary).replace(path)
            except BaseException:
                Path(temporary).unlink(missing_ok=True)
                raise
        except OSError as error:
            _log.warning("conditionals %s are not kept on disk: %s", key, error)
            return None
        return len(content)

    def mark_used(self, key: str) -> None:
        """Remember that a voice was used now, for `latest`."""
        try:
            os.utime(self._path(key))
        except OSError as error:  # it only decides what a next process has ready
            _log.debug("the use of conditionals %s is not noted: %s", key, error)

    def latest(self, most: int) -> list[str]:
        """The keys of the voices of this scope used last, at most `most`, the latest last."""
        ending = self._ending + _SUFFIX
        try:
            with os.scandir(self._home / FOLDER) as entries:
                files = [entry for entry in entries if entry.name.endswith(ending)]
                files.sort(key=lambda entry: entry.stat().st_mtime_ns)
        except OSError as error:
            _log.debug("there are no conditionals to look at: %s", error)
            return []
        return [entry.name.removesuffix(_SUFFIX) for entry in files[max(0, len(files) - most) :]]

    def remove(self, identity: str) -> None:
        """Remove a voice's conditionals of every scope."""
        voice = _of_voice(identity)
        for path in (self._home / FOLDER).glob(f"{voice}*{_SUFFIX}"):
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                _log.warning("conditionals %s cannot be deleted: %s", path.stem, error)

    def _path(self, key: str) -> Path:
        return self._home / self.relative_path(key)


def _of_voice(identity: str) -> str:
    return sha256_of(identity)[:-_SCOPE_DIGITS]
