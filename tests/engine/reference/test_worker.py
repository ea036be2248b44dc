"""The reference engine in a worker process of its own, spoken to through its pipes."""

import queue
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest

from engine import framing
from engine.messages import (
    Cancel,
    Command,
    EngineConfig,
    Enrolled,
    Failed,
    Heartbeat,
    Progress,
    Ready,
    Report,
    Speak,
    Spoken,
    Start,
    Stop,
    Unable,
)
from engine.speech import ClonedVoice, SpeechParameters, StockVoice

SEED_1 = SpeechParameters(seed=1)


class Worker:
    """A worker process; its reports arrive in order."""

    def __init__(self, config: EngineConfig, log: Path) -> None:
        with log.open("wb") as stderr:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "engine.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
            )
        self._reports: queue.SimpleQueue[Report] = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()
        self.send(Start(config))

    def send(self, command: Command) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(framing.frame(command))
        self.process.stdin.flush()

    def report(self) -> Report:
        """The next report that is no sign of life."""
        while True:
            report = self._reports.get(timeout=90)
            if not isinstance(report, Heartbeat | Progress):
                return report

    def _read(self) -> None:
        assert self.process.stdout is not None
        decoder = framing.FrameDecoder[Report](msgspec.msgpack.Decoder(Report))
        while data := self.process.stdout.read1(65536):  # type: ignore[attr-defined]
            for report in decoder.feed(data):
                self._reports.put(report)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def worker(
    small_checkpoint: Path, home: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Worker]:
    config = EngineConfig(
        engine="chatterbox",
        home=str(home),
        weights=str(small_checkpoint),
        device="cpu",
        threads=1,
    )
    running = Worker(config, tmp_path_factory.mktemp("log") / "worker.log")
    ready = running.report()
    assert isinstance(ready, Ready), ready
    assert ready.info.revision == "random-small-seed-3-stop-20"
    yield running
    running.send(Stop())
    assert running.process.wait(30) == 0


def test_it_speaks_and_reports_an_enrolled_voice(
    worker: Worker, home: Path, cloned_voice: ClonedVoice
) -> None:
    worker.send(Speak(1, "Hello there.", cloned_voice, SEED_1))
    enrolled, spoken = worker.report(), worker.report()
    assert isinstance(enrolled, Enrolled)
    assert (home / enrolled.path).stat().st_size == enrolled.size_bytes
    assert isinstance(spoken, Spoken)
    assert spoken.job_id == 1
    first = np.frombuffer(spoken.pcm, "<f4")
    assert 0.03 < np.sqrt(np.mean(first**2)) < 0.3

    worker.send(Speak(2, "Hello there.", cloned_voice, SEED_1))
    again = worker.report()
    assert isinstance(again, Spoken)
    assert again.pcm == spoken.pcm


def test_a_cancelled_job_is_not_reported_and_the_next_one_is(worker: Worker) -> None:
    worker.send(Speak(3, "A long sentence that nobody waits for any more.", StockVoice(), SEED_1))
    worker.send(Cancel(3))
    worker.send(Speak(4, "Hello there.", StockVoice(), SEED_1))
    report = worker.report()
    assert isinstance(report, Spoken)
    assert report.job_id == 4


def test_a_voice_whose_clip_is_gone_fails_in_words(worker: Worker, tmp_path: Path) -> None:
    voice = ClonedVoice("0" * 64, str(tmp_path / "gone.wav"))
    worker.send(Speak(5, "Hello there.", voice, SEED_1))
    report = worker.report()
    assert isinstance(report, Failed)
    assert (report.job_id, report.kind) == (5, "voice_unusable")
    assert str(tmp_path) not in report.message


def test_a_truncated_checkpoint_is_one_sentence(small_checkpoint: Path, tmp_path: Path) -> None:
    folder = tmp_path / "weights"
    folder.mkdir()
    for path in small_checkpoint.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    whole = (folder / "s3gen.safetensors").read_bytes()
    (folder / "s3gen.safetensors").write_bytes(whole[:-100])
    config = EngineConfig(
        engine="chatterbox", home=str(tmp_path), weights=str(folder), device="cpu"
    )
    worker = Worker(config, tmp_path / "worker.log")
    report = worker.report()
    assert isinstance(report, Unable)
    assert "s3gen.safetensors is cut off" in report.reason
    worker.process.wait(30)
