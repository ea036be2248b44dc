"""The application's commands, as the bot registered them."""

import asyncio
import re
from collections.abc import Callable

from bot.loopback.answers import invalid_form
from bot.loopback.messages import Json

CHAT_INPUT = 1
MESSAGE = 3

_NAME = re.compile(r"^[-_'\w]{1,32}$")
_MAX_COMMANDS = 100
_MAX_OPTIONS = 25
_MAX_CHARACTERS = 8000


class Commands:
    """What is `registered` for every guild, and by guild `in_guilds`. `syncs` counts the former."""

    def __init__(self, application_id: int, new_id: Callable[[], int]) -> None:
        self.syncs = 0
        self._application_id = application_id
        self._new_id = new_id
        self.registered: list[Json] = []
        self.in_guilds: dict[int, list[Json]] = {}
        self._synced = asyncio.Event()

    async def wait_registered(self, timeout_s: float) -> None:
        """Wait for the first overwrite. Raises `TimeoutError`."""
        try:
            await asyncio.wait_for(self._synced.wait(), timeout_s)
        except TimeoutError:
            raise TimeoutError(f"the bot registered no command within {timeout_s} s") from None

    def overwrite(self, commands: list[Json]) -> list[Json]:
        """Replace those of every guild. Raises `ApiError` for what Discord would not take."""
        self.registered = self._replaced(self.registered, commands)
        self.syncs += 1
        self._synced.set()
        return self.registered

    def overwrite_in(self, guild_id: int, commands: list[Json]) -> list[Json]:
        """Replace all commands of one guild. Raises `ApiError`."""
        before = self.in_guilds.get(guild_id, [])
        replaced = self._replaced(before, commands)
        self.in_guilds[guild_id] = [one | {"guild_id": str(guild_id)} for one in replaced]
        return self.in_guilds[guild_id]

    def _replaced(self, former: list[Json], commands: list[Json]) -> list[Json]:
        of_kind = [command.get("type", CHAT_INPUT) for command in commands]
        if of_kind.count(CHAT_INPUT) > _MAX_COMMANDS:
            raise invalid_form(f"at most {_MAX_COMMANDS} commands")
        before = {(c["type"], c["name"]): c["id"] for c in former}
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
            )
        return registered

    def find(self, kind: int, name: str, guild_id: int | None) -> Json:
        """A command of one guild or of all. Raises `LookupError` for none."""
        there = [*self.in_guilds.get(guild_id or 0, []), *self.registered]
        for command in there:
            if command["type"] == kind and command["name"] == name:
                return command
        names = sorted(c["name"] for c in there if c["type"] == kind)
        raise LookupError(f"the bot has registered no command {name!r}; it has {names}")


def _check(command: Json, kind: int) -> None:
    name = command.get("name", "")
    if kind == CHAT_INPUT:
        _check_named(command)
        if _characters(command) > _MAX_CHARACTERS:
            raise invalid_form(f"{name}: more than {_MAX_CHARACTERS} characters")
    elif command.get("description"):
        raise invalid_form(f"{name}: a context menu command has no description")
    elif any(not 1 <= len(one) <= 32 for one in _in_all_locales(command, "name")):
        raise invalid_form(f"{name}: a name has 1 to 32 characters")


def _check_named(item: Json) -> None:
    name = item.get("name", "")
    for one in _in_all_locales(item, "name"):
        if not _NAME.match(one) or one != one.lower():
            raise invalid_form(f"{one!r} is not a command or option name")
    for one in _in_all_locales(item, "description"):
        if not 1 <= len(one) <= 100:
            raise invalid_form(f"{name}: a description has 1 to 100 characters")
    options = item.get("options") or []
    if len(options) > _MAX_OPTIONS or len(item.get("choices") or []) > _MAX_OPTIONS:
        raise invalid_form(f"{name}: at most {_MAX_OPTIONS} options and choices")
    required = [bool(option.get("required")) for option in options]
    if required != sorted(required, reverse=True):
        raise invalid_form(f"{name}: required options come first")
    for option in options:
        _check_named(option)
    _check_distinct(options)
    for choice in item.get("choices") or []:
        if any(not 1 <= len(one) <= 100 for one in _in_all_locales(choice, "name")):
            raise invalid_form(f"{name}: a choice has 1 to 100 characters")


def _check_distinct(items: list[Json]) -> None:
    """What stands side by side has names of its own in each locale."""
    for locale in {one for item in items for one in item.get("name_localizations") or {}}:
        names = [(item.get("name_localizations") or {}).get(locale, item["name"]) for item in items]
        if len(set(names)) < len(names):
            raise invalid_form(f"{names} are not distinct in {locale}")


def _in_all_locales(item: Json, field: str) -> list[str]:
    return [item.get(field) or "", *(item.get(f"{field}_localizations") or {}).values()]


def _characters(item: Json) -> int:
    """What Discord counts: of a text in several languages, the longest."""
    own = sum(max(map(len, _in_all_locales(item, field))) for field in ("name", "description"))
    own += sum(
        max(map(len, _in_all_locales(choice, "name"))) + len(str(choice["value"]))
        for choice in item.get("choices") or []
    )
    return own + sum(_characters(option) for option in item.get("options") or [])
