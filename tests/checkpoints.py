"""Random checkpoints for tests of what is around them."""

import os
import shutil
from pathlib import Path

from filelock import FileLock

from engine.weights.models import ENGLISH, Model


def random_checkpoint(
    folder: Path, model: Model = ENGLISH, *, seed: int, small: bool, stop_after: int
) -> None:
    """See `write_random_checkpoint`. Whoever asks first in a run draws it; all get a copy.

    Only who draws imports torch and upstream for it, which takes seconds.
    """
    kept = os.environ.get("CHECKPOINTS_FOR_TESTS")
    if kept is None:  # tests' parts are also used without pytest
        _draw(folder, model, seed, small, stop_after)
        return
    size = "small" if small else "full"
    drawn = Path(kept) / f"{model.name}-{size}-{seed}-{stop_after}"
    with FileLock(f"{drawn}.lock"):
        if not drawn.exists():
            _draw(drawn, model, seed, small, stop_after)
    shutil.copytree(drawn, folder, dirs_exist_ok=True)


def _draw(folder: Path, model: Model, seed: int, small: bool, stop_after: int) -> None:
    from engine.upstream.random_weights import write_random_checkpoint  # noqa: PLC0415

    write_random_checkpoint(folder, model, seed=seed, small=small, stop_after=stop_after)
