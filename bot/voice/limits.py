"""The settings that voice sessions need."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class VoiceLimits:
    """See `.env.example`. A `_leave_s` of 0 is never."""

    connect_timeout_s: float
    encryption_timeout_s: float
    lead_in_ms: int
    first_lead_in_ms: int
    max_utterances: int
    max_wait_s: float
    alone_leave_s: float
    idle_leave_s: float
