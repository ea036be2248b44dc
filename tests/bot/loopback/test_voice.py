"""What the bot plays is heard: encrypted end to end, by whoever is in the channel."""

import asyncio

import numpy as np
import pytest

from tests.bot.loopback.client import Packets, dominant_hertz, running, tone
from tests.bot.loopback.conftest import Scene, connected, play, speaks_in
from tests.waiting import until


async def test_a_tone_is_heard_as_that_tone_and_every_packet_is_encrypted(scene: Scene) -> None:
    async with connected(scene) as (_, voice):
        heard = await play(scene.lounge, voice, tone(1.0, 440, 0.25))
    assert len(heard.audible) == 50
    assert all(packet.encrypted for packet in heard.audible)
    assert heard.unencrypted_audible == heard.lost == heard.duplicated == 0
    assert heard.dropped == ()
    # Joined, whenever they came: a busy machine's gaps are not what is tested.
    middle = heard.audible[10:40]
    pcm = np.concatenate([packet.pcm for packet in middle])
    assert dominant_hertz(pcm) == pytest.approx(440, abs=2)
    # A sine's RMS is 3 dB below its peak: 0.25 is -12.04 dBFS.
    assert middle[0].level_dbfs == pytest.approx(-15.05, abs=0.5)
    assert scene.guild.bot.voice_channel is None


async def test_what_is_sent_before_the_group_exists_is_heard_unencrypted(scene: Scene) -> None:
    scene.guild.voice_faults.dave_commit_delay_s = 2.0
    async with running(scene.server) as client:
        await scene.alice.join(scene.lounge)
        voice = await client.voice_channel(scene.lounge.id).connect(timeout=30, self_deaf=True)
        voice.play(Packets(tone(10.0)))
        recording = scene.lounge.recording
        await until(lambda: any(packet.encrypted for packet in recording.heard().audible))
        voice.stop()
    heard = recording.heard()
    assert heard.unencrypted_audible > 5
    assert not heard.audible[0].encrypted
    assert heard.audible[-1].encrypted


async def test_a_late_joiner_hears_the_bot_encrypted(scene: Scene) -> None:
    async with running(scene.server) as client:
        voice = await client.voice_channel(scene.lounge.id).connect(timeout=30, self_deaf=True)
        await asyncio.sleep(0.1)
        assert voice.voice_privacy_code is None
        for newcomer in (scene.alice, scene.guild.add_member("Bob")):
            before = voice.voice_privacy_code
            await newcomer.join(scene.lounge)
            await until(lambda before=before: voice.voice_privacy_code != before)
            await speaks_in(scene, scene.lounge, voice)


async def test_a_channel_that_empties_and_fills_again_is_encrypted_again(scene: Scene) -> None:
    async with connected(scene) as (_, voice):
        first = voice.voice_privacy_code
        await scene.alice.leave()
        await until(lambda: voice.voice_privacy_code != first)
        alone = voice.voice_privacy_code
        await scene.alice.join(scene.lounge)
        await until(lambda: voice.voice_privacy_code != alone)
        await speaks_in(scene, scene.lounge, voice)


async def test_listeners_may_come_and_go_while_the_bot_speaks(scene: Scene) -> None:
    bob = scene.guild.add_member("Bob")
    async with connected(scene) as (_, voice):
        group = scene.server.voice.connection_in(scene.lounge).group
        voice.play(Packets(tone(1.0)))
        for step in (bob.join(scene.lounge), scene.alice.leave(), scene.alice.join(scene.lounge)):
            await asyncio.sleep(0.1)
            before = voice.voice_privacy_code
            await step
            # Whoever is here alone without the key hears nothing, as long as the bot has no newer.
            await until(lambda before=before: voice.voice_privacy_code != before)
            await until(lambda: len(group.members) == len(scene.lounge.members) - 1)
        heard = await scene.lounge.heard(quiet_ms=300)
    assert len(heard.audible) == 50
    assert heard.dropped == ()
    assert heard.unencrypted_audible == 0


async def test_without_the_permission_to_speak_nobody_hears_the_bot(scene: Scene) -> None:
    """Discord says nothing to the bot but `suppress`; the packets go nowhere."""
    scene.lounge.set_permissions(scene.guild.bot, speak=False)
    async with connected(scene) as (client, voice):
        voice.play(Packets(tone()))
        await until(lambda: len(scene.lounge.recording.heard().dropped) >= 20)
        assert client.voice_channel(scene.lounge.id).guild.me.voice.suppress
    assert scene.lounge.recording.heard().packets == ()


@pytest.mark.parametrize("obstacle", ["full", "forbidden", "hidden"])
async def test_a_channel_the_bot_may_not_enter_answers_with_no_event_at_all(
    scene: Scene, obstacle: str
) -> None:
    """discord.py runs into its timeout, as on Discord."""
    await scene.alice.join(scene.lounge)
    if obstacle == "full":
        scene.lounge.user_limit = 1
    else:
        denied = {"forbidden": "connect", "hidden": "view_channel"}[obstacle]
        scene.lounge.set_permissions(scene.guild.everyone, **{denied: False})
    async with running(scene.server) as client:
        with pytest.raises(TimeoutError):
            await client.voice_channel(scene.lounge.id).connect(timeout=0.3)
        await until(lambda: scene.server.voice.asked[scene.guild.id] >= 1)
        assert scene.guild.bot.voice_channel is None


async def test_a_muted_bot_is_told_and_not_heard(scene: Scene) -> None:
    async with connected(scene) as (client, voice):
        scene.guild.set_voice(scene.guild.bot, mute=True)
        await until(lambda: client.voice_channel(scene.lounge.id).guild.me.voice.mute)
        voice.play(Packets(tone()))
        await until(lambda: not voice.is_playing())
        await asyncio.sleep(0.05)
        assert scene.lounge.recording.heard().packets == ()
        scene.guild.set_voice(scene.guild.bot, mute=False)
        await speaks_in(scene, scene.lounge, voice)
