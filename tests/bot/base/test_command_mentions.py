"""Commands in sentences can be tapped where Discord told their ids."""

from typing import Any

import pytest
from discord.app_commands import AppCommand

from bot.base.command_mentions import CommandMentions, listed
from bot.catalogue import for_reader

_GROUP: Any = {"type": 1, "name": "start", "description": "x"}
_COMMANDS: list[Any] = [
    {"name": "say", "options": [{"type": 3, "name": "text", "description": "x"}]},
    {"name": "live", "options": [_GROUP, {**_GROUP, "name": "stop"}]},
    {"name": "Use as my voice", "type": 3},
]


@pytest.fixture
def mentions() -> CommandMentions:
    known = CommandMentions()
    known.learn(
        AppCommand(
            data={"id": "7", "application_id": "1", "type": 1, "description": "x"} | command,
            state=None,  # type: ignore[arg-type]  # nothing is asked of Discord
        )
        for command in _COMMANDS
    )
    return known


@pytest.mark.parametrize(
    ("sentence", "shown"),
    [
        ("Try `/say`.", "Try </say:7>."),
        (
            "`/live start` begins, `/live stop` ends.",
            "</live start:7> begins, </live stop:7> ends.",
        ),
        ("`/live`, `/unknown` and `/say text:Hello`", "`/live`, `/unknown` and `/say text:Hello`"),
        ("/say without marks", "/say without marks"),
    ],
)
def test_what_is_known_can_be_tapped(mentions: CommandMentions, sentence: str, shown: str) -> None:
    assert mentions.linked(sentence) == shown


def test_where_nothing_can_be_tapped_commands_are_as_discord_lists_them() -> None:
    with for_reader("de"):
        assert listed("`/voice delete` and `/voice x:1`") == "`/stimme löschen` and `/voice x:1`"
        assert CommandMentions().of("voice delete") == "`/stimme löschen`"
    assert listed("See `/voice delete`.") == "See `/voice delete`."


def test_without_ids_commands_are_shown_as_they_are_typed() -> None:
    assert CommandMentions().of("live start") == "`/live start`"
    assert CommandMentions().linked("Try `/say`.") == "Try `/say`."
