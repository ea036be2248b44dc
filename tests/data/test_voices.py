"""Users, their voices, and a server's choice among them."""

import asyncio
from typing import Any

import pytest
from msgspec.structs import replace

from data.errors import RuleBroken, VoiceNameTaken
from data.rows import GuildSettings, VoiceRow
from data.store import Store
from tests.data.conftest import ALICE, BOB, ELSEWHERE, HERE, register


async def test_a_user_is_remembered_since_the_first_time(store: Store, clock: Any) -> None:
    first = clock.now
    await store.choices.choose(ALICE, HERE, "heart")
    clock.now += 1000
    await store.choices.choose(ALICE, HERE, "puck")
    (user,) = (await store.personal.rows_about(ALICE))["users"]
    assert user == {"user_id": ALICE, "created_at": first}
    assert not (await store.personal.rows_about(BOB))["users"]


async def test_a_voice_is_found_by_id_and_by_owner_and_name(store: Store, clock: Any) -> None:
    voice = await register(store, ALICE, "Morning", guild_id=HERE)
    assert voice.created_at == clock.now
    assert voice.owner_id == ALICE
    assert voice.consented_at == 12.5
    assert await store.voices.get(voice.voice_id) == voice
    assert await store.voices.find(ALICE, "mORNING") == voice
    assert await store.voices.find(BOB, "Morning") is None
    assert await store.voices.get(voice.voice_id + 1) is None
    assert (await store.personal.rows_about(ALICE))["users"]


async def test_a_name_is_taken_once_per_owner_and_nothing_else_is_called_taken(
    store: Store,
) -> None:
    """Not what breaks another rule of the table, in a voice that is new or gets another name."""
    first, second = await register(store, ALICE, "Morning"), await register(store, ALICE, "Noon")
    await register(store, BOB, "Morning")
    with pytest.raises(VoiceNameTaken, match="already have a voice called MORNING"):
        await register(store, ALICE, "MORNING", clip_path="clips/other.flac")
    assert len(await store.voices.owned_by(ALICE, None)) == 2
    with pytest.raises(VoiceNameTaken, match="already have a voice called morning"):
        await store.voices.rename(second, "morning")
    with pytest.raises(RuleBroken, match=r"(?i)check"):
        await store.voices.rename(second, "")
    with pytest.raises(RuleBroken, match="clip_path"):
        await register(store, BOB, "Night", clip_path=first.clip_path)


async def test_a_voice_that_cannot_be_stored_stores_no_user_either(store: Store) -> None:
    with pytest.raises(RuleBroken):
        await register(store, ALICE, "Morning", clip_sha256="not a digest")
    assert not (await store.personal.rows_about(ALICE))["users"]


async def test_of_equal_names_at_the_same_moment_one_is_stored(store: Store) -> None:
    results = await asyncio.gather(
        *(register(store, ALICE, "Morning", clip_path=f"clips/{n}.flac") for n in range(20)),
        return_exceptions=True,
    )
    assert sum(isinstance(result, VoiceRow) for result in results) == 1
    assert sum(isinstance(result, VoiceNameTaken) for result in results) == 19


async def test_a_voice_is_owned_by_its_owner_where_its_scope_allows(store: Store) -> None:
    await register(store, ALICE, "everywhere")
    await register(store, ALICE, "here", guild_id=HERE)
    await register(store, BOB, "bobs")

    async def names(user_id: int, guild_id: int | None) -> list[str]:
        return [voice.name for voice in await store.voices.owned_by(user_id, guild_id)]

    assert await names(ALICE, HERE) == ["everywhere", "here"]
    assert await names(ALICE, ELSEWHERE) == ["everywhere"]
    assert await names(ALICE, None) == ["everywhere"]
    assert await names(BOB, HERE) == ["bobs"]


async def test_a_server_has_defaults_until_it_chooses(store: Store) -> None:
    voice = await register(store, ALICE, "Morning")
    assert await store.guild_settings.get(HERE) == GuildSettings(guild_id=HERE)
    chosen = await store.guild_settings.update(
        HERE, lambda now: replace(now, default_voice_id=voice.voice_id)
    )
    assert chosen == GuildSettings(guild_id=HERE, default_voice_id=voice.voice_id)
    assert await store.guild_settings.get(HERE) == chosen
    assert await store.guild_settings.get(ELSEWHERE) == GuildSettings(guild_id=ELSEWHERE)
    await store.guild_settings.update(HERE, lambda now: replace(now, default_voice_id=None))
    assert await store.guild_settings.get(HERE) == GuildSettings(guild_id=HERE)


async def test_a_server_cannot_choose_a_voice_that_does_not_exist(store: Store) -> None:
    with pytest.raises(RuleBroken):
        await store.guild_settings.update(HERE, lambda now: replace(now, default_voice_id=99))
    with pytest.raises(ValueError, match="another server"):
        await store.guild_settings.update(HERE, lambda now: replace(now, guild_id=ELSEWHERE))


async def test_a_voices_language_is_its_clips_and_can_be_told_later(store: Store) -> None:
    voice = await register(store, ALICE, "one", language="de")
    assert voice.language == "de"
    await store.voices.set_language(voice.voice_id, None)
    assert (await store.voices.of_owner(ALICE))[0].language is None


async def test_what_a_member_writes_is_known_in_each_server(store: Store) -> None:
    languages = store.member_languages
    await languages.choose(ALICE, HERE, "es")
    await languages.choose(ALICE, HERE, "de")
    await languages.choose(ALICE, ELSEWHERE, "fr")
    assert await languages.get(ALICE, HERE) == "de"
    assert await languages.get(BOB, HERE) is None
    await languages.choose(ALICE, HERE, None)
    assert await languages.get(ALICE, HERE) is None
    assert await languages.get(ALICE, ELSEWHERE) == "fr"
    await store.departed_guilds.departed(ELSEWHERE)
    await store.departed_guilds.clean(ELSEWHERE)
    assert await languages.get(ALICE, ELSEWHERE) is None
