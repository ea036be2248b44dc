"""Judge an upload: is it one person's voice, long and clean enough to learn from.

The content is read only by a child process; this side never blocks the event loop and never holds
the upload in memory.
"""

from dataclasses import dataclass
from pathlib import Path

from bot.clips.limits import ClipLimits
from bot.errors import UserError

__all__ = ["ClipLimits", "ClipRefused", "JudgedClip", "judge"]


class ClipRefused(UserError):
    """The clip cannot become a voice. `str` says what was heard and how to do better."""


@dataclass(frozen=True, slots=True)
class JudgedClip:
    """A clip that can become a voice.

    `flac` is mono, 16 bit, 24 kHz, and `sha256` its lower-case hex digest. `duration_s` is the
    length of that file, `voiced_s` how much of it is speech. The other figures are of the upload,
    before its loudness was normalised: `snr_db` between speech and background, `loudness_lufs` by
    ITU-R BS.1770-4, `clipped_share` of the samples, and `speaker_similarity` (cosine, at most 1)
    between the two most different parts.
    """

    flac: bytes
    sha256: str
    duration_s: float
    voiced_s: float
    snr_db: float
    loudness_lufs: float
    clipped_share: float
    speaker_similarity: float


async def judge(upload: Path, limits: ClipLimits) -> JudgedClip:
    """Judge the file at `upload`, which stays where it is. Raises `ClipRefused`."""
    raise ClipRefused("Clips cannot be judged yet.")
