"""No voice without the sentence, where one is demanded; a sentence is good once and for one."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from msgspec.structs import replace

from bot.base.errors import UserError
from bot.clips.statement import DIGITS, STATEMENT_VERSION
from bot.voices.drafts import Draft
from bot.voices.proving import Demand
from tests.bot.house import ALICE, BOB, HERE, House, a_house, nothing


@pytest_asyncio.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with a_house(tmp_path, demand="own") as opened:
        yield opened


async def say(house: House, draft: Draft, words: tuple[str, ...], by: int = ALICE) -> None:
    async def fetch(path: Path) -> None:
        await asyncio.to_thread(path.write_text, " ".join(words))

    await house.proving.hear(draft.path, by, 100, fetch, nothing)


async def test_a_voice_keeps_when_what_and_how_well_its_person_spoke(house: House) -> None:
    draft = await house.draft(house.wish(ALICE, "Mine"), b"sound")
    issued = house.proving.issue(draft.path, ALICE, HERE)
    house.clock.now += 7
    spoken_at = house.clock.now
    await say(house, draft, issued.statement.words)
    assert house.files() == {f"uploads/{draft.path.name}"}, "the recording is gone"
    house.clock.now += 7
    voice = await house.registration.keep(draft)
    assert (voice.proven_at, voice.statement_version) == (spoken_at, STATEMENT_VERSION)
    assert (voice.words_heard, voice.likeness) == (1.0, 0.9)


async def test_without_the_sentence_nothing_is_kept(house: House) -> None:
    draft = await house.draft(house.wish(ALICE, "Mine"), b"sound")
    house.proving.issue(draft.path, ALICE, HERE)
    with pytest.raises(UserError, match="Nobody has said the sentence"):
        await house.registration.keep(draft)
    assert house.files() == set()


async def test_another_clip_needs_another_sentence(house: House) -> None:
    first, second = [
        await house.draft(house.wish(ALICE, name), name.encode()) for name in ("one", "two")
    ]
    await say(house, first, house.proving.issue(first.path, ALICE, HERE).statement.words)
    await house.registration.keep(first)
    with pytest.raises(UserError, match="Nobody has said the sentence"):
        await house.registration.keep(second)


async def test_a_sentence_is_good_once(house: House) -> None:
    """Whatever came of it; and the next one has other words."""
    draft = await house.draft(house.wish(ALICE, "Mine"), b"sound")
    words = house.proving.issue(draft.path, ALICE, HERE).statement.words
    with pytest.raises(UserError, match="did not hear"):
        await say(house, draft, ("other", "words"))
    with pytest.raises(UserError, match="used already"):
        await say(house, draft, words)
    house.proving.issue(draft.path, ALICE, HERE)
    with pytest.raises(UserError, match="did not hear"):
        await say(house, draft, words)
    assert house.files() == {f"uploads/{draft.path.name}"}


async def test_a_sentence_is_for_one_person_and_has_its_time(house: House) -> None:
    draft = await house.draft(house.wish(ALICE, "Mine"), b"sound")
    issued = house.proving.issue(draft.path, ALICE, HERE)
    with pytest.raises(UserError, match="Somebody else has to say"):
        await say(house, draft, issued.statement.words, by=BOB)
    house.clock.now += house.proving.within_s
    await say(house, draft, issued.statement.words)
    late = house.proving.issue(draft.path, ALICE, HERE)
    house.clock.now += house.proving.within_s + 1
    with pytest.raises(UserError, match="too late"):
        await say(house, draft, late.statement.words)


async def test_sentences_do_not_come_without_end(house: House) -> None:
    draft = await house.draft(house.wish(ALICE, "Mine"), b"sound")
    issued = [house.proving.issue(draft.path, ALICE, HERE, digits=True) for _ in range(6)]
    assert len({one.statement for one in issued}) == 6
    assert all(set(one.statement.words) <= set(DIGITS) for one in issued)
    with pytest.raises(UserError, match="start again"):
        house.proving.issue(draft.path, ALICE, HERE)


@pytest.mark.parametrize(
    ("usual", "chosen", "demanded"),
    [
        ("off", None, Demand.OFF),
        ("off", "own", Demand.OWN),
        ("off", "always", Demand.ALWAYS),
        ("always", "off", Demand.ALWAYS),
        ("always", "own", Demand.OWN),
        ("own", "always", Demand.OWN),
        ("own", "off", Demand.OWN),
        ("own", None, Demand.OWN),
    ],
)
async def test_a_server_demands_no_less_than_the_bot(
    tmp_path: Path, usual: Demand, chosen: str | None, demanded: Demand
) -> None:
    async with a_house(tmp_path, demand=usual) as house:
        await house.store.guild_settings.update(
            HERE, lambda before: replace(before, voice_statement=chosen)
        )
        assert await house.proving.demand(HERE) is demanded
        assert await house.proving.demand(None) is Demand(usual)
