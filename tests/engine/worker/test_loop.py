"""The worker as a process: its pipes belong to frames alone, and it ends when it should.

Longer than most files: all of it needs the one way to run a worker.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from engine import framing
from engine.messages import (
    EXIT_OUT_OF_MEMORY,
    Cancel,
    Command,
    EngineConfig,
    Enrolled,
    Failed,
    Forget,
    Forgotten,
    Heartbeat,
    Progress,
    Ready,
    Speak,
    Spoken,
    Start,
    Stop,
    Unable,
    WorkerReport,
)
from engine.speech import ClonedVoice, SpeechParameters, StockVoice
from tests.engine import scripted_worker

ROOT = Path(__file__).parents[3]
#: A worker that did not end would never: its work takes longer, or has no end.
ENDS_S = 60


class Child:
    """A scripted worker, spoken to over its bare pipes."""

    def __init__(self, home: Path, **variables: str) -> None:
        self.home = home
        self.process = subprocess.Popen(
            [sys.executable, scripted_worker.__file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(ROOT), **variables},
            cwd=ROOT,
        )
        self._reports = framing.reports()
        self._received, self.beats = [], []
        self.send(Start(EngineConfig(engine="stock", home=str(home))))

    def send(self, *commands: Command) -> None:
        self.process.stdin.write(b"".join(map(framing.frame, commands)))
        self.process.stdin.flush()

    def loaded(self) -> WorkerReport | None:
        """What comes after the reports of progress: `Ready`, if all is well."""
        while isinstance(report := self.receive(), Progress):
            continue
        return report

    def receive(self) -> WorkerReport | None:
        """The next report but a heartbeat; None at the end."""
        while not self._received:
            if not self.look():
                self._reports.end()
                return None
        return self._received.pop(0)

    def look(self) -> bool:
        """Wait for whatever it says next; False at the end."""
        data = os.read(self.process.stdout.fileno(), 65_536)
        for report in self._reports.feed(data):
            beats = isinstance(report, Heartbeat)
            (self.beats if beats else self._received).append(report)
        return bool(data)

    def errors(self) -> str:
        return self.process.stderr.read().decode("utf-8", "replace")

    def stop(self) -> str:
        """Have it end by itself; what it wrote into its log."""
        self.send(Stop())
        assert self.receive() is None
        return self.errors()

    def journal(self) -> list[str]:
        return (self.home / "journal").read_text().splitlines()

    def noted(self, line: str) -> None:
        """Wait until the journal has a line."""
        deadline = time.monotonic() + 60
        while line not in self.journal():
            assert time.monotonic() < deadline, f"no {line!r} in {self.journal()}"
            time.sleep(0.01)


StartChild = Callable[..., Child]


@pytest.fixture
def child(tmp_path: Path) -> Iterator[StartChild]:
    children = []

    def start(**variables: str) -> Child:
        """One that is ready, unless the variables say what it loads."""
        children.append(Child(tmp_path, **variables))
        if "SCRIPT_LOAD" not in variables:
            assert isinstance(children[-1].loaded(), Ready)
        return children[-1]

    yield start
    for each in children:
        with suppress(BrokenPipeError), each.process:
            each.process.kill()


def speak(job_id: int, text: str) -> Speak:
    return Speak(job_id, text, StockVoice(), SpeechParameters())


def test_a_child_process_cannot_swallow_commands(child: StartChild) -> None:
    worker = child()
    worker.send(speak(1, "swallow"), speak(2, "next"))
    assert [worker.receive().job_id, worker.receive().job_id] == [1, 2]
    assert "0 bytes swallowed" in worker.stop()


def test_the_heart_beats_while_loading(child: StartChild) -> None:
    worker = child(SCRIPT_LOAD="slow 1")
    worker.loaded()
    assert len(worker.beats) >= 2
    assert all(beat.step_age_s == 0 for beat in worker.beats)
    if sys.platform == "linux":
        assert 10 * 2**20 < worker.beats[-1].resident_bytes < 2**30


def test_the_heart_tells_how_long_a_step_has_taken(child: StartChild) -> None:
    worker = child()
    began = time.monotonic()
    worker.send(speak(1, "deaf 1.5"))
    worker.receive()
    assert 0.3 < max(beat.step_age_s for beat in worker.beats) <= time.monotonic() - began
    del worker.beats[:]
    time.sleep(0.5)
    worker.send(speak(2, "quick"))
    worker.receive()
    assert min(beat.step_age_s for beat in worker.beats) < 1.0, "counted anew from a step's end"


def test_a_job_is_cancelled_while_it_runs_and_while_it_waits(child: StartChild) -> None:
    worker = child()
    worker.send(speak(1, "slow 200"), speak(2, "waiting"), speak(3, "last"))
    worker.noted("begin slow 200")
    worker.send(Cancel(2), Cancel(1), Cancel(99))
    report = worker.receive()
    assert (report.job_id, report.__class__) == (3, Spoken)
    assert worker.journal()[1:] == [
        "begin slow 200",
        "cancelled slow 200",
        "spoke slow 200",
        "begin last",
        "spoke last",
    ]


@pytest.mark.parametrize("streams", ["1", "4"])
def test_a_silent_tail_is_not_sent(child: StartChild, streams: str) -> None:
    worker = child(SCRIPT_STREAMS=streams)
    worker.send(speak(1, "tail 10"))
    speech = worker.receive().speech
    assert 0.2 < speech.duration_s < 0.3
    assert np.array_equal(speech.pcm[:480], scripted_worker.tone("tail 10"))


def test_a_clip_is_forgotten_after_the_job_at_work_and_before_the_next(child: StartChild) -> None:
    """That job may be enrolling it; and the answer comes after whatever was enrolled."""
    worker = child(SCRIPT_CLONES="1")
    cloned = ClonedVoice("c" * 64, "clip.flac")
    worker.send(Speak(1, "slow 200", cloned, SpeechParameters()), speak(2, "next"))
    enrolled = worker.receive()
    assert isinstance(enrolled, Enrolled)
    assert (worker.home / enrolled.path).exists()
    worker.send(Forget(f"clip:0:{'c' * 64}"), Cancel(1))
    assert worker.receive() == Forgotten(f"clip:0:{'c' * 64}")
    assert worker.receive().job_id == 2
    assert not (worker.home / enrolled.path).exists()
    assert worker.journal()[1:] == [
        "begin slow 200",
        "cancelled slow 200",
        "spoke slow 200",
        f"forgot clip:0:{'c' * 64}",
        "begin next",
        "spoke next",
    ]
    worker.send(Forget("d" * 64))  # with nothing to do
    assert worker.receive() == Forgotten("d" * 64)


def test_a_batching_engine_admits_and_drops_between_its_steps(child: StartChild) -> None:
    worker = child(SCRIPT_STREAMS="4")
    worker.send(speak(1, "slow 200"), speak(2, "slow 0.1"))
    assert worker.receive().job_id == 2
    worker.send(speak(3, "quick"), Cancel(1))
    assert worker.receive().job_id == 3
    worker.stop()
    assert "cancelled slow 200" in worker.journal()
    assert worker.journal()[-1] == "closed"


def test_an_idle_engine_is_asked_again_when_it_wants_to_be(child: StartChild) -> None:
    """So that what it keeps for a while does not stay for ever."""
    worker = child(SCRIPT_STREAMS="4")
    worker.noted("released 2")
    assert worker.journal()[1:] == ["released 1", "released 2"]
    worker.send(speak(1, "hello"))
    assert isinstance(worker.receive(), Spoken)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("unusable", "voice_unusable"),
        ("gpu-memory", "out_of_memory"),
        ("long", "synthesis_failed"),
        ("bug hunter2", "synthesis_failed"),
    ],
)
def test_a_jobs_failure_is_reported_and_the_next_job_done(
    child: StartChild, text: str, kind: str
) -> None:
    """In words of ours: what a library says may quote the text, so not even the log has it."""
    worker = child()
    worker.send(speak(1, text), speak(2, "next"))
    failed = worker.receive()
    assert isinstance(failed, Failed)
    assert failed.kind == kind
    assert failed.message.endswith(".")
    assert isinstance(worker.receive(), Spoken)
    errors = worker.stop()
    assert "hunter2" not in errors + failed.message
    assert ("in _perform" in errors) == ("builtins.ValueError" in errors) == ("bug" in text)


def test_the_heart_tells_how_long_an_idle_engine_has_been_at_something(child: StartChild) -> None:
    """What hangs then would else keep every job to come waiting, and nobody would know."""
    worker = child(SCRIPT_STREAMS="4", SCRIPT_IDLE="held")
    worker.noted("released 1")
    deadline = time.monotonic() + ENDS_S
    while not any(beat.step_age_s > 0.2 for beat in worker.beats):
        assert time.monotonic() < deadline, "its heart told nothing of it"
        worker.look()
    (worker.home / "released").touch()
    worker.send(speak(1, "hello"))
    assert isinstance(worker.receive(), Spoken)


@pytest.mark.parametrize(("idle", "code"), [("exhaust", EXIT_OUT_OF_MEMORY), ("broken hunter2", 1)])
def test_an_engine_that_fails_while_idle_ends_the_worker_as_in_a_step(
    child: StartChild, idle: str, code: int
) -> None:
    worker = child(SCRIPT_STREAMS="4", SCRIPT_IDLE=idle)
    assert worker.receive() is None
    assert worker.process.wait(ENDS_S) == code
    errors = worker.errors()
    assert "the engine is lost" in errors
    assert "hunter2" not in errors


@pytest.mark.parametrize(("text", "code"), [("exhaust", EXIT_OUT_OF_MEMORY), ("broken hunter2", 1)])
def test_an_engine_that_fails_in_a_step_ends_the_worker(
    child: StartChild, text: str, code: int
) -> None:
    worker = child(SCRIPT_STREAMS="4")
    worker.send(speak(1, text))
    assert worker.receive() is None
    assert worker.process.wait(ENDS_S) == code
    errors = worker.errors()
    assert "the engine is lost" in errors
    assert "hunter2" not in errors


@pytest.mark.parametrize(
    ("script", "code", "said"),
    [("memory", EXIT_OUT_OF_MEMORY, "all the memory"), ("die", 1, "the tuning fork is bent")],
)
def test_a_worker_that_cannot_load_ends_and_its_last_line_says_why(
    child: StartChild, script: str, code: int, said: str
) -> None:
    worker = child(SCRIPT_LOAD=script)
    assert worker.loaded() is None
    assert worker.process.wait(ENDS_S) == code
    assert said in worker.errors().splitlines()[-1]


def test_a_worker_that_never_will_be_able_says_so(child: StartChild) -> None:
    worker = child(SCRIPT_LOAD="unable")
    assert worker.loaded() == Unable("There is no tuning fork.")
    assert worker.process.wait(ENDS_S) == 0


@pytest.mark.parametrize("busy_with", ["slow 200", "deaf 200"])
def test_stop_is_handled_in_the_middle_of_a_step(child: StartChild, busy_with: str) -> None:
    """At once if the engine polls, after a moment of grace if it does not."""
    worker = child()
    worker.send(speak(1, busy_with))
    worker.noted(f"begin {busy_with}")
    worker.send(Stop())
    assert worker.process.wait(ENDS_S) == 0
    assert ("cancelled slow 200" in worker.journal()) == (busy_with == "slow 200")


@pytest.mark.parametrize("script", ["slow 200", ""])
def test_a_worker_whose_parent_is_gone_ends_itself(child: StartChild, script: str) -> None:
    """The pipe closes, whatever it does: load, or a step that never polls."""
    worker = child(SCRIPT_LOAD=script)
    assert isinstance(worker.receive(), Progress)
    if not script:
        worker.loaded()
        worker.send(speak(1, "deaf 200"))
        worker.noted("begin deaf 200")
    worker.process.stdin.close()
    worker.process.wait(ENDS_S)


def test_garbage_for_commands_ends_the_worker(child: StartChild) -> None:
    worker = child()
    worker.process.stdin.write(b"say something nice")
    worker.process.stdin.flush()
    worker.process.wait(ENDS_S)
    assert "commands cannot be read" in worker.errors()
