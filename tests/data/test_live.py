"""What live reading stores: who is left out, settings, pronunciations."""

import sqlite3

import msgspec
import pytest

from data.live import Exclusion
from data.rows import GuildSettings
from data.store import Store


async def test_an_exclusion_counts_in_one_server_and_can_be_undone(store: Store) -> None:
    assert await store.exclusions.add(9, 5, Exclusion.BLOCKED)
    assert not await store.exclusions.add(9, 5, Exclusion.BLOCKED)
    assert await store.exclusions.add(9, 5, Exclusion.OPTED_OUT)
    assert await store.exclusions.of(9, 5) == {Exclusion.BLOCKED, Exclusion.OPTED_OUT}
    assert await store.exclusions.of(9, 6) == set()
    assert await store.exclusions.remove(9, 5, Exclusion.BLOCKED)
    assert not await store.exclusions.remove(9, 5, Exclusion.BLOCKED)
    assert await store.exclusions.of(9, 5) == {Exclusion.OPTED_OUT}


async def test_every_setting_comes_back_as_it_was_stored(store: Store) -> None:
    chosen = GuildSettings(
        guild_id=5,
        read_names=False,
        name_pause_s=7,
        announce_moves=True,
        read_bots=True,
        only_in_channel=False,
        required_role_id=77,
        max_message_chars=99,
        stock_voice="one",
    )
    await store.guild_settings.update(5, lambda _: chosen)
    assert await store.guild_settings.get(5) == chosen


async def test_a_row_with_defaults_equals_no_row(store: Store) -> None:
    await store.guild_settings.update(5, lambda now: msgspec.structs.replace(now, read_bots=False))
    assert await store.guild_settings.get(5) == GuildSettings(guild_id=5)


async def test_pronunciations_of_servers_and_members_are_apart(store: Store) -> None:
    await store.pronunciations.replace({"a": "server"}, guild_id=5)
    await store.pronunciations.replace({"a": "member"}, user_id=5)
    await store.pronunciations.replace({"b": "later"}, user_id=5)
    assert await store.pronunciations.entries(guild_id=5) == {"a": "server"}
    assert await store.pronunciations.entries(user_id=5) == {"b": "later"}
    with pytest.raises(sqlite3.IntegrityError):
        await store.pronunciations.replace({"a": "both"}, guild_id=5, user_id=5)
