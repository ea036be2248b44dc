"""What is made when: what sounds before what waits in line, and that in time for its turn."""

import asyncio
from pathlib import Path

import pytest

from bot.channel.line import Line
from bot.channel.playback import Playback
from bot.channel.source import OpusQueueSource
from bot.channel.speaker import LineSpeaker
from bot.speech.service import SpeechService
from bot.speech.speaker import Speaker
from data.store import Store
from engine.speech import Priority
from tests.bot.speech.tones import OneByOne, service


class Mouth:
    """A line and its speaker, whose packets are taken as they come. It queues as sessions do."""

    def __init__(self, speech: SpeechService) -> None:
        self._speech = speech
        self._line, self._source = Line(), OpusQueueSource(lambda: True)
        self._speaker = LineSpeaker(self._line, self._source, lambda: None)

    def say(self, author_id: int, *chunks: str) -> Playback:
        saying = self._speech.saying(chunks, Speaker(guild_id=1, user_id=author_id))
        busy = self._speaker.current or len(self._line)
        saying.due(Priority.IN_LINE if busy else Priority.FIRST_SOUND)
        playback = Playback(saying, author_id=author_id, label="", on_cancel=lambda _: None)
        self._line.add(playback)
        self._speaker.go_on()
        return playback

    async def sound(self, *until: Playback) -> None:
        async with asyncio.timeout(90):
            while not all(playback.finished.done() for playback in until):
                self._source.read()
                await asyncio.sleep(0.001)


@pytest.fixture
async def engine() -> OneByOne:
    return OneByOne(job_s=0.02)


@pytest.fixture
async def mouth(engine: OneByOne, store: Store, tmp_path: Path) -> Mouth:
    return Mouth(service(engine, store, tmp_path))


async def test_no_chunk_of_what_sounds_waits_behind_a_message_whose_turn_is_not_near(
    engine: OneByOne, mouth: Mouth
) -> None:
    sounding = mouth.say(1, *(f"now {n}" for n in range(8)))
    while not engine.begun:
        await asyncio.sleep(0.001)
    waiting = [mouth.say(author, f"first of {author}", "second") for author in range(2, 12)]
    await mouth.sound(sounding, *waiting)
    for text, left in zip(engine.begun, engine.left_waiting, strict=True):
        assert not (text.startswith("first") and any(other.startswith("now") for other in left))


async def test_the_next_message_is_due_once_nothing_is_left_to_be_made_of_what_sounds(
    engine: OneByOne, mouth: Mouth
) -> None:
    """Before then it is not, however long it waits; and one that comes later is so at once."""
    sounding, following = mouth.say(1, "now 0", "now 1"), mouth.say(2, "next")
    await asyncio.sleep(0)
    assert engine.promoted == []
    await mouth.sound(sounding, following)
    promoted = [(r.text, r.priority) for r in engine.promoted if r.text == "next"]
    assert promoted[0] == ("next", Priority.SPEAKING)
    engine.promoted.clear()
    last = mouth.say(1, "the last one")
    while not last.started.done():
        mouth._source.read()
        await asyncio.sleep(0.001)
    late = mouth.say(2, "late")
    await mouth.sound(last, late)
    promoted = [(r.text, r.priority) for r in engine.promoted]
    assert promoted[0] == ("late", Priority.SPEAKING)
