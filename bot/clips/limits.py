"""What a clip may cost and how it has to sound. Shared by the bot and the child process."""

from typing import Annotated

from msgspec import Meta, Struct

from bot.clips.statement import Statement


class ClipLimits(Struct, frozen=True, kw_only=True):
    """The settings of a clip.

    The `decode_*` limits hold for the child process as a whole. `max_decoded_s` is the longest
    recording that is looked at; of a longer voice than `max_voiced_s` the best part is taken.
    """

    max_upload_mib: Annotated[float, Meta(gt=0, le=500), "TIMBRE_CLIP_MAX_MIB"] = 10.0
    min_voiced_s: Annotated[float, Meta(ge=1, le=60), "TIMBRE_CLIP_MIN_VOICED_S"] = 5.0
    max_voiced_s: Annotated[float, Meta(ge=1, le=60), "TIMBRE_CLIP_MAX_VOICED_S"] = 30.0
    min_snr_db: Annotated[float, Meta(ge=0, le=60), "TIMBRE_CLIP_MIN_SNR_DB"] = 12.0
    min_same_speaker_similarity: Annotated[
        float, Meta(ge=0, le=1), "TIMBRE_CLIP_MIN_SAME_SPEAKER_SIMILARITY"
    ] = 0.8
    checks_at_once: Annotated[int, Meta(ge=1, le=64), "TIMBRE_CLIP_CHECKS_AT_ONCE"] = 2

    max_clipped_share: float = 0.01
    min_loudness_lufs: float = -50.0
    max_decoded_s: float = 300.0
    decode_cpu_s: int = 20
    decode_wall_s: float = 30.0
    decode_memory_mib: int = 512

    def __post_init__(self) -> None:
        if self.min_voiced_s > self.max_voiced_s:
            raise ValueError("TIMBRE_CLIP_MIN_VOICED_S must not exceed TIMBRE_CLIP_MAX_VOICED_S")

    @property
    def max_upload_bytes(self) -> int:
        return int(self.max_upload_mib * 2**20)


class ProofLimits(Struct, frozen=True, kw_only=True):
    """What a recording of a statement has to reach; docs/speaker-proof.md has where it is from.

    `min_likeness` is to the clip, `min_same_voice_throughout` of its parts to each other.
    """

    min_likeness: float = 0.82
    min_same_voice_throughout: float = 0.65
    max_floor_spread_db: float = 18.0


class Task(Struct, frozen=True, kw_only=True):
    """What the child process has to do with the file on its stdin: judge a clip, or a proof of it.

    `clip_path` is the clip that the recording of `statement` is compared with.
    """

    limits: ClipLimits
    statement: Statement | None = None
    clip_path: str = ""
    proof_limits: ProofLimits = ProofLimits()
