"""What a server chooses in `/settings` is what it gets.

Longer than most files: it has a test for each setting, in the one server of its stage.
"""

import asyncio
import base64
import io
import time
from collections.abc import AsyncIterator

import av
import numpy as np
import pytest
import pytest_asyncio

from bot.live.option import Page
from bot.loopback import Channel, File, Heard, Member
from bot.loopback.messages import VOICE_MESSAGE, MessageRecord
from bot.speech.audio.opus import SYNTHETIC
from tests.end_to_end.conftest import Stage, a_stage, choose, settings_page, transmission
from tests.end_to_end.paced_worker import hertz, paced, sounds_s
from tests.end_to_end.pitches import pitches, said
from tests.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

LINE = "This is said at every volume there is."


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    folder = tmp_path_factory.mktemp("settings")
    async with a_stage(folder, **paced(folder, 0.05)) as opened:
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def moderator(stage: Stage) -> Member:
    carol = stage.guild.add_member("Carol", manage_guild=True)
    await carol.join(stage.lounge)
    return carol


async def hear(
    stage: Stage, author: Member, *texts: str, channel: Channel | None = None
) -> list[str]:
    """What is heard of messages, all of which are written at once."""
    since = time.monotonic()
    for text in texts:
        await author.send(channel or stage.general, text)
    heard = await transmission(stage.lounge, since)
    return said(heard, *texts, f"{author.name} says:")


async def unheard(
    stage: Stage, author: Member, text: str, *, channel: Channel | None = None
) -> bool:
    """Whether nothing is heard of a message."""
    since = time.monotonic()
    await author.send(channel or stage.general, text)
    await stage.bot_knows()
    await asyncio.sleep(1.0)
    return not stage.lounge.recording.heard(since).audible


def level_db(heard: Heard) -> float:
    """RMS of the middle of what sounded."""
    middle = heard.audible[5:-5]
    pcm = np.concatenate([packet.pcm for packet in middle]).astype(np.float64) / 32768
    return float(20 * np.log10(np.sqrt(np.mean(np.square(pcm)))))


async def test_others_are_not_shown_it(stage: Stage) -> None:
    with pytest.raises(PermissionError):
        await stage.alice.slash("settings")


async def test_a_value_out_of_range_is_refused_and_another_is_shown(
    moderator: Member,
) -> None:
    refused = await choose(moderator, "max_message_chars", "19")
    assert refused.text == "Longest message has to be 20 to 2000."
    assert "Longest message: 120" in (await choose(moderator, "max_message_chars", "120")).text
    panel = await (await moderator.slash("settings")).reply()
    assert "Longest message: 120" in panel.text
    await choose(moderator, "max_message_chars", "500")


async def test_the_volume_is_what_is_chosen_and_asks_the_engine_once(
    stage: Stage, moderator: Member
) -> None:
    levels = {}
    for percent in (100, 50, 20):
        shown = await choose(moderator, "volume_percent", str(percent))
        assert f"Volume: {percent}" in shown.text
        levels[percent] = level_db(await stage.say(moderator, LINE))
    assert levels[50] - levels[100] == pytest.approx(-6.0, abs=0.5)
    assert levels[20] - levels[100] == pytest.approx(-14.0, abs=0.5)
    assert "2 of 3 pieces" in await stage.figures()
    await choose(moderator, "volume_percent", "100")


async def test_a_member_speaks_as_they_tuned_and_as_loud_as_moderators_let_them(
    stage: Stage, moderator: Member
) -> None:
    """By `/say` and in live reading, and no other member does."""
    line = "This is said in more than one way."
    usual = await stage.say(moderator, line)
    told = await stage.reply(moderator, "voice tune", speed=0.5, pitch=6)
    assert told == (
        "In this server you speak at 0.5 times the usual speed, with your pitch changed by +6 "
        "semitones."
    )
    slow = await stage.say(moderator, line)
    assert len(slow.speech) == pytest.approx(2 * len(usual.speech), abs=4)
    assert pitches(slow)[0] == pytest.approx(pitches(usual)[0] * 2**0.5, abs=50)

    told = await stage.reply(moderator, "voice-admin volume", member=moderator, percent=50)
    assert told == f"<@{moderator.id}> speaks at 50 % of the usual volume in this server."
    await stage.reply(moderator, "voice tune", reset=True)
    assert "set your volume to 50 %" in await stage.reply(moderator, "voice tune")
    await stage.reply(moderator, "live start")
    await choose(moderator, "read_names", "no")
    since = time.monotonic()
    await moderator.send(stage.general, line)
    quiet = await transmission(stage.lounge, since)
    assert said(quiet, line) == [line]
    assert level_db(quiet) - level_db(usual) == pytest.approx(-6.0, abs=0.5)
    await stage.bob.join(stage.lounge)
    assert level_db(await stage.say(stage.bob, line)) == pytest.approx(level_db(usual), abs=0.5)
    await stage.bob.leave()
    with pytest.raises(PermissionError):
        await stage.bob.slash("voice-admin volume", member=moderator, percent=100)
    await stage.reply(moderator, "voice-admin volume", member=moderator, percent=100)
    await stage.reply(moderator, "live stop")
    await choose(moderator, "read_names", "yes")


async def test_a_message_is_spoken_from_its_menu_in_ones_own_voice(
    stage: Stage, moderator: Member
) -> None:
    """Its words as they are read live, by whoever wrote them."""
    written = await stage.alice.send(stage.general, "**Good** morning, __everybody__!")
    since = time.monotonic()
    spoken = await (await moderator.message_command("Speak this", written)).reply()
    assert spoken.text.startswith(f"Speaking in {stage.lounge.mention}.")
    assert spoken.ephemeral
    heard = await transmission(stage.lounge, since)
    assert said(heard, "Good morning, everybody!") == ["Good morning, everybody!"]
    empty = await stage.alice.send(stage.general, "** **")
    refused = await (await moderator.message_command("Speak this", empty)).reply()
    assert refused.text == "Nothing in that can be said aloud."
    await stage.reply(moderator, "voice-admin bar", **{"member": stage.alice, "from": "say"})
    refused = await (await stage.alice.message_command("Speak this", written)).reply()
    assert "do not let you use the commands that make me speak" in refused.text
    await stage.reply(moderator, "voice-admin unbar", member=stage.alice)


async def test_who_cannot_hear_reads_what_is_said_where_the_server_wants_it(
    stage: Stage, moderator: Member
) -> None:
    def shown() -> list[str]:
        return [one.text for one in stage.lounge.messages.values() if "to be read" in one.text]

    await stage.say(moderator, "Not to be read.")
    await choose(moderator, "show_words", "yes")
    await stage.say(moderator, "This is *to be read*, too.")
    assert shown() == ["**Carol:**\n> This is *to be read*, too."]
    stage.lounge.set_permissions(stage.guild.bot, send_messages=False)
    since = time.monotonic()
    told = await stage.reply(moderator, "say", text="Nobody can read this to be read.")
    await transmission(stage.lounge, since)
    assert f"I cannot write in {stage.lounge.mention}, so nobody there can read it." in told
    stage.lounge.set_permissions(stage.guild.bot, send_messages=None)
    await choose(moderator, "show_words", "no")
    assert len(shown()) == 1


@pytest.mark.parametrize("kind", ["Ogg", "WAV", "FLAC", "MP3"])
async def test_what_is_said_is_sent_as_the_kind_of_file_that_is_chosen(
    stage: Stage, moderator: Member, kind: str
) -> None:
    """Also to who sits in a voice channel, where nothing is heard then."""
    line, since = "This is said in a file.", time.monotonic()
    answer = await stage.answer(moderator, "say", text=line, file=kind)
    (attachment,) = answer.attachments
    assert attachment.filename == f"speech.{kind.lower()}"
    with av.open(io.BytesIO(attachment.data)) as container:
        tags = container.metadata | container.streams.audio[0].metadata
        assert tags["comment"] == SYNTHETIC
        rate = container.streams.audio[0].rate
        parts = [frame.to_ndarray() for frame in container.decode(audio=0)]
    channel = np.concatenate(parts, axis=1)[0].astype(np.float64)
    assert len(channel) / rate == pytest.approx(sounds_s(line), abs=0.1)
    spectrum = np.abs(np.fft.rfft(channel))
    assert np.argmax(spectrum) * rate / len(channel) == pytest.approx(hertz(line), abs=20)
    assert not stage.lounge.recording.heard(since).audible


async def test_a_voice_message_says_whose_words_it_has_and_how_loud_they_are(
    stage: Stage, moderator: Member
) -> None:
    line = "This is said in a voice message."
    ask = {"text": line, "file": "voice message"}
    refused = await stage.answer(moderator, "say", **ask)
    assert refused.text == "You are not allowed to send voice messages in this channel."
    vera = stage.guild.add_member("Vera", send_voice_messages=True)
    refused = await stage.answer(vera, "say", **ask)
    assert "I am missing Send Messages or Send Voice Messages" in refused.text
    stage.general.set_permissions(stage.guild.bot, send_voice_messages=True)
    answer = await stage.answer(vera, "say", **ask)
    assert answer.text == f"A voice message of {vera.mention}:"

    def sent() -> list[MessageRecord]:
        return [one for one in stage.general.messages.values() if one.flags & VOICE_MESSAGE]

    await until(lambda: len(sent()) == 1)
    (message,) = sent()
    assert message.reference is not None
    assert int(message.reference["message_id"]) == answer.id
    (attachment,) = message.attachments
    assert attachment.duration_s == pytest.approx(sounds_s(line), abs=0.1)
    levels = base64.b64decode(attachment.waveform or "")
    assert 1 <= len(levels) <= 256
    assert max(levels) == 255


async def test_everything_about_live_reading_can_be_chosen(stage: Stage, moderator: Member) -> None:
    """Names, roles, seats, bots and lengths, each heard before and after."""
    robot = stage.guild.add_member("Robot", bot=True)
    await stage.reply(moderator, "live start")
    assert await hear(stage, moderator, "With my name.") == ["Carol says:", "With my name."]
    assert await hear(stage, moderator, "Without it.") == ["Without it."]
    await choose(moderator, "name_pause_s", "60")
    assert await hear(stage, moderator, "Still without it.") == ["Still without it."]
    await choose(moderator, "name_pause_s", "5")
    await asyncio.sleep(5.0)
    assert await hear(stage, moderator, "After all.") == ["Carol says:", "After all."]

    await choose(moderator, "read_names", "no")
    await stage.bob.join(stage.lounge)
    assert await hear(stage, stage.bob, "Who am I?") == ["Who am I?"]

    assert await unheard(stage, robot, "Beep.")
    await choose(moderator, "read_bots", "yes")
    assert await hear(stage, robot, "Beep beep.") == ["Beep beep."]

    assert await unheard(stage, stage.alice, "From outside.")
    await choose(moderator, "only_in_channel", "no")
    assert await hear(stage, stage.alice, "From outside now.") == ["From outside now."]

    stage.guild.add_role("Speakers")
    readers = stage.guild.add_role("Readers")
    erin = stage.guild.add_member("Erin", roles=(readers,))
    await erin.join(stage.lounge)
    assert "Required role: Readers" in (await choose(moderator, "required_role_id", readers)).text
    assert await unheard(stage, stage.bob, "Have I got it?")
    assert await hear(stage, erin, "I have got it.") == ["I have got it."]
    await choose(moderator, "required_role_id", "")

    await choose(moderator, "max_message_chars", "20")
    long = "Only the start of this is said to anybody at all."
    since = time.monotonic()
    await stage.bob.send(stage.general, long)
    cut = "Only the start of, and so on."
    assert said(await transmission(stage.lounge, since), cut) == [cut]
    await choose(moderator, "max_message_chars", "500")
    await stage.reply(moderator, "live stop")


async def test_a_server_chooses_what_is_left_out(stage: Stage, moderator: Member) -> None:
    """Roles, words, prefixes, silent messages, links and emoji, each heard before and after."""
    await stage.reply(moderator, "live start")
    await choose(moderator, "read_names", "no")
    shy = stage.guild.add_role("Shy")
    finn = stage.guild.add_member("Finn", roles=(shy,))
    await finn.join(stage.lounge)
    assert await hear(stage, finn, "Hear me first.") == ["Hear me first."]
    assert "Left-out role: Shy" in (await choose(moderator, "excluded_role_id", shy)).text
    assert await unheard(stage, finn, "Do not hear me.")
    await choose(moderator, "excluded_role_id", "")
    await finn.leave()

    assert await unheard(stage, moderator, "; hush")
    assert "Prefix: !!" in (await choose(moderator, "unread_prefix", "!!")).text
    assert await unheard(stage, moderator, "!! hush")
    refused = await choose(moderator, "unread_prefix", "")
    assert refused.text == "Prefix has to be 1 to 5 characters."
    await choose(moderator, "unread_prefix", ";")

    await choose(moderator, "unread_words", "Marmalade, tea  cosy")
    for text in ("No MARM\u200bALADE, please.", "Where is the tea cosy?"):
        assert await unheard(stage, moderator, text)
    assert await hear(stage, moderator, "Marmalades are fine.") == ["Marmalades are fine."]
    await choose(moderator, "unread_words", "")

    since = time.monotonic()
    await moderator.send(stage.general, "Nobody is to be woken.", silent=True)
    await moderator.send(stage.general, "Look at https://example.com/a :) <:cat:123456> \U0001f600")
    spoken = "Look at example dot com link smiley, cat, grinning face"
    assert said(await transmission(stage.lounge, since), spoken) == [spoken]
    for field in ("read_links", "read_emoji"):
        await choose(moderator, field, "no")
    await choose(moderator, "read_silent", "yes")
    since = time.monotonic()
    await moderator.send(stage.general, "Nobody is to be woken.", silent=True)
    await moderator.send(stage.general, "Look at https://example.com/b :) <:cat:123456> \U0001f601")
    both = ["Nobody is to be woken.", "Look at"]
    assert said(await stage.all_said(moderator, since), *both) == both
    for field in ("read_links", "read_emoji"):
        await choose(moderator, field, "yes")
    await choose(moderator, "read_silent", "no")
    await stage.reply(moderator, "live stop")


async def test_members_are_called_what_they_and_their_server_want(
    stage: Stage, moderator: Member
) -> None:
    await choose(moderator, "read_names", "yes")
    gina = stage.guild.add_member("Gina", nick="Gigi")
    await gina.join(stage.lounge)
    await stage.reply(moderator, "live start")

    async def called(line: str, name: str) -> None:
        """`line` of Gina is said under a name, and so is she in a line of another."""
        since = time.monotonic()
        await gina.send(stage.general, line)
        await moderator.send(stage.general, f"{line} {gina.mention}")
        texts = [f"{name} says:", line, "Carol says:", f"{line} {name}"]
        assert said(await stage.all_said(moderator, since), *texts) == texts

    await called("One.", "Gigi")
    await choose(moderator, "use_nicknames", "no")
    await called("Two.", "Gina")
    assert await stage.reply(gina, "voice called", name="The Queen") == (
        "I call you **The Queen** in this server."
    )
    await called("Three.", "The Queen")
    # What the server wants unread is not said as a name either.
    await choose(moderator, "unread_words", "queen")
    await called("Four.", "Gina")
    assert "do not allow one of the words" in await stage.reply(
        gina, "voice called", name="queen bee"
    )
    await choose(moderator, "unread_words", "")
    assert "by your name on Discord" in await stage.reply(gina, "voice called")
    await choose(moderator, "use_nicknames", "yes")
    await called("Five.", "Gigi")
    await choose(moderator, "read_names", "no")
    await stage.reply(moderator, "live stop")
    await gina.leave()


async def test_members_and_servers_have_their_own_lines_for_who_comes_and_goes(
    stage: Stage, moderator: Member
) -> None:
    ivan = stage.guild.add_member("Ivan")
    await stage.reply(moderator, "live start")

    async def moves(come: bool, *expected: str) -> None:
        since = time.monotonic()
        await (ivan.join(stage.lounge) if come else ivan.leave())
        if not expected:
            await stage.bot_knows()
            await asyncio.sleep(0.8)
            assert not stage.lounge.recording.heard(since).audible
            return
        assert said(await transmission(stage.lounge, since), *expected) == [*expected]

    noted = await stage.reply(ivan, "voice greeting", when="I join", line="Here is Ivan, at last.")
    assert "do not let me say members' own lines" in noted
    await moves(True)
    await moves(False)
    await choose(moderator, "own_greetings", "yes")
    assert "when you leave" in await stage.reply(
        ivan, "voice greeting", when="I leave", line="I am off."
    )
    await moves(True, "Here is Ivan, at last.")
    await moves(False, "I am off.")
    # Once in five minutes; the server's own line has no such pause.
    await moves(True)
    await choose(moderator, "announce_moves", "yes")
    await choose(moderator, "departure_line", "Farewell, {name}, whoever you were.")
    await moves(False, "Farewell, Ivan, whoever you were.")
    await choose(moderator, "arrival_line", "Welcome, {name}!")
    await moves(True, "Welcome, Ivan!")
    for field in ("announce_moves", "own_greetings"):
        await choose(moderator, field, "no")
    for field in ("arrival_line", "departure_line"):
        await choose(moderator, field, "")
    await stage.reply(moderator, "live stop")
    await ivan.leave()


async def test_the_voice_channels_own_chat_is_read_and_other_channels_are_not(
    stage: Stage, moderator: Member
) -> None:
    other = stage.guild.add_text_channel("elsewhere")
    await stage.reply(moderator, "live start", channel=stage.general)
    here, there, beside = "In the channel.", "In another one.", "In the chat beside us."
    assert await hear(stage, moderator, here) == [here]
    assert await unheard(stage, moderator, there, channel=other)
    assert await hear(stage, moderator, beside, channel=stage.lounge) == [beside]
    await stage.reply(moderator, "live stop")


async def test_what_comes_with_a_message_is_read_by_its_kind(
    stage: Stage, moderator: Member
) -> None:
    await stage.reply(moderator, "live start")
    since = time.monotonic()
    picture = File("cat.png", b"\x89PNG", content_type="image/png")
    await moderator.send(stage.general, "My cat!", attachments=[picture])
    spoken = "My cat! an image"
    heard = await transmission(stage.lounge, since)
    assert said(heard, spoken) == [spoken]
    await stage.reply(moderator, "live stop")


async def test_the_dictionary_counts_for_announcements_too(stage: Stage, moderator: Member) -> None:
    """Names are said as the server wants them, in announcements as in messages."""
    await choose(moderator, "announce_moves", "yes")
    dave = stage.guild.add_member("Dave")
    await stage.reply(moderator, "live start")
    for come, sentence in ((True, "Dave joined."), (False, "Dave left.")):
        since = time.monotonic()
        await (dave.join(stage.lounge) if come else dave.leave())
        assert said(await transmission(stage.lounge, since), sentence) == [sentence]
    hana = stage.guild.add_member("Hana", mute_members=True)
    await stage.reply(hana, "pronounce add", word="Dave", say="Big Dee", whose="server")
    since = time.monotonic()
    await dave.join(stage.lounge)
    assert said(await transmission(stage.lounge, since), "Big Dee joined.") == ["Big Dee joined."]
    await stage.reply(moderator, "live stop")
    await choose(moderator, "announce_moves", "no")
    await dave.leave()


async def test_members_are_left_unread_from_the_panel(stage: Stage, moderator: Member) -> None:
    await stage.reply(moderator, "live start")
    menu = "Block a member, or unblock them"
    panel = await settings_page(moderator, Page.MEMBERS)
    assert "Blocked: nobody" in panel.text
    await (await panel.select(menu, [stage.bob])).acknowledged()
    assert f"Blocked: {stage.bob.mention}" in panel.text
    assert await unheard(stage, stage.bob, "Nobody hears me.")
    await (await panel.select(menu, [stage.bob])).acknowledged()
    assert "Blocked: nobody" in panel.text
    assert await hear(stage, stage.bob, "Hear me now.") == ["Hear me now."]
    await stage.reply(moderator, "live stop")


async def test_voices_are_picked_from_menus_and_forged_ones_are_refused(
    stage: Stage, moderator: Member
) -> None:
    panel = await settings_page(moderator, Page.VOICES)
    assert "Default voice: nothing" in panel.text
    assert "Nobody shares one" in panel.text
    with pytest.raises(LookupError):
        panel.component("default_voice_id")
    shown = await choose(moderator, "stock_voice", "tone")
    assert "Stock voice: tone" in shown.text
    menu = panel.component("stock_voice")
    forged = await stage.discord.interactions.component(panel, menu, moderator, ["Old Tom"])
    assert "no such stock voice" in (await forged.reply()).text
    assert "Stock voice: nothing" in (await choose(moderator, "stock_voice", "")).text


async def test_a_server_chooses_how_long_the_bot_stays(stage: Stage, moderator: Member) -> None:
    """Two minutes alone by the bot's own settings; a second or two here."""
    shown = await choose(moderator, "alone_leave_s", "1")
    assert "Leave when alone: 1" in shown.text.replace("*", "")
    await stage.reply(moderator, "join")
    for member in list(stage.lounge.members):
        if member is not stage.guild.bot:
            await member.leave()
    await until(lambda: not stage.guild.bot.voice_channel)
    shown = await choose(moderator, "alone_leave_s", "")
    assert "Leave when alone: 120" in shown.text.replace("*", "")
    await choose(moderator, "idle_leave_s", "1")
    await moderator.join(stage.lounge)
    await stage.reply(moderator, "join")
    await until(lambda: not stage.guild.bot.voice_channel)
    await choose(moderator, "idle_leave_s", "0")


async def test_a_forged_change_is_refused(stage: Stage, moderator: Member) -> None:
    """Discord shows the panel to its moderator alone; who they are is asked again all the same."""
    panel = await (await moderator.slash("settings")).reply()
    switch = panel.component("read_names")
    forged = await stage.discord.interactions.component(panel, switch, stage.alice, None)
    assert "Only members who may manage" in (await forged.reply()).text
    other = stage.guild.add_member("Olga", manage_guild=True)
    forged = await stage.discord.interactions.component(panel, switch, other, None)
    assert "This panel is somebody else's" in (await forged.reply()).text
    panel = await settings_page(moderator, Page.MEMBERS)
    users = panel.component("Block a member, or unblock them")
    forged = await stage.discord.interactions.component(panel, users, stage.alice, [moderator])
    assert "Only members who may manage" in (await forged.reply()).text
