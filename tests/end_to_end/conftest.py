"""The stage for end-to-end tests: a loopback Discord and a real bot process on it.

One stage serves a whole module: loading the engine takes seconds.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
import pytest
import pytest_asyncio

from bot.demo.bot_process import BotProcess, running_bot
from bot.live.guild_options import OPTIONS
from bot.live.option import Kind, Page
from bot.loopback import (
    Channel,
    File,
    Guild,
    Heard,
    LoopbackDiscord,
    Member,
    Message,
    VoiceChannel,
)
from bot.loopback.messages import User
from bot.loopback.options import Choice, OptionValue
from bot.loopback.recording import still
from bot.loopback.server import BUSY_MACHINE_S
from bot.speech.audio.opus import decode
from engine.speech import FloatArray
from tests.end_to_end.stock_worker import stock
from tests.end_to_end.uploads import upload
from tests.stock import shared_weights
from tests.waiting import until

#: Whoever asks: the stock voice of members who name none goes by their id, which differs each run.
HEART = "stock:heart"
_OPTIONS = {option.field: option for option in OPTIONS}


@dataclass
class Stage:
    """A server with one voice channel and two members, and the bot."""

    discord: LoopbackDiscord
    bot: BotProcess
    guild: Guild
    lounge: VoiceChannel
    alice: Member
    bob: Member
    home: Path

    def elsewhere(self, name: str, *people: User) -> "Stage":
        """Another server; with the same `people`, what was rendered for them is used again."""
        return Stage(self.discord, self.bot, *furnished(self.discord, name, *people), self.home)

    @property
    def general(self) -> Channel:
        return next(c for c in self.guild.channels.values() if c.name == "general")

    async def answer(
        self, member: Member, command: str, /, *, timeout_s: float = 120, **options: OptionValue
    ) -> Message:
        return await (await member.slash(command, **options)).reply(timeout_s=timeout_s)

    async def reply(self, member: Member, command: str, /, **options: OptionValue) -> str:
        return (await self.answer(member, command, **options)).text

    async def say(self, member: Member, text: str, **options: OptionValue) -> Heard:
        """What the lounge hears of a line of `member`."""
        since = time.monotonic()
        await self.reply(member, "say", text=text, **options)
        return await transmission(self.lounge, since)

    async def bot_knows(self) -> None:
        """Wait until the bot has read what it was told of this server."""
        await self.discord.interactions.bot_knows(self.guild.id)

    async def all_said(self, member: Member, since_s: float) -> Heard:
        """What the lounge hears until the line is empty: what comes next may be made meanwhile."""
        await transmission(self.lounge, since_s)
        async with asyncio.timeout(120):
            while "Nothing is waiting" not in await self.reply(member, "queue"):
                await asyncio.sleep(0.2)
        return await transmission(self.lounge, since_s)

    @asynccontextmanager
    async def started_again(self) -> AsyncIterator[None]:
        """Another bot process with the same settings, from when Discord knows it."""
        identified = self.discord.gateway.identifies
        async with BotProcess(self.bot.environment, self.bot.log.with_name("again.log")):
            await until(lambda: self.discord.gateway.identifies > identified, 120)
            yield

    async def figures(self) -> str:
        """What `/status` says to whoever runs the bot."""
        owner = self.guild.add_member("Owner", user=self.discord.owner)
        return await self.reply(owner, "status")

    async def owners(self) -> Member:
        """Who runs the bot, in a server of their own, where they have commands for that."""
        guild = self.discord.add_guild("Owner's own", owner=self.discord.owner)
        guild.add_text_channel("general")
        await until(lambda: guild.id in self.discord.commands.in_guilds)
        return guild.add_member("Owner", user=self.discord.owner, administrator=True)

    def written(self) -> list[Message]:
        """What the bot wrote to all in #general, but that it reads there."""
        everything = self.general.messages.values()
        own = [m for m in everything if m.author is self.discord.bot_user and not m.interaction]
        return [m for m in own if "I read this channel aloud" not in m.text]

    def worker(self) -> psutil.Process:
        children = psutil.Process(self.bot.pid).children()
        (worker,) = [c for c in children if c.cmdline()[-1].endswith(("worker", "worker.py"))]
        return worker


def furnished(
    discord: LoopbackDiscord, name: str, alice: User | None = None, bob: User | None = None
) -> tuple[Guild, VoiceChannel, Member, Member]:
    guild = discord.add_guild(name)
    guild.add_text_channel("general")
    lounge = guild.add_voice_channel("Lounge")
    members = guild.add_member("Alice", user=alice), guild.add_member("Bob", user=bob)
    return guild, lounge, *members


async def transmission(channel: VoiceChannel, since_s: float, quiet_s: float = 0.5) -> Heard:
    """Everything sent since `since_s`, once the bot has stopped sending for `quiet_s`.

    While an utterance waits for its next piece the bot sends silence, so a slow machine does not
    look like the end.
    """
    async with asyncio.timeout(90):
        while not channel.recording.heard(since_s).audible:
            await asyncio.sleep(0.05)
        await still(lambda: channel.recording.last_s, quiet_s)
    return channel.recording.heard(since_s)


async def settings_page(moderator: Member, page: Page) -> Message:
    """The panel of `/settings`, turned to a page."""
    panel = await (await moderator.slash("settings")).reply()
    if page is not Page.READING:
        await (await panel.select("page", [page])).acknowledged()
    return panel


async def choose(moderator: Member, field: str, *chosen: Choice) -> Message:
    """Change one setting; returns the panel as it is then, or the refusal. "" is nothing."""
    option = _OPTIONS[field]
    panel = await settings_page(moderator, option.page)
    picked = [one for one in chosen if one]
    if option.kind is Kind.SWITCH:
        if panel.component(field)["label"] == f"{option.title}: {chosen[0]}":
            return panel
        changed = await panel.press(field)
    elif option.is_typed:
        form = await (await panel.press(field)).modal()
        changed = await form.submit({str(option.hint): str(chosen[0])})
    else:
        changed = await panel.select(field, picked)
    await changed.acknowledged()
    return changed.messages[0] if changed.messages else panel


def mono(heard: Heard) -> FloatArray:
    return heard.pcm.astype(np.float32).mean(axis=1) / 32768


def mono_of_file(ogg: bytes) -> FloatArray:
    """An attached Ogg Opus file as mono float32 at 48 kHz."""
    return decode(ogg).mean(axis=1)


@asynccontextmanager
async def a_stage(
    folder: Path, *, message_content_refused: bool = False, shards: int = 1, **environment: str
) -> AsyncIterator[Stage]:
    async with LoopbackDiscord(shards=shards, acknowledge_within_s=BUSY_MACHINE_S) as discord:
        discord.faults.message_content_refused = message_content_refused
        place = furnished(discord, "The workshop")
        home = folder / "home"
        # Nobody has to speak and no server is greeted, except in the tests of that.
        settings = {
            "TIMBRE_LOG_FORMAT": "json",
            "TIMBRE_VOICE_STATEMENT": "off",
            "TIMBRE_WELCOME": "False",
            **shared_weights(),
            **environment,
        }
        async with running_bot(discord, home, folder / "bot.log", **settings) as bot:
            yield Stage(discord, bot, *place, home)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Stage]:
    """One stage for all tests of a module; each leaves the channel as it found it.

    A module's `ENVIRONMENT` has the settings of its bot.
    """
    environment = getattr(request.module, "ENVIRONMENT", {})
    folder = tmp_path_factory.mktemp("stage")
    async with a_stage(folder, **stock(folder), **environment) as opened:
        yield opened


@pytest.fixture
def clip() -> File:
    """Ten seconds of clear speech, by a stock voice."""
    return upload("wav")
