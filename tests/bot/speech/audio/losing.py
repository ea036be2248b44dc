"""`python -m tests.bot.speech.audio.losing`: what lost packets do to words.

Sentences in the stock voice are encoded each way, a share of their packets is lost at random, and
what a receiver makes of the rest (libopus's concealment, and its error correction where a packet
has any for the one before) is given to the recogniser. Prints word errors in percent, bits and
processor time for each way. Takes minutes; docs/benchmarks has what came of it.
"""

import argparse
import ctypes
import random
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import jiwer
import numpy as np

from bot.speech.audio.codec import Codec
from bot.speech.audio.opus import PACKET_SAMPLES, SAMPLE_RATE
from engine.messages import Speak
from engine.speech import FloatArray, SpeechParameters, StockVoice
from engine.stock.engine import StockEngine
from tests.recogniser import normalise, words

SENTENCES = (
    "The old clock in the hall has not worked since my grandmother died.",
    "Please bring two bottles of water and a blanket when you come back.",
    "It rained so hard last night that the whole street was under water.",
    "Nobody knows who left the door open, but the cat is gone.",
    "We should meet at the station at half past seven and walk from there.",
    "The soup needs a little more salt, and perhaps a bit of pepper.",
    "She has been learning to play the violin for almost eleven years.",
    "If you turn left after the bridge, you will see a yellow house.",
    "My brother wants to sell his car before the winter begins.",
    "They asked the doctor three questions, and he answered only one.",
)


@dataclass(frozen=True)
class Way:
    """How speech is encoded. libopus predicts speech for "voip", and for "audio" never does."""

    layout: str
    application: str
    fec: bool
    complexity: int

    def __str__(self) -> str:
        corrected = "FEC" if self.fec else "no FEC"
        return f"{self.layout}, {self.application}, {corrected}, complexity {self.complexity}"


#: The first is how it was, the last how it is.
WAYS = (
    Way("stereo", "voip", True, 10),
    Way("mono", "voip", True, 10),
    Way("mono", "voip", False, 10),
    Way("mono", "voip", False, 5),
    Way("mono", "audio", False, 5),
    Way("stereo", "audio", False, 5),
)


def encoded(pcm: FloatArray, way: Way, kbps: int) -> list[bytes]:
    """Packets of mono 48 kHz `pcm`, a whole number of packets long."""
    codec = av.AudioCodecContext.create("libopus", "w")
    codec.sample_rate, codec.layout, codec.format = SAMPLE_RATE, way.layout, "flt"
    codec.bit_rate = kbps * 1000
    codec.options = {
        "application": way.application,
        "frame_duration": "20",
        "fec": str(int(way.fec)),
        "packet_loss": "10",
        "vbr": "on",
        "compression_level": str(way.complexity),
    }
    channels = 2 if way.layout == "stereo" else 1
    packets = []
    for number, block in enumerate(pcm.reshape(-1, PACKET_SAMPLES)):
        samples = np.repeat(block[:, None], channels, axis=1).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(samples, format="flt", layout=way.layout)
        frame.sample_rate, frame.time_base = SAMPLE_RATE, Fraction(1, SAMPLE_RATE)
        frame.pts = number * PACKET_SAMPLES
        packets += [bytes(packet) for packet in codec.encode(frame)]
    return packets + [bytes(packet) for packet in codec.encode(None)]


class Receiver:
    """libopus's decoder as PyAV carries it, with what PyAV does not reach: concealment and FEC."""

    def __init__(self) -> None:
        libraries = Path(av.__file__).parents[1] / "av.libs"
        self._opus = ctypes.CDLL(str(next(libraries.glob("libopus-*"))))
        self._opus.opus_decoder_create.restype = ctypes.c_void_p
        self._opus.opus_decode_float.argtypes = [
            ctypes.c_void_p,
            ctypes.c_char_p,
            ctypes.c_int32,
            ctypes.POINTER(ctypes.c_float),
            ctypes.c_int,
            ctypes.c_int,
        ]

    def heard(self, packets: Sequence[bytes | None]) -> FloatArray:
        """Mono PCM of packets, of which None are lost."""
        error = ctypes.c_int()
        decoder = ctypes.c_void_p(
            self._opus.opus_decoder_create(SAMPLE_RATE, 1, ctypes.byref(error))
        )
        assert error.value == 0
        out = (ctypes.c_float * PACKET_SAMPLES)()
        parts = []
        for number, packet in enumerate(packets):
            following = packets[number + 1] if number + 1 < len(packets) else None
            given, corrects = (packet, 0) if packet is not None else (following, 1)
            length = len(given) if given is not None else 0
            done = self._opus.opus_decode_float(
                decoder, given, length, out, PACKET_SAMPLES, corrects
            )
            assert done == PACKET_SAMPLES
            parts.append(np.array(out, np.float32))
        self._opus.opus_decoder_destroy(decoder)
        return np.concatenate(parts)


def spoken() -> list[FloatArray]:
    """The sentences in the stock voice at their loudness, 48 kHz, whole packets."""
    engine, codec = StockEngine(threads=1, reason="For a measurement."), Codec()
    found = []
    for text in SENTENCES:
        speech = engine.synthesise(_job(text), lambda: False)
        pcm = codec.levelled(speech.pcm, speech.sample_rate)
        frame = av.AudioFrame.from_ndarray(pcm[None, :], format="flt", layout="mono")
        frame.sample_rate = speech.sample_rate
        resampler = av.AudioResampler(format="flt", layout="mono", rate=SAMPLE_RATE)
        parts = (*resampler.resample(frame), *resampler.resample(None))
        whole = np.concatenate([part.to_ndarray()[0] for part in parts])
        found.append(np.pad(whole, (0, -len(whole) % PACKET_SAMPLES)).astype(np.float32))
    return found


def _job(text: str) -> Speak:
    return Speak(
        job_id=1,
        text=text,
        language="en",
        voice=StockVoice("heart"),
        parameters=SpeechParameters(),
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--kbps", type=int, default=64)
    options = parser.parse_args()
    speech, receiver = spoken(), Receiver()
    seconds = sum(map(len, speech)) / SAMPLE_RATE
    for way in WAYS:
        began = time.process_time()
        packets = [encoded(pcm, way, options.kbps) for pcm in speech]
        used_ms = 1000 * (time.process_time() - began) / seconds
        kbps = sum(len(p) for line in packets for p in line) * 8 / seconds / 1000
        rates = []
        for share in (0.0, 0.05, 0.2):
            wrong = said = 0
            for seed in range(options.seeds if share else 1):
                draw = random.Random(seed)
                for text, line in zip(SENTENCES, packets, strict=True):
                    arrived = [None if draw.random() < share else packet for packet in line]
                    heard = normalise(words(receiver.heard(arrived), SAMPLE_RATE))
                    counts = jiwer.process_words(normalise(text), heard)
                    wrong += counts.substitutions + counts.deletions + counts.insertions
                    said += len(normalise(text).split())
            rates.append(f"{share:.0%} lost: {100 * wrong / said:.1f} %")
        sys.stdout.write(
            f"{way}: {used_ms:.1f} ms a second, {kbps:.0f} kbit/s, {', '.join(rates)}\n"
        )
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
