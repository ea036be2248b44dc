"""A message's speech while it waits: exchanged, given up, opened by a name in its turn."""

from collections.abc import AsyncGenerator, Callable

from bot.live.line import EditableLine
from bot.speech.audio.clip import Clip
from engine.errors import SpeechError, VoiceUnusable


class Words:
    """Speech of one clip, known by its key."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.cancelled = False

    async def clips(self) -> AsyncGenerator[Clip, None]:
        yield Clip(self.key, (b"\xfc",), cached=True)

    def cancel(self) -> None:
        self.cancelled = True

    def on_withdrawal(self, told: Callable[[SpeechError], None]) -> None:
        self.withdraw = told


async def said(line: EditableLine) -> list[str]:
    return [clip.key async for clip in line.clips()]


async def test_whether_the_name_is_said_is_decided_when_the_turn_has_come() -> None:
    changed = False
    line = EditableLine(Words("words"), Words("name"), lambda: changed)
    changed = True
    assert await said(line) == ["name", "words"]
    assert await said(EditableLine(Words("words"), Words("name"), lambda: False)) == ["words"]
    assert await said(EditableLine(Words("words"), None, lambda: True)) == ["words"]


async def test_who_hears_of_a_withdrawal_does_so_after_an_edit_too() -> None:
    told: list[SpeechError] = []
    before, after, gone = Words("before"), Words("after"), VoiceUnusable("It was deleted.")
    line = EditableLine(before, Words("name"), lambda: True)
    line.on_withdrawal(told.append)
    before.withdraw(gone)
    line.replace(after)
    after.withdraw(gone)
    assert told == [gone, gone]


async def test_an_edit_changes_what_is_said_and_gives_up_what_was_prepared() -> None:
    before = Words("before")
    line = EditableLine(before, Words("name"), lambda: True)
    assert not line.begun
    line.replace(Words("after"))
    assert before.cancelled
    assert await said(line) == ["name", "after"]
    assert line.begun


async def test_giving_it_up_gives_up_the_name_as_well() -> None:
    words, name = Words("words"), Words("name")
    EditableLine(words, name, lambda: True).cancel()
    assert words.cancelled
    assert name.cancelled
