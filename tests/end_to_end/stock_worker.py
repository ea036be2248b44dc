"""The stock voice's worker, which runs its model but once in a run for all that is said alike.

A second of speech takes half a second of a core, and bots of many tests say the same: whoever
registers hears the same preview. Everything but the model is done each time. Run as a script, by
what `launcher` writes; test_process.py has the worker that people have.
"""

from engine.worker.pipes import claim

if __name__ == "__main__":
    PIPES = claim()

import hashlib
import os
import tempfile
from collections.abc import Callable, Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.stock import prepared
from engine.stock.engine import StockEngine
from engine.worker.loop import run
from engine.worker.selection import load

_load_session = prepared.load


def stock(folder: Path) -> dict[str, str]:
    """Settings that make a bot speak with this worker, which is started by a file in `folder`."""
    from tests.launcher import launcher  # noqa: PLC0415 - not there when this runs as a script

    return {"CHATTERBOX_PYTHON": launcher(folder, __file__)}


class Remembered:
    """A session of the stock voice's model, loaded once it has to say something new."""

    def __init__(self, loading: Callable[[], Any]) -> None:
        self._session = cache(loading)

    def run(
        self, names: list[str] | None, inputs: Mapping[str, npt.NDArray[Any]]
    ) -> list[npt.NDArray[np.float32]]:
        given = hashlib.sha256()
        for name, array in sorted(inputs.items()):
            given.update(f"{name} {array.dtype} {array.shape} ".encode() + array.tobytes())
        file = Path(os.environ["SPOKEN_FOR_TESTS"], f"{given.hexdigest()}.npy")
        if not file.exists():
            (waveform,) = self._session().run(names, inputs)
            with tempfile.NamedTemporaryFile(dir=file.parent, delete=False) as written:
                np.save(written, waveform)
            Path(written.name).replace(file)  # whole, whoever else writes it meanwhile
        return [np.load(file)]


def _remembered(*arguments: Any) -> Any:
    return Remembered(partial(_load_session, *arguments))


@cache
def remembering_engine() -> StockEngine:
    """The engine of this worker, for a test that compares with what a bot said."""
    prepared.load = _remembered
    try:
        return StockEngine(threads=1, reason="It is a test.")
    finally:
        prepared.load = _load_session


if __name__ == "__main__":
    prepared.load = _remembered
    run(load, *PIPES)
