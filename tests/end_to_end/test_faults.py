"""Faults that one server has alone, all at the same time in as many servers; see `faults`.

Longer than most files: all rows need the one stage.
"""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from bot.loopback import VoiceChannel
from tests.end_to_end.conftest import HEART, Stage, transmission
from tests.end_to_end.faults import A_MOMENT, AFTER, Rows, Scene, Theatre, sounded, theatre
from tests.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

ROWS = Rows()

#: Rows at once. All of them would starve the packets of one another on two cores.
AT_ONCE = 5


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Theatre]:
    """One bot for the table. It may say 120 times a minute to each shard where it wants to be."""
    async with theatre(tmp_path_factory.mktemp("faults"), shards=2) as opened:
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def playing(
    house: Theatre, request: pytest.FixtureRequest
) -> AsyncIterator[dict[str, asyncio.Task[None]]]:
    items = [item for item in request.session.items if hasattr(item, "callspec")]
    wanted = {item.callspec.params.get("row") for item in items}
    tasks = house.begin({name: row for name, row in ROWS.items() if name in wanted}, AT_ONCE)
    yield tasks
    for task in tasks.values():
        task.cancel()
    await asyncio.gather(*tasks.values(), return_exceptions=True)


@ROWS.add(4006, 4009, 4014, 4015)
async def a_close_that_can_be_mended_costs_no_word(scene: Scene, code: int) -> None:
    speaking = await scene.begin()
    scene.connection_closes(code)
    await scene.heard_once(speaking, missing=A_MOMENT)


async def begin_recovering(scene: Scene, *, stalled: bool = False) -> None:
    """The connection breaks and no new one can be had: refused, or `stalled` half-way."""
    voice, guild = scene.stage.discord.voice, scene.stage.guild
    asked, refused = voice.asked[guild.id], voice.refused[guild.id]
    guild.voice_faults.server_missing = stalled
    guild.voice_faults.refusal = None if stalled else 4006
    scene.connection_closes(4006)
    if stalled:  # discord.py leaves, and the bot comes back into the channel
        await until(
            lambda: voice.asked[guild.id] >= asked + 2 and guild.bot.voice_channel is not None
        )
    else:
        await until(lambda: voice.refused[guild.id] >= refused + 2)


async def stays_away(stage: Stage) -> None:
    """The bot is in no channel, and does not come back."""
    stage.guild.voice_faults.clear()
    await until(lambda: stage.guild.bot.voice_channel is None)
    asked = stage.discord.voice.asked[stage.guild.id]
    await asyncio.sleep(5.0)
    assert stage.discord.voice.asked[stage.guild.id] == asked
    assert stage.guild.bot.voice_channel is None


@ROWS.add("refused", "stalled", "given up")
async def leave_ends_the_attempts_to_be_back(scene: Scene, attempt: str) -> None:
    stage = scene.stage
    speaking = await scene.begin()
    await begin_recovering(scene, stalled=attempt != "refused")
    if attempt == "given up":  # the attempt has run out of time, and discord.py is clearing up
        await until(lambda: stage.guild.bot.voice_channel is None)
        await asyncio.sleep(0.2)
    voice, asked_s = stage.discord.voice, time.monotonic()
    attempts = voice.asked[stage.guild.id]
    assert await stage.reply(stage.alice, "leave") == f"I left {stage.lounge.mention}."
    # The attempts would go on for seven seconds.
    went_on = voice.asked[stage.guild.id] - attempts
    assert time.monotonic() - asked_s < 4.0 or went_on <= 1, "on a busy machine an answer is late"
    await speaking.told("I left the voice channel")
    await stays_away(stage)


@ROWS.add()
async def a_kick_ends_the_attempts_to_be_back(scene: Scene) -> None:
    speaking = await scene.begin()
    await begin_recovering(scene, stalled=True)
    await scene.stage.guild.kick_bot_from_voice()
    await speaking.told("taken out of the voice channel")
    await stays_away(scene.stage)


@ROWS.add()
async def what_is_written_while_the_bot_comes_back_is_heard(scene: Scene) -> None:
    stage = scene.stage
    assert "aloud" in await stage.reply(stage.alice, "live start")
    for _ in range(2):  # the second time without her name
        sent_s = time.monotonic()
        await stage.alice.send(stage.general, AFTER)
        wanted = sounded(await transmission(stage.lounge, sent_s))
    await begin_recovering(scene)
    sent_s = time.monotonic()
    await stage.alice.send(stage.general, AFTER)
    assert "I have read" in await stage.reply(stage.alice, "live status")
    stage.guild.voice_faults.clear()
    heard = await transmission(stage.lounge, sent_s)
    assert sounded(heard) == wanted
    await stage.reply(stage.alice, "live stop")


@ROWS.add()
async def who_wrote_while_the_bot_could_not_come_back_is_told(scene: Scene) -> None:
    stage = scene.stage
    assert "aloud" in await stage.reply(stage.alice, "live start")
    await begin_recovering(scene, stalled=True)
    await stage.alice.send(stage.general, AFTER)
    async with asyncio.timeout(60):
        while "I have read 1 message so far" not in await stage.reply(stage.alice, "live status"):
            await asyncio.sleep(0.05)
    await until(lambda: stage.guild.bot.voice_channel is not None)
    await stage.guild.kick_bot_from_voice()
    await scene.announced("taken out")
    assert "not reading any channel" in await stage.reply(stage.alice, "live status")


@ROWS.add((4017, "end-to-end encryption"), (4022, "ended the call"))
async def a_final_close_is_told_to_the_author_and_in_the_channel(
    scene: Scene, case: tuple[int, str]
) -> None:
    code, reason = case
    speaking = await scene.begin()
    scene.connection_closes(code)
    await speaking.told(reason)
    await scene.announced(reason)


@ROWS.add()
async def a_kick_is_told(scene: Scene) -> None:
    speaking = await scene.begin()
    await scene.stage.guild.kick_bot_from_voice()
    await speaking.told("taken out of the voice channel")
    assert scene.stage.guild.bot.voice_channel is None


@ROWS.add()
async def muted_in_the_middle_costs_no_word_and_is_said(scene: Scene) -> None:
    """The bot waits until it may be heard, says why, and takes nothing more meanwhile."""
    stage = scene.stage
    speaking = await scene.begin()
    stage.guild.set_voice(stage.guild.bot, mute=True)
    await scene.announced("I am muted")
    refused = await stage.reply(stage.alice, "say", text=AFTER, voice=HEART)
    assert refused.startswith("I could not say that. I am muted in this server.")
    stage.guild.set_voice(stage.guild.bot, mute=False)
    await scene.heard_once(speaking, missing=A_MOMENT)


@ROWS.add()
async def on_a_stage_the_bot_steps_up_or_says_that_it_waits_to_be_invited(scene: Scene) -> None:
    stage = scene.stage
    platform = stage.guild.add_stage_channel("Platform")
    await stage.alice.join(platform)
    stage.guild.set_voice(stage.alice, suppress=False)
    assert "in the audience" in await stage.reply(stage.alice, "say", text=AFTER, voice=HEART)
    stage.guild.set_voice(stage.guild.bot, suppress=False)
    await stage.bot_knows()
    await scene.says_all_is_well(platform)
    await stage.reply(stage.alice, "leave")
    platform.set_permissions(stage.guild.bot, mute_members=True)
    await scene.says_all_is_well(platform)
    await stage.alice.join(stage.lounge)


async def called_to_a_stage(stage: Stage) -> VoiceChannel:
    """The bot is in the lounge, and Alice goes on to a stage where it may speak."""
    opera = stage.guild.add_stage_channel("Opera")
    opera.set_permissions(stage.guild.bot, mute_members=True)
    await stage.reply(stage.alice, "join")
    await stage.alice.join(opera)
    stage.guild.set_voice(stage.alice, suppress=False)
    return opera


@ROWS.add()
async def called_from_a_voice_channel_to_a_stage_the_bot_steps_up(scene: Scene) -> None:
    await scene.says_all_is_well(await called_to_a_stage(scene.stage))
    await scene.stage.alice.join(scene.stage.lounge)


@ROWS.add()
async def a_kick_while_the_bot_steps_up_is_the_end(scene: Scene) -> None:
    stage = scene.stage
    await called_to_a_stage(stage)
    path = f"/guilds/{stage.guild.id}/voice-states/@me$"
    stepping = stage.discord.faults.slow("PATCH", path, 1.0)
    joining = asyncio.create_task(stage.reply(stage.alice, "join"))
    await until(lambda: stepping.met)
    await stage.guild.kick_bot_from_voice()
    assert "I could not get into" in await joining
    await stays_away(stage)
    await stage.alice.join(stage.lounge)


@ROWS.add()
async def a_deleted_channel_is_told(scene: Scene) -> None:
    cellar = scene.stage.guild.add_voice_channel("Cellar")
    await scene.stage.alice.join(cellar)
    speaking = await scene.ask(cellar)
    await cellar.delete()
    await speaking.told("channel was deleted")


@ROWS.add()
async def a_move_by_a_moderator_costs_no_word(scene: Scene) -> None:
    """What was not yet said is said where the bot is now, to whoever sits there."""
    stage = scene.stage
    study = stage.guild.add_voice_channel("Study")
    await stage.bob.join(study)
    speaking = await scene.begin()
    await stage.guild.move_bot(study)
    await scene.heard_once(speaking, missing=A_MOMENT)
    assert stage.guild.bot.voice_channel is study
    await stage.bob.leave()


@ROWS.add()
async def a_migration_in_the_middle_costs_no_word(scene: Scene) -> None:
    speaking = await scene.begin()
    scene.stage.discord.voice.migrate(scene.stage.lounge)
    await scene.heard_once(speaking, missing=A_MOMENT)


@ROWS.add()
async def late_encryption_costs_no_word(scene: Scene) -> None:
    scene.stage.guild.voice_faults.dave_commit_delay_s = 0.7
    await scene.heard_once(await scene.begin())


@ROWS.add()
async def missing_encryption_is_told_and_nothing_goes_out_in_the_clear(scene: Scene) -> None:
    scene.stage.guild.voice_faults.dave_commit_delay_s = 60.0
    speaking = await scene.ask()
    await speaking.told("end-to-end encryption")
    assert sounded(scene.stage.lounge.recording.heard(speaking.began_s)) == []


@ROWS.add()
async def a_connection_without_encryption_is_begun_anew(scene: Scene) -> None:
    """One negotiated without it would never begin to encrypt."""
    stage = scene.stage
    stage.guild.voice_faults.dave_version = 0
    await stage.reply(stage.alice, "join")
    stage.guild.voice_faults.dave_version = 1
    before = scene.connection
    await until(lambda: scene.connection not in (None, before))


@ROWS.add()
async def a_channel_that_empties_and_refills_hears_the_rest(scene: Scene) -> None:
    """Nothing is said to nobody, and whoever comes back has the key before the first word."""
    stage = scene.stage
    speaking = await scene.begin()
    await stage.alice.leave()
    await stage.bot_knows()
    await asyncio.sleep(0.5)
    stage.guild.voice_faults.dave_commit_delay_s = 0.5
    came_s = time.monotonic()
    await stage.bob.join(stage.lounge)
    await scene.heard_once(speaking, missing=A_MOMENT)
    assert stage.lounge.recording.heard(came_s).dropped == ()
    await stage.bob.leave()


@ROWS.add()
async def a_listener_who_comes_as_the_last_one_goes_hears_the_rest(scene: Scene) -> None:
    """Somebody is there all the time, and nobody has the key for a while."""
    stage = scene.stage
    speaking = await scene.begin()
    stage.guild.voice_faults.dave_commit_delay_s = 1.0
    await stage.bob.join(stage.lounge)
    await stage.alice.leave()
    await scene.heard_once(speaking, missing=A_MOMENT)
    await stage.bob.leave()


@ROWS.add()
async def a_listener_whom_the_next_group_has_not_yet_hears_the_rest(scene: Scene) -> None:
    """The group is first made anew without Alice, when Bob is there already, and then with him."""
    stage = scene.stage
    speaking = await scene.begin()
    stage.guild.voice_faults.dave_commit_delay_s = 1.0
    await stage.alice.leave()
    await asyncio.sleep(0.3)
    await stage.bob.join(stage.lounge)
    await scene.heard_once(speaking, missing=A_MOMENT)
    await stage.bob.leave()


@ROWS.add(0.05, 0.2)
async def lost_packets_stop_nothing(scene: Scene, share: float) -> None:
    scene.stage.guild.voice_faults.lose_packets(share, seed=3)
    speaking = await scene.ask(scene.stage.lounge)
    for interaction in speaking.asked:
        await interaction.reply()
    got = sounded(await scene.stage.lounge.heard(since_s=speaking.began_s, quiet_ms=900))
    rest = iter(scene.expected)
    assert all(packet in rest for packet in got)
    # Which of them are lost depends on how many of silence came between; six sigma for 0.05.
    assert 0 < len(scene.expected) - len(got) <= 2.7 * share * len(scene.expected)


@pytest.mark.parametrize("row", ROWS)
async def test_nothing_is_lost_in_silence(row: str, playing: dict[str, asyncio.Task[None]]) -> None:
    await playing[row]


async def test_nothing_is_left_over(house: Theatre, playing: dict[str, asyncio.Task[None]]) -> None:
    await asyncio.gather(*playing.values(), return_exceptions=True)
    await house.nothing_is_left(AT_ONCE)
