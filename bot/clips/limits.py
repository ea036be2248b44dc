"""What a clip may cost and how it has to sound. Shared by the bot and the child process."""

import msgspec


class ClipLimits(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of a registration; units are in the names.

    The `decode_*` limits hold for the child process as a whole. `max_decoded_s` is the longest
    recording that is looked at; of a longer voice than `max_voiced_s` the best part is taken.
    """

    max_upload_mib: float = 10.0
    decode_cpu_s: int = 20
    decode_wall_s: float = 30.0
    decode_memory_mib: int = 512
    max_decoded_s: float = 300.0
    min_voiced_s: float = 5.0
    max_voiced_s: float = 30.0
    min_snr_db: float = 12.0
    max_clipped_share: float = 0.01
    min_loudness_lufs: float = -50.0
    min_same_speaker_similarity: float = 0.8
