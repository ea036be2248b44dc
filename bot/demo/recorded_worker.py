"""A worker for the soak: the stock voice, which says a line once and then hands out that recording.

Of a text only what stands before ", said " is spoken, so that texts that no cache knows cost no
synthesis: what is measured is everything after it. Run as a script, by what `environment` writes.
"""

from engine.worker.pipes import claim

if __name__ == "__main__":
    PIPES = claim()

import shlex
import sys
from collections.abc import Callable
from pathlib import Path

from msgspec.structs import replace

from engine.messages import EngineConfig, Speak, WorkerReport
from engine.protocol import Engine
from engine.speech import EngineInfo, Speech
from engine.stock.engine import StockEngine
from engine.worker.loop import run
from engine.worker.serial import SerialEngine

_SYLLABLES = [a + b for a in "bdfgklmnprstv" for b in "aeiou"]


def signed(line: str, number: int) -> str:
    """`line` with the name of a speaker, another one for each `number`."""
    name = ""
    while number or not name:
        number, syllable = divmod(number, len(_SYLLABLES))
        name += _SYLLABLES[syllable]
    return f"{line.removesuffix('.')}, said {name.capitalize()}ro."


def environment(folder: Path) -> dict[str, str]:
    """Settings that make a bot speak with this worker. Not on Windows."""
    script = folder / "recorded-worker"
    script.write_text(f"#!/bin/sh\nexec {shlex.join([sys.executable, __file__])}\n", "utf-8")
    script.chmod(0o700)
    return {"CHATTERBOX_PYTHON": str(script)}


class _Recorded:
    """Speaks one job at a time, each line once."""

    def __init__(self, engine: StockEngine) -> None:
        self._engine = engine
        self._spoken: dict[str, Speech] = {}

    @property
    def info(self) -> EngineInfo:
        return self._engine.info

    def forget(self, identity: str) -> None:
        self._engine.forget(identity)

    def synthesise(self, job: Speak, cancelled: Callable[[], bool]) -> Speech:
        text = job.text.partition(", said ")[0]
        if text not in self._spoken:
            self._spoken[text] = self._engine.synthesise(replace(job, text=text), cancelled)
        return self._spoken[text]


def _load(config: EngineConfig, _report: Callable[[WorkerReport], None]) -> Engine:
    folder = config.stock_folder
    stock = StockEngine(threads=config.threads, reason="For the soak.", folder=folder)
    return SerialEngine(_Recorded(stock))


if __name__ == "__main__":
    run(_load, *PIPES)
