"""A guild: its roles, channels, members and who is in which voice channel."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from bot.loopback import permissions
from bot.loopback.channels import Channel, StageChannel, TextChannel, VoiceChannel
from bot.loopback.gateway import Intent
from bot.loopback.identifiers import timestamp
from bot.loopback.members import Member, User

if TYPE_CHECKING:
    from bot.loopback.server import LoopbackDiscord

C = TypeVar("C", bound=Channel)


@dataclass
class Role:
    """A role; the one whose id is the guild's is @everyone."""

    id: int
    name: str
    permissions: int
    position: int

    def to_json(self) -> dict[str, Any]:
        """As Discord describes it."""
        return {
            "id": str(self.id),
            "name": self.name,
            "permissions": str(self.permissions),
            "position": self.position,
            "color": 0,
            "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
            "hoist": False,
            "icon": None,
            "unicode_emoji": None,
            "managed": False,
            "mentionable": False,
            "flags": 0,
        }


@dataclass
class VoiceState:
    """Where a member is, and how."""

    member: Member
    channel: VoiceChannel
    session_id: str
    self_mute: bool = False
    self_deaf: bool = False
    mute: bool = False
    deaf: bool = False
    suppress: bool = False

    def to_json(self) -> dict[str, Any]:
        """As Discord describes it, with the member."""
        return {
            "guild_id": str(self.channel.guild.id),
            "channel_id": str(self.channel.id),
            "user_id": str(self.member.id),
            "member": self.member.to_json(),
            "session_id": self.session_id,
            "self_mute": self.self_mute,
            "self_deaf": self.self_deaf,
            "self_video": False,
            "mute": self.mute,
            "deaf": self.deaf,
            "suppress": self.suppress,
            "request_to_speak_timestamp": None,
        }


class Guild:
    """A server, in Discord's other word for it. The bot is a member from the beginning."""

    def __init__(self, discord: "LoopbackDiscord", name: str, locale: str) -> None:
        self.discord = discord
        self.id = discord.identifiers.next_guild()
        self.name = name
        self.locale = locale
        self.roles: dict[int, Role] = {}
        self.channels: dict[int, Channel] = {}
        self.members: dict[int, Member] = {}
        self.voice_states: dict[int, VoiceState] = {}
        self.everyone = Role(self.id, "@everyone", permissions.EVERYONE, 0)
        self.roles[self.id] = self.everyone
        owner = User(discord.identifiers.next(), "owner")
        self.owner = self.members[owner.id] = Member(self, owner)
        self.bot = self.members[discord.bot_user.id] = Member(self, discord.bot_user)

    def add_role(self, name: str, **granted: bool) -> Role:
        """A role with these permissions, named as in discord.py: `connect=True`."""
        role = Role(
            self.discord.identifiers.next(), name, permissions.flags(**granted), len(self.roles)
        )
        self.roles[role.id] = role
        self._dispatch(
            "GUILD_ROLE_CREATE", {"guild_id": str(self.id), "role": role.to_json()}, Intent.GUILDS
        )
        return role

    def set_role_permissions(self, role: Role, **changed: bool) -> None:
        """Grant (true) or take (false) permissions of a role."""
        for name, value in changed.items():
            bit = permissions.flag(name)
            role.permissions = role.permissions | bit if value else role.permissions & ~bit
        self._dispatch(
            "GUILD_ROLE_UPDATE", {"guild_id": str(self.id), "role": role.to_json()}, Intent.GUILDS
        )

    def add_text_channel(self, name: str) -> TextChannel:
        """A channel to write in."""
        return self._add(TextChannel(self, name))

    def add_voice_channel(
        self, name: str, *, user_limit: int = 0, bitrate: int = 64_000
    ) -> VoiceChannel:
        """A channel to speak in. `user_limit` 0 is no limit; `bitrate` is in bits per second."""
        return self._add(VoiceChannel(self, name, user_limit=user_limit, bitrate=bitrate))

    def add_stage_channel(self, name: str) -> StageChannel:
        """A channel in which a few speak and many listen."""
        return self._add(StageChannel(self, name, user_limit=0, bitrate=64_000))

    def add_member(
        self,
        name: str,
        *,
        nick: str | None = None,
        roles: tuple[Role, ...] = (),
        locale: str = "en-US",
        bot: bool = False,
        user: User | None = None,
        **granted: bool,
    ) -> Member:
        """A member to be scripted.

        `granted` are permissions beyond @everyone's (a role is made for them); `user` brings
        somebody in who is already a member elsewhere.
        """
        if granted:
            roles = (*roles, self.add_role(f"{name}'s", **granted))
        person = user or User(self.discord.identifiers.next(), name, locale=locale, bot=bot)
        member = Member(self, person, nick=nick, roles=tuple(role.id for role in roles))
        self.members[member.id] = member
        self._dispatch(
            "GUILD_MEMBER_ADD", {"guild_id": str(self.id)} | member.to_json(), Intent.MEMBERS
        )
        return member

    async def remove_member(self, member: Member) -> None:
        """The member leaves the guild, and its voice channel first."""
        if member.id in self.voice_states:
            await member.leave()
        del self.members[member.id]
        data = {"guild_id": str(self.id), "user": member.user.to_json()}
        self._dispatch("GUILD_MEMBER_REMOVE", data, Intent.MEMBERS)

    async def delete(self) -> None:
        """The bot is removed from the guild."""
        await self.kick_bot_from_voice()
        del self.discord.guilds[self.id]
        self._dispatch("GUILD_DELETE", {"id": str(self.id)}, Intent.GUILDS)

    async def move_bot(self, channel: VoiceChannel) -> None:
        """Fault: somebody drags the bot into another voice channel."""
        await self.discord.voice.move_bot(self, channel)

    async def kick_bot_from_voice(self) -> None:
        """Fault: somebody disconnects the bot from voice."""
        await self.discord.voice.kick_bot(self)

    def mute_bot(self, muted: bool = True) -> None:
        """Fault: somebody mutes the bot for the whole server; it is told, and nobody hears it."""
        self.voice_states[self.bot.id].mute = muted
        self._bot_voice_changed()

    def suppress_bot(self, suppressed: bool) -> None:
        """A stage moderator sends the bot into the audience, or invites it to speak."""
        self.voice_states[self.bot.id].suppress = suppressed
        self._bot_voice_changed()

    def _bot_voice_changed(self) -> None:
        state = self.voice_states[self.bot.id].to_json()
        self._dispatch("VOICE_STATE_UPDATE", state, Intent.VOICE_STATES)

    def to_json(self) -> dict[str, Any]:
        """The guild object, as REST gives it."""
        return {
            "id": str(self.id),
            "name": self.name,
            "icon": None,
            "splash": None,
            "discovery_splash": None,
            "owner_id": str(self.owner.id),
            "afk_channel_id": None,
            "afk_timeout": 300,
            "verification_level": 0,
            "default_message_notifications": 1,
            "explicit_content_filter": 0,
            "roles": [role.to_json() for role in self.roles.values()],
            "emojis": [],
            "stickers": [],
            "features": [],
            "mfa_level": 0,
            "application_id": None,
            "system_channel_id": None,
            "system_channel_flags": 0,
            "rules_channel_id": None,
            "public_updates_channel_id": None,
            "safety_alerts_channel_id": None,
            "vanity_url_code": None,
            "description": None,
            "banner": None,
            "premium_tier": 0,
            "premium_subscription_count": 0,
            "premium_progress_bar_enabled": False,
            "preferred_locale": self.locale,
            "nsfw_level": 0,
        }

    def to_create_json(self, *, everybody: bool) -> dict[str, Any]:
        """GUILD_CREATE: unless `everybody`, of the members only the bot and those in voice."""
        members = (
            self.members.values()
            if everybody
            else [self.bot, *(s.member for s in self.voice_states.values() if s.member != self.bot)]
        )
        states = [state.to_json() for state in self.voice_states.values()]
        for state in states:
            del state["guild_id"], state["member"]
        return self.to_json() | {
            "joined_at": self.bot.joined_at,
            "large": False,
            "unavailable": False,
            "member_count": len(self.members),
            "voice_states": states,
            "members": [member.to_json() for member in members],
            "channels": [channel.to_json() for channel in self.channels.values()],
            "threads": [],
            "presences": [],
            "stage_instances": [],
            "guild_scheduled_events": [],
            "soundboard_sounds": [],
            "created_at": timestamp(),
        }

    def _add(self, channel: C) -> C:
        self.channels[channel.id] = channel
        self._dispatch("CHANNEL_CREATE", channel.to_json(), Intent.GUILDS)
        return channel

    def _dispatch(self, event: str, data: dict[str, Any], intent: "Intent") -> None:
        self.discord.gateway.dispatch(event, data, guild_id=self.id, intent=intent)
