"""S3Gen: speech tokens to watermarked 24 kHz waveforms, for several utterances and voices at once.

The interface is `WaveformDecoder`, `Utterance` and `VoiceConditionals`. This is our own code for
the hot path; upstream's classes are its reference in tests and benchmarks, and nothing here
imports them.
"""

from engine.chatterbox.s3gen.decoder import PendingWaveforms, WaveformDecoder
from engine.chatterbox.s3gen.utterance import Noise, Utterance, VoiceConditionals

__all__ = ["Noise", "PendingWaveforms", "Utterance", "VoiceConditionals", "WaveformDecoder"]
