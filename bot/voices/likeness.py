"""Whether a clip is a changed copy of a disabled one, by how the voice in it sounds.

A voiceprint is a direction of 256 numbers, as `bot.clips.verdict.Accepted` has it. Of voices that
are not disabled none is kept.
"""

import logging
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import numpy as np

from bot.base.errors import UserError
from bot.clips.judge import ClipLimits, JudgedClip

#: Cosine from which two clips are taken for one: docs/speaker-proof.md has how often that errs.
SAME_CLIP = 0.95
#: How long the voiceprint of a disabled clip is known.
VOICEPRINT_KEPT_S = 365 * 24 * 3600.0
#: A clip that was taken once is looked at again whatever the limits are now.
_ANY_CLIP = ClipLimits(
    min_voiced_s=1.0,
    min_snr_db=0.0,
    min_same_speaker_similarity=0.0,
    max_clipped_share=1.0,
    min_loudness_lufs=-100.0,
)

log = logging.getLogger(__name__)


def is_copy(voiceprint: bytes, others: Iterable[bytes]) -> bool:
    """Whether a clip sounds like one of some others, as only a copy does."""
    directions = [np.frombuffer(one, "<f4") for one in others]
    if not directions:
        return False
    alike = np.stack(directions) @ np.frombuffer(voiceprint, "<f4")
    return bool(np.max(alike) >= SAME_CLIP)


async def voiceprint_of(
    clip: AbstractAsyncContextManager[Path],
    judge: Callable[[Path, ClipLimits], Awaitable[JudgedClip]],
) -> bytes | None:
    """The voiceprint of a clip that is a voice; None, with a line in the log, where it has none."""
    try:
        async with clip as path:
            return (await judge(path, _ANY_CLIP)).voiceprint
    except (UserError, OSError) as error:
        log.warning("a disabled clip is known by its digest alone", extra={"reason": str(error)})
        return None
