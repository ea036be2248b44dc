"""Guilds and their members as a script sees them: what people do in Discord's client."""

from collections.abc import Sequence
from typing import TypeVar

from bot.loopback import commands, permissions
from bot.loopback.attachments import File
from bot.loopback.commands import Commands
from bot.loopback.interaction import AUTOCOMPLETE, COMMAND, Interaction, Interactions
from bot.loopback.messages import SILENT, VOICE_MESSAGE, Json, MessageRecord, User
from bot.loopback.options import OptionValue, Resolved, fill_in_command
from bot.loopback.payloads import of_message
from bot.loopback.permissions import Role
from bot.loopback.threads import ForumChannel, Thread
from bot.loopback.world import (
    Channel,
    DirectMessages,
    GuildRecord,
    MemberRecord,
    StageChannel,
    TextChannel,
    VoiceChannel,
    World,
)

C = TypeVar("C", bound=Channel)


class Member(MemberRecord):
    """A member at their client."""

    guild: "Guild"

    async def join(self, channel: VoiceChannel) -> None:
        """Go into a voice channel. Raises `PermissionError` where Discord would not let them."""
        if not channel.admits(self):
            raise PermissionError(f"{self.name} cannot get into {channel.name}")
        self.guild.world.place(self, channel, self.voice_session_id)

    async def leave(self) -> None:
        self.guild.world.place(self, None)

    async def send(
        self,
        channel: Channel | DirectMessages,
        content: str,
        *,
        attachments: Sequence[File] = (),
        silent: bool = False,
    ) -> MessageRecord:
        """Write a message, `silent` with `@silent` before it.

        Raises `PermissionError` where they may not.
        """
        if isinstance(channel, Channel) and not channel.allows(self, "send_messages"):
            raise PermissionError(f"{self.name} may not write there")
        message = MessageRecord(
            channel,
            self.user,
            content,
            attachments=[channel.world.cdn.store(channel.id, file) for file in attachments],
            flags=(VOICE_MESSAGE if any(file.waveform for file in attachments) else 0)
            | (SILENT if silent else 0),
        )
        message.post()
        return message

    async def slash(
        self,
        name: str,
        /,
        *,
        at: Channel | DirectMessages | None = None,
        **options: OptionValue,
    ) -> Interaction:
        """Use a slash command; `name` includes the subcommand: "voice register".

        `options` are given as Python values (str, int, float, bool, Member, Role, a channel,
        File) and checked as Discord's client checks them; a choice may be named by its label.
        `at` is the channel it is typed in, by default the guild's first text channel.
        Raises `LookupError` for a command or option the bot has not registered, `ValueError` for
        a value Discord would not accept, `PermissionError` where the command is not shown.
        """
        return self._use(COMMAND, name, at, options)

    async def autocomplete(
        self,
        name: str,
        /,
        *,
        focused: str,
        value: str = "",
        at: Channel | DirectMessages | None = None,
        **options: OptionValue,
    ) -> list[Json]:
        """The choices the bot offers while `value` is typed into the option `focused`."""
        asked = self._use(AUTOCOMPLETE, name, at, options, focused=(focused, value))
        await asked.acknowledged()
        return asked.choices

    async def message_command(self, name: str, target: MessageRecord) -> Interaction:
        channel = target.channel
        assert isinstance(channel, Channel | DirectMessages)
        resolved = Resolved(channel.world.cdn, channel.id)
        identifier = resolved.add("messages", target.id, of_message(target))
        data = _named(self._shown(channel, commands.MESSAGE, name))
        data |= {"target_id": identifier, "resolved": resolved.objects}
        return self.guild.interactions.send(COMMAND, self, channel, data)

    def direct_messages(self) -> DirectMessages:
        return self.guild.world.direct_messages(self.user)

    def _use(
        self,
        kind: int,
        name: str,
        at: Channel | DirectMessages | None,
        values: dict[str, OptionValue],
        *,
        focused: tuple[str, str] | None = None,
    ) -> Interaction:
        channel = at or self._default_channel()
        first, *path = name.split()
        command = self._shown(channel, commands.CHAT_INPUT, first)
        resolved = Resolved(channel.world.cdn, channel.id)
        options = fill_in_command(command, path, values, resolved, focused=focused)
        data = _named(command) | {"options": options}
        if resolved.objects:
            data["resolved"] = resolved.objects
        return self.guild.interactions.send(kind, self, channel, data)

    def _shown(self, channel: Channel | DirectMessages, kind: int, name: str) -> Json:
        """The command, if Discord's client would show it."""
        command = self.guild.commands.find(kind, name, channel.guild_id)
        if isinstance(channel, DirectMessages):
            contexts = command.get("contexts")
            if command.get("dm_permission") is False or (contexts and 1 not in contexts):
                raise PermissionError(f"{name!r} is not for direct messages")
            return command
        granted = channel.permissions_of(self)
        if not granted & permissions.flag("use_application_commands"):
            raise PermissionError(f"{self.name} may not use commands in {channel.name}")
        default = command["default_member_permissions"]
        needed = int(default) if default is not None else None
        if granted & permissions.ADMINISTRATOR or needed is None:
            return command
        if needed == 0 or granted & needed != needed:
            raise PermissionError(f"{name!r} is not shown to {self.name}")
        return command

    def _default_channel(self) -> TextChannel:
        for channel in self.guild.channels.values():
            if isinstance(channel, TextChannel):
                return channel
        raise LookupError("the guild has no text channel: say where, at=...")


class Guild(GuildRecord):
    """A guild, and what happens in it."""

    def __init__(
        self,
        world: World,
        name: str,
        commands: Commands,
        interactions: Interactions,
        owner: User | None = None,
    ) -> None:
        super().__init__(world, name, owner)
        self.commands = commands
        self.interactions = interactions

    def add_role(self, name: str, **granted: bool) -> Role:
        """A role with these permissions, named as in discord.py: `connect=True`."""
        granted_bits = permissions.flags(**granted)
        role = Role(self.world.identifiers.next(), self.id, name, granted_bits, len(self.roles))
        self.roles[role.id] = role
        self.world.publish("GUILD_ROLE_CREATE", role)
        return role

    def add_text_channel(self, name: str) -> TextChannel:
        return self._add(TextChannel(self, name))

    def add_voice_channel(self, name: str, *, user_limit: int = 0) -> VoiceChannel:
        """A channel to speak in. `user_limit` 0 is no limit."""
        return self._add(VoiceChannel(self, name, user_limit=user_limit))

    def add_forum(self, name: str) -> ForumChannel:
        return self._add(ForumChannel(self, name))

    def add_thread(
        self, parent: TextChannel | ForumChannel, name: str, by: Member, *, private: bool = False
    ) -> Thread:
        """A member begins a thread, or posts in a forum; the bot is in a `private` one."""
        thread = Thread(parent, name, by, private=private)
        self.channels[thread.id] = thread
        self.world.publish("THREAD_CREATE", thread)
        return thread

    def add_stage_channel(self, name: str) -> StageChannel:
        return self._add(StageChannel(self, name))

    def add_member(
        self,
        name: str,
        *,
        nick: str | None = None,
        roles: tuple[Role, ...] = (),
        bot: bool = False,
        user: User | None = None,
        **granted: bool,
    ) -> Member:
        """A member to be scripted.

        `granted` are permissions beyond @everyone's (a role is made for them); `user` is an
        account that is already a member elsewhere.
        """
        if granted:
            roles = (*roles, self.add_role(f"{name}'s", **granted))
        person = user or User(self.world.identifiers.next(), name, bot=bot)
        member = Member(self, person, nick, [role.id for role in roles])
        self.members[member.id] = member
        self.world.publish("GUILD_MEMBER_ADD", member)
        return member

    async def remove_member(self, member: Member) -> None:
        """A member leaves, or is banned. A bot without the members intent is not told."""
        await member.leave()
        del self.members[member.id]

    async def move_bot(self, channel: VoiceChannel) -> None:
        """Fault: a moderator drags the bot into another voice channel."""
        state = self.voice_states[self.bot.id]
        how = {"self_mute": state.self_mute, "self_deaf": state.self_deaf}
        self.world.place(self.bot, channel, state.session_id, **how)

    async def kick_bot_from_voice(self) -> None:
        """Fault: a moderator disconnects the bot from voice."""
        self.world.place(self.bot, None)

    def _add(self, channel: C) -> C:
        self.channels[channel.id] = channel
        self.world.publish("CHANNEL_CREATE", channel)
        return channel


def _named(command: Json) -> Json:
    """What an interaction says of its command; of one guild's own, which guild's."""
    known = ("id", "name", "type", "guild_id")
    return {key: command[key] for key in known if key in command}
