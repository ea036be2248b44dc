"""The stock voice's figures on this machine: `python -m tests.engine.stock.figures`.

Load time, time to the first PCM by length of text, real-time factor, and per voice the word error
rate over twelve sentences, half of them from the Harvard lists. Two threads.
"""

import time

from engine.messages import Speak
from engine.speech import Speech, SpeechParameters, StockVoice
from engine.stock.engine import VOICES, StockEngine
from tests.recogniser import word_error_rate

SENTENCES = (
    "The birch canoe slid on the smooth planks.",
    "Glue the sheet to the dark blue background.",
    "It is easy to tell the depth of a well.",
    "These days a chicken leg is a rare dish.",
    "Rice is often served in round bowls.",
    "The juice of lemons makes fine punch.",
    "Hello everyone, and welcome to the meeting on Thursday afternoon.",
    "She arrived at 3:45 pm with 23 apples and a bottle of water.",
    "Could you please turn the music down a little?",
    "We walked for ten miles before the rain began.",
    "The library closes early on Sundays during the winter.",
    "In 1969, two people walked on the moon for the first time.",
)
BY_LENGTH = (
    "Hello there, friend.",
    "The library closes early on Sundays during the long winter.",
    "The quick brown fox jumps over the lazy dog while the committee meets again on Thursday, and "
    "everyone who has registered is very welcome to come.",
)


def _speak(engine: StockEngine, text: str, voice: str) -> tuple[Speech, float]:
    """Return the speech and the seconds that it took."""
    job = Speak(job_id=1, text=text, voice=StockVoice(voice), parameters=SpeechParameters())
    started = time.perf_counter()
    speech = engine.synthesise(job, lambda: False)
    return speech, time.perf_counter() - started


def main() -> None:
    """Measure and print."""
    started = time.perf_counter()
    engine = StockEngine(threads=2, reason="figures")
    print(f"load                {time.perf_counter() - started:6.2f} s")
    for text in BY_LENGTH:
        taken = min(_speak(engine, text, VOICES[0])[1] for _ in range(3))
        print(f"{len(text):3d} characters      {taken:6.2f} s to the first PCM")
    for voice in VOICES:
        busy_since = time.process_time()
        spoken = [_speak(engine, sentence, voice) for sentence in SENTENCES]
        busy = time.process_time() - busy_since
        heard = [
            word_error_rate(sentence, speech.pcm, speech.sample_rate)
            for sentence, (speech, _) in zip(SENTENCES, spoken, strict=True)
        ]
        length = sum(speech.duration_s for speech, _ in spoken)
        factor = sum(taken for _, taken in spoken) / length
        print(
            f"{voice:10s} word error rate {sum(heard) / len(heard):.3f} (worst {max(heard):.2f}), "
            f"real-time factor {factor:.2f}, {busy / length:.2f} core seconds a second",
            flush=True,
        )


if __name__ == "__main__":
    main()
