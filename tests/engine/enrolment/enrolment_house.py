"""A home for enrolments, and clips to fill it with."""

import hashlib
from collections.abc import Callable
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

import soundfile

from engine.enrolment import Conditionals, Enrolment
from engine.enrolment.networks import EnrolmentNetworks
from engine.enrolment.newcomers import AtOnce
from engine.messages import Enrolled
from engine.speech import ClonedVoice, FloatArray
from engine.upstream.random_weights import synthetic_voice
from engine.weights.models import Family

RATE = 24_000


def write_clip(path: Path, pitch_hz: float, seconds: float = 3.0) -> ClonedVoice:
    return write_samples(path, synthetic_voice(pitch_hz, seconds))


def write_samples(path: Path, samples: FloatArray, rate: int = RATE) -> ClonedVoice:
    soundfile.write(path, samples, rate, subtype="FLOAT")
    return voice_at(path)


def voice_at(path: Path) -> ClonedVoice:
    return ClonedVoice(hashlib.sha256(path.read_bytes()).hexdigest(), str(path))


class OneAtATime(Executor):
    """A background that does what it was given when it is told to."""

    def __init__(self) -> None:
        self.given: list[Callable[[], None]] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()

        def carry_out() -> None:
            if not future.set_running_or_notify_cancel():
                return
            done = AtOnce().submit(fn, *args, **kwargs)
            if (error := done.exception()) is not None:
                future.set_exception(error)
            else:
                future.set_result(done.result())

        self.given.append(carry_out)
        return future

    def work(self) -> None:
        self.given.pop(0)()


class House:
    """An enrolment in a home of its own, and how often it loaded networks and reported."""

    def __init__(self, home: Path, networks: EnrolmentNetworks) -> None:
        self.home = home
        self.networks = networks
        self.loads = 0
        self.now = 1000.0
        self.reports: list[Enrolled] = []
        self.enrolment = self.open()

    def open(
        self,
        networks: str = "n1",
        family: Family = "original",
        capacity: int = 256,
        background: Executor | None = None,
    ) -> Enrolment:
        """Like a new process with the same home."""

        def load() -> EnrolmentNetworks:
            self.loads += 1
            return self.networks

        return Enrolment(
            home=self.home,
            family=family,
            networks=networks,
            load_networks=load,
            report=self.reports.append,
            capacity=capacity,
            background=background,
            clock=lambda: self.now,
        )

    def files(self) -> list[Path]:
        return sorted((self.home / "conditionals").glob("*"))


def same(one: Conditionals, other: Conditionals) -> bool:
    return one.to_bytes() == other.to_bytes()
