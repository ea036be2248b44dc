"""The application's commands as the bot registered them, and what a member puts into one."""

import asyncio
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from bot.loopback.attachments import Attachment, File
from bot.loopback.channels import Channel
from bot.loopback.errors import invalid_form
from bot.loopback.members import Member

if TYPE_CHECKING:
    from bot.loopback.guilds import Role

OptionValue: TypeAlias = "str | int | float | bool | Member | Role | Channel | File"
Json: TypeAlias = dict[str, Any]

CHAT_INPUT = 1
USER = 2
MESSAGE = 3

GROUP = 2

_NAME = re.compile(r"^[-_'\w]{1,32}$")
_MAX_COMMANDS = 100
_MAX_OPTIONS = 25
_MAX_CHARACTERS = 8000


class Commands:
    """What is registered, globally (None) and for single guilds. `syncs` counts overwrites."""

    def __init__(self, application_id: int, new_id: Callable[[], int]) -> None:
        self.syncs = 0
        self._application_id = application_id
        self._new_id = new_id
        self._registered: dict[int | None, list[Json]] = {}
        self._synced = asyncio.Event()

    async def wait_registered(self, timeout_s: float) -> None:
        """Wait for the first overwrite. Raises `TimeoutError`."""
        try:
            await asyncio.wait_for(self._synced.wait(), timeout_s)
        except TimeoutError:
            raise TimeoutError(f"the bot registered no command within {timeout_s} s") from None

    def overwrite(self, guild_id: int | None, commands: list[Json]) -> list[Json]:
        """Replace all commands. Raises `ApiError` for what Discord would not take."""
        of_kind = [command.get("type", CHAT_INPUT) for command in commands]
        if of_kind.count(CHAT_INPUT) > _MAX_COMMANDS:
            raise invalid_form(f"at most {_MAX_COMMANDS} commands")
        before = {(c["type"], c["name"]): c["id"] for c in self.of(guild_id)}
        registered = []
        for command, kind in zip(commands, of_kind, strict=True):
            _check(command, kind)
            registered.append(
                command
                | {
                    "id": before.get((kind, command["name"]), str(self._new_id())),
                    "application_id": str(self._application_id),
                    "type": kind,
                    "version": str(self._new_id()),
                    "description": command.get("description", ""),
                    "default_member_permissions": command.get("default_member_permissions"),
                }
                | ({"guild_id": str(guild_id)} if guild_id else {})
            )
        self._registered[guild_id] = registered
        self.syncs += 1
        self._synced.set()
        return registered

    def of(self, guild_id: int | None) -> list[Json]:
        """The commands registered for a guild alone, or globally."""
        return self._registered.get(guild_id, [])

    def find(self, guild_id: int | None, kind: int, name: str) -> Json:
        """A command; the guild's own come first. Raises `LookupError` for none."""
        available = [*(self.of(guild_id) if guild_id else []), *self.of(None)]
        for command in available:
            if command["type"] == kind and command["name"] == name:
                return command
        names = sorted(c["name"] for c in available if c["type"] == kind)
        raise LookupError(f"the bot has registered no command {name!r}; it has {names}")


@dataclass
class Resolved:
    """The objects that options refer to by id."""

    upload: Callable[[File], Attachment]
    objects: dict[str, dict[str, Json]] = field(default_factory=dict)

    def add(self, kind: str, identifier: int, data: Json) -> str:
        """Note an object; its id as a string."""
        self.objects.setdefault(kind, {})[str(identifier)] = data
        return str(identifier)

    def member(self, member: Member) -> str:
        """Note a member, as Discord splits one: user and member."""
        data = member.to_json() | {"permissions": str(member.guild_permissions)}
        del data["user"]
        self.add("members", member.id, data)
        return self.add("users", member.id, member.user.to_json())

    def file(self, file: File) -> str:
        """Upload and note a file."""
        attachment = self.upload(file)
        return self.add("attachments", attachment.id, attachment.to_json())


def fill_in(
    command: Json,
    path: list[str],
    values: Mapping[str, OptionValue],
    resolved: Resolved,
    *,
    focused: tuple[str, str] | None = None,
) -> list[Json]:
    """The options of an interaction with `command`, typed as it declares them.

    `path` are the names of group and subcommand. `focused` is name and text of the option that is
    being typed, which makes it an autocompletion: nothing is required then. Raises `LookupError`
    for an unknown name and `ValueError` for a value that Discord's client would not accept.
    """
    declared = command.get("options", [])
    if path:
        inner = next((o for o in declared if o["name"] == path[0] and o["type"] <= GROUP), None)
        if inner is None:
            raise LookupError(f"{command['name']!r} has no subcommand {path[0]!r}")
        options = fill_in(inner, path[1:], values, resolved, focused=focused)
        return [{"name": path[0], "type": inner["type"], "options": options}]
    if any(option["type"] <= GROUP for option in declared):
        raise LookupError(f"{command['name']!r} needs one of its subcommands")
    by_name = {option["name"]: option for option in declared}
    if unknown := [name for name in values if name not in by_name]:
        raise LookupError(f"{command['name']!r} has no option {unknown}; it has {list(by_name)}")
    filled = [
        {"name": name, "type": by_name[name]["type"], "value": _typed(by_name[name], v, resolved)}
        for name, v in values.items()
    ]
    if focused is not None:
        name, text = focused
        if not by_name.get(name, {}).get("autocomplete"):
            raise LookupError(f"the option {name!r} of {command['name']!r} offers no choices")
        filled.append({"name": name, "type": by_name[name]["type"], "value": text, "focused": True})
        return filled
    missing = [o["name"] for o in declared if o.get("required") and o["name"] not in values]
    if missing:
        raise ValueError(f"{command['name']!r} requires {missing}")
    return filled


def _typed(option: Json, value: OptionValue, resolved: Resolved) -> str | int | float | bool:
    kind, name = option["type"], option["name"]
    match kind, value:
        case 3, str():
            _check_range(option, "length", len(value))
            return _choice(option, value)
        case 5, bool():
            return value
        case (4, bool()) | (10, bool()):
            raise ValueError(f"{name!r} is a number")
        case 4, int():
            _check_range(option, "value", value)
            return _choice(option, value)
        case 10, int() | float():
            _check_range(option, "value", value)
            return _choice(option, float(value))
        case (4, str()) | (10, str()) if option.get("choices"):
            return _choice(option, value)
        case (6, Member()) | (9, Member()):
            return resolved.member(value)
        case 7, Channel():
            if (allowed := option.get("channel_types")) and value.kind not in allowed:
                raise ValueError(f"{name!r} takes no channel of type {value.kind}")
            return resolved.add("channels", value.id, value.to_json() | {"permissions": "0"})
        case 11, File():
            return resolved.file(value)
        case (8, role) | (9, role) if not isinstance(
            role, str | int | float | Member | Channel | File
        ):
            return resolved.add("roles", role.id, role.to_json())
    raise ValueError(f"the option {name!r} (type {kind}) takes no {type(value).__name__}")


def _choice(option: Json, value: str | float) -> str | int | float:
    choices = option.get("choices")
    if not choices:
        return value
    for choice in choices:
        if value in (choice["value"], choice["name"]):
            chosen: str | int | float = choice["value"]
            return chosen
    raise ValueError(f"{option['name']!r} is one of {[c['name'] for c in choices]}")


def _check_range(option: Json, what: str, actual: float) -> None:
    low, high = option.get(f"min_{what}"), option.get(f"max_{what}")
    if (low is not None and actual < low) or (high is not None and actual > high):
        raise ValueError(f"{option['name']!r} has a {what} between {low} and {high}")


def _check(command: Json, kind: int) -> None:
    name = command.get("name", "")
    if kind == CHAT_INPUT:
        _check_named(command)
        if _characters(command) > _MAX_CHARACTERS:
            raise invalid_form(f"{name}: more than {_MAX_CHARACTERS} characters")
    elif not 1 <= len(name) <= 32 or command.get("description"):
        raise invalid_form(f"{name}: a context menu command has a name and no description")


def _check_named(item: Json) -> None:
    name = item.get("name", "")
    if not _NAME.match(name) or name != name.lower():
        raise invalid_form(f"{name!r} is not a command or option name")
    if not 1 <= len(item.get("description") or "") <= 100:
        raise invalid_form(f"{name}: a description has 1 to 100 characters")
    options = item.get("options") or []
    if len(options) > _MAX_OPTIONS or len(item.get("choices") or []) > _MAX_OPTIONS:
        raise invalid_form(f"{name}: at most {_MAX_OPTIONS} options and choices")
    required = [bool(option.get("required")) for option in options]
    if required != sorted(required, reverse=True):
        raise invalid_form(f"{name}: required options come first")
    for option in options:
        _check_named(option)


def _characters(item: Json) -> int:
    own = len(item["name"]) + len(item["description"])
    own += sum(len(c["name"]) + len(str(c["value"])) for c in item.get("choices") or [])
    return own + sum(_characters(option) for option in item.get("options") or [])
