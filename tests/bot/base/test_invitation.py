"""The link with which the bot is invited."""

import base64
from urllib.parse import parse_qs, urlsplit

import discord
import pytest

from bot.base.invitation import application_of, invite_link


def test_the_link_asks_for_what_the_bot_needs_and_nothing_else() -> None:
    asked = parse_qs(urlsplit(invite_link(1234)).query)
    assert asked["client_id"] == ["1234"]
    assert asked["scope"] == ["bot applications.commands"]
    granted = discord.Permissions(int(asked["permissions"][0]))
    for needed in ("view_channel", "send_messages", "attach_files", "connect", "speak"):
        assert getattr(granted, needed)
    for more in ("administrator", "manage_guild", "manage_messages", "mention_everyone"):
        assert not getattr(granted, more)


@pytest.mark.parametrize("application_id", [80351110224678912, 1234567890123456789])
def test_a_token_tells_whose_it_is(application_id: int) -> None:
    first = base64.b64encode(str(application_id).encode()).decode().rstrip("=")
    assert application_of(f"{first}.Abc123.secret") == application_id


@pytest.mark.parametrize("token", ["", "no.such.token", "MTIz.x.y", "ÄÖ.x.y", "/////w.x.y"])
def test_a_token_of_another_kind_tells_nothing(token: str) -> None:
    assert application_of(token) is None
