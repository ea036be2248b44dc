"""A piece of rendered speech, ready to be sent."""

from dataclasses import dataclass, replace

from bot.catalogue import Said
from bot.speech.audio import opus
from bot.speech.audio.opus import PACKET_MS
from bot.speech.audio.tuning import Tuning, tuned


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


def faster(clip: Clip, rate: float, *, kbps: int) -> Clip:
    """`clip`, `rate` times as fast and as loud and as high as it was. For a thread."""
    pcm = opus.decode(opus.join(clip.packets)).mean(axis=1)
    packets, _ = opus.encode(
        tuned(pcm, opus.SAMPLE_RATE, Tuning(speed=rate)), opus.SAMPLE_RATE, kbps=kbps
    )
    return replace(clip, packets=tuple(packets))
