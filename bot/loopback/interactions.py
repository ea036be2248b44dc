"""Interactions: what members did, and how the bot answered.

Discord's rules are kept: three seconds to the first answer, one first answer, fifteen minutes for
the rest, and a first follow-up to a deferred answer that takes its place.
"""

import asyncio
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.loopback import commands, errors, permissions
from bot.loopback.attachments import Attachment, File
from bot.loopback.channels import Channel, TextChannel
from bot.loopback.commands import OptionValue, Resolved
from bot.loopback.gateway import Intent
from bot.loopback.members import Member
from bot.loopback.messages import EPHEMERAL, LOADING, Message
from bot.loopback.modals import Modal
from bot.loopback.uploads import Upload, apply

if TYPE_CHECKING:
    from bot.loopback.channels import MessageChannel
    from bot.loopback.server import LoopbackDiscord

ACKNOWLEDGE_WITHIN_S = 3.0
TOKEN_LASTS_S = 15 * 60.0
ATTACHMENT_SIZE_LIMIT = 10 * 1024 * 1024

_COMMAND = 2
_COMPONENT = 3
_AUTOCOMPLETE = 4
_MODAL_SUBMIT = 5

REPLY = 4
DEFER_REPLY = 5
DEFER_UPDATE = 6
UPDATE = 7
CHOICES = 8
MODAL = 9


@dataclass(frozen=True)
class Acknowledgement:
    """The bot's first answer: its kind (Discord's callback type) and the time it took."""

    kind: int
    seconds: float

    @property
    def deferred(self) -> bool:
        """Whether it promises an answer rather than being one."""
        return self.kind in (DEFER_REPLY, DEFER_UPDATE)


class Interaction:
    """One interaction. `messages` are the bot's answers in order, unfinished ones included."""

    def __init__(
        self,
        discord: "LoopbackDiscord",
        kind: int,
        member: Member,
        channel: "MessageChannel",
        source: Message | None = None,
    ) -> None:
        self.discord = discord
        self.id = discord.identifiers.next()
        self.token = secrets.token_urlsafe(48)
        self.kind = kind
        self.member = member
        self.channel = channel
        self.sent_s = time.monotonic()
        self.acknowledgement: Acknowledgement | None = None
        self.original: Message | None = None
        self.messages: list[Message] = []
        self.choices: list[dict[str, Any]] = []
        self.source_message = source
        self._modal: Modal | None = None
        self._expired = False
        self._changed = asyncio.Condition()

    # What a test asks

    async def acknowledged(self, timeout_s: float = 5) -> Acknowledgement:
        """Wait for the first answer of any kind. Raises `TimeoutError`."""
        await self._until(lambda: self.acknowledgement is not None, timeout_s, "no answer")
        assert self.acknowledgement is not None
        return self.acknowledgement

    async def reply(self, number: int = 0, timeout_s: float = 30) -> Message:
        """Wait for a finished answer (the first, unless `number` says otherwise).

        A deferral is not finished until it is edited or followed up. Raises `TimeoutError`.
        """
        await self._until(lambda: len(self._finished()) > number, timeout_s, "no reply")
        return self._finished()[number]

    async def modal(self, timeout_s: float = 5) -> Modal:
        """Wait for the form that the bot shows. Raises `TimeoutError`."""
        await self._until(lambda: self._modal is not None, timeout_s, "no modal")
        assert self._modal is not None
        return self._modal

    async def edited(self, message: Message, times: int = 1, timeout_s: float = 30) -> Message:
        """Wait until an answer was edited this often in all. Raises `TimeoutError`."""
        await self._until(lambda: message.edits >= times, timeout_s, "not edited")
        return message

    def expire(self) -> None:
        """Fault: the token's 15 minutes are over."""
        self._expired = True

    def _finished(self) -> list[Message]:
        return [m for m in self.messages if not m.flags & LOADING]

    async def _until(self, condition: Any, timeout_s: float, otherwise: str) -> None:
        try:
            async with asyncio.timeout(timeout_s), self._changed:
                await self._changed.wait_for(condition)
        except TimeoutError:
            raise TimeoutError(f"{otherwise} from the bot within {timeout_s} s") from None

    # What the bot does

    async def respond(self, kind: int, upload: Upload) -> None:
        """The callback. Raises `ApiError` as Discord refuses."""
        if self.acknowledgement is not None:
            raise errors.already_acknowledged()
        seconds = time.monotonic() - self.sent_s
        if seconds > ACKNOWLEDGE_WITHIN_S:
            raise errors.unknown("Interaction")
        self._check_kind(kind)
        data = upload.payload
        match kind:
            case 4:  # REPLY
                self._add_original(self._new_message(upload))
            case 5:  # DEFER_REPLY
                waiting = Message(
                    self.discord,
                    self.channel,
                    self.discord.bot_user,
                    flags=LOADING | (data.get("flags", 0) & EPHEMERAL),
                    invoker=self.member,
                    interaction=self,
                )
                self._add_original(waiting)
            case 6:  # DEFER_UPDATE
                self.original = self.source_message
            case 7:  # UPDATE
                assert self.source_message is not None
                self.original = self.source_message
                self._edit(self.source_message, upload)
            case 8:  # CHOICES
                self.choices = data["choices"]
                if len(self.choices) > 25:
                    raise errors.invalid_form("at most 25 choices")
            case 9:  # MODAL
                self._modal = Modal(self, data)
        self.acknowledgement = Acknowledgement(kind, seconds)
        await self._notify()

    async def follow_up(self, upload: Upload) -> Message:
        """A further message; the first after a deferral takes the deferral's place."""
        self._check_token()
        if self.original is not None and self.original.flags & LOADING:
            await self.edit(self.original, upload)
            return self.original
        message = self._new_message(upload)
        self._publish(message)
        await self._notify()
        return message

    def find(self, message_id: str) -> Message:
        """A message of this interaction, by id or "@original"."""
        self._check_token()
        if message_id == "@original":
            if self.original is None or self.original.deleted:
                raise errors.unknown("Message")
            return self.original
        for message in self.messages:
            if str(message.id) == message_id and not message.deleted:
                return message
        raise errors.unknown("Message")

    async def edit(self, message: Message, upload: Upload) -> None:
        """Change a message of this interaction."""
        self._edit(message, upload)
        await self._notify()

    async def delete(self, message: Message) -> None:
        """Delete a message of this interaction."""
        message.remove()
        await self._notify()

    def metadata(self) -> dict[str, Any]:
        """What a message says of the interaction that caused it."""
        return {
            "id": str(self.id),
            "type": self.kind,
            "user": self.member.user.to_json(),
            "authorizing_integration_owners": {"0": str(self.channel.guild_id or 0)},
        }

    def _check_kind(self, kind: int) -> None:
        allowed = {
            _COMMAND: {REPLY, DEFER_REPLY, MODAL},
            _COMPONENT: {REPLY, DEFER_REPLY, DEFER_UPDATE, UPDATE, MODAL},
            _AUTOCOMPLETE: {CHOICES},
            _MODAL_SUBMIT: {REPLY, DEFER_REPLY}
            | ({DEFER_UPDATE, UPDATE} if self.source_message else set()),
        }
        if kind not in allowed[self.kind]:
            raise errors.invalid_form(f"an interaction of type {self.kind} takes no type {kind}")

    def _check_token(self) -> None:
        if self.acknowledgement is None:
            raise errors.unknown("Webhook")
        if self._expired or time.monotonic() - self.sent_s > TOKEN_LASTS_S:
            raise errors.invalid_webhook_token()

    def _new_message(self, upload: Upload) -> Message:
        message = Message(
            self.discord,
            self.channel,
            self.discord.bot_user,
            invoker=self.member,
            interaction=self,
        )
        apply(self.discord, message, upload, limit=ATTACHMENT_SIZE_LIMIT)
        return message

    def _add_original(self, message: Message) -> None:
        self.original = message
        self._publish(message)

    def _publish(self, message: Message) -> None:
        self.messages.append(message)
        if not message.ephemeral:
            self.channel.messages[message.id] = message
            message.announce("MESSAGE_CREATE")

    def _edit(self, message: Message, upload: Upload) -> None:
        apply(self.discord, message, upload, limit=ATTACHMENT_SIZE_LIMIT)
        message.flags &= ~LOADING
        message.edits += 1
        if not message.ephemeral:
            message.announce("MESSAGE_UPDATE")

    async def _notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()


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
        return self._use_command(_COMMAND, member, name, at, values)

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
        asked = self._use_command(_AUTOCOMPLETE, member, name, at, values, focused=focused)
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
        return self._send(_COMMAND, member, channel, data)

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
        return self._send(_COMPONENT, member, message.channel, data, source=message)

    async def modal_submit(
        self, shown_by: Interaction, data: dict[str, Any], resolved: Resolved
    ) -> Interaction:
        """See `Modal.submit`."""
        data = data | {"resolved": resolved.objects}
        source = shown_by.source_message
        return self._send(_MODAL_SUBMIT, shown_by.member, shown_by.channel, data, source=source)

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
        if len(file.data) > ATTACHMENT_SIZE_LIMIT:
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
            "attachment_size_limit": ATTACHMENT_SIZE_LIMIT,
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
