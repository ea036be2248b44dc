"""Forms that the bot shows, and a member filling one in."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from bot.loopback.attachments import File
from bot.loopback.members import Member
from bot.loopback.messages import REACTION_S, walk

if TYPE_CHECKING:
    from bot.loopback.commands import Resolved
    from bot.loopback.interaction import Interaction

FieldValue: TypeAlias = "str | bool | Sequence[str | File | Member]"

_ACTION_ROW = 1
_TEXT_INPUT = 4
_TEXT_DISPLAY = 10
_LABEL = 18
_FILE_UPLOAD = 19
_RADIO_GROUP = 21
_CHECKBOX = 23


class Modal:
    """A form. `title` and `components` are the bot's."""

    def __init__(self, interaction: "Interaction", data: dict[str, Any]) -> None:
        self.title: str = data["title"]
        self.custom_id: str = data["custom_id"]
        self.components: list[dict[str, Any]] = data["components"]
        self._interaction = interaction

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

    async def submit(self, values: dict[str, FieldValue] | None = None) -> "Interaction":
        """Fill in and send. `values` are by label or custom id: text, a tick, or what is chosen.

        Fields that are not named are sent as they were shown. Raises `LookupError` for an unknown
        field and `ValueError` for one that is required and empty.
        """
        given = dict(values or {})
        by_id = {self.fields.get(name, name): value for name, value in given.items()}
        known = set(self.fields.values())
        if unknown := by_id.keys() - known:
            raise LookupError(f"the modal has no {sorted(unknown)}; it has {self.fields}")
        await asyncio.sleep(REACTION_S)
        interactions = self._interaction.discord.interactions
        resolved = interactions.resolved(self._interaction.channel)
        filled = [_fill_in(component, by_id, resolved) for component in self.components]
        data = {"custom_id": self.custom_id, "components": filled}
        return await interactions.modal_submit(self._interaction, data, resolved)


def _fill_in(
    component: dict[str, Any], values: dict[str, FieldValue], resolved: "Resolved"
) -> dict[str, Any]:
    kind = component["type"]
    sent: dict[str, Any] = {"type": kind, "id": component.get("id", 0)}
    if kind == _ACTION_ROW:
        inner = [_fill_in(one, values, resolved) for one in component["components"]]
        return sent | {"components": inner}
    if kind == _LABEL:
        return sent | {"component": _fill_in(component["component"], values, resolved)}
    if kind == _TEXT_DISPLAY:
        return sent
    custom_id = component["custom_id"]
    sent["custom_id"] = custom_id
    value = values.get(custom_id)
    if kind == _CHECKBOX:
        return sent | {"value": bool(component.get("default") if value is None else value)}
    if kind == _TEXT_INPUT:
        text = component.get("value") or "" if value is None else str(value)
        _check_text(component, text)
        return sent | {"value": text}
    if kind == _RADIO_GROUP:
        return sent | {"value": value}
    chosen = list(value) if isinstance(value, Sequence) and not isinstance(value, str) else []
    if not chosen and component.get("required", True):
        raise ValueError(f"{custom_id!r} is required")
    if kind == _FILE_UPLOAD and not all(isinstance(one, File) for one in chosen):
        raise ValueError(f"{custom_id!r} takes files")
    return sent | {"values": [_reference(one, resolved) for one in chosen]}


def _reference(chosen: str | File | Member, resolved: "Resolved") -> str:
    match chosen:
        case File():
            return resolved.file(chosen)
        case Member():
            return resolved.member(chosen)
        case _:
            return chosen


def _check_text(component: dict[str, Any], text: str) -> None:
    custom_id = component["custom_id"]
    if not text and component.get("required", True):
        raise ValueError(f"{custom_id!r} is required")
    low, high = component.get("min_length") or 0, component.get("max_length") or 4000
    if text and not low <= len(text) <= high:
        raise ValueError(f"{custom_id!r} has {low} to {high} characters")
