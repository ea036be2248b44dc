"""Channels: text, voice and direct messages."""

import asyncio
import math
import time
from typing import TYPE_CHECKING, Any, Protocol

from bot.loopback import permissions
from bot.loopback.gateway import Intent
from bot.loopback.messages import Message
from bot.loopback.permissions import Overwrite
from bot.loopback.recording import Heard, Recording

if TYPE_CHECKING:
    from bot.loopback.guilds import Guild, Role
    from bot.loopback.members import Member, User
    from bot.loopback.server import LoopbackDiscord


class MessageChannel(Protocol):
    """Anything that messages can be in."""

    id: int
    messages: dict[int, Message]

    @property
    def guild_id(self) -> int | None:
        """The guild, or None for direct messages."""

    def to_json(self) -> dict[str, Any]:
        """As Discord describes it."""


class DirectMessages:
    """The conversation between the bot and one user."""

    guild_id = None

    def __init__(self, discord: "LoopbackDiscord", user: "User") -> None:
        self.id = discord.identifiers.next()
        self.user = user
        self.messages: dict[int, Message] = {}

    def to_json(self) -> dict[str, Any]:
        """As Discord describes it."""
        return {
            "id": str(self.id),
            "type": 1,
            "last_message_id": None,
            "recipients": [self.user.to_json()],
        }


class Channel:
    """A guild's channel; messages can be sent to voice channels as well."""

    kind = 0

    def __init__(self, guild: "Guild", name: str) -> None:
        self.id = guild.discord.identifiers.next()
        self.guild = guild
        self.name = name
        self.position = len(guild.channels)
        self.messages: dict[int, Message] = {}
        self.overwrites: dict[int, Overwrite] = {}

    @property
    def guild_id(self) -> int | None:
        """The guild's id."""
        return self.guild.id

    @property
    def mention(self) -> str:
        """How a message refers to it."""
        return f"<#{self.id}>"

    def permissions_of(self, member: "Member") -> int:
        """What `member` may do here, as Discord's bit field."""
        return permissions.in_channel(
            member.guild_permissions,
            self.overwrites.values(),
            self.guild.id,
            member.id,
            set(member.roles),
        )

    def allows(self, member: "Member", permission: str) -> bool:
        """Whether `member` has a permission here, by discord.py's name for it."""
        return bool(self.permissions_of(member) & permissions.flag(permission))

    def set_permissions(self, target: "Member | Role", **changed: bool | None) -> None:
        """Allow (true), deny (false) or leave to the roles (None) what `target` may do here."""
        is_member = target.id in self.guild.members
        overwrite = self.overwrites.setdefault(target.id, Overwrite(target.id, is_member))
        for name, value in changed.items():
            bit = permissions.flag(name)
            overwrite.allow = overwrite.allow | bit if value else overwrite.allow & ~bit
            overwrite.deny = overwrite.deny | bit if value is False else overwrite.deny & ~bit
        self._dispatch("CHANNEL_UPDATE")

    async def delete(self) -> None:
        """The channel is deleted."""
        del self.guild.channels[self.id]
        self._dispatch("CHANNEL_DELETE")

    def to_json(self) -> dict[str, Any]:
        """As Discord describes it."""
        return {
            "id": str(self.id),
            "type": self.kind,
            "guild_id": str(self.guild.id),
            "name": self.name,
            "position": self.position,
            "permission_overwrites": [o.to_json() for o in self.overwrites.values()],
            "parent_id": None,
            "nsfw": False,
            "rate_limit_per_user": 0,
            "last_message_id": None,
            "flags": 0,
        }

    def _dispatch(self, event: str) -> None:
        self.guild.discord.gateway.dispatch(
            event, self.to_json(), guild_id=self.guild.id, intent=Intent.GUILDS
        )


class TextChannel(Channel):
    """A channel to write in."""

    def to_json(self) -> dict[str, Any]:
        """As Discord describes it."""
        return super().to_json() | {"topic": None}


class VoiceChannel(Channel):
    """A channel to speak in. `recording` keeps all that it heard from the bot."""

    kind = 2

    def __init__(self, guild: "Guild", name: str, *, user_limit: int, bitrate: int) -> None:
        super().__init__(guild, name)
        self.user_limit = user_limit
        self.bitrate = bitrate
        self.status: str | None = None
        self.recording = Recording()

    @property
    def members(self) -> list["Member"]:
        """Who is in the channel, the bot too."""
        return [s.member for s in self.guild.voice_states.values() if s.channel is self]

    def admits(self, member: "Member") -> bool:
        """Whether Discord would let `member` in: permissions, and a free place."""
        if not self.allows(member, "view_channel") or not self.allows(member, "connect"):
            return False
        others = [m for m in self.members if m is not member]
        full = 0 < self.user_limit <= len(others)
        return not full or self.allows(member, "move_members")

    def edit(self, *, user_limit: int | None = None, bitrate: int | None = None) -> None:
        """Change the channel's settings."""
        self.user_limit = self.user_limit if user_limit is None else user_limit
        self.bitrate = self.bitrate if bitrate is None else bitrate
        self._dispatch("CHANNEL_UPDATE")

    async def heard(
        self,
        *,
        since_s: float | None = None,
        quiet_ms: float = 500,
        timeout_s: float = 30,
    ) -> Heard:
        """Wait until the bot has spoken and fallen quiet again; what was heard since `since_s`.

        Without `since_s` (`time.monotonic` seconds) everything so far counts. Quiet is
        `quiet_ms` without an audible packet. Raises `TimeoutError` if that is not reached in time.
        """
        since = -math.inf if since_s is None else since_s
        async with asyncio.timeout(timeout_s):
            while True:
                last_s = self.recording.last_audible_s
                if last_s is not None and since <= last_s <= time.monotonic() - quiet_ms / 1000:
                    return self.recording.heard(since)
                await asyncio.sleep(0.02)

    async def first_sound(self, *, since_s: float | None = None, timeout_s: float = 30) -> float:
        """Wait for the first audible packet since `since_s`; its arrival in `time.monotonic` s."""
        since = -math.inf if since_s is None else since_s
        async with asyncio.timeout(timeout_s):
            while True:
                if packet := self.recording.first_audible_after(since):
                    return packet.arrived_s
                await asyncio.sleep(0.01)

    async def delete(self) -> None:
        """The channel is deleted; everybody in it, the bot too, is disconnected."""
        await super().delete()
        self.guild.discord.voice.channel_deleted(self)

    def close_connection(self, code: int) -> None:
        """Fault: the voice server closes the bot's connection here with this code.

        4006 invalid session, 4009 session timed out, 4014 disconnected, 4015 server crashed
        (may be resumed), 4017 no end-to-end encryption, 4022 call terminated. Nothing else
        happens: the bot stays in the channel's list until it leaves or is moved.
        """
        self.guild.discord.voice.connection_in(self).close(code)

    def migrate(self) -> None:
        """Fault: the channel moves to another voice server."""
        self.guild.discord.voice.migrate(self)

    async def downgrade_encryption(self) -> None:
        """Fault: end-to-end encryption is turned off, as when a client without it comes."""
        await self.guild.discord.voice.connection_in(self).group.downgrade()

    def upgrade_encryption(self) -> None:
        """A new end-to-end encrypted group is begun, as when such a client has left again."""
        self.guild.discord.voice.connection_in(self).group.upgrade()

    def arrives_suppressed(self, member: "Member") -> bool:
        """Whether `member` cannot be heard here when they come."""
        return not self.allows(member, "speak")

    def to_json(self) -> dict[str, Any]:
        """As Discord describes it."""
        return super().to_json() | {
            "bitrate": self.bitrate,
            "user_limit": self.user_limit,
            "rtc_region": None,
            "video_quality_mode": 1,
        }


class StageChannel(VoiceChannel):
    """A stage: who comes is audience, and nothing is end-to-end encrypted."""

    kind = 13

    def arrives_suppressed(self, member: "Member") -> bool:  # noqa: ARG002 - whoever they are
        """Everybody has to be invited to speak, or to step up."""
        return True
