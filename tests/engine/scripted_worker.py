"""A real worker process with an engine that obeys the text it is given. Run as a script.

Its `home` is a folder for the journal and for markers of what has happened once; what is "held"
goes on when the file `released` is there. Variables:
SCRIPT_LOAD (what happens while loading), SCRIPT_STREAMS (1: `SerialEngine`, more: steps of all
jobs together), SCRIPT_CLONES (if set, clips are enrolled, with a file each), SCRIPT_HEARTBEAT_S,
SCRIPT_PATIENCE (times the usual limit of a step), SCRIPT_PRECISION, SCRIPT_IDLE (what a batching
engine does while there is nothing to do).
The first word of a text says what to do, as in `_perform`.
"""

from hashlib import sha256

from engine.worker.pipes import claim

if __name__ == "__main__":
    PIPES = claim()

import ctypes
import os
import signal
import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import numpy as np

from engine import framing
from engine.errors import OutOfMemory, SpeechError, VoiceUnusable, WorkerUnavailable
from engine.messages import EngineConfig, Enrolled, Progress, Speak, Spoken, WorkerReport
from engine.protocol import Engine, Outcome
from engine.speech import ClonedVoice, EngineInfo, FloatArray, Speech
from engine.worker.loop import run
from engine.worker.serial import SerialEngine

SAMPLE_RATE = 24_000
KILL = getattr(signal, "SIGKILL", signal.SIGTERM)


def tone(text: str) -> FloatArray:
    """The sound that this worker makes of `text`, (480,): 20 ms, of another pitch for each text."""
    hertz = 100 + zlib.crc32(text.encode()) % 10_000
    return np.sin(np.arange(480) * (2 * np.pi * hertz / SAMPLE_RATE)).astype(np.float32)


class Journal:
    """What the worker did, a line each, readable from outside and complete whatever kills it."""

    def __init__(self, home: str) -> None:
        self._home = Path(home)
        self._fd = os.open(self._home / "journal", os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def write(self, line: str) -> None:
        os.write(self._fd, f"{line}\n".encode())

    def wait_for_release(self) -> None:
        """Deaf until a test makes the file `released`, or a minute has passed."""
        give_up_at = time.monotonic() + 60
        while not self.released and time.monotonic() < give_up_at:
            time.sleep(0.01)

    @property
    def released(self) -> bool:
        return (self._home / "released").exists()

    def first_time(self, what: str) -> bool:
        try:
            (self._home / f"once-{zlib.crc32(what.encode())}").touch(exist_ok=False)
        except FileExistsError:
            return False
        return True


def _perform(job: Speak, journal: Journal, cancelled: Callable[[], bool]) -> Speech:
    journal.write(f"begin {job.text}")
    verb, *words = job.text.split()
    match verb:
        case "slow":
            until = time.monotonic() + float(words[0])
            while time.monotonic() < until:
                if cancelled():
                    journal.write(f"cancelled {job.text}")
                    break
                time.sleep(0.005)
        case "deaf":
            time.sleep(float(words[0]))
        case "held":
            journal.wait_for_release()
        case "die":
            os.kill(os.getpid(), KILL)
        case "die-once":
            if journal.first_time(job.text):
                os.kill(os.getpid(), KILL)
        case "exit":
            os._exit(int(words[0]))
        case "garbage":
            os.write(PIPES[1], b"Traceback: this is no frame")
        case "half-frame":
            os.write(PIPES[1], b"\x00\x00\x10\x00 only so much")
            os._exit(0)
        case "oversize":
            os.write(PIPES[1], b"\xff\xff\xff\xff")
        case "print":
            print("printed by Python")
            sys.stdout.flush()
            os.write(1, "written to descriptor 1: \xe4 ".encode() + b"\xff\n")
            ctypes.CDLL(None).puts(b"printed by C")
            ctypes.CDLL(None).fflush(None)
            subprocess.run([sys.executable, "-c", "print('printed by a child', input)"], check=True)
        case "swallow":  # a child process that eats its standard input
            read = "import sys; print(len(sys.stdin.read()), 'bytes swallowed')"
            subprocess.run([sys.executable, "-c", read], check=True, timeout=5)
        case "memory":
            _limit_memory(64 * 2**20)
            np.ones(2**27)
        case "gpu-memory":
            raise type("OutOfMemoryError", (RuntimeError,), {})("CUDA out of memory")
        case "device-fault-once":
            if journal.first_time(job.text):
                raise RuntimeError("CUDA error: an illegal memory access was encountered")
        case "unusable":
            raise VoiceUnusable("The clip of this voice is gone.")
        case "bug":
            raise ValueError(job.text)
        case "not-a-number":
            not_sound = np.full(10, np.nan, np.float32).tobytes()
            answer = Spoken(job.job_id, not_sound, SAMPLE_RATE, None, {})
            os.write(PIPES[1], framing.frame(answer))
        case "other-rate":
            answer = Spoken(job.job_id, tone(job.text).tobytes(), 1, None, {})
            os.write(PIPES[1], framing.frame(answer))
        case "long":
            return Speech(pcm=np.ones(9 * 2**20, np.float32), sample_rate=SAMPLE_RATE)
        case "tail":
            silence = np.zeros(round(float(words[0]) * SAMPLE_RATE), np.float32)
            return Speech(pcm=np.append(tone(job.text), silence), sample_rate=SAMPLE_RATE)
    journal.write(f"spoke {job.text}")
    return Speech(pcm=tone(job.text), sample_rate=SAMPLE_RATE, stage_ms={"tone": 1.0})


def _limit_memory(more_bytes: int) -> None:
    import resource  # noqa: PLC0415 - does not exist on Windows

    used = int(Path("/proc/self/statm").read_text("ascii").split()[0]) * os.sysconf("SC_PAGE_SIZE")
    resource.setrlimit(resource.RLIMIT_AS, (used + more_bytes, used + more_bytes))


@dataclass
class Serial:
    """Speaks one text at a time."""

    info: EngineInfo
    _journal: Journal
    _home: Path
    _report: Callable[[WorkerReport], None]

    def synthesise(self, job: Speak, cancelled: Callable[[], bool]) -> Speech:
        if isinstance(job.voice, ClonedVoice):
            self._enrol(job.voice.identity)
        return _perform(job, self._journal, cancelled)

    def forget(self, identity: str) -> None:
        self._journal.write(f"forgot {identity}")
        (self._home / self._path(identity)).unlink(missing_ok=True)

    def _enrol(self, identity: str) -> None:
        path = self._path(identity)
        (self._home / path).parent.mkdir(exist_ok=True)
        (self._home / path).write_text(f"derived from {identity}")
        key = sha256(identity.encode()).hexdigest()
        self._report(Enrolled(key, identity, "model", "engine", path, 12))

    @staticmethod
    def _path(identity: str) -> str:
        return f"conditionals/{sha256(identity.encode()).hexdigest()}.safetensors"


@dataclass
class Batching:
    """Steps of 2 ms for all jobs together; "slow S" takes S seconds, everything else one step.

    "held" ends once the file `released` is there.
    """

    info: EngineInfo
    _journal: Journal
    _jobs: dict[int, tuple[Speak, float]] = field(default_factory=dict)
    _releases: int = 0

    @property
    def busy(self) -> bool:
        return bool(self._jobs)

    def admit(self, job: Speak) -> None:
        verb, *words = job.text.split()
        self._journal.write(f"admit {job.text}")
        self._jobs[job.job_id] = (job, time.monotonic() + float(words[0] if verb == "slow" else 0))

    def cancel(self, job_id: int) -> None:
        if job_id in self._jobs:
            self._journal.write(f"cancelled {self._jobs.pop(job_id)[0].text}")

    def forget(self, identity: str) -> None:
        self._journal.write(f"forgot {identity}")

    def step(self, _poll: Callable[[], None] = lambda: None, /) -> Sequence[Outcome]:
        time.sleep(0.002)
        released, now = self._journal.released, time.monotonic()
        ready = [
            job
            for job, until in self._jobs.values()
            if now >= until and (released or not job.text.startswith("held"))
        ]
        for job in ready:
            del self._jobs[job.job_id]
        return [Outcome(job.job_id, self._result(job)) for job in ready]

    def _result(self, job: Speak) -> Speech | SpeechError:
        match job.text.split()[0]:
            case "exhaust":
                raise MemoryError
            case "broken":
                raise RuntimeError(job.text)
            case "too-much":
                return OutOfMemory("There was not enough memory to speak this.")
            case "narrow":
                self.info = msgspec.structs.replace(self.info, streams=1)
            case "slow" | "held":
                self._journal.write(f"spoke {job.text}")
                return Speech(pcm=tone(job.text), sample_rate=SAMPLE_RATE)
        return _perform(job, self._journal, lambda: False)

    def idle(self) -> float | None:
        self._releases += 1
        self._journal.write(f"released {self._releases}")
        match (script := os.environ.get("SCRIPT_IDLE", "")).split():
            case ["exhaust"]:
                raise MemoryError
            case ["broken", _]:
                raise RuntimeError(script)
            case ["held"]:
                self._journal.wait_for_release()
        return 0.05 if self._releases == 1 else None

    def close(self) -> None:
        self._journal.write("closed")


def load(config: EngineConfig, report: Callable[[WorkerReport], None]) -> Engine:
    journal = Journal(config.home)
    journal.write("load")
    script = os.environ.get("SCRIPT_LOAD", "")
    report(Progress("Tuning the fork", 0.5))
    match script.split():
        case ["unable"]:
            raise WorkerUnavailable("There is no tuning fork.")
        case ["unable-once"] if journal.first_time("unable"):
            raise WorkerUnavailable("There is no tuning fork.")
        case ["die"]:
            raise RuntimeError("the tuning fork is bent")
        case ["die-once"] if journal.first_time("die"):
            os.kill(os.getpid(), KILL)
        case ["slow", seconds]:
            time.sleep(float(seconds))
        case ["held"]:
            journal.wait_for_release()
        case ["memory"]:
            raise OutOfMemory("Another process has all the memory.")
        case ["enrol"]:
            report(
                Enrolled("a" * 64, f"clip:1:{'b' * 64}", "model", "engine", "conditionals/key", 12)
            )
    streams = int(os.environ.get("SCRIPT_STREAMS", "1"))
    info = EngineInfo(
        name="scripted",
        model="tone",
        revision="1",
        version="1",
        sample_rate=SAMPLE_RATE,
        device="cpu",
        precision=os.environ.get("SCRIPT_PRECISION", "fp32"),
        reason="Tones are spoken, for a test.",
        stock_voices=("tone",),
        clones_voices="SCRIPT_CLONES" in os.environ,
        streams=streams,
        step_patience=float(os.environ.get("SCRIPT_PATIENCE", "1")),
    )
    if streams > 1:
        return Batching(info, journal)
    return SerialEngine(Serial(info, journal, Path(config.home), report))


if __name__ == "__main__":
    run(load, *PIPES, heartbeat_s=float(os.environ.get("SCRIPT_HEARTBEAT_S", "0.1")))
