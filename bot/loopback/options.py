"""What a member puts into a command or a form, as Discord's client checks and sends it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from bot.loopback.attachments import SIZE_LIMIT, Cdn, File
from bot.loopback.messages import Json
from bot.loopback.payloads import of_attachment, of_channel, of_member, of_role, of_user
from bot.loopback.permissions import Role
from bot.loopback.world import Channel, MemberRecord

OptionValue: TypeAlias = str | float | bool | MemberRecord | Channel | File
FieldValue: TypeAlias = str | bool | Sequence[File]
#: What a select menu takes.
Choice: TypeAlias = str | MemberRecord | Role | Channel

GROUP = 2

_ACTION_ROW = 1
_STRING_SELECT = 3
_TEXT_INPUT = 4
_USER_SELECT = 5
_ROLE_SELECT = 6
_CHANNEL_SELECT = 8
_TEXT_DISPLAY = 10
_LABEL = 18
_FILE_UPLOAD = 19
_CHECKBOX = 23


@dataclass
class Resolved:
    """The objects that options refer to by id."""

    cdn: Cdn
    channel_id: int
    objects: dict[str, dict[str, Json]] = field(default_factory=dict)

    def add(self, kind: str, identifier: int, data: Json) -> str:
        self.objects.setdefault(kind, {})[str(identifier)] = data
        return str(identifier)

    def member(self, member: MemberRecord) -> str:
        """Note a member, as Discord splits one: user and member."""
        data = of_member(member) | {"permissions": str(member.guild_permissions)}
        del data["user"]
        self.add("members", member.id, data)
        return self.add("users", member.id, of_user(member.user))

    def choice(self, chosen: MemberRecord | Role | Channel) -> str:
        """Note what was chosen from a menu."""
        match chosen:
            case MemberRecord():
                return self.member(chosen)
            case Role():
                return self.add("roles", chosen.id, of_role(chosen))
            case Channel():
                return self.channel(chosen)

    def channel(self, channel: Channel) -> str:
        return self.add("channels", channel.id, of_channel(channel) | {"permissions": "0"})

    def file(self, file: File) -> str:
        """Upload and note a file. Raises `ValueError` for one that is too large."""
        if len(file.data) > SIZE_LIMIT:
            raise ValueError(f"{file.filename} is larger than Discord lets this member upload")
        attachment = self.cdn.store(self.channel_id, file, ephemeral=True)
        return self.add("attachments", attachment.id, of_attachment(attachment))


def fill_in_command(
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
        options = fill_in_command(inner, path[1:], values, resolved, focused=focused)
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


def _typed(option: Json, value: OptionValue, resolved: Resolved) -> str | float | bool:
    kind, name = option["type"], option["name"]
    match kind, value:
        case 3, str():
            _check_range(option, "length", len(value))
            return _choice(option, value)
        case 5, bool():
            return value
        case (4, int()) | (10, int() | float()) if not isinstance(value, bool):
            _check_range(option, "value", value)
            return value
        case 6, MemberRecord():
            return resolved.member(value)
        case 7, Channel():
            if (allowed := option.get("channel_types")) and value.kind not in allowed:
                raise ValueError(f"{name!r} takes no channel of type {value.kind}")
            return resolved.channel(value)
        case 11, File():
            return resolved.file(value)
    raise ValueError(f"the option {name!r} (type {kind}) takes no {type(value).__name__}")


def chosen_of(menu: Json, values: Sequence[Choice]) -> list[Choice]:
    """What is sent of a choice from a message's menu, checked as Discord's client checks it."""
    low, high = menu.get("min_values", 1), menu.get("max_values", 1)
    if not low <= len(values) <= high:
        raise ValueError(f"the menu takes {low} to {high}, not {len(values)}")
    if menu["type"] == _STRING_SELECT:
        by_name = {o["label"]: o["value"] for o in menu["options"]}
        by_name |= {o["value"]: o["value"] for o in menu["options"]}
        if unknown := [value for value in values if value not in by_name]:
            raise LookupError(f"the menu has no {unknown}; it has {sorted(set(by_name))}")
        return [by_name[str(value)] for value in values]
    kind = {_USER_SELECT: MemberRecord, _ROLE_SELECT: Role, _CHANNEL_SELECT: Channel}[menu["type"]]
    for value in values:
        if not isinstance(value, kind):
            raise LookupError(f"the menu has no {type(value).__name__}")
        allowed = menu.get("channel_types")
        if isinstance(value, Channel) and allowed and value.kind not in allowed:
            raise LookupError(f"the menu has no channel of type {value.kind}")
    return list(values)


def _choice(option: Json, value: str) -> str:
    if not (choices := option.get("choices")):
        return value
    by_name: dict[str, str] = {c[key]: c["value"] for c in choices for key in ("name", "value")}
    if value not in by_name:
        raise ValueError(f"{option['name']!r} is one of {[c['name'] for c in choices]}")
    return by_name[value]


def _check_range(option: Json, what: str, actual: float) -> None:
    low, high = option.get(f"min_{what}"), option.get(f"max_{what}")
    if (low is not None and actual < low) or (high is not None and actual > high):
        raise ValueError(f"{option['name']!r} has a {what} between {low} and {high}")


def fill_in_field(component: Json, values: dict[str, FieldValue], resolved: Resolved) -> Json:
    """A form's component as it is sent; `values` are by custom id. Raises `ValueError`."""
    kind = component["type"]
    sent: Json = {"type": kind, "id": component.get("id", 0)}
    if kind == _ACTION_ROW:
        inner = [fill_in_field(one, values, resolved) for one in component["components"]]
        return sent | {"components": inner}
    if kind == _LABEL:
        return sent | {"component": fill_in_field(component["component"], values, resolved)}
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
    if kind == _STRING_SELECT:
        return sent | {"values": _selected(component, value)}
    assert kind == _FILE_UPLOAD
    chosen = value if isinstance(value, Sequence) else ()
    files = [one for one in chosen if isinstance(one, File)]
    if not files and component.get("required", True):
        raise ValueError(f"{custom_id!r} is required")
    return sent | {"values": [resolved.file(file) for file in files]}


def _selected(component: Json, value: FieldValue | None) -> list[str]:
    """One choice, by its label or value; without one what the form was shown with."""
    options: list[Json] = component["options"]
    if value is None:
        chosen = [one["value"] for one in options if one.get("default")]
    else:
        chosen = [one["value"] for one in options if value in (one["label"], one["value"])]
        if not chosen:
            raise ValueError(f"{value!r} is none of {[one['label'] for one in options]}")
    if not chosen and component.get("required", True):
        raise ValueError(f"{component['custom_id']!r} is required")
    return chosen


def _check_text(component: Json, text: str) -> None:
    custom_id = component["custom_id"]
    if not text and component.get("required", True):
        raise ValueError(f"{custom_id!r} is required")
    low, high = component.get("min_length") or 0, component.get("max_length") or 4000
    if text and not low <= len(text) <= high:
        raise ValueError(f"{custom_id!r} has {low} to {high} characters")
