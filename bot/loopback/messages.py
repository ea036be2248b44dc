"""Messages, and the accounts that write them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

from bot.loopback.attachments import Attachment
from bot.loopback.identifiers import Identifiers, timestamp

Json: TypeAlias = dict[str, Any]

EPHEMERAL = 1 << 6
LOADING = 1 << 7
SILENT = 1 << 12
VOICE_MESSAGE = 1 << 13


@dataclass(eq=False)
class User:
    """An account. `locale` is the language of its Discord."""

    id: int
    name: str
    bot: bool = False
    locale: str = "en-US"


class Publisher(Protocol):
    """Numbers things and makes known what happens to them."""

    identifiers: Identifiers
    publish: Callable[[str, object], None]


class MessageChannel(Protocol):
    """Anything that messages can be in; `guild_id` is None for direct messages."""

    id: int
    messages: "dict[int, MessageRecord]"

    @property
    def world(self) -> Publisher: ...

    @property
    def guild_id(self) -> int | None: ...


@dataclass(eq=False)
class MessageRecord:
    """A message. Edits change it in place.

    `interaction` is what the message says of the interaction that caused it, if one did.
    """

    channel: MessageChannel
    author: User
    content: str = ""
    embeds: list[Json] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    components: list[Json] = field(default_factory=list)
    flags: int = 0
    interaction: Json | None = None
    reference: Json | None = None
    deleted: bool = False
    edits: int = 0
    id: int = 0
    sent_at: str = field(default_factory=timestamp)
    edited_at: str | None = None

    def __post_init__(self) -> None:
        self.id = self.id or self.channel.world.identifiers.next()

    @property
    def ephemeral(self) -> bool:
        """Whether only the member whom it answers sees it."""
        return bool(self.flags & EPHEMERAL)

    @property
    def text(self) -> str:
        parts = [self.content]
        for embed in self.embeds:
            parts += [embed.get("title") or "", embed.get("description") or ""]
            for shown in embed.get("fields", []):
                parts += [shown["name"], shown["value"]]
            parts.append((embed.get("footer") or {}).get("text", ""))
        parts += [c["content"] for c in walk(self.components) if c.get("type") == 10]
        return "\n".join(part for part in parts if part)

    def post(self) -> None:
        self.channel.messages[self.id] = self
        self.channel.world.publish("MESSAGE_CREATE", self)

    async def edit(self, content: str) -> None:
        self.content = content
        self.edited_at = timestamp()
        self.channel.world.publish("MESSAGE_UPDATE", self)

    async def delete(self) -> None:
        self.deleted = True
        if self.channel.messages.pop(self.id, None):
            self.channel.world.publish("MESSAGE_DELETE", self)


def walk(components: Sequence[Json]) -> Iterator[Json]:
    """Every component, however deeply nested."""
    for component in components:
        yield component
        yield from walk(component.get("components", []))
        for inner in ("component", "accessory"):
            if inner in component:
                yield from walk([component[inner]])
