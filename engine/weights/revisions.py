"""Which revision of a model is wanted, and which commit a branch or tag was when last asked for.

The latter is for when the hub cannot be reached. It is kept in one small file beside the
checkpoints; losing that costs nothing but what it is for.
"""

from pathlib import Path

import msgspec

from engine.messages import EngineConfig
from engine.weights.models import ENGLISH, MODELS, Model

_FILE = "resolved-revisions.json"


def wanted(config: EngineConfig, model: Model) -> str | None:
    """The revision to fetch a model at; None for the pinned one.

    A revision is one repository's: that of the model which the settings name, the first if they
    name several, else that of English and Multilingual.
    """
    meant = MODELS[config.models[0]] if config.models else ENGLISH
    return config.revision if meant.repository == model.repository else None


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
