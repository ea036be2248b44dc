"""How choices and commands name a voice where its name would not do.

"voice:12" is a registered voice, "stock:puck" one of the engine's, "clip:" with a digest the clip
of a disabled voice, which may be deleted.
"""

import re
from typing import Literal, NamedTuple, Self, cast

from data.rows import VoiceRow
from engine.speech import sha256_of

#: What a reference begins with, and what may follow.
_Kind = Literal["voice", "stock", "clip"]
_VALUES = {
    "voice": re.compile(r"[0-9]{1,18}"),
    "stock": re.compile(r"[\w-]{1,40}"),  # one that was typed, not picked, is repeated to all
    "clip": re.compile(r"[0-9a-f]{64}"),
}


class VoiceReference(NamedTuple):
    """One reference. A `value` of "" names nothing."""

    kind: _Kind
    value: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.value}"

    @classmethod
    def to_voice(cls, voice: VoiceRow) -> Self:
        return cls("voice", str(voice.voice_id))

    @classmethod
    def to_clip(cls, clip_sha256: str) -> Self:
        """The reference to a disabled clip, which outlives its voice."""
        return cls("clip", clip_digest(clip_sha256))

    @classmethod
    def parse(cls, asked: str) -> Self | None:
        """What was typed or picked, as a reference; None where it is a name."""
        kind, colon, value = asked.partition(":")
        if not colon or kind not in _VALUES:
            return None
        return cls(cast("_Kind", kind), value if _VALUES[kind].fullmatch(value) else "")


def clip_digest(clip_sha256: str) -> str:
    """What a disabled clip is known by: the clip's own digest goes with its voice."""
    return sha256_of("disabled clip", clip_sha256)
