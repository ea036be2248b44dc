"""How choices and commands name a voice where its name would not do.

"voice:12" is a registered voice, "stock:puck" one of the engine's, "clip:" with a digest the clip
of a disabled voice, which may be deleted.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from data.rows import VoiceRow
from engine.speech import sha256_of


class ReferenceKind(StrEnum):
    """What a reference begins with."""

    VOICE = "voice"
    STOCK = "stock"
    CLIP = "clip"


#: What may follow. A stock voice that was typed and not picked would be repeated to all.
_VALUES = {
    ReferenceKind.VOICE: re.compile(r"[0-9]{1,18}"),
    ReferenceKind.STOCK: re.compile(r"[\w-]{1,40}"),
    ReferenceKind.CLIP: re.compile(r"[0-9a-f]{64}"),
}


@dataclass(frozen=True, slots=True)
class VoiceReference:
    """One reference. A `value` of "" names nothing."""

    kind: ReferenceKind
    value: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.value}"

    @classmethod
    def to_voice(cls, voice: VoiceRow) -> Self:
        """A registered voice."""
        return cls(ReferenceKind.VOICE, str(voice.voice_id))

    @classmethod
    def to_stock(cls, name: str) -> Self:
        """A voice of the engine's."""
        return cls(ReferenceKind.STOCK, name)

    @classmethod
    def to_clip(cls, clip_sha256: str) -> Self:
        """A clip that is disabled, by what it is still known by once its voice is deleted."""
        return cls(ReferenceKind.CLIP, clip_digest(clip_sha256))

    @classmethod
    def parse(cls, asked: str) -> Self | None:
        """What somebody sent as a reference; None where it is a name."""
        prefix, colon, value = asked.partition(":")
        if not colon or prefix not in _VALUES:
            return None
        kind = ReferenceKind(prefix)
        return cls(kind, value if _VALUES[kind].fullmatch(value) else "")


def clip_digest(clip_sha256: str) -> str:
    """What a disabled clip is known by: the clip's own digest goes with its voice."""
    return sha256_of("disabled clip", clip_sha256)
