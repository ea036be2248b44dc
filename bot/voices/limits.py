"""How many voices there may be, how soon the next, and how long those of a server outlive it."""

from typing import Annotated, Literal

from msgspec import Meta, Struct


class ClonedVoiceLimits(Struct, frozen=True, kw_only=True):
    """The settings of members' voices. A cooldown is between two uploads of one person.

    A voice that nobody speaks in for `unused_days` is deleted; 0 is never.
    """

    voices_per_user: Annotated[int, Meta(ge=1, le=1000), "TIMBRE_MAX_VOICES_PER_USER"] = 5
    voices_per_guild: Annotated[int, Meta(ge=1, le=1_000_000), "TIMBRE_MAX_VOICES_PER_GUILD"] = 500
    registration_cooldown_s: Annotated[
        float, Meta(ge=0, le=86_400), "TIMBRE_REGISTRATION_COOLDOWN_S"
    ] = 10.0
    unused_days: Annotated[float, Meta(ge=0, le=36_500), "TIMBRE_VOICE_UNUSED_DAYS"] = 365.0
    guild_grace_days: Annotated[float, Meta(ge=0, le=3650), "TIMBRE_GUILD_GRACE_DAYS"] = 7.0


class StatementLimits(Struct, frozen=True, kw_only=True):
    """Whether a voice's person has to say a sentence, in every server, and within which time."""

    demand: Annotated[Literal["off", "always", "own"], "TIMBRE_VOICE_STATEMENT"] = "own"
    within_s: Annotated[float, Meta(ge=1, le=600), "TIMBRE_VOICE_STATEMENT_WITHIN_S"] = 300.0
