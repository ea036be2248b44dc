"""The bot as Discord sees it: intents, extensions, and who is where in voice.

Longer than 300 lines, as it is the one class whose methods discord.py calls.
"""

import asyncio
import gc
import logging
import time
from functools import partial

import aiohttp
import discord

from bot.base.command_mentions import CommandMentions
from bot.base.command_sync import registered_commands, sync_if_changed
from bot.base.health import life_of, show_life
from bot.base.invitation import invite_link
from bot.base.lag import measure
from bot.base.membership import is_member
from bot.base.rest_turns import RestTurns
from bot.base.shards import Shards
from bot.base.tasks import TaskSet
from bot.base.turns import FairTurns
from bot.catalogue import Said, Sentence, locale_of
from bot.catalogue.translator import CatalogueTranslator
from bot.channel.limits import LeaveAfter
from bot.channel.sessions import VoiceSessions
from bot.command_tree import CommandClient, TimbreTree
from bot.live.exclusions import LiveExclusions
from bot.live.moderation_log import ModerationLog
from bot.live.reading import LiveReading
from bot.services import Services
from data.errors import DatabaseClosed, StoreFailed
from engine.errors import SpeechError

log = logging.getLogger(__name__)

#: How long those whose words are lost at the end may take to be told.
_TELLING_S = 1.0
#: Lists to choose from, made at once and waiting: many come with every letter that is typed.
_COMPLETIONS_AT_ONCE, _COMPLETIONS_WAITING = 2, 20
#: Discord lets one shard of each bucket identify in five seconds; the rest is for its way there.
_IDENTIFY_EVERY_S = 5.25
#: How often a process that does not lead looks whether Discord has the commands yet.
_COMMANDS_AGAIN_S = 5.0
EXTENSIONS = (
    "cogs.say",
    "cogs.channel",
    "cogs.queue",
    "cogs.status",
    "cogs.live",
    "cogs.pronounce",
    "cogs.settings",
    "cogs.voice",
    "cogs.language",
    "cogs.moderation",
    "cogs.privacy",
    "cogs.owner",
    "cogs.unknown_panels",
    "cogs.help",
    "cogs.about",
    "cogs.welcome",
)


class TimbreBot(CommandClient):
    """Connects the services to Discord. The voice sessions live here, so cogs can be reloaded.

    `connector` is discord.py's own option: None for Discord itself, or one that resolves Discord's
    names to a server on loopback. `message_content` asks for what members write, which Discord
    refuses to bots that are not allowed it.
    """

    def __init__(
        self,
        services: Services,
        connector: aiohttp.BaseConnector | None = None,
        *,
        message_content: bool = False,
    ) -> None:
        cached_members = discord.MemberCacheFlags.none()
        cached_members.voice = True
        shards = services.peers.shards
        trace = aiohttp.TraceConfig()
        if shards:
            per_s = services.settings.discord.requests_per_s
            trace = RestTurns(services.store.pauses, per_s).trace()
        super().__init__(
            command_prefix=(),  # see `on_message`
            help_command=None,
            intents=discord.Intents(
                guilds=True,
                voice_states=True,
                guild_messages=message_content,
                message_content=message_content,
            ),
            allowed_mentions=discord.AllowedMentions.none(),
            member_cache_flags=cached_members,
            chunk_guilds_at_startup=False,
            max_messages=None,
            # Only delays `on_ready`: nothing here needs every server to be known first.
            guild_ready_timeout=0.5,
            tree_cls=TimbreTree,
            connector=connector,
            http_trace=trace,
        )
        if shards:
            self.shard_count, self.shard_ids = shards.count, shards.ids
        self.services = services
        self.command_mentions = CommandMentions()
        self.sessions = VoiceSessions(
            services.settings.channel,
            self.get_guild,
            self._leave_after,
            on_left=self._left,
            on_gap=self._note_gap,
            figures=services.metrics.sending,
            may_speak=services.peers.may_speak,
            language=self.language_in,
            linked=self.command_mentions.linked,
        )
        services.peers.guilds = lambda: len(self.guilds)
        self._identifying_at_once = 1  # as Discord says later
        services.sharing.membership = partial(is_member, self)
        self.live = LiveReading(
            services.store,
            services.sayings,
            self.sessions,
            services.forgetting,
            linked=self.command_mentions.linked,
        )
        self.moderation_log = ModerationLog(services.server_settings, self.command_mentions.linked)
        self.exclusions = LiveExclusions(services.store.exclusions, self.live.take_back)
        self._background = TaskSet()
        self.closing = False
        self.interactions = TaskSet()
        self.completions = FairTurns(
            _COMPLETIONS_AT_ONCE,
            _COMPLETIONS_WAITING,
            Sentence("Many others are typing at the moment. Please try again in a moment."),
        )
        self.started_at = discord.utils.utcnow()
        self._born = time.perf_counter()

    @property
    def connected(self) -> bool:
        """Whether every shard has its connection to Discord at this moment."""
        return self.is_ready() and not any(shard.is_closed() for shard in self.shards.values())

    async def on_message(self, message: discord.Message, /) -> None:
        """Take no message for a command: discord.py would, and would log the words of it."""

    def _left(self, guild_id: int, reason: Said) -> None:
        self.live.bindings.left(guild_id, reason)

    def _note_gap(self) -> None:
        self.services.metrics.voice_gaps += 1

    @property
    def operator_id(self) -> int | None:
        """The one person whom Discord has this bot belong to; None before it is known."""
        application = self.application
        if application is None:
            return None
        return application.team.owner_id if application.team else application.owner.id

    async def language_in(self, guild_id: int) -> str | None:
        """What a server chose as the language of the bot's own words, if it can be read."""
        try:
            return (await self.services.store.guild_settings.get(guild_id)).language
        except (StoreFailed, DatabaseClosed) as error:  # what is to be said matters more
            log.warning("a server's language is not known", extra={"reason": str(error)})
            return None

    async def locale_in(self, guild: discord.Guild | None) -> str:
        """In which language all in a server are spoken to."""
        return locale_of(guild, await self.language_in(guild.id) if guild else None)

    async def _leave_after(self, guild_id: int) -> LeaveAfter:
        chosen = await self.services.store.guild_settings.get(guild_id)
        usual = self.services.settings.channel
        alone_s, idle_s = chosen.alone_leave_s, chosen.idle_leave_s
        return LeaveAfter(
            usual.alone_leave_s if alone_s is None else alone_s,
            usual.idle_leave_s if idle_s is None else idle_s,
        )

    async def setup_hook(self) -> None:
        """Load the commands and tell Discord about them if they changed."""
        assert self.user is not None  # it is logged in
        await self.is_owner(self.user)  # so that Discord is asked who that is once, not for each
        if self.intents.message_content:
            await self.live.bindings.remember()
        if self.services.peers.first:
            await self.services.janitor.start()
        else:  # nothing is tidied up that somebody here could wait for
            self._background.spawn(self.services.janitor.start(), name="janitor's start")
        self._background.spawn(self.services.janitor.run(), name="janitor")
        self._background.spawn(self._prepare_detection(), name="detection")
        self._background.spawn(measure(self.services.metrics.loop_lag), name="lag")
        self._background.spawn(self.services.statistics.run(), name="statistics")
        file = life_of(self.services.settings.home, self.services.peers.shards)
        self._background.spawn(show_life(file, lambda: self.connected), name="health")
        await self.tree.set_translator(CatalogueTranslator())
        for extension in EXTENSIONS:
            await self.load_extension(extension)
        await self._learn_commands()
        if self.services.peers.shards:
            await self._learn_start_limits(self.services.peers.shards)

    async def _learn_commands(self) -> None:
        """Tell Discord about the commands, which one process does for all, and learn their ids."""
        if await self.services.peers.leads():
            record = self.services.settings.home / "commands.json"
            synced = await sync_if_changed(self.tree, self.application_id, record)
            self.command_mentions.learn(synced)
        else:
            self._background.spawn(self._wait_for_commands(), name="commands")

    async def _wait_for_commands(self) -> None:
        names = {command.name for command in self.tree.get_commands()}
        while True:
            known = await registered_commands(self.tree)
            self.command_mentions.learn(known)
            if names <= {command.name for command in known}:
                return
            await asyncio.sleep(_COMMANDS_AGAIN_S)

    async def _learn_start_limits(self, shards: Shards) -> None:
        limits = await self.fetch_session_start_limits()
        self._identifying_at_once = limits.max_concurrency
        if limits.remaining < len(shards.ids):  # beyond it Discord resets the token
            wait_s = limits.reset_after / 1000
            log.error("Discord lets no more shards start today", extra={"wait_s": wait_s})
            await asyncio.sleep(wait_s)

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Wait for this shard's turn, which all processes take in Discord's buckets."""
        shards = self.services.peers.shards
        if shards is None or shard_id is None:
            await super().before_identify_hook(shard_id, initial=initial)
            return
        bucket = shard_id % self._identifying_at_once
        wait_s = _IDENTIFY_EVERY_S
        try:
            wait_s = await self.services.store.pauses.identify_in(
                bucket, _IDENTIFY_EVERY_S, most_s=_IDENTIFY_EVERY_S * shards.count
            )
        except StoreFailed as error:
            log.warning("no turn to identify could be had", extra={"reason": str(error)})
        await asyncio.sleep(wait_s)

    async def _prepare_detection(self) -> None:
        """Have languages told apart from the first line on, where the engine reads several."""
        try:
            engine = await self.services.executor.engine_info()
        except SpeechError as error:
            log.info("there is no engine to detect languages for", extra={"reason": str(error)})
            return
        if len(engine.reads) > 1:
            await self.services.line_languages.prepare()

    async def on_ready(self) -> None:
        """Say in the log that Discord is connected; note which servers are left."""
        if not gc.get_freeze_count():
            # What is there now stays: the collector need not go through it again and again.
            gc.collect()
            gc.freeze()
        await self.services.janitor.connected(guild.id for guild in self.guilds)
        log.info(
            "ready",
            extra={
                "guilds": len(self.guilds),
                "shards": self.shard_count,
                "seconds": round(time.perf_counter() - self._born, 3),
                "invite": invite_link(self.application_id) if self.application_id else "",
            },
        )

    async def on_voice_state_update(
        self, member: discord.Member, _before: discord.VoiceState, after: discord.VoiceState
    ) -> None:
        """Keep the sessions true to where everybody is, and to whom Discord silences."""
        self.sessions.members_changed(member.guild)
        if after.mute or after.suppress:
            self.sessions.silenced(member)

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        """Stop speaking in a server that the bot was removed from; it is cleaned later."""
        self.sessions.forget(guild)
        await self.services.store.departed_guilds.departed(guild.id)

    async def on_guild_available(self, guild: discord.Guild) -> None:
        """Go on reading in a server where a restart interrupted it."""
        await self.live.bindings.resume(guild)

    async def on_guild_join(self, guild: discord.Guild) -> None:
        """Keep what a server had, if it is back in time."""
        await self.services.store.departed_guilds.returned(guild.id)

    async def close(self) -> None:
        """Take no more work, leave voice, let everybody be told, then disconnect."""
        self.closing = True
        await self._background.cancel()
        if not self.is_closed():
            await self.live.close()
            await self.sessions.close()
            await self.interactions.wait(timeout_s=_TELLING_S)
        await super().close()
