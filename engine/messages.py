"""What crosses the pipe between the Discord process and a worker: one msgpack struct a frame.

The Discord process writes a `Command` to the worker's stdin, the worker a `WorkerReport` to its
stdout. Framing is in `engine.framing`.
"""

from pathlib import Path
from typing import Annotated, Literal

import msgspec
import numpy as np

from engine.device import AskedPrecision, require_cards, require_device
from engine.errors import SynthesisFailed
from engine.speech import EngineInfo, Priority, Speech, SpeechParameters, Voice

#: What a worker says is shown to people: a worker that was taken over may say anything.
BoundedText = Annotated[str, msgspec.Meta(max_length=4_000)]
Digest = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
Identity = Annotated[str, msgspec.Meta(pattern="^clip:[0-9]{1,20}:[0-9a-f]{64}$")]

#: What TIMBRE_MODEL can name; `engine.weights.models` has what each is.
MODEL_NAMES = ("english", "multilingual", "turbo", "nano")


class EngineConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a worker needs to choose and load an engine: the settings of the engine.

    `home` is TIMBRE_HOME: conditionals are kept under it. `weights` is a folder with Chatterbox's
    checkpoint, None for the model hub at `revision`, downloaded into a folder of `weights_home`.
    `model` is "auto" or names of models with commas between: all of those are loaded, and the first
    speaks where none is asked for. `threads` limits CPU threads, 0 for all. `gpus` and `workers`
    say how many processes there are: `workers` for each card of `gpus`, or where that is None, on
    `device`.
    """

    engine: Annotated[Literal["auto", "chatterbox", "stock"], "TIMBRE_ENGINE"] = "auto"
    model: Annotated[str, "TIMBRE_MODEL"] = "auto"  # or `MODEL_NAMES`, with commas between
    home: Annotated[str, "TIMBRE_HOME"]
    weights: Annotated[str | None, "TIMBRE_WEIGHTS"] = None
    weights_home: Annotated[str | None, "TIMBRE_WEIGHTS_HOME"] = None  # None: "weights" under home
    revision: Annotated[str | None, "TIMBRE_WEIGHTS_REVISION"] = None  # None: the pinned one
    device: Annotated[str, "TIMBRE_DEVICE"] = "auto"  # as `engine.device.require_device` has it
    gpus: Annotated[str | None, "TIMBRE_GPUS"] = None  # as `engine.device.require_cards` has it
    workers: Annotated[int, msgspec.Meta(ge=1, le=64), "TIMBRE_WORKERS"] = 1
    precision: Annotated[AskedPrecision, "TIMBRE_PRECISION"] = "auto"
    threads: Annotated[int, msgspec.Meta(ge=0, le=1024), "TIMBRE_ENGINE_THREADS"] = 0
    max_streams: Annotated[int, msgspec.Meta(ge=1, le=128), "TIMBRE_MAX_STREAMS"] = 32

    def __post_init__(self) -> None:
        if self.model != "auto":
            self._require_models()
        require_device(self.device)
        require_cards(self.gpus or "")
        if self.gpus and self.device not in ("auto", "cuda"):
            raise ValueError(
                f"TIMBRE_DEVICE={self.device} and TIMBRE_GPUS={self.gpus} name different devices: "
                "set one of them"
            )

    @property
    def models(self) -> tuple[str, ...]:
        """Those that are asked for by name, the first one first; none where the machine decides."""
        if self.model == "auto":
            return ()
        return tuple(name.strip() for name in self.model.split(","))

    def _require_models(self) -> None:
        if not set(self.models) <= set(MODEL_NAMES) or len(set(self.models)) < len(self.models):
            raise ValueError(
                f"TIMBRE_MODEL has to be auto, or one or more of {', '.join(MODEL_NAMES)}, each "
                f"once and with commas between, not {self.model!r}"
            )

    @property
    def weights_folder(self) -> Path:
        """Where checkpoints from the model hub are kept, each in a folder of its own."""
        return Path(self.weights_home) if self.weights_home else Path(self.home) / "weights"

    @property
    def stock_folder(self) -> Path:
        """Where the stock voice's model is kept as it is run."""
        return self.weights_folder / "stock"


class Start(msgspec.Struct, frozen=True, tag="start"):
    """First frame: load this. Answered by `Progress`, then `Ready`, or by exit with a reason."""

    config: EngineConfig


class Speak(msgspec.Struct, frozen=True, tag="speak"):
    """Synthesise one chunk; answered by `Spoken` or `Failed` with the same `job_id`.

    `priority` is the best that it was asked for with when it is sent: an engine that works on
    several jobs at once takes the better first where it cannot take all. `model` is as in
    `SpeechRequest`.
    """

    job_id: int
    text: str
    voice: Voice
    parameters: SpeechParameters
    language: str = "en"
    priority: Priority = Priority.FIRST_SOUND
    model: str = ""


class Cancel(msgspec.Struct, frozen=True, tag="cancel"):
    """Stop working on a job. Nothing more is reported for it."""

    job_id: int


class Forget(msgspec.Struct, frozen=True, tag="forget"):
    """Remove what was derived from a voice's clip, in memory and on disk. Answer: `Forgotten`."""

    voice_identity: str


class Stop(msgspec.Struct, frozen=True, tag="stop"):
    """Exit with code 0 as soon as the current step allows.

    `for_good`: no worker follows soon in this one's place, so nothing is to be left for it.
    """

    for_good: bool = False


Command = Start | Speak | Cancel | Forget | Stop


class Progress(msgspec.Struct, frozen=True, tag="progress"):
    """Loading: what is being done, and how much of it (0 to 1) where that is known."""

    activity: BoundedText
    fraction: float | None = None


class Ready(msgspec.Struct, frozen=True, tag="ready"):
    """The engine is loaded and takes `Speak`."""

    info: EngineInfo


class Unable(msgspec.Struct, frozen=True, tag="unable"):
    """The engine cannot be loaded, and starting again would not help. The worker then exits."""

    reason: BoundedText


class Heartbeat(msgspec.Struct, frozen=True, tag="heartbeat"):
    """Sent once a second from a thread of its own.

    `step_age_s` is the time since the main loop last finished a step, so that a stuck engine shows
    although its process lives. `gpu_bytes` is what it holds of a GPU's memory, 0 without one.
    """

    step_age_s: float
    resident_bytes: int
    gpu_bytes: int = 0


class Spoken(msgspec.Struct, frozen=True, tag="spoken"):
    """A finished job. `pcm` is mono float32, little endian; the rest is as in `Speech`."""

    job_id: int
    pcm: bytes
    sample_rate: int
    substitution: BoundedText | None
    stage_ms: Annotated[dict[str, float], msgspec.Meta(max_length=100)]

    @classmethod
    def of(cls, job_id: int, speech: Speech) -> "Spoken":
        return cls(
            job_id=job_id,
            pcm=np.ascontiguousarray(speech.pcm, "<f4").tobytes(),
            sample_rate=speech.sample_rate,
            substitution=speech.substitution,
            stage_ms=speech.stage_ms,
        )

    @property
    def speech(self) -> Speech:
        """What was spoken; the samples are read-only. Raises `SynthesisFailed` for damaged ones."""
        damaged = SynthesisFailed("The sound was damaged on its way.")
        if len(self.pcm) % 4 or self.sample_rate <= 0:
            raise damaged
        pcm = np.frombuffer(self.pcm, "<f4").astype(np.float32, copy=False)
        if not np.isfinite(pcm).all():
            raise damaged
        return Speech(
            pcm=pcm,
            sample_rate=self.sample_rate,
            substitution=self.substitution,
            stage_ms=self.stage_ms,
        )


class Narrowed(msgspec.Struct, frozen=True, tag="narrowed"):
    """Memory ran out: the engine works on so many jobs at once from now on."""

    streams: Annotated[int, msgspec.Meta(ge=1, le=128)]


class Failed(msgspec.Struct, frozen=True, tag="failed"):
    """A job that cannot be done. `kind` is one of `engine.errors.BY_KIND`."""

    job_id: int
    kind: str
    message: BoundedText


class Enrolled(msgspec.Struct, frozen=True, tag="enrolled"):
    """Conditionals were computed and written to disk, to be recorded in SQLite.

    `key` is the SHA-256 they are stored under, `path` is relative to TIMBRE_HOME.
    """

    key: Digest
    voice_identity: Identity
    model_revision: BoundedText
    engine_version: BoundedText
    path: BoundedText
    size_bytes: int


class Forgotten(msgspec.Struct, frozen=True, tag="forgotten"):
    """Nothing derived from this voice's clip is left; every `Enrolled` of it came before."""

    voice_identity: str


WorkerReport = (
    Progress | Ready | Narrowed | Unable | Heartbeat | Spoken | Failed | Enrolled | Forgotten
)

#: Exit code of a worker that ran out of memory, which no exit by signal or exception shares.
EXIT_OUT_OF_MEMORY = 12
