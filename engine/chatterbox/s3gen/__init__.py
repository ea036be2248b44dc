"""S3Gen: speech tokens to watermarked 24 kHz waveforms, for several utterances and voices at once.

The interface is `WaveformDecoder`. This is our own code for the hot path; upstream's classes are
its reference in tests and benchmarks, and nothing here imports them.
"""

from engine.chatterbox.s3gen.decoder import PendingWaveforms, WaveformDecoder
from engine.chatterbox.s3gen.noise import Noise

__all__ = ["Noise", "PendingWaveforms", "WaveformDecoder"]
