"""Another member's voice takes their permission, and goes when that ends."""

import asyncio
import io
import json
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from msgspec.structs import replace

from bot.base.errors import UserError
from bot.clips.statement import STATEMENT_VERSION
from bot.voices.bars import Bar
from bot.voices.consent import PERMISSION_TEXT, PERMISSION_VERSION
from bot.voices.drafts import Draft
from data.rows import VoiceRow
from tests.bot.house import ALICE, BOB, HERE, MOD, MODERATOR, OWNER, House, a_house, nothing


@pytest_asyncio.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with a_house(tmp_path, demand="always") as opened:
        yield opened


async def asked(house: House, name: str = "Bobs", content: bytes = b"bob") -> Draft:
    """Alice's clip of Bob's voice, of which he is asked."""
    draft = await house.draft(house.wish(ALICE, name, giver_id=BOB), content)
    house.permissions.ask(draft)
    return draft


async def say(house: House, draft: Draft, by: int = BOB) -> None:
    """The sentence, by whom it is issued to."""
    issued = house.proving.issue(draft.path, draft.wish.person_id, HERE)

    async def fetch(path: Path) -> None:
        await asyncio.to_thread(path.write_text, " ".join(issued.statement.words))

    await house.proving.hear(draft.path, by, 100, fetch, nothing)


async def permitted(house: House, name: str = "Bobs", content: bytes = b"bob") -> VoiceRow:
    draft = await asked(house, name, content)
    house.permissions.give(draft, BOB)
    await say(house, draft)
    return await house.registration.keep(draft)


async def test_a_voice_keeps_who_allowed_it_when_and_how_well_they_spoke(house: House) -> None:
    draft = await asked(house)
    house.clock.now += 5
    given_at = house.clock.now
    house.permissions.give(draft, BOB)
    house.clock.now += 5
    proven_at = house.clock.now
    await say(house, draft)
    voice = await house.registration.keep(draft)
    assert (voice.owner_id, voice.proven_at) == (ALICE, None)
    (given,) = await house.permissions.given_by(BOB)
    assert given.voice == voice
    assert given.permission.given_at == given_at
    assert given.permission.text_version == PERMISSION_VERSION
    assert given.permission.proven_at == proven_at
    assert given.permission.statement_version == STATEMENT_VERSION
    assert (given.permission.words_heard, given.permission.likeness) == (1.0, 0.9)
    assert await house.permissions.given_by(ALICE) == []


async def test_without_permission_and_sentence_nothing_is_kept(house: House) -> None:
    """Nor with the permission of somebody else, nor with the sentence of who sent the clip."""
    draft = await asked(house)
    for other in (ALICE, MOD):
        with pytest.raises(UserError, match="Only the member who was asked"):
            house.permissions.give(draft, other)
        with pytest.raises(UserError, match="Only the member who was asked"):
            await house.permissions.decline(draft, other)
    with pytest.raises(UserError, match="has not allowed it"):
        await house.registration.keep(draft)
    assert house.files() == set()
    draft = await asked(house)
    house.permissions.give(draft, BOB)
    with pytest.raises(UserError, match="Somebody else has to say"):
        await say(house, draft, by=ALICE)
    with pytest.raises(UserError, match="Nobody has said the sentence"):
        await house.registration.keep(draft)
    draft = await asked(house)
    await say(house, draft)
    with pytest.raises(UserError, match="has not allowed it"):
        await house.registration.keep(draft)
    assert house.files() == set()


async def test_who_declined_or_did_not_answer_is_left_alone(house: House) -> None:
    draft = await asked(house)
    await house.permissions.decline(draft, BOB)
    await house.registration.discard(draft)
    with pytest.raises(UserError, match="wait before you ask again"):
        await asked(house)
    house.clock.now += 86_400
    silent = await asked(house)
    await house.permissions.unanswered(silent)
    await house.registration.discard(silent)
    with pytest.raises(UserError, match="too late to answer"):
        house.permissions.give(silent, BOB)
    with pytest.raises(UserError, match="wait before you ask again"):
        await asked(house)
    house.clock.now += 600
    answered = await asked(house)
    await house.permissions.decline(answered, BOB)
    await house.registration.discard(answered)
    house.clock.now -= 86_400 * 40  # set back: a day is not forty
    await asked(house)


async def test_where_only_ones_own_voice_is_registered_nobody_is_asked(tmp_path: Path) -> None:
    async with a_house(tmp_path, demand="own") as house:
        with pytest.raises(UserError, match="only their own voice"):
            await asked(house)


async def test_a_server_that_becomes_stricter_meanwhile_is_heeded(house: House) -> None:
    draft = await asked(house)
    house.permissions.give(draft, BOB)
    await say(house, draft)
    await house.store.guild_settings.update(
        HERE, lambda before: replace(before, voice_statement="own")
    )
    with pytest.raises(UserError, match="only their own voice"):
        await house.registration.keep(draft)
    with pytest.raises(UserError, match="only their own voice"):
        await asked(house)
    assert house.files() == set()


async def test_where_nobody_says_a_sentence_the_button_is_enough(tmp_path: Path) -> None:
    async with a_house(tmp_path, demand="off") as house:
        draft = await asked(house)
        with pytest.raises(UserError, match="has not allowed it"):
            await house.registration.keep(draft)
        draft = await asked(house)
        house.permissions.give(draft, BOB)
        await house.registration.keep(draft)
        (given,) = await house.permissions.given_by(BOB)
        assert given.permission.proven_at is None


async def test_who_left_or_is_barred_gives_no_voice(house: House) -> None:
    draft = await asked(house)
    house.permissions.give(draft, BOB)
    await say(house, draft)

    async def membership(_guild_id: int, user_id: int) -> bool:
        return user_id != BOB

    house.sharing.membership = membership
    with pytest.raises(UserError, match="no member of this server any more"):
        await house.registration.keep(draft)
    await house.bars.bar(BOB, Bar.VOICES, MODERATOR)
    with pytest.raises(UserError, match="is barred"):
        await asked(house)
    assert house.files() == set()


async def test_a_permission_that_is_taken_back_takes_the_voice_everywhere(house: House) -> None:
    voice = await permitted(house)
    await house.keeping.share("Bobs", OWNER)
    await house.say(voice, "hello there")
    await house.say(voice, "hello", MOD)
    assert len(house.files()) == 4
    for other in (ALICE, MOD):
        with pytest.raises(UserError, match="gone already"):
            await house.permissions.take_back(voice.voice_id, other)
    assert (await house.permissions.take_back(voice.voice_id, BOB)).name == "Bobs"
    assert house.files() == set()
    assert house.traces(voice.clip_sha256) == []
    assert await house.store.voices.get(voice.voice_id) is None
    assert await house.permissions.given_by(BOB) == []
    with pytest.raises(UserError, match="gone already"):
        await house.permissions.take_back(voice.voice_id, BOB)


async def test_who_deletes_their_data_takes_their_voice_from_others(house: House) -> None:
    """And what is asked of them; what the others have otherwise stays."""
    voice = await permitted(house)
    own = await house.draft(house.wish(ALICE, "Own"), b"alice")
    pending = await asked(house, "Second", b"second")
    house.permissions.give(pending, BOB)
    withdrawn = []
    house.registration.drafts.show(pending, lambda: withdrawn.append(pending))
    house.registration.drafts.show(own, lambda: withdrawn.append(own))
    await house.say(voice, "hello there")
    assert await house.privacy.delete(BOB) == (1, True)
    assert withdrawn == [pending]
    assert house.files() == {f"uploads/{own.path.name}"}
    assert await house.privacy.counts(BOB) == {}
    assert await house.store.voices.of_owner(ALICE) == []
    with pytest.raises(UserError, match="gone already"):
        await house.registration.keep(pending)
    with pytest.raises(UserError, match="gone already"):
        house.registration.drafts.show(pending, lambda: None)


async def test_no_row_of_a_voice_outlives_its_permission(house: House) -> None:
    """Whatever deletes a person: the database itself sees to it."""
    voice = await permitted(house)
    await house.store.personal.delete(BOB)
    assert await house.store.voices.get(voice.voice_id) is None
    second = await permitted(house, "Second")
    await house.privacy.delete(ALICE)
    assert await house.store.permissions.of_voice(second.voice_id) is None
    assert await house.privacy.counts(BOB) == {"users": 1}
    await house.janitor.tidy()
    assert await house.privacy.counts(BOB) == {}


async def test_an_export_has_what_its_person_allowed_and_the_clip(house: House) -> None:
    voice = await permitted(house)
    async with house.privacy.exported(BOB) as content:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            data = json.loads(archive.read("data.json"))
            clip = archive.read(f"clips/{voice.voice_id}.flac")
            agreed = archive.read(f"permission/{PERMISSION_VERSION}.txt").decode()
    assert (clip, agreed) == (b"bob", PERMISSION_TEXT)
    assert data["voice_permissions"][0]["likeness"] == 0.9
    assert str(ALICE) not in json.dumps(data)
    async with house.privacy.exported(ALICE) as content:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            assert str(BOB) not in archive.read("data.json").decode()


async def test_another_clip_takes_another_permission_of_the_same_person(house: House) -> None:
    voice = await permitted(house)
    for giver_id in (None, MOD):
        wish = house.wish(ALICE, "Bobs", giver_id=giver_id, replaces=voice)
        with pytest.raises(UserError, match="cannot change whose voice it is"):
            await house.draft(wish, b"other")
    again = await house.draft(house.wish(ALICE, "Bobs", giver_id=BOB, replaces=voice), b"again")
    house.permissions.ask(again)
    with pytest.raises(UserError, match="has not allowed it"):
        await house.registration.keep(again)
    again = await house.draft(house.wish(ALICE, "Bobs", giver_id=BOB, replaces=voice), b"again")
    house.permissions.ask(again)
    house.clock.now += 100
    house.permissions.give(again, BOB)
    await say(house, again)
    assert (await house.registration.keep(again)).voice_id == voice.voice_id
    (given,) = await house.permissions.given_by(BOB)
    assert given.permission.given_at == house.clock.now
    assert len(house.files()) == 1


async def test_a_persons_own_recording_is_theirs_to_give(house: House) -> None:
    """One clip, of whose voice it is: theirs and, by their permission, others'."""
    own = await house.draft(house.wish(BOB, "Mine"), b"bob")
    await say(house, own)
    await house.registration.keep(own)
    await permitted(house)
    theirs = await house.draft(house.wish(MOD, "Theirs", giver_id=BOB), b"bob")
    await house.registration.discard(theirs)
    for giver_id in (None, ALICE):
        with pytest.raises(UserError, match="another member's voice already"):
            await house.draft(house.wish(MOD, "Theirs", giver_id=giver_id), b"bob")
    await house.privacy.delete(BOB)
    assert house.files() == set()
