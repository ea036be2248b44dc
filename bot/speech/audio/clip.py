"""A piece of rendered speech, ready to be sent."""

from dataclasses import dataclass

from bot.catalogue import Said
from bot.speech.audio.opus import PACKET_MS


@dataclass(frozen=True, slots=True)
class Clip:
    """One chunk of an utterance as Opus packets of 20 ms.

    `substitution` is a sentence for the listener where another voice than the requested one is
    speaking.
    """

    key: str
    packets: tuple[bytes, ...]
    cached: bool
    substitution: Said | None = None

    @property
    def duration_s(self) -> float:
        """Length of the audio in seconds."""
        return len(self.packets) * PACKET_MS / 1000
