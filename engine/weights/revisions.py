"""Which commit a branch or tag was when the hub was last asked, for when it cannot be reached.

Kept in one small file beside the checkpoints. Losing it costs nothing but what it is for.
"""

from pathlib import Path

import msgspec

_FILE = "resolved-revisions.json"


def recall(weights_home: Path, revision: str) -> str | None:
    """The commit that `revision` was; None if that is not known."""
    return _read(weights_home).get(revision)


def remember(weights_home: Path, revision: str, commit: str) -> None:
    """Note that `revision` is `commit` now. Raises `OSError`."""
    known = _read(weights_home)
    if known.get(revision) == commit:
        return
    weights_home.mkdir(parents=True, exist_ok=True)
    part = weights_home / f"{_FILE}.part"
    part.write_bytes(msgspec.json.encode(known | {revision: commit}))
    part.replace(weights_home / _FILE)


def _read(weights_home: Path) -> dict[str, str]:
    try:
        return msgspec.json.decode((weights_home / _FILE).read_bytes(), type=dict[str, str])
    except (OSError, msgspec.DecodeError):
        return {}
