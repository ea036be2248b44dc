"""The settings that voice sessions need."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class VoiceLimits:
    """See `.env.example`."""

    connect_timeout_s: float
    encryption_timeout_s: float
    lead_in_ms: int
    first_lead_in_ms: int
    max_utterances: int
    max_wait_s: float
    keep_alive_s: float


@dataclass(frozen=True, slots=True)
class LeaveAfter:
    """How long the bot stays in a server's channel alone, and without a word; 0 for ever."""

    alone_s: float
    idle_s: float
