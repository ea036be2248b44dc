"""People, and what a test has them do."""

import secrets
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from bot.loopback import permissions
from bot.loopback.attachments import File
from bot.loopback.identifiers import timestamp
from bot.loopback.messages import VOICE_MESSAGE, Message, store_files

if TYPE_CHECKING:
    from bot.loopback.channels import Channel, DirectMessages, MessageChannel, VoiceChannel
    from bot.loopback.commands import OptionValue
    from bot.loopback.guilds import Guild
    from bot.loopback.interaction import Interaction


class User:
    """An account."""

    def __init__(
        self, user_id: int, name: str, *, locale: str = "en-US", bot: bool = False
    ) -> None:
        self.id = user_id
        self.name = name
        self.locale = locale
        self.bot = bot

    def to_json(self) -> dict[str, Any]:
        """As Discord describes it: a person's username is in lower case, a bot's is its name."""
        plain = "".join(c for c in self.name.lower() if c.isalnum() or c in "._")
        return {
            "id": str(self.id),
            "username": self.name if self.bot else plain or "user",
            "global_name": None if self.bot else self.name,
            "discriminator": "0000" if self.bot else "0",
            "avatar": None,
            "bot": self.bot,
            "public_flags": 0,
        }


class Member:
    """A user in one guild. Its methods do what a person does in Discord's client."""

    def __init__(
        self, guild: "Guild", user: User, *, nick: str | None = None, roles: tuple[int, ...] = ()
    ) -> None:
        self.guild = guild
        self.user = user
        self.nick = nick
        self.roles = list(roles)
        self.joined_at = timestamp()
        self._voice_session_id = secrets.token_hex(16)

    @property
    def id(self) -> int:
        """The user's id."""
        return self.user.id

    @property
    def name(self) -> str:
        """What others see: the nickname, or else the display name."""
        return self.nick or self.user.name

    @property
    def mention(self) -> str:
        """How a message refers to them."""
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
        """Where they are."""
        state = self.guild.voice_states.get(self.id)
        return state.channel if state else None

    async def join(self, channel: "VoiceChannel") -> None:
        """Go into a voice channel. Raises `PermissionError` where Discord would not let them."""
        if not channel.admits(self):
            raise PermissionError(f"{self.name} cannot get into {channel.name}")
        self.guild.discord.voice.set_channel(self, channel, self._voice_session_id)

    async def move(self, channel: "VoiceChannel") -> None:
        """Go from one voice channel to another."""
        if self.voice_channel is None:
            raise ValueError(f"{self.name} is in no voice channel")
        await self.join(channel)

    async def leave(self) -> None:
        """Leave the voice channel."""
        self.guild.discord.voice.set_channel(self, None, self._voice_session_id)

    async def send(
        self, channel: "Channel | DirectMessages", content: str, *, attachments: Sequence[File] = ()
    ) -> Message:
        """Write a message. Raises `PermissionError` where they may not."""
        if channel.guild_id is not None and not self._may(channel, "send_messages"):
            raise PermissionError(f"{self.name} may not write there")
        discord = self.guild.discord
        message = Message(
            discord,
            channel,
            self.user,
            content,
            attachments=store_files(discord, channel.id, attachments),
            flags=VOICE_MESSAGE if any(file.waveform for file in attachments) else 0,
            member=self if channel.guild_id is not None else None,
        )
        channel.messages[message.id] = message
        message.announce("MESSAGE_CREATE")
        return message

    async def slash(
        self, name: str, /, *, at: "MessageChannel | None" = None, **options: "OptionValue"
    ) -> "Interaction":
        """Use a slash command; `name` includes the subcommand: "voice register".

        `options` are given as Python values (str, int, float, bool, Member, Role, a channel,
        File) and checked as Discord's client checks them; a choice may be named by its label.
        `at` is the channel it is typed in, by default the guild's first text channel.
        Raises `LookupError` for a command or option the bot has not registered, `ValueError` for
        a value Discord would not accept, `PermissionError` where the command is not shown.
        """
        return await self.guild.discord.interactions.slash(self, name, at, options)

    async def autocomplete(
        self,
        name: str,
        /,
        *,
        focused: str,
        value: str = "",
        at: "MessageChannel | None" = None,
        **options: "OptionValue",
    ) -> list[dict[str, Any]]:
        """The choices the bot offers while `value` is typed into the option `focused`."""
        interactions = self.guild.discord.interactions
        return await interactions.autocomplete(self, name, at, options, focused=(focused, value))

    async def user_command(
        self, name: str, target: "Member", *, at: "MessageChannel | None" = None
    ) -> "Interaction":
        """Use a command from another member's context menu."""
        return await self.guild.discord.interactions.context_menu(self, name, target, at)

    async def message_command(self, name: str, target: Message) -> "Interaction":
        """Use a command from a message's context menu."""
        interactions = self.guild.discord.interactions
        return await interactions.context_menu(self, name, target, target.channel)

    def direct_messages(self) -> "DirectMessages":
        """Their conversation with the bot."""
        return self.guild.discord.direct_messages(self.user)

    def to_json(self) -> dict[str, Any]:
        """As Discord describes it, with the user."""
        return {
            "user": self.user.to_json(),
            "nick": self.nick,
            "avatar": None,
            "banner": None,
            "roles": [str(role) for role in self.roles],
            "joined_at": self.joined_at,
            "premium_since": None,
            "deaf": False,
            "mute": False,
            "flags": 0,
            "pending": False,
            "communication_disabled_until": None,
        }

    def _may(self, channel: "Channel | DirectMessages", permission: str) -> bool:
        guild_channel = self.guild.channels.get(channel.id)
        return guild_channel is not None and guild_channel.allows(self, permission)
