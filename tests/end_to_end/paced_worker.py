"""A real worker that speaks tones at a known pace. Run as a script, by what `launcher` writes.

A text sounds for `CHAR_S` a character, in a pitch of its own, and takes that long times PACED_RATIO
to make: what a machine does that keeps up, whatever this one could do with a real voice. It reads
PACED_LANGUAGES and writes down in which of them it was to say what. PACED_BESIDE is another model,
which reads English and laughs.
"""

from engine.worker.pipes import claim

if __name__ == "__main__":
    PIPES = claim()

import os
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from engine.messages import EngineConfig, Speak, WorkerReport
from engine.protocol import Engine
from engine.speech import EngineInfo, FloatArray, OtherModel, Speech
from engine.worker.loop import run
from engine.worker.serial import SerialEngine

SAMPLE_RATE = 24_000
CHAR_S = 0.01
_LEVEL = 0.2
_FADE = SAMPLE_RATE // 200


def paced(
    folder: Path, ratio: float = 0.3, *languages: str, clones: bool = False, beside: str = ""
) -> dict[str, str]:
    """Settings that make a bot speak with this worker, whose files are written into `folder`.

    It reads `languages`, English without any; if it `clones`, members' voices sound like its own.
    """
    from tests.launcher import launcher  # noqa: PLC0415 - not there when this runs as a script

    return {
        "CHATTERBOX_PYTHON": launcher(folder, __file__),
        "PACED_RATIO": str(ratio),
        "PACED_LANGUAGES": " ".join(languages) or "en",
        "PACED_CLONES": str(clones),
        "PACED_BESIDE": beside,
        "PACED_JOURNAL": str(folder / "spoken"),
    }


def spoken(folder: Path) -> list[tuple[str, str]]:
    """What the worker of `paced` was given so far: languages and texts.

    A text for the model beside its own ends with that one's name.
    """
    journal = folder / "spoken"
    lines = journal.read_text("utf-8").splitlines() if journal.exists() else []
    return [(language, text) for language, _, text in (line.partition(" ") for line in lines)]


def sounds_s(text: str) -> float:
    return len(text) * CHAR_S


def hertz(text: str) -> int:
    """The pitch of a text: a multiple of 50 Hz from 300 Hz up, so that short pieces show it."""
    return 300 + 50 * (zlib.crc32(text.encode()) % 100)


def tone(text: str) -> FloatArray:
    """The sound of a text at `SAMPLE_RATE`, soft at both ends, as speech is."""
    samples = round(sounds_s(text) * SAMPLE_RATE)
    pcm = _LEVEL * np.sin(np.arange(samples) * (2 * np.pi * hertz(text) / SAMPLE_RATE))
    fade = np.minimum(1.0, np.arange(samples) / _FADE)
    return (pcm * fade * fade[::-1]).astype(np.float32)


class Paced:
    """Speaks one text at a time."""

    def __init__(
        self,
        ratio: float,
        languages: tuple[str, ...],
        journal: Path,
        *,
        clones: bool,
        beside: str,
    ) -> None:
        other = OtherModel(
            model=beside, revision="1", precision="fp32", languages=("en",), sounds=("laugh",)
        )
        self._ratio = ratio
        self._journal = journal
        self.info = EngineInfo(
            name="paced",
            model="tone",
            revision="1",
            version="1",
            sample_rate=SAMPLE_RATE,
            device="cpu",
            precision="fp32",
            reason="Tones are spoken, for a test.",
            stock_voices=("tone",),
            clones_voices=clones,
            languages=languages,
            others=(other,) if beside else (),
        )

    def forget(self, identity: str) -> None:
        """Nothing is ever derived from a clip here; it is written down that it would go."""
        self._write(f"forget {identity}")

    def synthesise(self, job: Speak, cancelled: Callable[[], bool]) -> Speech:
        self._write(f"{job.language} {job.text} {job.model}".rstrip())
        until = time.monotonic() + sounds_s(job.text) * self._ratio
        while time.monotonic() < until and not cancelled():
            time.sleep(0.005)
        return Speech(pcm=tone(job.text), sample_rate=SAMPLE_RATE)

    def _write(self, line: str) -> None:
        with self._journal.open("a", encoding="utf-8") as journal:
            journal.write(f"{line}\n")


def _load(_config: EngineConfig, _report: Callable[[WorkerReport], None]) -> Engine:
    languages = tuple(os.environ["PACED_LANGUAGES"].split())
    journal = Path(os.environ["PACED_JOURNAL"])
    ratio, clones = float(os.environ["PACED_RATIO"]), os.environ["PACED_CLONES"] == "True"
    beside = os.environ["PACED_BESIDE"]
    return SerialEngine(Paced(ratio, languages, journal, clones=clones, beside=beside))


if __name__ == "__main__":
    run(_load, *PIPES)
