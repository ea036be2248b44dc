"""Several channels are read at once, each in its place, and the bot comes where it is wanted."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from bot.loopback import Channel, Member, TextChannel, VoiceChannel
from tests.end_to_end.conftest import Stage, a_stage, choose, transmission
from tests.end_to_end.paced_worker import paced
from tests.end_to_end.pitches import said
from tests.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    folder = tmp_path_factory.mktemp("places")
    async with a_stage(folder, **paced(folder, 0.05)) as opened:
        yield opened


async def server(stage: Stage, name: str) -> tuple[Stage, Member]:
    """Another server, in which no names are said, with a moderator who sits nowhere."""
    there = stage.elsewhere(name)
    warden = there.guild.add_member("Warden", manage_guild=True)
    await choose(warden, "read_names", "no")
    return there, warden


async def heard(seat: VoiceChannel, author: Member, channel: Channel, text: str) -> None:
    """`text` is what `seat` hears of a message."""
    since = time.monotonic()
    await author.send(channel, text)
    assert said(await transmission(seat, since), text) == [text]


async def unheard(
    stage: Stage, author: Member, channel: Channel, text: str, within_s: float = 0.8
) -> None:
    before = [len(seat.recording.heard(-1e9).audible) for seat in seats(stage)]
    await author.send(channel, text)
    await stage.bot_knows()
    await asyncio.sleep(within_s)
    assert [len(seat.recording.heard(-1e9).audible) for seat in seats(stage)] == before


def seats(stage: Stage) -> list[VoiceChannel]:
    return [one for one in stage.guild.channels.values() if isinstance(one, VoiceChannel)]


def is_in(stage: Stage, seat: VoiceChannel | None) -> Callable[[], bool]:
    return lambda: stage.guild.bot.voice_channel is seat


async def test_threads_and_posts_are_read_beside_a_channel_until_each_is_stopped(
    stage: Stage,
) -> None:
    """Where the command is used in one, or where it is named."""
    stage, _ = await server(stage, "Threads")
    forum = stage.guild.add_forum("help")
    assert isinstance(stage.general, TextChannel)
    thread = stage.guild.add_thread(stage.general, "cats", stage.alice)
    post = stage.guild.add_thread(forum, "My cat", stage.bob)
    other = stage.guild.add_thread(forum, "My dog", stage.bob)
    await stage.alice.join(stage.lounge)
    first = await stage.reply(stage.alice, "live start")
    # What comes after it depends on how far the engine is.
    assert first.startswith(
        f"I read {stage.general.mention} and the chat of {stage.lounge.mention} aloud. I skip "
        "messages that begin with `;`."
    )
    second = await (await stage.alice.slash("live start", at=thread)).reply()
    assert second.text.startswith(
        f"I read {thread.mention} and the chat of {stage.lounge.mention} aloud. I still read "
        f"{stage.general.mention}. I skip messages that begin with `;`."
    )
    await stage.reply(stage.alice, "live start", channel=post)
    await heard(stage.lounge, stage.alice, stage.general, "In the channel.")
    await heard(stage.lounge, stage.alice, thread, "In the thread of it.")
    await heard(stage.lounge, stage.alice, post, "In the post of a forum.")
    await unheard(stage, stage.alice, other, "In another post.")
    for_all = [stage.guild.add_thread(stage.general, f"{n}", stage.alice) for n in range(23)]
    answers = await asyncio.gather(
        *(stage.reply(stage.alice, "live start", channel=one) for one in for_all)
    )
    assert sum("I am reading 25 channels here already" in answer for answer in answers) == 1
    status = await stage.reply(stage.alice, "live status")
    for one in (stage.general, thread, post):
        assert f"I read {one.mention} aloud in {stage.lounge.mention}." in status
    said_of_it = await stage.reply(stage.alice, "live stop", channel=thread)
    assert said_of_it == f"I stopped reading {thread.mention}."
    await unheard(stage, stage.alice, thread, "In the thread of it.")
    await post.delete()
    await until(lambda: post.id not in stage.guild.channels)
    await heard(stage.lounge, stage.alice, stage.general, "Still in the channel.")
    assert post.mention not in await stage.reply(stage.alice, "live status")
    refused = await stage.reply(stage.alice, "live stop", channel=other)
    assert refused == f"I am not reading {other.mention} aloud."
    status = await stage.reply(stage.alice, "live status")
    assert f"I am in {stage.lounge.mention}, and read its chat aloud, too." in status
    assert await stage.reply(stage.alice, "live stop") == "I stopped reading."
    await (await stage.alice.slash("live start", at=stage.lounge)).reply()
    status = await stage.reply(stage.alice, "live status")
    assert status.startswith(
        f"I read the chat of {stage.lounge.mention} aloud.\nI am in {stage.lounge.mention}.\n"
    )


async def test_a_whole_forum_is_read_and_each_post_of_it_is_told_so_once(stage: Stage) -> None:
    stage, warden = await server(stage, "Forum")
    forum = stage.guild.add_forum("help")
    closed = stage.guild.add_thread(stage.guild.add_forum("other"), "Not this", stage.bob)
    post = stage.guild.add_thread(forum, "My cat", stage.bob)
    await stage.alice.join(stage.lounge)
    said_so = await stage.reply(stage.alice, "live start", channel=forum)
    assert said_so.startswith(f"I read {forum.mention} and the chat of {stage.lounge.mention}")
    for text in ("It sleeps.", "It wakes."):
        await heard(stage.lounge, stage.alice, post, text)
    later = stage.guild.add_thread(forum, "My dog", stage.bob)
    await heard(stage.lounge, stage.alice, later, "It barks.")
    await unheard(stage, stage.alice, closed, "Nobody reads this.")
    for read in (post, later):
        (told,) = [m.text for m in read.messages.values() if "read this channel aloud" in m.text]
        assert f"aloud in {stage.lounge.mention}" in told
    assert forum.mention in await stage.reply(stage.alice, "live status")
    # Who comes and cannot see the forum ends it, and that is said where they talk.
    forum.set_permissions(warden, view_channel=False)
    await warden.join(stage.lounge)
    await until(
        lambda: any(
            m.text.startswith(f"I stopped reading {forum.mention} aloud: somebody in")
            for m in stage.lounge.messages.values()
        )
    )
    assert "not reading any channel" in await stage.reply(stage.alice, "live status")


async def test_each_channel_is_read_in_its_own_place_and_listeners_are_not_left(
    stage: Stage,
) -> None:
    stage, _ = await server(stage, "Places")
    study = stage.guild.add_voice_channel("Study")
    books = stage.guild.add_text_channel("books")
    walk = stage.guild.add_text_channel("walk")
    await stage.alice.join(stage.lounge)
    await stage.reply(stage.alice, "live start")
    await stage.reply(stage.alice, "live start", channel=walk, where="authors")
    await stage.alice.leave()
    await stage.bob.join(study)
    await stage.reply(stage.bob, "live start", channel=books)
    assert is_in(stage, study)()
    # Each is read where it is bound, and the one that follows its authors where they sit.
    await heard(study, stage.bob, books, "About books.")
    await heard(study, stage.bob, walk, "On a walk.")
    await stage.alice.join(stage.lounge)
    for channel, text in ((stage.general, "Where are you?"), (walk, "And for me?")):
        await unheard(stage, stage.alice, channel, text)
    (answer,) = [m for m in stage.general.messages.values() if m.text.startswith("I did not")]
    assert answer.text == f"I did not read that: I am with others in {study.mention}."
    # Nobody is left any more: a message is enough.
    await stage.bob.leave()
    await heard(stage.lounge, stage.alice, stage.general, "Where are you now?")
    await stage.alice.join(study)
    await heard(study, stage.alice, walk, "And on we go.")
    status = await stage.reply(stage.alice, "live status")
    assert (
        f"I read {walk.mention} aloud, each message in the voice channel of its author." in status
    )
    assert f"I read {stage.general.mention} aloud in {stage.lounge.mention}." in status
    await stage.reply(stage.alice, "live stop")
    await stage.reply(stage.alice, "leave")


async def test_it_comes_by_itself_to_who_sits_down_or_writes_and_to_nobody_else(
    stage: Stage,
) -> None:
    stage, warden = await server(stage, "By itself")
    await choose(warden, "auto_join", "yes")
    study = stage.guild.add_voice_channel("Study")
    await stage.alice.join(stage.lounge)
    await stage.reply(stage.alice, "live start")
    # Sent away, it stays away from those who sit there, until they have all left.
    assert "I left" in await stage.reply(stage.alice, "leave")
    await unheard(stage, stage.alice, stage.general, "Come back.")
    await stage.bob.join(stage.lounge)
    await unheard(stage, stage.alice, stage.general, "Come back, please.")
    await stage.bob.leave()
    await stage.alice.leave()
    assert "I come when somebody joins one" in await stage.reply(stage.alice, "live status")
    await stage.reply(stage.bob, "live optout")
    await stage.bob.join(stage.lounge)
    await asyncio.sleep(0.5)
    assert is_in(stage, None)()
    await stage.alice.join(stage.lounge)
    await until(is_in(stage, stage.lounge))
    await heard(stage.lounge, stage.alice, stage.general, "There you are.")
    await choose(warden, "idle_leave_s", "1")
    await until(is_in(stage, None))
    await choose(warden, "idle_leave_s", "0")
    # It is no news that it left, since it comes back.
    assert not [m for m in stage.general.messages.values() if "Nobody had anything" in m.text]
    await heard(stage.lounge, stage.alice, stage.general, "There you are again.")
    await stage.alice.leave()
    await stage.bob.leave()
    # It is not taken from who listens to it elsewhere.
    carol = stage.guild.add_member("Carol")
    await carol.join(study)
    await stage.reply(carol, "join")
    await stage.alice.join(stage.lounge)
    await unheard(stage, stage.alice, stage.general, "Not now.")
    assert is_in(stage, study)()
    await carol.leave()
    await heard(stage.lounge, stage.alice, stage.general, "But now.")
    # Once it is stopped, it does not come by itself either.
    assert await stage.reply(stage.alice, "live stop") == "I stopped reading."
    await stage.reply(stage.alice, "leave")
    await stage.alice.leave()
    await stage.alice.join(stage.lounge)
    await unheard(stage, stage.alice, stage.general, "Anybody?")
    assert is_in(stage, None)()
    await stage.alice.leave()


async def test_it_waits_after_a_restart_for_somebody_to_come_to(tmp_path: Path) -> None:
    async with a_stage(tmp_path, **paced(tmp_path, 0.05)) as there:
        warden = there.guild.add_member("Warden", manage_guild=True)
        await choose(warden, "auto_join", "yes")
        await choose(warden, "read_names", "no")
        await there.alice.join(there.lounge)
        await there.reply(there.alice, "live start")
        await there.bot.stop()
        await there.alice.leave()
        async with there.started_again():
            await until(lambda: there.discord.gateway.sessions)
            await asyncio.sleep(1.0)
            assert is_in(there, None)()
            await there.alice.join(there.lounge)
            await until(is_in(there, there.lounge))
            await heard(there.lounge, there.alice, there.general, "And on.")


async def test_more_than_half_of_those_who_listen_skip_where_they_may(stage: Stage) -> None:
    stage, warden = await server(stage, "Votes")
    carol, deaf = stage.guild.add_member("Carol"), stage.guild.add_member("Dora")
    for member in (stage.alice, stage.bob, carol):
        await member.join(stage.lounge)
    line = "A long line that nobody wants to hear to its end. " * 30
    spoken = await stage.alice.slash("say", text=line)
    await stage.lounge.first_sound()
    assert "Only moderators can skip" in await stage.reply(stage.bob, "skip")
    await choose(warden, "skip_votes", "yes")
    assert "Only those who listen" in await stage.reply(deaf, "skip")
    vote = await stage.answer(stage.bob, "skip")
    assert not vote.ephemeral
    assert vote.text.startswith(f"{stage.bob.mention} wants to skip this. 1 more vote is needed: ")
    assert "1 more vote" in await stage.reply(stage.bob, "skip")  # once is once
    assert await stage.reply(carol, "skip") == "Skipped: more than half of you voted for it."
    told = await spoken.reply(number=1)
    assert told.text == "Those who listen voted to skip that."
    await stage.reply(stage.alice, "leave")


async def test_what_is_late_is_spoken_faster(stage: Stage) -> None:
    """A message of two seconds that waits for ten, at most 1.75 times as fast as usual."""
    stage, warden = await server(stage, "Late")
    await choose(warden, "catch_up_percent", "175")
    await stage.alice.join(stage.lounge)
    await stage.bob.join(stage.lounge)
    await stage.reply(stage.alice, "live start")
    text = "This is said in two seconds. " * 7
    lengths = []
    for before in ("", "This lasts for ten seconds. " * 36):
        since = time.monotonic()
        if before:
            await stage.alice.slash("say", text=before)
            await stage.lounge.first_sound(since_s=since)
        await stage.bob.send(stage.general, text)
        sounds = await transmission(stage.lounge, since, quiet_s=0.8)
        lengths.append(len(sounds.audible) * 0.02 - len(before) * 0.01)
    usual, late = lengths
    # After ten seconds it is 1 + 0.75 * (10 - 5) / 25 times as fast.
    # A busy machine lets it wait for longer.
    assert usual / 1.5 < late < usual / 1.08
    await stage.reply(stage.alice, "live stop")
