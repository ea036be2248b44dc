"""Pronunciations as they are kept: within the limits, and in use at once."""

import asyncio

import pytest

from bot.base.errors import UserError
from bot.speech.pronouncing import Pronouncing
from bot.text import PronunciationLimits
from data.store import Store

GUILD, MEMBER = 5, 9


async def test_entries_that_are_added_at_once_neither_get_lost_nor_pass_the_limit(
    store: Store,
) -> None:
    pronouncing = Pronouncing(store, PronunciationLimits(max_entries=10))
    added = await asyncio.gather(
        *(pronouncing.add(f"w{number}", "word", guild_id=GUILD) for number in range(30)),
        return_exceptions=True,
    )
    refused = [one for one in added if isinstance(one, UserError)]
    kept = await pronouncing.entries(guild_id=GUILD)
    assert len(refused) == 20
    assert set(kept) == {one[0] for one in added if isinstance(one, tuple)}
    assert len(kept) == 10


async def test_entries_that_come_and_go_at_once_are_all_heeded(store: Store) -> None:
    pronouncing = Pronouncing(store, PronunciationLimits())
    for number in range(10):
        await pronouncing.add(f"old{number}", "word", user_id=MEMBER)
    await asyncio.gather(
        *(pronouncing.remove(f"old{number}", user_id=MEMBER) for number in range(10)),
        *(pronouncing.add(f"new{number}", "word", user_id=MEMBER) for number in range(10)),
    )
    assert set(await pronouncing.entries(user_id=MEMBER)) == {f"new{n}" for n in range(10)}


async def test_an_entry_is_removed_in_whatever_case_unless_two_differ_in_it(store: Store) -> None:
    pronouncing = Pronouncing(store, PronunciationLimits())
    await pronouncing.add("Nginx", "engine x", user_id=MEMBER)
    await pronouncing.remove("nginx", user_id=MEMBER)
    await pronouncing.add("US", "the States", user_id=MEMBER)
    await pronouncing.add("Us", "we", user_id=MEMBER)
    with pytest.raises(UserError, match="no such entry"):
        await pronouncing.remove("us", user_id=MEMBER)
    await pronouncing.remove("Us", user_id=MEMBER)
    assert await pronouncing.entries(user_id=MEMBER) == {"US": "the States"}


async def test_an_entry_can_be_changed_where_no_more_are_kept(store: Store) -> None:
    pronouncing = Pronouncing(store, PronunciationLimits(max_entries=1))
    await pronouncing.add("gif", "jif", user_id=MEMBER)
    await pronouncing.add("gif", "gift without t", user_id=MEMBER)
    with pytest.raises(UserError, match="I keep no more"):
        await pronouncing.add("brb", "be right back", user_id=MEMBER)
    assert await pronouncing.entries(user_id=MEMBER) == {"gif": "gift without t"}


async def test_a_change_counts_at_once_and_what_is_kept_outlives_narrower_limits(
    store: Store,
) -> None:
    wide = Pronouncing(store, PronunciationLimits())
    assert (await wide.of(GUILD, MEMBER)).replace("gif brb") == "gif brb"
    await wide.add("gif", "jif", guild_id=GUILD)
    await wide.add("brb", "be right back", user_id=MEMBER)
    assert (await wide.of(GUILD, MEMBER)).replace("gif brb") == "jif be right back"
    narrow = Pronouncing(store, PronunciationLimits(0, 1, 1, 1))
    assert (await narrow.of(GUILD, MEMBER)).replace("gif brb") == "jif be right back"
    await narrow.remove("gif", guild_id=GUILD)
    assert (await narrow.of(GUILD, MEMBER)).replace("gif brb") == "gif be right back"


async def test_whoever_is_deleted_is_not_said_in_their_way_any_more(store: Store) -> None:
    pronouncing = Pronouncing(store, PronunciationLimits())
    await pronouncing.add("gif", "jif", user_id=MEMBER)
    assert (await pronouncing.of(GUILD, MEMBER)).replace("gif") == "jif"
    await store.personal.delete(MEMBER)
    assert (await pronouncing.of(GUILD, MEMBER)).replace("gif") == "gif"
