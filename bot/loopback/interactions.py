"""Makes interactions as Discord's client would, and finds them again by their tokens."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from bot.loopback import commands, permissions
from bot.loopback.attachments import SIZE_LIMIT, Attachment, File
from bot.loopback.channels import Channel, TextChannel
from bot.loopback.commands import OptionValue, Resolved
from bot.loopback.gateway import Intent
from bot.loopback.interaction import AUTOCOMPLETE, COMMAND, COMPONENT, MODAL_SUBMIT, Interaction
from bot.loopback.members import Member
from bot.loopback.messages import Message

if TYPE_CHECKING:
    from bot.loopback.channels import MessageChannel
    from bot.loopback.server import LoopbackDiscord


class Interactions:
    """Makes interactions and finds them again by their tokens."""

    def __init__(self, discord: "LoopbackDiscord") -> None:
        self._discord = discord
        self._by_token: dict[str, Interaction] = {}

    def find(self, token: str) -> Interaction | None:
        """The interaction with this token."""
        return self._by_token.get(token)

    async def slash(
        self,
        member: Member,
        name: str,
        at: "MessageChannel | None",
        values: dict[str, OptionValue],
    ) -> Interaction:
        """See `Member.slash`."""
        return self._use_command(COMMAND, member, name, at, values)

    async def autocomplete(
        self,
        member: Member,
        name: str,
        at: "MessageChannel | None",
        values: dict[str, OptionValue],
        *,
        focused: tuple[str, str],
    ) -> list[dict[str, Any]]:
        """See `Member.autocomplete`."""
        asked = self._use_command(AUTOCOMPLETE, member, name, at, values, focused=focused)
        await asked.acknowledged()
        return asked.choices

    async def context_menu(
        self, member: Member, name: str, target: Member | Message, at: "MessageChannel | None"
    ) -> Interaction:
        """See `Member.user_command` and `Member.message_command`."""
        kind = commands.USER if isinstance(target, Member) else commands.MESSAGE
        channel = at or self._default_channel(member)
        command = self._shown(member, channel, kind, name)
        resolved = Resolved(lambda file: self._upload(channel, file))
        if isinstance(target, Member):
            resolved.member(target)
        else:
            resolved.add("messages", target.id, target.to_json())
        data = _command_data(command, channel) | {
            "target_id": str(target.id),
            "resolved": resolved.objects,
        }
        return self._send(COMMAND, member, channel, data)

    async def component(
        self,
        message: Message,
        component: dict[str, Any],
        member: Member,
        values: Sequence[str | Member] | None,
    ) -> Interaction:
        """See `Message.press` and `Message.select`."""
        data: dict[str, Any] = {
            "custom_id": component["custom_id"],
            "component_type": component["type"],
        }
        if values is not None:
            resolved = Resolved(lambda file: self._upload(message.channel, file))
            data["values"] = [
                resolved.member(value) if isinstance(value, Member) else value for value in values
            ]
            if resolved.objects:  # discord.py takes a string menu's values only without it
                data["resolved"] = resolved.objects
        return self._send(COMPONENT, member, message.channel, data, source=message)

    async def modal_submit(
        self, shown_by: Interaction, data: dict[str, Any], resolved: Resolved
    ) -> Interaction:
        """See `Modal.submit`."""
        data = data | {"resolved": resolved.objects}
        source = shown_by.source_message
        return self._send(MODAL_SUBMIT, shown_by.member, shown_by.channel, data, source=source)

    def resolved(self, channel: "MessageChannel") -> Resolved:
        """An empty collection of referred objects whose files are uploaded to `channel`."""
        return Resolved(lambda file: self._upload(channel, file))

    def _use_command(
        self,
        kind: int,
        member: Member,
        name: str,
        at: "MessageChannel | None",
        values: dict[str, OptionValue],
        *,
        focused: tuple[str, str] | None = None,
    ) -> Interaction:
        channel = at or self._default_channel(member)
        first, *path = name.split()
        command = self._shown(member, channel, commands.CHAT_INPUT, first)
        resolved = self.resolved(channel)
        options = commands.fill_in(command, path, values, resolved, focused=focused)
        data = _command_data(command, channel) | {"options": options}
        if resolved.objects:
            data["resolved"] = resolved.objects
        return self._send(kind, member, channel, data)

    def _shown(
        self, member: Member, channel: "MessageChannel", kind: int, name: str
    ) -> dict[str, Any]:
        """The command, if Discord's client would show it to `member`."""
        command = self._discord.commands.find(channel.guild_id, kind, name)
        if not isinstance(channel, Channel):
            contexts = command.get("contexts")
            if command.get("dm_permission") is False or (contexts and 1 not in contexts):
                raise PermissionError(f"{name!r} is not for direct messages")
            return command
        granted = channel.permissions_of(member)
        if not granted & permissions.flag("use_application_commands"):
            raise PermissionError(f"{member.name} may not use commands in {channel.name}")
        default = command["default_member_permissions"]
        needed = int(default) if default is not None else None
        if granted & permissions.ADMINISTRATOR or needed is None:
            return command
        if needed == 0 or granted & needed != needed:
            raise PermissionError(f"{name!r} is not shown to {member.name}")
        return command

    def _default_channel(self, member: Member) -> "MessageChannel":
        for channel in member.guild.channels.values():
            if isinstance(channel, TextChannel):
                return channel
        raise LookupError("the guild has no text channel: say where, at=...")

    def _upload(self, channel: "MessageChannel", file: File) -> Attachment:
        if len(file.data) > SIZE_LIMIT:
            raise ValueError(f"{file.filename} is larger than Discord lets this member upload")
        return self._discord.cdn.store(
            self._discord.identifiers.next(), channel.id, file, ephemeral=True
        )

    def _send(
        self,
        kind: int,
        member: Member,
        channel: "MessageChannel",
        data: dict[str, Any],
        source: Message | None = None,
    ) -> Interaction:
        interaction = Interaction(self._discord, kind, member, channel, source)
        self._by_token[interaction.token] = interaction
        payload: dict[str, Any] = {
            "id": str(interaction.id),
            "application_id": str(self._discord.application_id),
            "type": kind,
            "token": interaction.token,
            "version": 1,
            "data": data,
            "channel": channel.to_json(),
            "channel_id": str(channel.id),
            "locale": member.user.locale,
            "entitlements": [],
            "attachment_size_limit": SIZE_LIMIT,
        }
        if isinstance(channel, Channel):
            guild = channel.guild
            theirs = {"permissions": str(channel.permissions_of(member))}
            payload |= {
                "guild_id": str(guild.id),
                "guild": {"id": str(guild.id), "locale": guild.locale, "features": []},
                "guild_locale": guild.locale,
                "member": member.to_json() | theirs,
                "app_permissions": str(channel.permissions_of(guild.bot)),
                "authorizing_integration_owners": {"0": str(guild.id)},
                "context": 0,
            }
            payload["channel"] |= theirs
        else:
            in_dm = permissions.flags(attach_files=True, embed_links=True, mention_everyone=True)
            payload |= {
                "user": member.user.to_json(),
                "app_permissions": str(in_dm),
                "authorizing_integration_owners": {"0": "0"},
                "context": 1,
            }
        if source is not None:
            payload["message"] = source.to_json()
        self._discord.gateway.dispatch(
            "INTERACTION_CREATE", payload, guild_id=channel.guild_id, intent=Intent.NONE
        )
        return interaction


def _command_data(command: dict[str, Any], channel: "MessageChannel") -> dict[str, Any]:
    data = {"id": command["id"], "name": command["name"], "type": command["type"]}
    # Only a command registered for one guild names it; discord.py looks it up by that.
    return data | ({"guild_id": str(channel.guild_id)} if "guild_id" in command else {})
