"""The boundary types: what the Discord process asks of an engine and what it gets back.

Imported by both processes, so it must never import torch. Everything here is immutable and
crosses the pipe as msgpack.
"""

import hashlib
import math
from enum import IntEnum
from typing import Annotated

import msgspec
import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]

#: Closed range of every sampling parameter. Outside it Chatterbox produces noise or fails.
PARAMETER_RANGES: dict[str, tuple[float, float]] = {
    "exaggeration": (0.0, 2.0),
    "cfg_weight": (0.0, 2.0),
    "temperature": (0.05, 5.0),
    "min_p": (0.0, 1.0),
    "top_p": (0.01, 1.0),
    "top_k": (0, 10_000),
    "repetition_penalty": (1.0, 2.0),
    "seed": (0, 2**63 - 1),
}


class SpeechParameters(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How to speak. None is the model's own default; what a model does not know, it ignores.

    `top_k` of 0 leaves all tokens. Raises `ValueError`, naming the field, for a value outside
    `PARAMETER_RANGES`.
    """

    exaggeration: float = 0.5
    cfg_weight: float = 0.5
    temperature: float = 0.8
    min_p: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    repetition_penalty: float | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        for name, (low, high) in PARAMETER_RANGES.items():
            value = getattr(self, name)
            if value is not None and not (math.isfinite(value) and low <= value <= high):
                raise ValueError(f"{name} must be between {low} and {high}, not {value}")


class StockVoice(msgspec.Struct, frozen=True, tag="stock"):
    """A voice that comes with the engine. An empty name is the engine's default."""

    name: str = ""

    @property
    def identity(self) -> str:
        """What distinguishes this voice in a cache key."""
        return f"stock:{self.name}"


class ClonedVoice(msgspec.Struct, frozen=True, tag="cloned"):
    """A member's voice, given by its reference clip.

    `clip_sha256` is the lower-case hex digest of the bytes at `clip_path`, which may change. Digest
    and owner (0: nobody) are the voice's identity: two people with one recording share nothing.
    """

    clip_sha256: str
    clip_path: str
    owner_id: int = 0

    @property
    def identity(self) -> str:
        """What distinguishes this voice in a cache key."""
        return f"clip:{self.owner_id}:{self.clip_sha256}"


Voice = StockVoice | ClonedVoice


class Priority(IntEnum):
    """Which request goes first; a lower number is served earlier."""

    FIRST_SOUND = 0  # people hear silence until this is done
    SPEAKING = 1  # the next chunk after what sounds now
    LOOK_AHEAD = 2  # a later chunk of what sounds now
    IN_LINE = 3  # the first chunk of what waits behind others; promoted when its turn is near
    BACKGROUND = 4  # for a file: nobody in a voice channel waits for it


class SpeechRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One chunk of text to be spoken.

    `language` is the text's, an ISO 639-1 code; an engine that cannot read it does what it can.
    `model` is one of `EngineInfo.models`, "" the worker's first, which also speaks for one that is
    not there any more.
    `guild_id` and `user_id` are whom the queue is fair to; 0 stands for nobody in particular.
    `deadline_s` counts from submission, and anew when the request is promoted: one that has not
    started by then fails with `DeadlineExceeded`; None waits for ever.
    """

    text: str
    language: str = "en"
    model: str = ""
    voice: Voice = StockVoice()
    parameters: SpeechParameters = SpeechParameters()
    guild_id: int = 0
    user_id: int = 0
    priority: Priority = Priority.FIRST_SOUND
    deadline_s: float | None = None

    @property
    def content_key(self) -> str:
        """SHA-256 over everything in the request that changes the audio, and whose words they are.

        Hex. Requests with equal keys are one job. Those of two people never are: how soon an answer
        comes would tell one of them what the other had said.
        """
        parts = (self.text, self.language, self.voice.identity, self.parameters, self.user_id)
        return sha256_of(*parts, *((self.model,) if self.model else ()))


class Speech(msgspec.Struct, frozen=True, kw_only=True):
    """What an engine made of one request.

    `pcm` is mono float32 of shape (samples,), nominally in [-1, 1], at `sample_rate` Hz.
    `substitution` says, in one sentence for the listener, why another voice than the requested
    one is speaking; None when the voice is the requested one. `stage_ms` names what the time went
    on, in milliseconds.
    """

    pcm: FloatArray
    sample_rate: int
    substitution: str | None = None
    stage_ms: dict[str, float] = {}

    @property
    def duration_s(self) -> float:
        return len(self.pcm) / self.sample_rate


#: Of what a worker says of itself: a worker that was taken over may say anything.
Word = Annotated[str, msgspec.Meta(max_length=1_000)]


class OtherModel(msgspec.Struct, frozen=True, kw_only=True):
    """A model that a worker holds beside its first; the fields are as in `EngineInfo`."""

    model: Word
    revision: Word
    precision: Word
    languages: Annotated[tuple[Word, ...], msgspec.Meta(min_length=1, max_length=100)]
    sounds: Annotated[tuple[Word, ...], msgspec.Meta(max_length=100)]


class EngineInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker loaded and why, as shown by `/status` and hashed into cache keys.

    Of several models it is about the first, which speaks where no other is asked for.
    """

    name: Word  # "chatterbox" or "stock"
    model: Word
    revision: Word
    version: Word  # of our code: raised whenever the same request gives other audio
    sample_rate: Annotated[int, msgspec.Meta(ge=8_000, le=192_000)]
    device: Word
    precision: Word
    reason: Word  # one sentence: why this engine, device and precision
    stock_voices: Annotated[tuple[Word, ...], msgspec.Meta(max_length=1_000)]  # first: the default
    clones_voices: bool
    #: ISO 639-1 codes of what its model reads.
    languages: Annotated[tuple[Word, ...], msgspec.Meta(min_length=1, max_length=100)] = ("en",)
    #: Sounds that may stand in a text in brackets: "laugh" for "[laugh]".
    sounds: Annotated[tuple[Word, ...], msgspec.Meta(max_length=100)] = ()
    streams: Annotated[int, msgspec.Meta(ge=1, le=128)] = 1  # jobs it is given at once
    step_patience: float = 1.0  # how many times the usual limit a step of it may take
    #: What it takes to make anything, in seconds, before the length of what is made counts.
    chunk_s: Annotated[float, msgspec.Meta(ge=0, le=10)] = 0.0
    others: Annotated[tuple[OtherModel, ...], msgspec.Meta(max_length=10)] = ()

    @property
    def identity(self) -> str:
        """What distinguishes this engine's audio in a cache key.

        The device is part of it: a seed does not draw the same noise on every one.
        """
        model = f"{self.name}/{self.model}@{self.revision}/{self.version}"
        return f"{model}/{self.device}/{self.precision}"

    @property
    def identities(self) -> tuple[str, ...]:
        """The `identity` of each of its models."""
        return tuple(self.of(model).identity for model in self.models)

    @property
    def models(self) -> tuple[str, ...]:
        """All that can be asked for, the first one first."""
        return (self.model, *(other.model for other in self.others))

    @property
    def reads(self) -> tuple[str, ...]:
        """What at least one of the models reads, the first one's languages first."""
        every = [*self.languages, *(code for other in self.others for code in other.languages)]
        return tuple(dict.fromkeys(every))

    @property
    def makes(self) -> tuple[str, ...]:
        """The sounds that at least one of the models makes."""
        every = [*self.sounds, *(sound for other in self.others for sound in other.sounds)]
        return tuple(dict.fromkeys(every))

    def of(self, model: str) -> "EngineInfo":
        """What is to be known of one of `models` alone; of the first where it is none of them."""
        for other in self.others:
            if other.model == model:
                return msgspec.structs.replace(self, others=(), **msgspec.structs.asdict(other))
        return msgspec.structs.replace(self, others=()) if self.others else self


def sha256_of(*parts: object) -> str:
    """Hex SHA-256 over the msgpack of `parts`: unambiguous, unlike a joined string."""
    return hashlib.sha256(msgspec.msgpack.encode(parts)).hexdigest()
