"""Messages, whoever wrote them, and what a member can do with one."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bot.loopback.attachments import Attachment, File
from bot.loopback.gateway import Intent
from bot.loopback.identifiers import timestamp

if TYPE_CHECKING:
    from bot.loopback.channels import MessageChannel
    from bot.loopback.interaction import Interaction
    from bot.loopback.members import Member, User
    from bot.loopback.server import LoopbackDiscord

EPHEMERAL = 1 << 6
LOADING = 1 << 7
VOICE_MESSAGE = 1 << 13
#: Nobody is quicker to answer what they see. discord.py knows a form or a button only once Discord
#: has confirmed it to the bot, which is a moment after it is shown.
REACTION_S = 0.15
_BUTTON = 2
_STRING_SELECT = 3


@dataclass
class Message:
    """A message. The bot's edits change it in place.

    `invoker` is who caused it by an interaction and presses its buttons unless somebody else is
    named; None for a message that no interaction caused.
    """

    discord: "LoopbackDiscord"
    channel: "MessageChannel"
    author: "User"
    content: str = ""
    embeds: list[dict[str, Any]] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    components: list[dict[str, Any]] = field(default_factory=list)
    flags: int = 0
    invoker: "Member | None" = None
    interaction: "Interaction | None" = None
    reference: dict[str, Any] | None = None
    member: "Member | None" = None
    reactions: list[str] = field(default_factory=list)
    deleted: bool = False
    edits: int = 0
    id: int = 0
    sent_at: str = field(default_factory=timestamp)
    edited_at: str | None = None

    def __post_init__(self) -> None:
        self.id = self.id or self.discord.identifiers.next()

    @property
    def ephemeral(self) -> bool:
        """Whether only the invoker sees it."""
        return bool(self.flags & EPHEMERAL)

    @property
    def text(self) -> str:
        """Everything there is to read in it: content, embeds, text components."""
        parts = [self.content]
        for embed in self.embeds:
            parts += [embed.get("title") or "", embed.get("description") or ""]
            for shown in embed.get("fields", []):
                parts += [shown["name"], shown["value"]]
            parts.append((embed.get("footer") or {}).get("text", ""))
        parts += [c["content"] for c in walk(self.components) if c.get("type") == 10]
        return "\n".join(part for part in parts if part)

    def component(self, name: str) -> dict[str, Any]:
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

    async def press(self, button: str, *, by: "Member | None" = None) -> "Interaction":
        """Press a button, named by custom id or label."""
        found = self.component(button)
        if found["type"] != _BUTTON:
            raise LookupError(f"{button!r} is no button")
        if found.get("disabled"):
            raise PermissionError(f"the button {button!r} is disabled")
        await asyncio.sleep(REACTION_S)
        return await self.discord.interactions.component(self, found, self._by(by), None)

    async def select(
        self, menu: str, values: "Sequence[str | Member]", *, by: "Member | None" = None
    ) -> "Interaction":
        """Choose from a select menu, named by custom id or placeholder.

        `values` are the values or labels of a string menu, or members of a user menu.
        """
        found = self.component(menu)
        chosen = list(values)
        if found["type"] == _STRING_SELECT:
            by_name = {o["label"]: o["value"] for o in found["options"]}
            by_name |= {o["value"]: o["value"] for o in found["options"]}
            unknown = [value for value in chosen if value not in by_name]
            if unknown:
                raise LookupError(f"the menu has no {unknown}; it has {sorted(set(by_name))}")
            chosen = [by_name[str(value)] for value in chosen]
        return await self.discord.interactions.component(self, found, self._by(by), chosen)

    async def edit(self, content: str) -> None:
        """The author changes the text."""
        self.content = content
        self.edited_at = timestamp()
        self.announce("MESSAGE_UPDATE")

    async def delete(self) -> None:
        """The message is deleted."""
        self.remove()

    def remove(self) -> None:
        """Take it out of its channel and tell the bot."""
        self.deleted = True
        if self.channel.messages.pop(self.id, None) is None:
            return
        data = {"id": str(self.id), "channel_id": str(self.channel.id)}
        if self.channel.guild_id is not None:
            data["guild_id"] = str(self.channel.guild_id)
        self._dispatch("MESSAGE_DELETE", data)

    def announce(self, event: str) -> None:
        """Tell the bot of it, with as much as its intents let it read."""
        data = self.to_json()
        if self.channel.guild_id is not None:
            data["guild_id"] = str(self.channel.guild_id)
            if self.member is not None:
                data["member"] = self.member.to_json()
                del data["member"]["user"]
        self._dispatch(event, data)

    def to_json(self) -> dict[str, Any]:
        """As Discord describes it."""
        data: dict[str, Any] = {
            "id": str(self.id),
            "channel_id": str(self.channel.id),
            "type": 19 if self.reference else 20 if self.interaction else 0,
            "author": self.author.to_json(),
            "content": self.content,
            "timestamp": self.sent_at,
            "edited_timestamp": self.edited_at,
            "tts": False,
            "mention_everyone": False,
            "mentions": [],
            "mention_roles": [],
            "attachments": [attachment.to_json() for attachment in self.attachments],
            "embeds": self.embeds,
            "components": self.components,
            "pinned": False,
            "flags": self.flags,
        }
        if self.reference:
            data["message_reference"] = self.reference
        if self.interaction:
            data["application_id"] = str(self.discord.application_id)
            data["interaction_metadata"] = self.interaction.metadata()
        return data

    def _by(self, member: "Member | None") -> "Member":
        if (by := member or self.invoker) is None:
            raise ValueError("say who does it: by=...")
        if self.ephemeral and by is not self.invoker:
            raise PermissionError(f"{by.name} cannot see this message")
        if self.deleted:
            raise LookupError("the message is deleted")
        return by

    def _dispatch(self, event: str, data: dict[str, Any]) -> None:
        in_guild = self.channel.guild_id is not None
        self.discord.gateway.dispatch(
            event,
            data,
            guild_id=self.channel.guild_id,
            intent=Intent.GUILD_MESSAGES if in_guild else Intent.DIRECT_MESSAGES,
        )


def walk(components: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Every component, however deeply nested."""
    for component in components:
        yield component
        yield from walk(component.get("components", []))
        for inner in ("component", "accessory"):
            if inner in component:
                yield from walk([component[inner]])


def store_files(
    discord: "LoopbackDiscord", channel_id: int, files: Sequence[File]
) -> list[Attachment]:
    """Upload files to the content delivery host."""
    return [discord.cdn.store(discord.identifiers.next(), channel_id, file) for file in files]
