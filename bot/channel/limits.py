"""How long the bot waits, and how much, in a voice channel."""

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta, Struct


class VoiceLimits(Struct, frozen=True, kw_only=True):
    """The settings of a voice connection; a server can choose its own `*_leave_s`.

    A lead-in is silence before speech, so that receivers do not lose the first syllable.
    `max_servers` is in how many servers one process is in voice at once: as many as it can speak in
    at the same time without being late (docs/benchmarks).
    `keep_alive_s` is after how long a silent connection is sent a packet of silence: routers forget
    a way that is not used after about a minute.
    """

    connect_timeout_s: Annotated[float, Meta(gt=0, le=60), "TIMBRE_VOICE_CONNECT_TIMEOUT_S"] = 10.0
    encryption_timeout_s: Annotated[
        float, Meta(gt=0, le=30), "TIMBRE_VOICE_ENCRYPTION_TIMEOUT_S"
    ] = 2.0
    lead_in_ms: int = 40
    first_lead_in_ms: int = 200
    max_utterances: Annotated[int, Meta(ge=1, le=1000), "TIMBRE_VOICE_QUEUE_MAX_UTTERANCES"] = 50
    max_wait_s: Annotated[float, Meta(gt=0, le=3600), "TIMBRE_VOICE_QUEUE_MAX_WAIT_S"] = 180.0
    alone_leave_s: Annotated[float, Meta(ge=0, le=86_400), "TIMBRE_VOICE_ALONE_LEAVE_S"] = 120.0
    idle_leave_s: Annotated[float, Meta(ge=0, le=86_400), "TIMBRE_VOICE_IDLE_LEAVE_S"] = 1800.0
    max_servers: Annotated[int, Meta(ge=1, le=10_000), "TIMBRE_VOICE_MAX_SERVERS"] = 250
    keep_alive_s: Annotated[float, Meta(ge=1, le=50), "TIMBRE_VOICE_KEEP_ALIVE_S"] = 15.0


@dataclass(frozen=True, slots=True)
class LeaveAfter:
    """How long the bot stays in a server's channel alone, and without a word; 0 for ever."""

    alone_s: float
    idle_s: float
