"""What discord.py's voice client does otherwise, and what is relied on of it."""

import asyncio
import os
import sys
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from itertools import pairwise

import discord
import pytest
from discord.voice_state import ConnectionFlowState

from bot.base.metrics import SendingFigures
from bot.channel.connection import Connection
from bot.channel.sender import Sender
from bot.channel.source import OpusQueueSource
from bot.loopback import LoopbackDiscord, VoiceChannel
from tests.bot.loopback.client import encrypted, running, tone
from tests.waiting import until


@asynccontextmanager
async def connected() -> AsyncIterator[tuple[LoopbackDiscord, VoiceChannel, Connection]]:
    """A bot with our kind of connection, in a channel with somebody else."""
    async with LoopbackDiscord() as server:
        guild = server.add_guild("The workshop")
        lounge = guild.add_voice_channel("Lounge")
        alice = guild.add_member("Alice")
        async with running(server) as client:
            await alice.join(lounge)
            voice = await client.voice_channel(lounge.id).connect(
                timeout=30,
                self_deaf=True,
                reconnect=False,
                cls=partial(Connection, on_end=lambda _: None),
            )
            await encrypted(voice)
            yield server, lounge, voice


async def test_what_discord_answers_in_the_same_turn_of_the_loop_is_not_missed() -> None:
    """discord.py's own wait would begin to listen a turn later, and never end."""
    state = Connection.create_connection_state(object.__new__(Connection))
    waiting = asyncio.create_task(state._wait_for_state(ConnectionFlowState.got_both_voice_updates))
    await asyncio.sleep(0)
    state.state = ConnectionFlowState.got_voice_state_update
    state.state = ConnectionFlowState.got_both_voice_updates
    async with asyncio.timeout(60):
        await waiting


def test_it_counts_as_connected_when_discord_py_says_so() -> None:
    connection = object.__new__(Connection)
    connection._connection = state = Connection.create_connection_state(connection)
    for one in ConnectionFlowState:
        state._state = one
        assert connection.is_connected() is discord.VoiceClient.is_connected(connection)


async def test_what_is_sent_is_heard_encrypted_and_no_thread_is_begun_for_it() -> None:
    sender = Sender(SendingFigures())
    source = OpusQueueSource(lambda: True)
    ended: asyncio.Future[Exception | None] = asyncio.get_running_loop().create_future()
    before = {thread.ident for thread in threading.enumerate()}
    try:
        async with connected() as (_, lounge, voice):
            source.put(tone())
            source.end(lambda: None)
            since_s = time.monotonic()
            voice.begin(sender, source, ended.set_result)
            assert voice.is_playing()
            assert await asyncio.wait_for(ended, 60) is None
            assert not voice.is_playing()
            heard = await lounge.heard(since_s=since_s, quiet_ms=200)
            assert len(heard.audible) == 20
            assert heard.unencrypted_audible == heard.lost == heard.duplicated == 0
            new = [t.name for t in threading.enumerate() if t.ident not in before]
            assert [name for name in new if "voice-socket-reader" in name] == []
            assert [name for name in new if "audio-player" in name] == []
    finally:
        sender.close()


@pytest.mark.skipif(sys.platform == "win32", reason="its descriptors are not numbered so")
async def test_a_connection_needs_no_small_descriptor() -> None:
    """`select()` knows none from 1,024 on."""
    import resource  # noqa: PLC0415 - not on Windows

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 2048:
        pytest.skip("this system allows no such descriptors")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2048), hard))
    taken = [os.open(os.devnull, os.O_RDONLY)]
    try:
        while taken[-1] < 1024:
            taken.append(os.dup(taken[0]))
        async with connected() as (_, _, voice):
            assert voice._connection.socket.fileno() > 1024
    finally:
        for descriptor in taken:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def test_a_new_voice_server_is_told_who_speaks(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[object, discord.SpeakingState]] = []

    async def speak(ws: object, state: discord.SpeakingState = discord.SpeakingState.voice) -> None:
        told.append((ws, state))

    sender = Sender(SendingFigures())
    source = OpusQueueSource(lambda: True)
    try:
        async with connected() as (server, lounge, voice):
            monkeypatch.setattr(type(voice.ws), "speak", speak)
            source.put(tone())  # an utterance that stays open: silence follows
            voice.begin(sender, source, lambda _: None)
            await until(lambda: bool(told))
            first = voice.ws
            assert told == [(first, discord.SpeakingState.voice)]
            server.voice.migrate(lounge)
            await until(lambda: voice.ws is not first and voice.is_connected())
            await until(lambda: (voice.ws, discord.SpeakingState.voice) in told)
            source.clear()
            await until(lambda: told[-1] == (voice.ws, discord.SpeakingState.none))
            assert all(one != other for one, other in pairwise(told))
    finally:
        sender.close()
