"""A message's speech while it waits: exchanged, cancelled, opened by a name in its turn."""

from collections.abc import AsyncGenerator, Callable
from pathlib import Path

import pytest

from bot.live.line import EditableLine
from bot.speech.audio.clip import Clip
from bot.speech.speaker import Speaker
from data.store import Store
from engine.errors import SpeechError, SynthesisFailed, VoiceUnusable
from engine.speech import Priority
from tests.bot.speech.tones import Tones, service
from tests.waiting import until

FIRST, SPEAKING, IN_LINE = Priority.FIRST_SOUND, Priority.SPEAKING, Priority.IN_LINE


class Words:
    """Speech of one clip, known by its key."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.cancelled = False
        self.dues: list[Priority] = []

    def due(self, priority: Priority) -> None:
        self.dues.append(priority)

    async def clips(self) -> AsyncGenerator[Clip, None]:
        yield Clip(self.key, (b"\xfc",), cached=True)

    def cancel(self) -> None:
        self.cancelled = True

    def on_withdrawal(self, told: Callable[[SpeechError], None]) -> None:
        self.withdraw = told


def line_of(
    speech: Words, opening: Words | None = None, opens: Callable[[], bool] = lambda: True
) -> EditableLine:
    return EditableLine(speech, opening, opens=opens, begins=lambda: None)


async def said(line: EditableLine) -> list[str]:
    return [clip.key async for clip in line.clips()]


async def test_whether_the_name_is_said_is_decided_when_the_turn_has_come() -> None:
    changed = False
    line = line_of(Words("words"), Words("name"), lambda: changed)
    changed = True
    assert await said(line) == ["name", "words"]
    assert await said(line_of(Words("words"), Words("name"), lambda: False)) == ["words"]
    assert await said(line_of(Words("words"), None)) == ["words"]


@pytest.mark.parametrize("error", [SynthesisFailed("It cannot be said."), OSError("disk full")])
async def test_a_name_that_cannot_be_said_does_not_cost_the_message(error: Exception) -> None:
    class Unspeakable(Words):
        async def clips(self) -> AsyncGenerator[Clip, None]:
            raise error
            yield

    assert await said(line_of(Words("words"), Unspeakable("name"))) == ["words"]


async def test_a_turn_has_begun_once_the_name_is_decided_on() -> None:
    """Who spoke last is another member then."""
    events: list[str] = []
    line = EditableLine(
        Words("words"),
        Words("name"),
        opens=lambda: events.append("opens") or True,  # type: ignore[func-returns-value]
        begins=lambda: events.append("begins"),
    )
    line.due(IN_LINE)
    assert events == []
    await said(line)
    assert events == ["opens", "begins"]


def test_of_the_name_nothing_is_made_before_it_is_due() -> None:
    """And where it is not needed, not then either."""
    for needed in (True, False):
        words, name = Words("words"), Words("name")
        line = line_of(words, name, lambda needed=needed: needed)  # type: ignore[misc]
        line.due(IN_LINE)
        assert (name.dues, words.dues) == ([], [IN_LINE])
        line.due(SPEAKING)
        assert (name.dues, words.dues) == ([SPEAKING] if needed else [], [IN_LINE, SPEAKING])
    words, name = Words("words"), Words("name")
    line_of(words, name).due(FIRST)
    assert (name.dues, words.dues) == ([FIRST], [SPEAKING])


async def test_who_hears_of_a_withdrawal_does_so_after_an_edit_too() -> None:
    told: list[SpeechError] = []
    before, after, gone = Words("before"), Words("after"), VoiceUnusable("It was deleted.")
    line = line_of(before, Words("name"))
    line.on_withdrawal(told.append)
    before.withdraw(gone)
    line.replace(after)
    after.withdraw(gone)
    assert told == [gone, gone]


async def test_an_edit_changes_what_is_said_and_gives_up_what_was_prepared() -> None:
    before, after = Words("before"), Words("after")
    line = line_of(before, Words("name"))
    line.due(IN_LINE)
    assert not line.begun
    line.replace(after)
    assert before.cancelled
    assert after.dues == [IN_LINE]
    assert await said(line) == ["name", "after"]
    assert line.begun


async def test_giving_it_up_gives_up_the_name_as_well() -> None:
    words, name = Words("words"), Words("name")
    line_of(words, name).cancel()
    assert words.cancelled
    assert name.cancelled


async def test_the_engine_is_not_asked_for_a_name_that_is_not_said(
    store: Store, tmp_path: Path
) -> None:
    """Nor goes on with one whose message cannot be said."""
    tones = Tones()
    speech = service(tones, store, tmp_path)

    def line(text: str, *, opens: bool) -> EditableLine:
        words, name = speech.saying([text], Speaker()), speech.saying(["Alice says:"], Speaker())
        return EditableLine(words, name, opens=lambda: opens, begins=lambda: None)

    needless = line("more of hers", opens=False)
    for priority in (IN_LINE, SPEAKING, FIRST):
        needless.due(priority)
    assert await said(needless)
    assert [request.text for request in tones.asked] == ["more of hers"]
    tones.asked.clear()
    with pytest.raises(SynthesisFailed):
        await said(line("unspeakable", opens=True))
    tones.hold.clear()
    dropped = line("never said", opens=True)
    dropped.due(FIRST)
    await until(lambda: any(asked.text == "never said" for asked in tones.asked))
    dropped.cancel()
    await until(lambda: tones.cancelled)
    assert tones.cancelled == ["never said"]  # the name is in the cache by now
    other = EditableLine(
        speech.saying(["x"], Speaker()),
        speech.saying(["Bob says:"], Speaker()),
        opens=lambda: True,
        begins=lambda: None,
    )
    other.due(FIRST)
    await until(lambda: {"Bob says:", "x"} <= {asked.text for asked in tones.asked})
    other.cancel()
    await until(lambda: len(tones.cancelled) >= 3)
    assert sorted(tones.cancelled) == ["Bob says:", "never said", "x"]


def test_an_edit_of_what_was_cancelled_makes_nothing() -> None:
    """A message can be cancelled while its new text is being read: no one would end that speech."""
    after = Words("after")
    line = line_of(Words("before"))
    line.due(IN_LINE)
    line.cancel()
    line.replace(after)
    assert after.dues == []
