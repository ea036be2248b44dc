"""What can go wrong in voice, each a row: nothing is lost in silence, and `/say` works afterwards.

Speech is rendered once and compared packet by packet, so that losses and repeats show exactly.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import psutil
import pytest
import pytest_asyncio

from bot.loopback import Heard, Interaction, VoiceChannel
from tests.end_to_end.conftest import Stage, a_stage

pytestmark = pytest.mark.asyncio(loop_scope="module")

LINES = ("The kettle is on the stove and it is singing.", "The cat sleeps.", "It is late.")
AFTER = "All is well."

#: Threads that wait for work and connections kept for the next request come and go; one left over
#: in each row would be more than these.
POOL = 6


@dataclass
class Scene:
    """A stage whose lines are in the cache, and the packets of each."""

    stage: Stage
    packets: dict[str, list[bytes]]
    baseline: "Held"

    async def begin(self) -> "Speaking":
        """Three lines are asked for at once; returns when the first one sounds."""
        stage = self.stage
        began_s = time.monotonic()
        asked = []
        for line in LINES:
            asked.append(await stage.alice.slash("say", text=line))
            await asyncio.sleep(0.05)
        await stage.lounge.first_sound(since_s=began_s)
        await asyncio.sleep(0.2)
        return Speaking(began_s, asked)


@dataclass
class Speaking:
    """What was asked for, and since when."""

    began_s: float
    asked: list[Interaction]


@dataclass(frozen=True)
class Held:
    """What the bot process holds."""

    threads: int
    files: int
    udp: int
    tcp: int


def held(stage: Stage) -> Held:
    """Threads, files and sockets of the bot process now."""
    process = psutil.Process(stage.bot.pid)
    return Held(
        process.num_threads(),
        len(process.open_files()),
        len(process.net_connections("udp")),
        len(process.net_connections("tcp")),
    )


def sounded(heard: Heard) -> list[bytes]:
    """The packets of speech: everything but silence frames."""
    return [packet.opus for packet in heard.packets if not packet.is_silence_frame]


async def until(holds: Callable[[], bool], timeout_s: float = 15.0) -> None:
    """Wait until it holds."""
    async with asyncio.timeout(timeout_s):
        while not holds():
            await asyncio.sleep(0.02)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    """One stage for the table, with short timeouts."""
    folder = tmp_path_factory.mktemp("faults")
    async with a_stage(
        folder, TIMBRE_VOICE_CONNECT_TIMEOUT_S="1.5", TIMBRE_VOICE_ENCRYPTION_TIMEOUT_S="1.0"
    ) as stage:
        await stage.alice.join(stage.lounge)
        packets = {}
        for line in (*LINES, AFTER, LINES[0]):
            since = time.monotonic()
            await stage.reply(stage.alice, "say", text=line)
            heard = await stage.lounge.heard(since_s=since, quiet_ms=900, timeout_s=60)
            packets[line] = sounded(heard)
        await stage.reply(stage.alice, "leave")
        await asyncio.sleep(1.0)
        yield Scene(stage, packets, held(stage))


async def afterwards(scene: Scene) -> None:
    """`/say` is heard whole and encrypted, and after `/leave` nothing is left over."""
    stage = scene.stage
    stage.discord.faults.lose_packets(0)
    stage.discord.faults.dave_commit_delay_s = 0.0
    stage.discord.faults.dave_version = 1
    stage.discord.faults.voice_refusal = None
    stage.discord.faults.voice_server_missing = False
    if stage.alice.voice_channel is None:
        await stage.alice.join(stage.lounge)
    channel = stage.alice.voice_channel
    assert channel is not None
    since = time.monotonic()
    await stage.reply(stage.alice, "say", text=AFTER)
    heard = await channel.heard(since_s=since, quiet_ms=400)
    assert sounded(heard) == scene.packets[AFTER]
    assert heard.unencrypted_audible == 0
    await stage.reply(stage.alice, "leave")

    def nothing_left() -> bool:
        now, before = held(stage), scene.baseline
        return (
            now.threads <= before.threads + POOL
            and now.files <= before.files
            and now.udp <= before.udp
            and now.tcp <= before.tcp + POOL
        )

    try:
        await until(nothing_left, 8)
    except TimeoutError:
        raise AssertionError(f"left over: {held(stage)} after {scene.baseline}") from None
    assert stage.guild.bot.voice_channel is None


def expected(scene: Scene) -> list[bytes]:
    """All packets of the three lines."""
    return [packet for line in LINES for packet in scene.packets[line]]


async def heard_once(scene: Scene, speaking: Speaking, *, missing: int = 0) -> None:
    """The three lines in order, without a repeat; at most `missing` packets lost on the way."""
    for interaction in speaking.asked:
        await interaction.reply(timeout_s=30)
    wanted = expected(scene)
    recordings = [
        c.recording for c in scene.stage.guild.channels.values() if hasattr(c, "recording")
    ]

    def packets() -> list[bytes]:
        everywhere = [p for r in recordings for p in r.heard(speaking.began_s).packets]
        everywhere.sort(key=lambda packet: packet.arrived_s)
        return [p.opus for p in everywhere if not p.is_silence_frame]

    try:
        await until(lambda: packets()[-1:] == wanted[-1:], 20)
    except TimeoutError:
        pass_on = packets()
        raise AssertionError(f"heard {len(pass_on)} of {len(wanted)} packets") from None
    got = packets()
    rest = iter(wanted)
    assert all(packet in rest for packet in got), "out of order, or repeated"
    dropped = [r.heard(speaking.began_s).dropped for r in recordings]
    assert len(wanted) - len(got) <= missing, dropped
    for recording in recordings:
        heard = recording.heard(speaking.began_s)
        assert heard.unencrypted_audible == 0
        # Three packets at most catch up; the silence that discord.py ends with comes all at once.
        assert Heard(tuple(p for p in heard.packets if not p.is_silence_frame)).rush_ms <= 65


async def told(speaking: Speaking, reason: str) -> None:
    """Everybody whose words were lost has been told why."""
    for interaction in speaking.asked:
        said = await interaction.reply(timeout_s=15)
        if reason not in said.text:
            said = await interaction.reply(number=1, timeout_s=15)
        assert reason in said.text
        assert said.ephemeral


@pytest.mark.parametrize("code", [4006, 4009, 4014, 4015])
async def test_a_close_that_can_be_mended_costs_no_word(scene: Scene, code: int) -> None:
    await scene.stage.alice.join(scene.stage.lounge)
    speaking = await scene.begin()
    scene.stage.discord.voice.connection_in(scene.stage.lounge).close(code)
    await heard_once(scene, speaking, missing=5)
    await afterwards(scene)


async def begin_recovering(stage: Stage, *, stalled: bool = False) -> None:
    """The connection breaks and no new one can be had: refused, or `stalled` half-way."""
    voice, faults = stage.discord.voice, stage.discord.faults
    asked, refused = voice.asked, voice.refused
    faults.voice_server_missing = stalled
    faults.voice_refusal = None if stalled else 4006
    voice.connection_in(stage.lounge).close(4006)
    if stalled:  # discord.py leaves, and the bot comes back into the channel
        await until(lambda: voice.asked >= asked + 2 and stage.guild.bot.voice_channel is not None)
    else:
        await until(lambda: voice.refused >= refused + 2)


async def given_up(stage: Stage) -> None:
    """An attempt that stalled has run out of time, and discord.py is clearing up after it."""
    await until(lambda: stage.guild.bot.voice_channel is None)
    await asyncio.sleep(0.2)


async def stays_away(stage: Stage) -> None:
    """The bot is in no channel, and does not come back."""
    stage.discord.faults.voice_refusal = None
    stage.discord.faults.voice_server_missing = False
    await until(lambda: stage.guild.bot.voice_channel is None, 3)
    asked = stage.discord.voice.asked
    await asyncio.sleep(5.0)
    assert stage.discord.voice.asked == asked
    assert stage.guild.bot.voice_channel is None


@pytest.mark.parametrize("attempt", ["refused", "stalled", "given up"])
async def test_leave_ends_the_attempts_to_be_back(scene: Scene, attempt: str) -> None:
    stage = scene.stage
    await stage.alice.join(stage.lounge)
    speaking = await scene.begin()
    await begin_recovering(stage, stalled=attempt != "refused")
    if attempt == "given up":
        await given_up(stage)
    asked_s = time.monotonic()
    assert await stage.reply(stage.alice, "leave") == f"I left {stage.lounge.mention}."
    assert time.monotonic() - asked_s < 1.0
    await told(speaking, "I left the voice channel")
    await stays_away(stage)
    await afterwards(scene)


async def test_a_kick_ends_the_attempts_to_be_back(scene: Scene) -> None:
    stage = scene.stage
    await stage.alice.join(stage.lounge)
    speaking = await scene.begin()
    await begin_recovering(stage, stalled=True)
    await stage.guild.kick_bot_from_voice()
    await told(speaking, "taken out of the voice channel")
    await stays_away(stage)
    await afterwards(scene)


async def test_what_is_written_while_the_bot_comes_back_is_heard(scene: Scene) -> None:
    stage = scene.stage
    await stage.alice.join(stage.lounge)
    assert "aloud" in await stage.reply(stage.alice, "live start")
    general = next(c for c in stage.guild.channels.values() if c.name == "general")
    for _ in range(2):  # the second time without her name
        sent_s = time.monotonic()
        await stage.alice.send(general, AFTER)
        wanted = sounded(await stage.lounge.heard(since_s=sent_s, quiet_ms=900, timeout_s=20))
    await begin_recovering(stage)
    sent_s = time.monotonic()
    await stage.alice.send(general, AFTER)
    assert "messages read so far" in await stage.reply(stage.alice, "live status")
    stage.discord.faults.voice_refusal = None
    heard = await stage.lounge.heard(since_s=sent_s, quiet_ms=1500, timeout_s=20)
    assert sounded(heard) == wanted
    await stage.reply(stage.alice, "live stop")
    await afterwards(scene)


async def test_who_wrote_while_the_bot_could_not_come_back_is_told(scene: Scene) -> None:
    stage = scene.stage
    await stage.alice.join(stage.lounge)
    assert "aloud" in await stage.reply(stage.alice, "live start")
    general = next(c for c in stage.guild.channels.values() if c.name == "general")
    await begin_recovering(stage, stalled=True)
    await stage.alice.send(general, AFTER)
    await until(lambda: any(m.content == AFTER for m in general.messages.values()))
    await asyncio.sleep(0.3)
    await stage.guild.kick_bot_from_voice()
    await until(lambda: any("taken out" in m.content for m in general.messages.values()))
    assert "reading nothing" in await stage.reply(stage.alice, "live status")
    await afterwards(scene)


@pytest.mark.parametrize(
    ("code", "reason"),
    [(4017, "end-to-end encryption"), (4022, "ended the call")],
)
async def test_a_final_close_is_told_to_the_author_and_in_the_channel(
    scene: Scene, code: int, reason: str
) -> None:
    await scene.stage.alice.join(scene.stage.lounge)
    speaking = await scene.begin()
    general = speaking.asked[0].channel
    scene.stage.discord.voice.connection_in(scene.stage.lounge).close(code)
    await told(speaking, reason)
    await until(lambda: any(reason in m.content for m in general.messages.values()))
    await afterwards(scene)


async def test_a_kick_is_told(scene: Scene) -> None:
    await scene.stage.alice.join(scene.stage.lounge)
    speaking = await scene.begin()
    await scene.stage.guild.kick_bot_from_voice()
    await told(speaking, "taken out of the voice channel")
    assert scene.stage.guild.bot.voice_channel is None
    await afterwards(scene)


async def test_muted_in_the_middle_costs_no_word_and_is_said(scene: Scene) -> None:
    """The bot waits until it may be heard, says why, and takes nothing more meanwhile."""
    stage = scene.stage
    await stage.alice.join(stage.lounge)
    speaking = await scene.begin()
    general = speaking.asked[0].channel
    stage.guild.mute_bot()
    await until(lambda: any("I am muted" in m.content for m in general.messages.values()))
    assert "I am muted" in await stage.reply(stage.alice, "say", text=AFTER)
    stage.guild.mute_bot(False)
    await heard_once(scene, speaking, missing=5)
    await afterwards(scene)


async def test_on_a_stage_the_bot_steps_up_or_says_that_it_waits_to_be_invited(
    scene: Scene,
) -> None:
    stage = scene.stage
    theatre = stage.guild.add_stage_channel("Theatre")
    await stage.alice.join(theatre)
    assert "in the audience" in await stage.reply(stage.alice, "say", text=AFTER)
    stage.guild.suppress_bot(False)
    await asyncio.sleep(0.2)
    since = time.monotonic()
    await stage.reply(stage.alice, "say", text=AFTER)
    assert sounded(await theatre.heard(since_s=since)) == scene.packets[AFTER]
    await stage.reply(stage.alice, "leave")
    theatre.set_permissions(stage.guild.bot, mute_members=True)
    since = time.monotonic()
    await stage.reply(stage.alice, "say", text=AFTER)
    assert sounded(await theatre.heard(since_s=since)) == scene.packets[AFTER]
    await stage.alice.join(stage.lounge)
    await afterwards(scene)


async def called_to_a_stage(stage: Stage) -> VoiceChannel:
    """The bot is in the lounge, and Alice goes on to a stage where it may speak."""
    opera = stage.guild.add_stage_channel("Opera")
    opera.set_permissions(stage.guild.bot, mute_members=True)
    await stage.alice.join(stage.lounge)
    await stage.reply(stage.alice, "join")
    await stage.alice.join(opera)
    return opera


async def test_called_from_a_voice_channel_to_a_stage_the_bot_steps_up(scene: Scene) -> None:
    stage = scene.stage
    opera = await called_to_a_stage(stage)
    since = time.monotonic()
    assert "Speaking" in await stage.reply(stage.alice, "say", text=AFTER)
    assert sounded(await opera.heard(since_s=since)) == scene.packets[AFTER]
    await stage.alice.join(stage.lounge)
    await afterwards(scene)


async def test_a_kick_while_the_bot_steps_up_is_the_end(scene: Scene) -> None:
    stage = scene.stage
    opera = await called_to_a_stage(stage)
    stage.discord.faults.slow("PATCH", "/voice-states/@me$", 1.0)
    joining = asyncio.create_task(stage.reply(stage.alice, "join"))
    await until(lambda: stage.guild.bot.voice_channel is opera)
    await asyncio.sleep(0.3)
    await stage.guild.kick_bot_from_voice()
    assert "I could not get into" in await joining
    await stays_away(stage)
    await stage.alice.join(stage.lounge)
    await afterwards(scene)


async def test_a_deleted_channel_is_told(scene: Scene) -> None:
    stage = scene.stage
    cellar = stage.guild.add_voice_channel("Cellar")
    await stage.alice.join(cellar)
    began = time.monotonic()
    asked = [await stage.alice.slash("say", text=line) for line in LINES]
    await cellar.first_sound(since_s=began)
    await cellar.delete()
    await told(Speaking(began, asked), "channel was deleted")
    await afterwards(scene)


async def test_a_move_by_a_moderator_costs_no_word(scene: Scene) -> None:
    """What was not yet said is said where the bot is now, to whoever sits there."""
    stage = scene.stage
    await stage.alice.join(stage.lounge)
    study = stage.guild.add_voice_channel("Study")
    await stage.bob.join(study)
    speaking = await scene.begin()
    await stage.guild.move_bot(study)
    await heard_once(scene, speaking, missing=5)
    assert stage.guild.bot.voice_channel is study
    await stage.bob.leave()
    await afterwards(scene)


async def test_a_migration_in_the_middle_costs_no_word(scene: Scene) -> None:
    await scene.stage.alice.join(scene.stage.lounge)
    speaking = await scene.begin()
    scene.stage.discord.voice.migrate(scene.stage.lounge)
    await heard_once(scene, speaking, missing=5)
    await afterwards(scene)


async def test_late_encryption_costs_no_word(scene: Scene) -> None:
    stage = scene.stage
    await stage.alice.join(stage.lounge)
    stage.discord.faults.dave_commit_delay_s = 0.7
    speaking = await scene.begin()
    await heard_once(scene, speaking)
    await afterwards(scene)


async def test_missing_encryption_is_told_and_nothing_goes_out_in_the_clear(scene: Scene) -> None:
    stage = scene.stage
    await stage.alice.join(stage.lounge)
    stage.discord.faults.dave_commit_delay_s = 60.0
    began = time.monotonic()
    asked = [await stage.alice.slash("say", text=line) for line in LINES]
    await told(Speaking(began, asked), "end-to-end encryption")
    assert sounded(stage.lounge.recording.heard(began)) == []
    await afterwards(scene)


async def test_a_connection_without_encryption_is_begun_anew(scene: Scene) -> None:
    """One negotiated without it would never begin to encrypt."""
    stage = scene.stage
    await stage.alice.join(stage.lounge)
    stage.discord.faults.dave_version = 0
    await stage.reply(stage.alice, "join")
    stage.discord.faults.dave_version = 1
    before = stage.discord.voice.connection_in(stage.lounge)
    await until(lambda: connected_anew(stage, before), 10)
    await afterwards(scene)


def connected_anew(stage: Stage, before: object) -> bool:
    try:
        return stage.discord.voice.connection_in(stage.lounge) is not before
    except LookupError:
        return False


async def test_a_channel_that_empties_and_refills_hears_the_rest(scene: Scene) -> None:
    """Nothing is said to nobody, and whoever comes back has the key before the first word."""
    stage = scene.stage
    await stage.alice.join(stage.lounge)
    speaking = await scene.begin()
    await stage.alice.leave()
    await asyncio.sleep(0.5)
    stage.discord.faults.dave_commit_delay_s = 0.5
    await stage.bob.join(stage.lounge)
    await heard_once(scene, speaking, missing=5)
    assert not any("group" in reason for reason in stage.lounge.recording.heard().dropped)
    await stage.bob.leave()
    await afterwards(scene)


@pytest.mark.parametrize("share", [0.05, 0.2])
async def test_lost_packets_stop_nothing(scene: Scene, share: float) -> None:
    stage = scene.stage
    await stage.alice.join(stage.lounge)
    stage.discord.faults.lose_packets(share, seed=3)
    began = time.monotonic()
    asked = [await stage.alice.slash("say", text=line) for line in LINES]
    for interaction in asked:
        await interaction.reply()
    heard = await stage.lounge.heard(since_s=began, quiet_ms=900)
    wanted = expected(scene)
    got = sounded(heard)
    rest = iter(wanted)
    assert all(packet in rest for packet in got)
    assert len(wanted) * (1 - share * 1.7) <= len(got) < len(wanted)
    await afterwards(scene)


@pytest.mark.parametrize("resumable", [True, False])
async def test_a_lost_gateway_costs_no_word(scene: Scene, resumable: bool) -> None:
    """With a resume voice never notices; without one the bot comes back and goes on."""
    stage = scene.stage
    await stage.alice.join(stage.lounge)
    speaking = await scene.begin()
    stage.discord.gateway.disconnect(resumable=resumable)
    await heard_once(scene, speaking, missing=5)
    await afterwards(scene)


async def test_slow_and_failing_rest_delays_no_word(scene: Scene) -> None:
    """Speech does not wait for Discord's answers to messages: 429, 500 and a stall of 10 s."""
    stage = scene.stage
    await stage.alice.join(stage.lounge)
    faults = stage.discord.faults
    faults.rate_limit("PATCH", "/webhooks/", 1.0)
    faults.fail("PATCH", "/webhooks/", 500)
    faults.slow("PATCH", "/webhooks/", 10.0)
    speaking = await scene.begin()
    heard = await stage.lounge.heard(since_s=speaking.began_s, quiet_ms=1500)
    assert heard.audible[-1].arrived_s - speaking.began_s < 9
    await heard_once(scene, speaking)
    await afterwards(scene)


async def test_a_killed_worker_stops_nothing_that_was_rendered(scene: Scene) -> None:
    stage = scene.stage
    await stage.alice.join(stage.lounge)
    speaking = await scene.begin()
    stage.worker().kill()
    await heard_once(scene, speaking)
    await until(lambda: has_worker(stage), 20)
    await afterwards(scene)


def has_worker(stage: Stage) -> bool:
    children = psutil.Process(stage.bot.pid).children()
    return any("engine.worker" in child.cmdline() for child in children)
