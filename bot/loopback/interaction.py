"""What members do to the bot (interactions), and what they see of it: messages and forms.

Discord's rules for what the bot does with an interaction stand in `rest_interactions`.
"""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum

from bot.loopback.messages import LOADING, Json, MessageRecord, walk
from bot.loopback.options import Choice, FieldValue, Resolved, chosen_of, fill_in_field
from bot.loopback.payloads import of_message, of_place, of_user
from bot.loopback.world import Channel, DirectMessages, MemberRecord, World

COMMAND = 2
COMPONENT = 3
AUTOCOMPLETE = 4
MODAL_SUBMIT = 5

_BUTTON = 2

#: Discord's limit for the first answer.
ACKNOWLEDGE_WITHIN_S = 3.0


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
        interactions: "Interactions",
        kind: int,
        member: MemberRecord,
        channel: Channel | DirectMessages,
        source: "Message | None",
    ) -> None:
        self.interactions = interactions
        self.id = channel.world.identifiers.next()
        self.token = secrets.token_urlsafe(48)
        self.kind = kind
        self.member = member
        self.channel = channel
        self.source = source
        self.sent_s = time.monotonic()
        self.expired = False  # fault: the token's 15 minutes are over
        self.acknowledgement: Acknowledgement | None = None
        self.too_late_s: float | None = None  # an answer came after so long, and was refused
        self.original: Message | None = None
        self.messages: list[Message] = []
        self.choices: list[Json] = []
        self.form: Modal | None = None
        self._changed = asyncio.Condition()

    async def acknowledged(self, timeout_s: float = 90) -> Acknowledgement:
        """Wait for the first answer of any kind. Raises `TimeoutError`."""
        await self._until(lambda: self.acknowledgement is not None, timeout_s, "no answer")
        assert self.acknowledgement is not None
        return self.acknowledgement

    async def reply(self, number: int = 0, timeout_s: float = 90) -> "Message":
        """Wait for a finished answer (the first, unless `number` says otherwise).

        A deferral is not finished until it is edited or followed up. Raises `TimeoutError`.
        """
        await self._until(lambda: len(self._finished()) > number, timeout_s, "no reply")
        return self._finished()[number]

    async def modal(self, timeout_s: float = 90) -> "Modal":
        """Wait for the form that the bot shows. Raises `TimeoutError`."""
        await self._until(lambda: self.form is not None, timeout_s, "no modal")
        assert self.form is not None
        return self.form

    async def edited(self, message: "Message", times: int = 1, timeout_s: float = 90) -> "Message":
        """Wait until an answer was edited this often in all. Raises `TimeoutError`."""
        await self._until(lambda: message.edits >= times, timeout_s, "not edited")
        return message

    async def notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    def metadata(self) -> Json:
        """What a message says of the interaction that caused it."""
        return {
            "id": str(self.id),
            "type": self.kind,
            "user": of_user(self.member.user),
        }

    def _finished(self) -> "list[Message]":
        return [m for m in self.messages if not m.flags & LOADING]

    async def _until(self, condition: Callable[[], bool], timeout_s: float, otherwise: str) -> None:
        try:
            async with asyncio.timeout(timeout_s), self._changed:
                await self._changed.wait_for(condition)
        except TimeoutError:
            late = f"; one after {self.too_late_s:.1f} s was refused" if self.too_late_s else ""
            raise TimeoutError(f"{otherwise} from the bot within {timeout_s} s{late}") from None


@dataclass(eq=False, kw_only=True)
class Message(MessageRecord):
    """A message of the bot's, with buttons and menus.

    `invoker` caused it by an interaction and presses its buttons unless another member is named.
    """

    interactions: "Interactions"
    invoker: MemberRecord | None = None

    def component(self, name: str) -> Json:
        """The component whose custom id, label or placeholder is `name`.

        Raises `LookupError`, naming what there is, for none.
        """
        names = []
        for found in walk(self.components):
            known = [found.get(key) for key in ("custom_id", "label", "placeholder")]
            if name in known:
                return found
            names += [one for one in known if one]
        raise LookupError(f"no component {name!r}; there are {names}")

    async def press(self, button: str, *, by: MemberRecord | None = None) -> Interaction:
        """Press a button, named by custom id or label."""
        found = self.component(button)
        if found["type"] != _BUTTON:
            raise LookupError(f"{button!r} is no button")
        if found.get("disabled"):
            raise PermissionError(f"the button {button!r} is disabled")
        return await self.interactions.component(self, found, self._by(by), None)

    async def select(
        self, menu: str, values: Sequence[Choice], *, by: MemberRecord | None = None
    ) -> Interaction:
        """Choose from a select menu, named by custom id or placeholder; nothing, where it may be.

        `values` are the values or labels of a string menu, or members, roles or channels of a menu
        of those. Raises `LookupError` for what it does not have and `ValueError` for more or fewer
        than it takes.
        """
        found = self.component(menu)
        chosen = chosen_of(found, values)
        return await self.interactions.component(self, found, self._by(by), chosen)

    def _by(self, member: MemberRecord | None) -> MemberRecord:
        if (by := member or self.invoker) is None:
            raise ValueError("say who does it: by=...")
        if self.ephemeral and by is not self.invoker:
            raise PermissionError(f"{by.name} cannot see this message")
        if self.deleted:
            raise LookupError("the message is deleted")
        return by


class Modal:
    """A form. `title` and `components` are the bot's."""

    def __init__(self, interaction: Interaction, data: Json) -> None:
        self.title: str = data["title"]
        self.custom_id: str = data["custom_id"]
        self.components: list[Json] = data["components"]
        self._shown_by = interaction

    @property
    def fields(self) -> dict[str, str]:
        """The custom id of every field by what is written beside it."""
        named: dict[str, str] = {}
        for outer in walk(self.components):
            inner = outer.get("component", outer)
            if "custom_id" in inner:
                label = outer.get("label") or inner["custom_id"]
                named.setdefault(inner["custom_id"], label)
        return {label: custom_id for custom_id, label in named.items()}

    async def submit(self, values: dict[str, FieldValue] | None = None) -> Interaction:
        """Fill in and send. `values` are by label or custom id: text, a tick, or what is chosen.

        Fields that are not named are sent as they were shown. Raises `LookupError` for an unknown
        field and `ValueError` for one that is required and empty.
        """
        by_id = {self.fields.get(name, name): value for name, value in (values or {}).items()}
        if unknown := by_id.keys() - set(self.fields.values()):
            raise LookupError(f"the modal has no {sorted(unknown)}; it has {self.fields}")
        shown_by = self._shown_by
        await shown_by.interactions.bot_knows(shown_by.channel.guild_id)
        resolved = Resolved(shown_by.channel.world.cdn, shown_by.channel.id)
        filled = [fill_in_field(component, by_id, resolved) for component in self.components]
        data = {
            "custom_id": self.custom_id,
            "components": filled,
            "resolved": resolved.objects,
        }
        return shown_by.interactions.send(
            MODAL_SUBMIT, shown_by.member, shown_by.channel, data, shown_by.source
        )


class Interactions:
    """Makes interactions as Discord's client would, and finds them again by their tokens.

    `bot_knows` waits until the bot has read what it was answered and told of a server. discord.py
    knows a form or a button only then, and nobody is quicker to use one than the bot is to read.
    """

    def __init__(self, world: World, acknowledge_within_s: float) -> None:
        self.acknowledge_within_s = acknowledge_within_s
        self.bot_knows: Callable[[int | None], Awaitable[None]]
        self._world = world
        self._by_token: dict[str, Interaction] = {}

    def find(self, token: str) -> Interaction | None:
        return self._by_token.get(token)

    async def component(
        self,
        message: Message,
        component: Json,
        member: MemberRecord,
        values: Sequence[Choice] | None,
    ) -> Interaction:
        """See `Message.press` and `Message.select`; whether `member` may is not asked."""
        channel = message.channel
        assert isinstance(channel, Channel | DirectMessages)
        await self.bot_knows(channel.guild_id)
        data: Json = {"custom_id": component["custom_id"], "component_type": component["type"]}
        if values is not None:
            resolved = Resolved(self._world.cdn, channel.id)
            data["values"] = [
                value if isinstance(value, str) else resolved.choice(value) for value in values
            ]
            if resolved.objects:  # discord.py takes a string menu's values only without it
                data["resolved"] = resolved.objects
        return self.send(COMPONENT, member, channel, data, message)

    def send(
        self,
        kind: int,
        member: MemberRecord,
        channel: Channel | DirectMessages,
        data: Json,
        source: Message | None = None,
    ) -> Interaction:
        """Tell the bot of a new interaction; `source` is the message that it was done to."""
        interaction = Interaction(self, kind, member, channel, source)
        self._by_token[interaction.token] = interaction
        payload = of_place(channel, member) | {
            "id": str(interaction.id),
            "application_id": str(self._world.application_id),
            "type": kind,
            "token": interaction.token,
            "version": 1,
            "data": data,
        }
        if source is not None:
            payload["message"] = of_message(source)
        self._world.publish("INTERACTION_CREATE", payload)
        return interaction
