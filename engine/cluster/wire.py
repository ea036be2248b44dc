"""What crosses between the relay and an actor: msgpack, as on a worker's pipes.

Ray carries an `AttachAnswer` alone, as `bytes`: what it is given may come to lie in its shared
memory, and in time on a disk. Everything else goes over an `engine.cluster.link`.
"""

from typing import Annotated, Literal

import msgspec
import numpy as np

from engine.errors import SynthesisFailed
from engine.messages import (
    BoundedText,
    Command,
    Enrolled,
    Failed,
    Forgotten,
    Heartbeat,
    Identity,
    Narrowed,
    Progress,
    Ready,
    Spoken,
    Unable,
)

_FULL_SCALE = 32767.0


class AttachAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """An actor's answer to a relay that wants to have it.

    "attached": it serves this relay, which is to connect to `host` and `port` and to seal with
    `key`. "held": another holder is alive. "other": it is of no use to this relay. "deaf": its
    machine does not let it listen at `host`, because of `reason`.
    """

    state: Literal["attached", "held", "other", "deaf"]
    host: str = ""
    port: int = 0
    key: bytes = b""
    reason: str = ""


class Beat(msgspec.Struct, frozen=True, tag="beat"):
    """The relay's first word on a connection, and one a second: the bot is there."""


class VoiceClip(msgspec.Struct, frozen=True, tag="clip"):
    """A voice's clip, sent ahead of the first `Speak` that needs it."""

    voice_identity: Identity
    content: bytes


class ClipWanted(msgspec.Struct, frozen=True, tag="clip_wanted"):
    """The machine has no clip for a job: it is to be sent again, behind the clip."""

    job_id: int


class Sound(msgspec.Struct, frozen=True, tag="sound"):
    """A `Spoken` whose samples are int16, little endian: half as much to carry."""

    job_id: int
    pcm: bytes
    sample_rate: int
    substitution: BoundedText | None
    stage_ms: Annotated[dict[str, float], msgspec.Meta(max_length=100)]

    @classmethod
    def of(cls, spoken: Spoken) -> "Sound":
        samples = np.frombuffer(spoken.pcm, "<f4") * np.float32(_FULL_SCALE)
        np.clip(np.rint(samples, out=samples), -_FULL_SCALE, _FULL_SCALE, out=samples)
        return cls(
            job_id=spoken.job_id,
            pcm=samples.astype("<i2").tobytes(),
            sample_rate=spoken.sample_rate,
            substitution=spoken.substitution,
            stage_ms=spoken.stage_ms,
        )

    @property
    def spoken(self) -> Spoken:
        """Raises `SynthesisFailed` for half a sample."""
        if len(self.pcm) % 2:
            raise SynthesisFailed("The sound was damaged on its way.")
        samples = np.divide(
            np.frombuffer(self.pcm, "<i2"), np.float32(_FULL_SCALE), dtype=np.float32
        )
        return Spoken(
            job_id=self.job_id,
            pcm=samples.tobytes(),
            sample_rate=self.sample_rate,
            substitution=self.substitution,
            stage_ms=self.stage_ms,
        )


class Ended(msgspec.Struct, frozen=True, tag="ended"):
    """The actor's last word: its engine's process ends with this exit code."""

    code: int


ToActor = Command | VoiceClip | Beat
FromActor = (
    Progress
    | Ready
    | Narrowed
    | Unable
    | Heartbeat
    | Failed
    | Enrolled
    | Forgotten
    | Sound
    | ClipWanted
    | Ended
)
