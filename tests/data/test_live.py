"""What live reading stores: who is left out, settings, pronunciations."""

import sqlite3

import pytest

from data.live import Exclusion
from data.rows import GuildSettings, LiveBinding
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
    await store.exclusions.add(9, 5, Exclusion.BLOCKED)
    await store.exclusions.add(8, 5, Exclusion.BLOCKED)
    await store.exclusions.add(7, 5, Exclusion.OPTED_OUT)
    await store.exclusions.add(6, 4, Exclusion.BLOCKED)
    assert await store.exclusions.listed(5, Exclusion.BLOCKED) == [8, 9]


async def test_a_server_has_one_binding_which_follows_the_bot_and_goes_with_the_server(
    store: Store,
) -> None:
    for guild_id in (5, 6):
        await store.live_bindings.put(
            LiveBinding(guild_id=guild_id, text_channel_id=1, voice_channel_id=2)
        )
    await store.live_bindings.put(LiveBinding(guild_id=5, text_channel_id=3, voice_channel_id=2))
    await store.live_bindings.moved(5, 4)
    await store.live_bindings.moved(7, 4)
    assert await store.live_bindings.all() == [
        LiveBinding(guild_id=5, text_channel_id=3, voice_channel_id=4),
        LiveBinding(guild_id=6, text_channel_id=1, voice_channel_id=2),
    ]
    await store.live_bindings.remove(6)
    await store.departed_guilds.departed(5)
    await store.departed_guilds.clean(5)
    assert await store.live_bindings.all() == []


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
        language="es",
        languages="es en",
        volume_percent=80,
        alone_leave_s=0,
        idle_leave_s=60,
    )
    await store.guild_settings.update(5, lambda _: chosen)
    assert await store.guild_settings.get(5) == chosen


async def test_pronunciations_of_servers_and_members_are_apart(store: Store) -> None:
    await store.pronunciations.replace({"a": "server"}, guild_id=5)
    await store.pronunciations.replace({"a": "member"}, user_id=5)
    await store.pronunciations.replace({"b": "later"}, user_id=5)
    assert await store.pronunciations.entries(guild_id=5) == {"a": "server"}
    assert await store.pronunciations.entries(user_id=5) == {"b": "later"}
    with pytest.raises(sqlite3.IntegrityError):
        await store.pronunciations.replace({"a": "both"}, guild_id=5, user_id=5)
