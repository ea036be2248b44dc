"""What there is: guilds, channels, members, messages, and who is in voice where.

Plain data, and the changes that Discord itself makes to it. Nothing here knows how they reach the
bot.
"""

import math
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from bot.loopback import permissions
from bot.loopback.attachments import Cdn
from bot.loopback.faults import VoiceFaults
from bot.loopback.heard import Heard
from bot.loopback.identifiers import Identifiers, timestamp
from bot.loopback.messages import MessageRecord, User
from bot.loopback.permissions import Overwrite, Role
from bot.loopback.recording import Recording


class World:
    """Everything there is.

    `publish` is called with an event's name and its subject (a record, or the event's own data),
    `moved` with a member and the voice channels that they left and came into.
    """

    def __init__(self, bot_name: str) -> None:
        self.identifiers = Identifiers()
        self.application_id = self.identifiers.next()
        self.bot_user = User(self.application_id, bot_name, bot=True)
        self.owner = User(self.identifiers.next(), "Owner")
        self.guilds: dict[int, GuildRecord] = {}
        self.cdn = Cdn(self.identifiers.next)
        self.publish: Callable[[str, object], None] = lambda _event, _subject: None
        self.moved: Callable[[MemberRecord, VoiceChannel | None, VoiceChannel | None], None] = (
            lambda _member, _left, _came: None
        )
        self._direct_messages: dict[int, DirectMessages] = {}

    def direct_messages(self, user: User) -> "DirectMessages":
        """The conversation between the bot and `user`, begun if it was not."""
        if user.id not in self._direct_messages:
            self._direct_messages[user.id] = DirectMessages(self, user)
        return self._direct_messages[user.id]

    def channel(self, channel_id: int) -> "Channel | DirectMessages | None":
        for guild in self.guilds.values():
            if channel_id in guild.channels:
                return guild.channels[channel_id]
        return next((c for c in self._direct_messages.values() if c.id == channel_id), None)

    def place(
        self,
        member: "MemberRecord",
        channel: "VoiceChannel | None",
        session_id: str = "",
        **how: bool,
    ) -> None:
        states = member.guild.voice_states
        before = states.get(member.id)
        if channel:
            suppress = channel.arrives_suppressed(member)
            state = VoiceState(member, channel, session_id, suppress=suppress, **how)
            states[member.id] = state
        elif before:
            state = replace(states.pop(member.id), channel=None)
        else:
            return
        self.publish("VOICE_STATE_UPDATE", state)
        self.moved(member, before.channel if before else None, channel)


@dataclass(eq=False)
class MemberRecord:
    """A user in one guild."""

    guild: "GuildRecord"
    user: User
    nick: str | None = None
    roles: list[int] = field(default_factory=list)
    joined_at: str = field(default_factory=timestamp)
    voice_session_id: str = field(default_factory=lambda: secrets.token_hex(16))

    @property
    def id(self) -> int:
        return self.user.id

    @property
    def name(self) -> str:
        """What others see: the nickname, or else the display name."""
        return self.nick or self.user.name

    @property
    def mention(self) -> str:
        return f"<@{self.id}>"

    @property
    def guild_permissions(self) -> int:
        """What they may do, apart from channels, as Discord's bit field."""
        return permissions.in_guild(
            self.guild.everyone.permissions,
            [self.guild.roles[role].permissions for role in self.roles],
            is_owner=self.guild.owner is self,
        )

    @property
    def voice_channel(self) -> "VoiceChannel | None":
        state = self.guild.voice_states.get(self.id)
        return state.channel if state else None


@dataclass
class VoiceState:
    """Where a member is, and how; in no channel only when it is told that they left."""

    member: MemberRecord
    channel: "VoiceChannel | None"
    session_id: str
    self_mute: bool = False
    self_deaf: bool = False
    mute: bool = False
    suppress: bool = False


class DirectMessages:
    """The conversation between the bot and one user."""

    guild_id = None

    def __init__(self, world: World, user: User) -> None:
        self.world = world
        self.id = world.identifiers.next()
        self.user = user
        self.messages: dict[int, MessageRecord] = {}


class Channel:
    """A guild's channel; messages can be sent to voice channels as well."""

    kind = 0

    def __init__(self, guild: "GuildRecord", name: str) -> None:
        self.world = guild.world
        self.id = self.world.identifiers.next()
        self.guild = guild
        self.name = name
        self.position = len(guild.channels)
        self.messages: dict[int, MessageRecord] = {}
        self.overwrites: dict[int, Overwrite] = {}

    @property
    def guild_id(self) -> int | None:
        return self.guild.id

    @property
    def mention(self) -> str:
        return f"<#{self.id}>"

    def permissions_of(self, member: MemberRecord) -> int:
        """What `member` may do here, as Discord's bit field."""
        return permissions.in_channel(
            member.guild_permissions,
            self.overwrites.values(),
            self.guild.id,
            member.id,
            set(member.roles),
        )

    def allows(self, member: MemberRecord, permission: str) -> bool:
        """Whether `member` has a permission here, by discord.py's name for it."""
        return bool(self.permissions_of(member) & permissions.flag(permission))

    def set_permissions(self, target: MemberRecord | Role, **changed: bool | None) -> None:
        """Allow (true), deny (false) or leave to the roles (None) what `target` may do here."""
        is_member = target.id in self.guild.members
        overwrite = self.overwrites.setdefault(target.id, Overwrite(target.id, is_member))
        for name, value in changed.items():
            bit = permissions.flag(name)
            overwrite.allow = overwrite.allow | bit if value else overwrite.allow & ~bit
            overwrite.deny = overwrite.deny | bit if value is False else overwrite.deny & ~bit
        self.world.publish("CHANNEL_UPDATE", self)

    async def delete(self) -> None:
        del self.guild.channels[self.id]
        self.world.publish("CHANNEL_DELETE", self)


class TextChannel(Channel):
    """A channel to write in."""


class VoiceChannel(Channel):
    """A channel to speak in. `recording` keeps all that it heard from the bot."""

    kind = 2

    def __init__(self, guild: "GuildRecord", name: str, *, user_limit: int = 0) -> None:
        super().__init__(guild, name)
        self.user_limit = user_limit
        self.recording = Recording()

    @property
    def members(self) -> list[MemberRecord]:
        return [s.member for s in self.guild.voice_states.values() if s.channel is self]

    def admits(self, member: MemberRecord) -> bool:
        """Whether Discord would let `member` in: permissions, and a free place."""
        if not self.allows(member, "view_channel") or not self.allows(member, "connect"):
            return False
        others = [m for m in self.members if m is not member]
        full = 0 < self.user_limit <= len(others)
        return not full or self.allows(member, "move_members")

    def arrives_suppressed(self, member: MemberRecord) -> bool:
        """Whether `member` cannot be heard here when they come."""
        return not self.allows(member, "speak")

    async def heard(
        self, *, since_s: float = -math.inf, quiet_ms: float = 500, timeout_s: float = 90
    ) -> Heard:
        """Wait until the bot has spoken and fallen quiet again; what was heard since `since_s`.

        That is in `time.monotonic` seconds. Quiet is `quiet_ms` without an audible packet. Raises
        `TimeoutError` if that is not reached in time.
        """
        return await self.recording.until_quiet(since_s, quiet_ms=quiet_ms, timeout_s=timeout_s)

    async def first_sound(self, *, since_s: float = -math.inf, timeout_s: float = 90) -> float:
        """Wait for the first audible packet since `since_s`; its arrival in `time.monotonic` s."""
        return await self.recording.until_audible(since_s, timeout_s=timeout_s)

    async def delete(self) -> None:
        """The channel is deleted; everybody in it, the bot too, is disconnected."""
        await super().delete()
        for member in self.members:
            self.world.place(member, None)


class StageChannel(VoiceChannel):
    """A stage: members come as audience, and nothing is end-to-end encrypted."""

    kind = 13

    def arrives_suppressed(self, member: MemberRecord) -> bool:  # noqa: ARG002 - the same for all
        """Everybody has to be invited to speak, or to step up."""
        return True


class GuildRecord:
    """A server, in Discord's other word for it. The bot is a member from the beginning."""

    def __init__(self, world: World, name: str, owner: User | None = None) -> None:
        self.world = world
        self.id = world.identifiers.next_guild()
        self.name = name
        self.channels: dict[int, Channel] = {}
        self.voice_states: dict[int, VoiceState] = {}
        self.everyone = Role(self.id, self.id, "@everyone", permissions.EVERYONE, 0)
        self.roles = {self.id: self.everyone}
        self.owner = MemberRecord(self, owner or User(world.identifiers.next(), "owner"))
        self.bot = MemberRecord(self, world.bot_user)
        self.members = {member.id: member for member in (self.owner, self.bot)}
        self.voice_faults = VoiceFaults()
        self.system_channel: Channel | None = None
        self.preferred_locale = "en-US"

    async def delete(self) -> None:
        self.world.place(self.bot, None)
        del self.world.guilds[self.id]
        self.world.publish("GUILD_DELETE", self)

    def set_voice(
        self, member: MemberRecord, *, mute: bool | None = None, suppress: bool | None = None
    ) -> None:
        """A moderator mutes a member of a voice channel, or sends one into a stage's audience."""
        state = self.voice_states[member.id]
        state.mute = state.mute if mute is None else mute
        state.suppress = state.suppress if suppress is None else suppress
        self.world.publish("VOICE_STATE_UPDATE", state)
