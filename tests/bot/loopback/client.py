"""A real discord.py bot for the loopback Discord's own tests, and a tone for it to play."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any

import aiohttp
import discord
import numpy as np
from discord.ext import commands

from bot.base.discord_address import connector
from bot.base.loopback_address import LoopbackAddress
from bot.loopback import LoopbackDiscord
from bot.speech.audio.opus import SAMPLE_RATE, SILENCE, encode
from tests.waiting import until

log = logging.getLogger(__name__)

INTENTS = discord.Intents(guilds=True, voice_states=True)


def link_to(server: LoopbackDiscord) -> aiohttp.TCPConnector:
    """What leads Discord's addresses to a loopback Discord, and trusts it."""
    environment = server.environment()
    return connector(
        LoopbackAddress.parse(environment["TIMBRE_DISCORD_RESOLVE"]),
        Path(environment["TIMBRE_DISCORD_CA"]),
    )


class Client(commands.AutoShardedBot):
    """Registers what it is given and remembers the events it saw."""

    def __init__(
        self,
        server: LoopbackDiscord,
        register: Callable[["Client"], None] | None,
        intents: discord.Intents,
    ) -> None:
        super().__init__(
            command_prefix=commands.when_mentioned,
            help_command=None,
            intents=intents,
            guild_ready_timeout=0.05,  # how long discord.py waits for yet another guild
            connector=link_to(server),
        )
        self.register = register
        self.errors: list[BaseException] = []
        self.seen: list[str] = []
        self.messages: list[discord.Message] = []
        self.tree.error(self._keep)

    async def setup_hook(self) -> None:
        if self.register:
            self.register(self)
            await self.tree.sync()

    async def _keep(
        self, _: discord.Interaction, error: discord.app_commands.AppCommandError
    ) -> None:
        cause = getattr(error, "original", error)
        self.errors.append(cause)
        log.info("a command failed", exc_info=cause)

    async def on_socket_event_type(self, event: str) -> None:
        self.seen.append(event)

    async def on_message(self, message: discord.Message) -> None:
        self.messages.append(message)

    async def saw(self, event: str, times: int = 1) -> None:
        await until(lambda: self.seen.count(event) >= times)

    def voice_channel(self, channel_id: int) -> discord.VoiceChannel:
        found = self.get_channel(channel_id)
        assert isinstance(found, discord.VoiceChannel)
        return found


def commands_of(*callbacks: Callable[..., Any]) -> Callable[[Client], None]:
    def register(client: Client) -> None:
        for callback in callbacks:
            client.tree.command(description="For a test")(callback)

    return register


@asynccontextmanager
async def running(
    server: LoopbackDiscord,
    register: Callable[[Client], None] | None = None,
    intents: discord.Intents = INTENTS,
) -> AsyncIterator[Client]:
    client = Client(server, register, intents)
    task = asyncio.create_task(client.start(server.token))
    try:
        await until(client.is_ready)
        await server.wait_for_bot(commands=register is not None, timeout_s=60)
        yield client
    finally:
        for voice in list(client.voice_clients):
            await voice.disconnect(force=True)
        await client.close()
        await task


async def encrypted(voice: discord.VoiceClient) -> None:
    await until(lambda: voice.voice_privacy_code is not None)


class Packets(discord.AudioSource):
    """Plays prepared Opus packets, with silence around them."""

    def __init__(self, packets: list[bytes]) -> None:
        self._packets: Iterator[bytes] = iter([SILENCE] * 3 + packets + [SILENCE] * 5)

    def read(self) -> bytes:
        return next(self._packets, b"")

    def is_opus(self) -> bool:
        return True


@cache
def tone(seconds: float = 0.4, hertz: float = 440, peak: float = 0.25) -> list[bytes]:
    """A sine as 20 ms Opus packets, 48 kHz stereo; `peak` is relative to full scale."""
    turns = hertz * np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    wave = (peak * np.sin(2 * np.pi * turns)).astype(np.float32)
    packets, _ = encode(wave, SAMPLE_RATE, kbps=64)
    return packets[: round(seconds * 50)]


def dominant_hertz(pcm: np.ndarray) -> float:
    spectrum = np.abs(np.fft.rfft(pcm[:, 0].astype(np.float64)))
    return float(np.argmax(spectrum)) * 48_000 / len(pcm)
