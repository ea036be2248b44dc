"""Nobody is heard, read or written through the bot whom Discord or their own wish keeps silent.

Longer than most files: all of it happens in the one server of its stage.
"""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import closing

import pytest
import pytest_asyncio

from bot.loopback import Channel, Member, Message, TextChannel, VoiceChannel
from tests.end_to_end.conftest import Stage, a_stage, choose, transmission
from tests.end_to_end.paced_worker import paced, sounds_s
from tests.end_to_end.pitches import said
from tests.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

LINE = "The kettle is on the stove."
LONG = "This is a line that takes its time. " * 30  # eleven seconds


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    folder = tmp_path_factory.mktemp("bypasses")
    async with a_stage(folder, **paced(folder, 0.05)) as opened:
        yield opened


async def speak_this(caller: Member, author: Member, where: Channel) -> str:
    message = await author.send(where, LINE)
    return (await (await caller.message_command("Speak this", message)).reply()).text


async def test_who_is_muted_while_their_words_sound_and_wait_falls_silent(stage: Stage) -> None:
    stage = stage.elsewhere("Muted")
    for member in (stage.alice, stage.bob):
        await member.join(stage.lounge)
    begun = time.monotonic()
    sounding = await stage.alice.slash("say", text=LONG)
    await stage.lounge.first_sound(since_s=begun)
    waiting = await stage.alice.slash("say", text="And this is what I say after it.")
    assert "Queued" in (await waiting.reply()).text
    other = await stage.bob.slash("say", text=LINE)
    assert "Queued" in (await other.reply()).text
    stage.guild.set_voice(stage.alice, mute=True)
    for mine in (sounding, waiting):
        told = (await mine.reply(number=1)).text
        assert told == "I do not speak for you: a moderator muted you in this server."
    heard = await transmission(stage.lounge, begun)
    assert len(heard.speech) * 0.02 < sounds_s(LONG)
    assert said(heard, LONG.strip(), LINE)[-1] == LINE  # others go on
    await stage.reply(stage.bob, "leave")


async def test_who_is_muted_says_nothing_as_they_leave_either(stage: Stage) -> None:
    stage = stage.elsewhere("Leaving")
    warden = stage.guild.add_member("Warden", manage_guild=True)
    await choose(warden, "own_greetings", "yes")
    await stage.bob.join(stage.lounge)
    await stage.reply(stage.bob, "live start")
    await stage.reply(stage.alice, "voice greeting", when="I leave", line=LINE)
    await stage.alice.join(stage.lounge)
    stage.guild.set_voice(stage.alice, mute=True)
    left = time.monotonic()
    await stage.alice.leave()
    await asyncio.sleep(1.0)
    assert stage.lounge.recording.heard(left).audible == ()
    await stage.alice.join(stage.lounge)
    stage.guild.set_voice(stage.alice, mute=False)
    await stage.alice.leave()
    assert said(await transmission(stage.lounge, left), LINE) == [LINE]
    await stage.reply(stage.bob, "leave")


async def test_a_greeting_that_waits_goes_with_its_members_wish(stage: Stage) -> None:
    stage = stage.elsewhere("Greeted")
    warden = stage.guild.add_member("Warden", manage_guild=True, mute_members=True)
    await choose(warden, "own_greetings", "yes")
    await stage.bob.join(stage.lounge)
    await stage.reply(stage.bob, "live start")
    await stage.reply(stage.alice, "voice greeting", when="I join", line=LINE)
    begun = time.monotonic()
    await stage.bob.slash("say", text=LONG)
    await stage.lounge.first_sound(since_s=begun)
    await stage.alice.join(stage.lounge)

    async def waiting() -> bool:
        return LINE in await stage.reply(stage.bob, "queue")

    async with asyncio.timeout(60):
        while not await waiting():
            await asyncio.sleep(0.05)
    await stage.reply(warden, "live block", member=stage.alice)
    async with asyncio.timeout(60):
        while await waiting():
            await asyncio.sleep(0.05)
    await stage.reply(stage.bob, "leave")


async def test_whoever_is_not_read_is_not_spoken_from_a_messages_menu(stage: Stage) -> None:
    stage = stage.elsewhere("Unread")
    warden = stage.guild.add_member("Warden", mute_members=True)
    await stage.bob.join(stage.lounge)
    await stage.reply(stage.alice, "live optout")
    refusal = f"I do not read what {stage.alice.mention} writes."
    assert await speak_this(stage.bob, stage.alice, stage.general) == refusal
    await stage.reply(stage.alice, "live optin")
    await stage.reply(warden, "live block", member=stage.alice)
    assert await speak_this(stage.bob, stage.alice, stage.general) == refusal
    await stage.reply(warden, "live unblock", member=stage.alice)
    said_of_it = await speak_this(stage.bob, stage.alice, stage.general)
    assert said_of_it.startswith("Speaking in")
    # One's own words are one's own to have said.
    await stage.reply(stage.bob, "live optout")
    said_of_it = await speak_this(stage.bob, stage.bob, stage.general)
    assert said_of_it.startswith(("Speaking in", "Queued"))
    await stage.reply(stage.bob, "leave")


def staff_of(stage: Stage, *members: Member) -> Channel:
    """A text channel that these and the bot see, and nobody else."""
    staff = stage.guild.add_text_channel("staff")
    staff.set_permissions(stage.guild.everyone, view_channel=False)
    for member in (*members, stage.guild.bot):
        staff.set_permissions(member, view_channel=True, send_messages=True)
    return staff


async def test_of_somebody_elses_message_nothing_is_kept_once_it_was_spoken(stage: Stage) -> None:
    """It would be its caller's, and not go with who wrote it."""
    stage = stage.elsewhere("Kept")
    await stage.bob.join(stage.lounge)

    def origins(message: Message) -> set[int]:
        """Whose recordings there are of a message."""
        with closing(sqlite3.connect(stage.home / "timbre.db")) as database:
            found = database.execute(
                "SELECT user_id FROM speech_origins WHERE message_id = ?", (message.id,)
            )
            return {user_id for (user_id,) in found}

    written = {}
    for author in (stage.bob, stage.alice):
        message = await author.send(stage.general, f"This is what {author.name} wrote.")
        since = time.monotonic()
        command = await stage.bob.message_command("Speak this", message)
        assert (await command.reply()).text.startswith("Speaking in")
        await transmission(stage.lounge, since)
        written[author.name] = message
    await until(lambda: not origins(written["Alice"]))
    assert origins(written["Bob"]) == {stage.bob.id}
    await stage.reply(stage.bob, "leave")


async def test_somebody_elses_message_goes_with_its_authors_wish(stage: Stage) -> None:
    """In the middle of it, and while it waits: with the message, the opt-out and their data."""
    stage = stage.elsewhere("Taken back")
    await stage.bob.join(stage.lounge)
    begun = time.monotonic()
    told = []
    for number in range(2):
        message = await stage.alice.send(stage.general, f"{LONG}{number}")
        told.append((message, await stage.bob.message_command("Speak this", message)))
        await told[-1][1].reply()
    await stage.lounge.first_sound(since_s=begun)
    deleted, sounding = told[0]
    await deleted.delete()
    assert (await sounding.reply(number=1)).text == "The message was deleted, so I stopped."
    await stage.reply(stage.alice, "live optout")
    refusal = f"I do not read what {stage.alice.mention} writes."
    assert (await told[1][1].reply(number=1)).text == refusal
    await stage.reply(stage.alice, "live optin")
    message = await stage.alice.send(stage.general, LONG)
    sounding = await stage.bob.message_command("Speak this", message)
    await sounding.reply()
    panel = await stage.answer(stage.alice, "privacy delete")
    await panel.press("Delete everything")
    assert (await sounding.reply(number=1)).text == (
        "The author of the message deleted their data, so I stopped."
    )
    await stage.reply(stage.bob, "leave")


async def test_a_moderators_word_is_for_the_voice_channels_that_they_moderate(
    stage: Stage,
) -> None:
    """Anybody can be given one, and the bot taken elsewhere."""
    stage = stage.elsewhere("Rooms")
    staff = staff_of(stage, stage.alice)
    room = stage.guild.add_voice_channel("Room of Alice")
    room.set_permissions(stage.alice, mute_members=True)
    await stage.bob.join(stage.lounge)
    await stage.alice.join(room)
    await stage.reply(stage.alice, "live start", channel=staff, where="authors")
    await stage.alice.join(stage.lounge)
    sent = time.monotonic()
    await stage.alice.send(staff, LINE)
    await asyncio.sleep(1.0)
    assert stage.lounge.recording.heard(sent).audible == ()
    await stage.reply(stage.alice, "live stop")
    # What is approved where she moderates does not come along to where she does not.
    carol = stage.guild.add_member("Carol")
    await stage.alice.join(room)
    await carol.join(room)
    assert "aloud" in await stage.reply(stage.alice, "live start", channel=staff)
    await stage.guild.move_bot(stage.lounge)

    def stopped() -> bool:
        return any("I stopped reading this" in one.text for one in staff.messages.values())

    await until(stopped)
    await stage.reply(stage.bob, "leave")


async def test_a_message_from_a_hidden_channel_is_not_spoken_to_who_cannot_see_it(
    stage: Stage,
) -> None:
    stage = stage.elsewhere("Hidden")
    staff = staff_of(stage, stage.alice)
    for member in (stage.alice, stage.bob):
        await member.join(stage.lounge)
    assert await speak_this(stage.alice, stage.alice, staff) == (
        f"Somebody in {stage.lounge.mention} cannot see {staff.mention}. Only a moderator can let "
        "me read it there."
    )
    await stage.bob.leave()
    assert (await speak_this(stage.alice, stage.alice, staff)).startswith("Speaking in")
    await stage.reply(stage.alice, "leave")


async def test_who_joins_and_cannot_see_a_channel_hears_no_message_of_it(stage: Stage) -> None:
    """Not what sounds at that moment, nor what waits."""
    stage = stage.elsewhere("Joined")
    staff = staff_of(stage, stage.alice)
    await stage.alice.join(stage.lounge)
    begun = time.monotonic()
    told = []
    for text in (LONG, LINE):
        message = await stage.alice.send(staff, text)
        told.append(await stage.alice.message_command("Speak this", message))
        await told[-1].reply()
    await stage.lounge.first_sound(since_s=begun)
    await stage.bob.join(stage.lounge)
    for interaction in told:
        assert (await interaction.reply(number=1)).text == (
            f"Somebody in {stage.lounge.mention} cannot see {staff.mention}. Only a moderator can "
            "let me read it there."
        )
    refused = time.monotonic()
    await asyncio.sleep(0.5)
    # What had been taken over before is on its way.
    assert len(stage.lounge.recording.heard(refused).audible) <= 5
    await stage.reply(stage.alice, "leave")


async def test_what_waits_of_a_channel_that_becomes_hidden_is_not_said(stage: Stage) -> None:
    stage = stage.elsewhere("Hidden meanwhile")
    carol = stage.guild.add_member("Carol")
    for member in (stage.alice, stage.bob, carol):
        await member.join(stage.lounge)
    await stage.reply(stage.bob, "live start")
    begun = time.monotonic()
    await stage.bob.slash("say", text=LONG)
    await stage.lounge.first_sound(since_s=begun)
    await stage.alice.send(stage.general, LINE)

    async def waiting() -> bool:
        return LINE in await stage.reply(stage.bob, "queue")

    async with asyncio.timeout(60):
        while not await waiting():
            await asyncio.sleep(0.05)
    stage.general.set_permissions(carol, view_channel=False)

    def stopped() -> bool:
        everything = stage.general.messages.values()
        return any("I stopped reading this" in one.text for one in everything)

    await until(stopped)
    assert LINE not in await stage.reply(stage.bob, "queue")
    await stage.reply(stage.bob, "leave")


async def test_who_may_not_speak_any_more_falls_silent(stage: Stage) -> None:
    """By a channel's permissions, which mute nobody."""
    stage = stage.elsewhere("Unspoken")
    await stage.alice.join(stage.lounge)
    begun = time.monotonic()
    sounding = await stage.alice.slash("say", text=LONG)
    await stage.lounge.first_sound(since_s=begun)
    stage.lounge.set_permissions(stage.alice, speak=False)
    told = (await sounding.reply(number=1)).text
    assert (
        told == f"I do not speak for you: you are not allowed to speak in {stage.lounge.mention}."
    )
    await stage.reply(stage.alice, "leave")


async def test_who_is_barred_from_commands_is_greeted_as_everybody_is(stage: Stage) -> None:
    """Neither their own line is said nor what they chose to be called, nor a message for them."""
    stage = stage.elsewhere("Barred")
    warden = stage.guild.add_member("Warden", manage_guild=True)
    await choose(warden, "own_greetings", "yes")
    await choose(warden, "announce_moves", "yes")
    await stage.bob.join(stage.lounge)
    await stage.reply(stage.bob, "live start")
    await stage.reply(stage.alice, "voice greeting", when="I join", line=LINE)
    await stage.reply(stage.alice, "voice called", name="Lord of the flies")
    await stage.reply(warden, "voice-admin bar", **{"member": stage.alice, "from": "say"})
    came = time.monotonic()
    await stage.alice.join(stage.lounge)
    heard = await transmission(stage.lounge, came)
    assert said(heard, LINE, "Alice joined.", "Lord of the flies joined.") == ["Alice joined."]
    refused = "do not let you use the commands that make me speak"
    assert refused in await speak_this(stage.alice, stage.bob, stage.general)
    for command, options in (
        ("say", {"text": LINE}),
        ("voice called", {"name": "Queen"}),
        ("voice greeting", {"when": "I leave", "line": LINE}),
    ):
        assert refused in await stage.reply(stage.alice, command, **options)
    assert "by your name on Discord" in await stage.reply(stage.alice, "voice called")
    await stage.reply(stage.bob, "leave")


async def test_a_private_thread_is_hidden_from_who_is_not_in_it(stage: Stage) -> None:
    stage = stage.elsewhere("Private")
    assert isinstance(stage.general, TextChannel)
    thread = stage.guild.add_thread(stage.general, "secret", stage.alice, private=True)
    for member in (stage.alice, stage.bob):
        await member.join(stage.lounge)
    refusal = (
        f"Somebody in {stage.lounge.mention} cannot see {thread.mention}. Only a moderator can "
        "let me read it there."
    )
    assert (await (await stage.alice.slash("live start", at=thread)).reply()).text == refusal
    assert await speak_this(stage.alice, stage.alice, thread) == refusal
    # Nor is it read for a moderator who is not in it, and names it all the same.
    warden = stage.guild.add_member("Warden", mute_members=True)
    await warden.join(stage.lounge)
    forged = await stage.reply(warden, "live start", channel=thread)
    assert forged == f"You are not allowed to see {thread.mention}."
    await until(lambda: stage.guild.bot.voice_channel is None)


async def test_what_is_shown_is_its_speakers_and_nobody_elses(stage: Stage) -> None:
    stage = stage.elsewhere("Shown")
    warden = stage.guild.add_member("Warden", manage_guild=True)
    await choose(warden, "show_words", "yes")
    await stage.alice.join(stage.lounge)
    text = "Hello.\n**Bob:** I quit.\n" + "word " * 390 + "\n**Bob:** Yes."
    assert "Speaking in" in await stage.reply(stage.alice, "say", text=text)
    shown = [message.text for message in stage.lounge.messages.values()]
    assert len(shown) == 2
    for text in shown:
        head, *lines = text.split("\n")
        assert head == "**Alice:**"
        assert lines
        assert all(line.startswith("> ") for line in lines)
        assert len(text) <= 2000
    stage.lounge.set_permissions(stage.alice, send_messages=False)
    await stage.reply(stage.alice, "stop")
    told = await stage.reply(stage.alice, "say", text=LINE)
    assert f"You may not write in {stage.lounge.mention}, so nobody there can read it." in told
    assert len(stage.lounge.messages) == 2
    await stage.reply(stage.alice, "leave")


@pytest.mark.parametrize("write", [True, False])
async def test_a_file_is_for_all_in_a_thread_where_its_sender_may_write(
    stage: Stage, *, write: bool
) -> None:
    """Threads have a permission of their own for that, and the channel's says nothing."""
    stage = stage.elsewhere("Threads")
    assert isinstance(stage.general, TextChannel)
    thread = stage.guild.add_thread(stage.general, "cats", stage.bob)
    stage.general.set_permissions(
        stage.alice, send_messages=not write, send_messages_in_threads=write
    )
    said_there = await (await stage.alice.slash("say", text=LINE, at=thread)).reply()
    assert said_there.attachments
    assert said_there.ephemeral is not write
    said_here = await (await stage.alice.slash("say", text=LINE)).reply()
    assert said_here.ephemeral is write


async def test_what_the_database_refuses_is_neither_read_nor_goes_on(stage: Stage) -> None:
    """Who asks is told that it failed; nobody else would know that they are read."""
    stage = stage.elsewhere("Held")
    await stage.alice.join(stage.lounge)
    await stage.reply(stage.alice, "join")
    some = LONG[: len(LONG) // 3].strip()
    refusal = "Another program is using my database. Please try again in a moment."
    with closing(sqlite3.connect(stage.home / "timbre.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert await stage.reply(stage.alice, "live start") == refusal
        other.execute("ROLLBACK")
        assert "I am not reading" in await stage.reply(stage.alice, "live status")
        begun = time.monotonic()
        await stage.alice.send(stage.general, LINE)
        await stage.bot_knows()
        await asyncio.sleep(0.8)
        assert stage.lounge.recording.heard(begun).audible == ()

        assert "aloud" in await stage.reply(stage.alice, "live start")
        begun = time.monotonic()
        await stage.alice.send(stage.general, some)
        await stage.lounge.first_sound(since_s=begun)
        other.execute("BEGIN IMMEDIATE")
        assert await stage.reply(stage.alice, "live stop") == refusal
    heard = await transmission(stage.lounge, begun)
    assert len(heard.speech) * 0.02 < sounds_s(some)
    # It is there to be stopped, for after a restart it would be read again.
    assert await stage.reply(stage.alice, "live stop") == "I stopped reading."
    assert "I am not reading" in await stage.reply(stage.alice, "live stop")
    await stage.reply(stage.alice, "leave")


async def test_where_the_bot_is_dragged_is_heeded_though_the_database_refuses(stage: Stage) -> None:
    stage = stage.elsewhere("Dragged")
    study, attic = (stage.guild.add_voice_channel(name) for name in ("Study", "Attic"))
    other = stage.guild.add_text_channel("other")
    carol = stage.guild.add_member("Carol")
    for read in (stage.general, other):
        read.set_permissions(carol, view_channel=False)
    for member, where in ((stage.alice, stage.lounge), (stage.bob, study), (carol, attic)):
        await member.join(where)
    for read in (stage.general, other):
        await stage.reply(stage.alice, "live start", channel=read)
    with closing(sqlite3.connect(stage.home / "timbre.db", isolation_level=None)) as database:
        where_read = (
            "SELECT DISTINCT voice_channel_id FROM live_bindings WHERE text_channel_id IN (?, ?)"
        )

        def noted() -> list[int]:
            return [row[0] for row in database.execute(where_read, (stage.general.id, other.id))]

        async def drag(to: VoiceChannel) -> None:
            await stage.guild.move_bot(to)
            await stage.bot_knows()
            await asyncio.sleep(2.0)  # it waits a second for the other program

        database.execute("BEGIN IMMEDIATE")
        await drag(study)
        for read in (stage.general, other):
            begun = time.monotonic()
            await stage.bob.send(read, LINE)
            assert LINE in said(await transmission(study, begun), "Bob says:", LINE)
        assert noted() == [stage.lounge.id]
        database.execute("ROLLBACK")
        await drag(stage.lounge)
        await drag(study)
        await until(lambda: noted() == [study.id])

        database.execute("BEGIN IMMEDIATE")
        await drag(attic)
        for read in (stage.general, other):
            texts = [message.text for message in read.messages.values()]
            assert any("somebody in" in text and "cannot see it" in text for text in texts)
        assert "I am not reading" in await stage.reply(stage.alice, "live status")
        database.execute("ROLLBACK")
    assert await stage.reply(stage.alice, "live stop") == "I stopped reading."
    await stage.guild.kick_bot_from_voice()


async def test_who_starts_reading_where_the_bot_may_not_write_is_to_tell(stage: Stage) -> None:
    stage = stage.elsewhere("Mute")
    await stage.alice.join(stage.lounge)
    forum = stage.guild.add_forum("help")
    for read, permission, name in (
        (stage.general, "send_messages", "Send Messages"),
        (forum, "send_messages_in_threads", "Send Messages in Threads"),
    ):
        untold = (
            f"I could not tell those who write in {read.mention} that I read it aloud: I am "
            f"missing {name}. Please tell them."
        )
        for may in (True, False):
            read.set_permissions(stage.guild.bot, **{permission: may})
            said_of_it = await stage.reply(stage.alice, "live start", channel=read)
            assert (untold in said_of_it) is not may
    await stage.reply(stage.alice, "leave")
