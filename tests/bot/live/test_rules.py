"""Who and what is read aloud, as a table."""

import pytest

from bot.live.rules import Unread, Written, why_unread
from data.live import Exclusion
from data.rows import GuildSettings

USUAL = GuildSettings(guild_id=1)
BOTS = GuildSettings(guild_id=1, read_bots=True)
ANYWHERE = GuildSettings(guild_id=1, only_in_channel=False)
ROLE = GuildSettings(guild_id=1, required_role_id=7)
LEFT_OUT = GuildSettings(guild_id=1, excluded_role_id=7)
SILENT = GuildSettings(guild_id=1, read_silent=True)
PREFIX = GuildSettings(guild_id=1, unread_prefix="!!")
WORDS = GuildSettings(guild_id=1, unread_words="marmalade, tea cosy", read_bots=True)
BLOCKED, OPTED_OUT = frozenset({Exclusion.BLOCKED}), frozenset({Exclusion.OPTED_OUT})


@pytest.mark.parametrize(
    ("written", "settings", "expected"),
    [
        (Written("hello"), USUAL, None),
        (Written("a; b"), USUAL, None),
        (Written("; hello"), USUAL, Unread.MUTED),
        (Written("hello", own=True, by_bot=True), BOTS, Unread.OWN),
        (Written("hello", by_bot=True), USUAL, Unread.BOT),
        (Written("hello", by_bot=True, in_channel=False), BOTS, None),
        (Written("hello", by_bot=True, exclusions=BLOCKED), BOTS, Unread.BLOCKED),
        (Written("hello", exclusions=BLOCKED), USUAL, Unread.BLOCKED),
        (Written("hello", exclusions=OPTED_OUT), ANYWHERE, Unread.OPTED_OUT),
        (Written("hello", silenced=True), USUAL, Unread.SILENCED),
        (Written("hello", silenced=True, by_bot=True), BOTS, None),
        (Written("hello", in_channel=False), USUAL, Unread.ELSEWHERE),
        (Written("hello", in_channel=False), ANYWHERE, None),
        (Written("hello"), ROLE, Unread.NO_ROLE),
        (Written("hello", role_ids=frozenset({7})), ROLE, None),
        (Written("hello", role_ids=frozenset({8})), ROLE, Unread.NO_ROLE),
        (Written("hello", role_ids=frozenset({7})), LEFT_OUT, Unread.EXCLUDED_ROLE),
        (Written("hello", role_ids=frozenset({8})), LEFT_OUT, None),
        (Written("hello", silent=True), USUAL, Unread.SILENT),
        (Written("hello", silent=True), SILENT, None),
        (Written("!! hello"), PREFIX, Unread.MUTED),
        (Written("; hello"), PREFIX, None),
        (Written("A tea cosy."), WORDS, Unread.WORDS),
        (Written("A tea cosy.", by_bot=True), WORDS, Unread.WORDS),
        (Written("Tea."), WORDS, None),
    ],
)
def test_what_is_read(written: Written, settings: GuildSettings, expected: Unread | None) -> None:
    assert why_unread(written, settings) is expected
