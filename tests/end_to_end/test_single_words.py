"""The first syllable and the tail are heard: words said alone, through the whole bot.

A recogniser that understands the engine's own samples has to understand what came out of the voice
connection just as well, and the sound has to begin and end as the engine's does.
"""

from dataclasses import dataclass

import numpy as np
import pytest
from scipy.signal import correlate, resample_poly

from bot.loopback import Heard
from engine.messages import Speak
from engine.speech import FloatArray, SpeechParameters, StockVoice
from engine.stock.engine import SAMPLE_RATE, StockEngine
from tests.end_to_end.conftest import HEART, Stage
from tests.end_to_end.stock_worker import remembering_engine
from tests.recogniser import normalise, words

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(600)]

#: Beginnings and endings of every kind: stops, fricatives, nasals, glides, vowels.
WORDS = (
    "Tomorrow",
    "Perfect",
    "Chocolate",
    "Elephant",
    "Kitchen",
    "Basketball",
    "Fantastic",
    "Wonderful",
    "Hospital",
    "Seven",
    "Thursday",
    "Absolutely",
    "Dangerous",
    "Yesterday",
    "Market",
    "Orange",
    "Vegetables",
    "Garden",
    "Umbrella",
    "Library",
)
#: Words understood and words between joins, with `--all` and without: both join twice at least.
ENOUGH, SOME = (9, 5), (3, 2)
RATE = 48_000
_WINDOW = RATE // 200  # 5 ms


@dataclass(frozen=True)
class Edges:
    """Where a sound begins and ends in seconds: within 40 dB of its loudest 5 ms."""

    onset_s: float
    end_s: float

    @property
    def length_s(self) -> float:
        return self.end_s - self.onset_s


def envelope(pcm: FloatArray) -> FloatArray:
    """Level of every 5 ms relative to the loudest, linear."""
    frames = pcm[: len(pcm) // _WINDOW * _WINDOW].reshape(-1, _WINDOW)
    level = np.sqrt(np.mean(np.square(frames), axis=1))
    return (level / level.max()).astype(np.float32)


def edges(pcm: FloatArray) -> Edges:
    loud = np.flatnonzero(envelope(pcm) > 10 ** (-40 / 20))
    return Edges(loud[0] * _WINDOW / RATE, (loud[-1] + 1) * _WINDOW / RATE)


def alike_parts(original: FloatArray, heard: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The original from its onset to its end, and what was heard at these places of it."""
    late = int(np.argmax(correlate(heard, original, mode="full"))) - (len(original) - 1)
    found = edges(original)
    start, end = round(found.onset_s * RATE), round(found.end_s * RATE)
    return original[start:end], heard[late + start : late + end]


@pytest.fixture(scope="module")
def engine() -> StockEngine:
    """The same engine as the bot's, in this process: its samples depend on the text alone."""
    return remembering_engine()


def direct(engine: StockEngine, word: str) -> FloatArray:
    job = Speak(job_id=1, text=word, voice=StockVoice(), parameters=SpeechParameters())
    speech = engine.synthesise(job, lambda: False)
    return resample_poly(speech.pcm, RATE // SAMPLE_RATE, 1).astype(np.float32)


async def test_words_said_alone_are_heard_from_their_first_sound_to_their_last(
    stage: Stage, engine: StockEngine, pytestconfig: pytest.Config
) -> None:
    """Each directly after joining or after silence, when receivers are most likely to lose some."""
    enough, apart = ENOUGH if pytestconfig.getoption("--all") else SOME
    await stage.alice.join(stage.lounge)
    understood: list[str] = []
    for word in WORDS:
        if len(understood) == enough:
            break
        original = direct(engine, word)
        if normalise(words(original, RATE)) != normalise(word):
            continue  # not the bot's fault: the recogniser does not know it from the engine itself
        sent = await stage.say(stage.alice, word, voice=HEART)
        heard = sound(sent)
        assert normalise(words(heard, RATE)) == normalise(word)
        assert abs(edges(heard).length_s - edges(original).length_s) <= 0.025, word
        before, after = alike_parts(original, heard)
        # Nothing cut off: at the same places as loud in its first and last 60 ms.
        for part in (slice(0, RATE * 60 // 1000), slice(-RATE * 60 // 1000, None)):
            ratio = level(after[part]) / level(after) / (level(before[part]) / level(before))
            assert abs(20 * np.log10(ratio)) <= 6, (word, part)
        shorter = min(len(before), len(after)) // _WINDOW
        # Receivers lose what comes first: 200 ms of silence after joining, else 40.
        first = sent.speech[0]
        lead_in = sum(packet.arrived_s < first.arrived_s for packet in sent.packets)  # of 20 ms
        assert lead_in >= (2 if len(understood) % apart else 10), word
        alike = np.corrcoef(envelope(before)[:shorter], envelope(after)[:shorter])[0, 1]
        assert alike >= 0.9, word
        understood.append(word)
        if len(understood) % apart == 0:
            await stage.reply(stage.alice, "leave")  # the next one is the first after joining
    assert len(understood) == enough


def sound(heard: Heard) -> FloatArray:
    """All packets joined, whenever they came: a busy machine's pauses are not what is tested."""
    pcm = np.concatenate([packet.pcm for packet in heard.packets])
    return (pcm.mean(axis=1) / 32768).astype(np.float32)


def level(pcm: FloatArray) -> float:
    return float(np.sqrt(np.mean(np.square(pcm))))
