"""One interaction: what a member did, and how the bot answered.

Discord's rules are kept: three seconds to the first answer, one first answer, fifteen minutes for
the rest, and a first follow-up to a deferred answer that takes its place.
"""

import asyncio
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any

from bot.loopback import errors
from bot.loopback.members import Member
from bot.loopback.messages import EPHEMERAL, LOADING, Message
from bot.loopback.modals import Modal
from bot.loopback.uploads import Upload, apply

if TYPE_CHECKING:
    from bot.loopback.channels import MessageChannel
    from bot.loopback.server import LoopbackDiscord

ACKNOWLEDGE_WITHIN_S = 3.0
TOKEN_LASTS_S = 15 * 60.0

COMMAND = 2
COMPONENT = 3
AUTOCOMPLETE = 4
MODAL_SUBMIT = 5


class Callback(IntEnum):
    """The kinds of a first answer."""

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
        return self.kind in (Callback.DEFER_REPLY, Callback.DEFER_UPDATE)


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

    async def _until(self, condition: Callable[[], bool], timeout_s: float, otherwise: str) -> None:
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
            case Callback.REPLY:
                self._add_original(self._new_message(upload))
            case Callback.DEFER_REPLY:
                waiting = Message(
                    self.discord,
                    self.channel,
                    self.discord.bot_user,
                    flags=LOADING | (data.get("flags", 0) & EPHEMERAL),
                    invoker=self.member,
                    interaction=self,
                )
                self._add_original(waiting)
            case Callback.DEFER_UPDATE:
                self.original = self.source_message
            case Callback.UPDATE:
                assert self.source_message is not None
                self.original = self.source_message
                self._edit(self.source_message, upload)
            case Callback.CHOICES:
                self.choices = data["choices"]
                if len(self.choices) > 25:
                    raise errors.invalid_form("at most 25 choices")
            case Callback.MODAL:
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
            COMMAND: {Callback.REPLY, Callback.DEFER_REPLY, Callback.MODAL},
            COMPONENT: {
                Callback.REPLY,
                Callback.DEFER_REPLY,
                Callback.DEFER_UPDATE,
                Callback.UPDATE,
                Callback.MODAL,
            },
            AUTOCOMPLETE: {Callback.CHOICES},
            MODAL_SUBMIT: {Callback.REPLY, Callback.DEFER_REPLY}
            | ({Callback.DEFER_UPDATE, Callback.UPDATE} if self.source_message else set()),
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
        apply(self.discord, message, upload)
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
        apply(self.discord, message, upload)
        message.flags &= ~LOADING
        message.edits += 1
        if not message.ephemeral:
            message.announce("MESSAGE_UPDATE")

    async def _notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()
