"""What live reading stores: who is left out, settings, pronunciations."""

import pytest

from data.errors import RuleBroken
from data.live import Exclusion
from data.member_words import WordsKind
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


async def test_a_server_has_several_bindings_which_go_with_it(store: Store) -> None:
    def binding(
        guild_id: int, text_id: int, voice_id: int, *, follows: bool = False
    ) -> LiveBinding:
        return LiveBinding(
            guild_id=guild_id,
            text_channel_id=text_id,
            voice_channel_id=voice_id,
            follows_authors=follows,
        )

    for one in (binding(5, 1, 2), binding(5, 3, 2), binding(6, 1, 2), binding(5, 1, 4)):
        await store.live_bindings.put(one)
    await store.live_bindings.put(binding(5, 9, 2, follows=True))
    assert await store.live_bindings.all() == [
        binding(5, 1, 4),
        binding(5, 3, 2),
        binding(5, 9, 2, follows=True),
        binding(6, 1, 2),
    ]
    await store.live_bindings.remove(6)
    await store.live_bindings.remove(5, 3)
    assert [one.text_channel_id for one in await store.live_bindings.all()] == [1, 9]
    await store.departed_guilds.departed(5)
    await store.departed_guilds.clean(5)
    assert await store.live_bindings.all() == []


async def test_a_members_words_count_in_one_server_and_go_with_them(store: Store) -> None:
    words = store.member_words
    await words.choose(9, 5, WordsKind.NAME, "Ally")
    await words.choose(9, 5, WordsKind.NAME, "Al")
    await words.choose(9, 5, WordsKind.ARRIVAL, "Here I am.")
    await words.choose(8, 5, WordsKind.NAME, "Bobby")
    assert await words.of(5, WordsKind.NAME, {7, 8, 9}) == {8: "Bobby", 9: "Al"}
    assert await words.of(5, WordsKind.NAME, set()) == {}
    assert await words.get(9, 6, WordsKind.NAME) is None
    await words.choose(9, 5, WordsKind.NAME, None)
    assert await words.get(9, 5, WordsKind.NAME) is None
    assert await words.get(9, 5, WordsKind.ARRIVAL) == "Here I am."
    await store.personal.delete(9)
    assert await words.get(9, 5, WordsKind.ARRIVAL) is None


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
        auto_join=True,
        excluded_role_id=78,
        read_silent=True,
        read_links=False,
        read_emoji=False,
        unread_prefix="!",
        unread_words="a, b c",
        use_nicknames=False,
        own_greetings=True,
        arrival_line="Hello, {name}.",
        departure_line="Bye, {name}.",
        catch_up_percent=120,
        skip_votes=True,
    )
    await store.guild_settings.update(5, lambda _: chosen)
    assert await store.guild_settings.get(5) == chosen


async def test_pronunciations_of_servers_and_members_are_apart(store: Store) -> None:
    await store.pronunciations.replace({"a": "server"}, guild_id=5)
    await store.pronunciations.replace({"a": "member"}, user_id=5)
    await store.pronunciations.replace({"b": "later"}, user_id=5)
    assert await store.pronunciations.entries(guild_id=5) == {"a": "server"}
    assert await store.pronunciations.entries(user_id=5) == {"b": "later"}
    with pytest.raises(RuleBroken):
        await store.pronunciations.replace({"a": "both"}, guild_id=5, user_id=5)
