"""Pronunciations: kept, shown, imported, exported, and heard; and where nothing can be kept."""

import asyncio
import sqlite3
import sys
import time
from contextlib import closing

import psutil
import pytest

from bot.loopback import File
from tests.end_to_end.conftest import Stage, mono, transmission
from tests.end_to_end.registering import press
from tests.recogniser import word_error_rate

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_an_entry_is_kept_and_heard(stage: Stage) -> None:
    said = await stage.reply(stage.alice, "pronounce add", word="qqq", say="kettle")
    assert "kettle" in said
    assert "qqq → kettle" in await stage.reply(stage.alice, "pronounce list")
    tested = await stage.reply(stage.alice, "pronounce test", text="The qqq is on the stove.")
    assert tested == "I say: The kettle is on the stove."
    await stage.alice.join(stage.lounge)
    sent = time.monotonic()
    await stage.reply(stage.alice, "say", text="The qqq is on the stove.")
    heard = await transmission(stage.lounge, sent)
    assert word_error_rate("The kettle is on the stove", mono(heard), 48_000) <= 0.15


async def test_the_steps_are_shown_on_request_below_the_result(stage: Stage) -> None:
    tested = await (await stage.bob.slash("pronounce test", text="brb in **5**")).reply()
    assert tested.text == "I say: be right back in five"
    await press(tested, "Show the steps")
    assert tested.text.splitlines() == [
        "I say: be right back in five",
        "",
        "formatting: brb in 5",
        "numbers: brb in five",
        "chat abbreviations: be right back in five",
    ]
    assert not tested.components


async def test_an_entry_of_ones_own_is_nobody_elses(stage: Stage) -> None:
    tested = await stage.reply(stage.bob, "pronounce test", text="The qqq is here.")
    assert "kettle" not in tested


async def test_a_file_goes_in_and_comes_out(stage: Stage) -> None:
    file = File("words.csv", b"word,say\nabc,alphabet\n")
    taken = await (await stage.bob.slash("pronounce import", file=file)).reply()
    assert taken.text == "There is 1 entry now: 1 new."
    given = await (await stage.bob.slash("pronounce export", kind="csv")).reply()
    assert given.attachments[0].data == b"word,say\r\nabc,alphabet\r\n"
    tabs = File("words.tsv", b"Nginx\tengine x\nabc\talphabet, again\n")
    taken = await (await stage.bob.slash("pronounce import", file=tabs)).reply()
    await press(taken, "Add")
    assert taken.text == "There are 2 entries now: 1 new, 1 changed."
    tested = await stage.reply(stage.bob, "pronounce test", text="nginx, abc")
    assert tested == "I say: engine x, alphabet, again"


async def test_an_import_asks_before_anything_goes_and_says_what_went(stage: Stage) -> None:
    await stage.reply(stage.bob, "pronounce add", word="kept", say="as it is")
    before = await stage.reply(stage.bob, "pronounce list")
    file = File("one.json", b'{"kept": "replaced"}')
    asked = await (await stage.bob.slash("pronounce import", file=file)).reply()
    assert asked.text.startswith("The file has 1 entry; there are already 3 entries.")
    await press(asked, "Cancel")
    assert asked.text == "I changed nothing."
    assert await stage.reply(stage.bob, "pronounce list") == before
    asked = await (await stage.bob.slash("pronounce import", file=file)).reply()
    await press(asked, "Replace all")
    assert asked.text == "There is 1 entry now: 1 changed, 2 removed."
    assert await stage.reply(stage.bob, "pronounce list") == "kept → replaced"


async def test_only_moderators_change_the_servers_entries(stage: Stage) -> None:
    said = await stage.reply(stage.bob, "pronounce add", word="a", say="b", whose="server")
    assert "Only members who may mute others" in said


async def test_what_is_removed_is_gone(stage: Stage) -> None:
    await stage.reply(stage.alice, "pronounce remove", word="qqq")
    assert "no entries" in await stage.reply(stage.alice, "pronounce list")
    assert "no such entry" in await stage.reply(stage.alice, "pronounce remove", word="qqq")


#: Commands that store something, some of them before they answer and some after.
WRITING = {
    "pronounce add": {"word": "held", "say": "kept"},
    "live optout": {},
    "voice use": {"voice": "Heart"},
    "language": {"language": "English"},
}
READING = ("pronounce list", "voice list", "privacy info", "live status", "settings", "status")


async def test_while_another_program_holds_the_database_every_command_answers(
    stage: Stage,
) -> None:
    """What stores nothing does what it does, and what would is told why it cannot."""
    moderator = stage.guild.add_member("Mod", manage_guild=True)
    with closing(sqlite3.connect(stage.home / "timbre.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        writing = [stage.reply(stage.bob, name, **options) for name, options in WRITING.items()]
        answers = await asyncio.gather(*writing)
        assert set(answers) == {
            "Another program is using my database. Please try again in a moment."
        }
        for name in READING:
            answer = await stage.reply(moderator, name)
            assert answer, name
            assert "Another program" not in answer
    assert "kept" in await stage.reply(stage.bob, "pronounce add", word="held", say="kept")


@pytest.mark.skipif(sys.platform != "linux", reason="only there a process's files can be limited")
async def test_on_a_disk_that_takes_nothing_more_every_command_answers(stage: Stage) -> None:
    bot = psutil.Process(stage.bot.pid)
    before = bot.rlimit(psutil.RLIMIT_FSIZE)
    bot.rlimit(psutil.RLIMIT_FSIZE, (0, before[1]))
    try:
        for name, options in WRITING.items():
            answer = await stage.reply(stage.bob, name, **options)
            assert answer.startswith("I could not do that: the disk that I run on "), name
        assert "held → kept" in await stage.reply(stage.bob, "pronounce list")
    finally:
        bot.rlimit(psutil.RLIMIT_FSIZE, before)
    assert "gone" in await stage.reply(stage.bob, "pronounce add", word="full", say="gone")
