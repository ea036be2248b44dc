"""A share is its owner's to take back, and ends when they are no member any more."""

import pytest

from bot.base.errors import UserError
from bot.voices.place import Person
from bot.voices.rights import Action
from tests.bot.house import ALICE, BOB, ELSEWHERE, HERE, MOD, MODERATOR, OTHER, House


async def test_a_share_ends_with_its_owners_membership(house: House) -> None:
    """Discord is asked when somebody else uses the voice, and at most every five minutes."""
    asked: list[tuple[int, int]] = []
    answer: bool | None = True

    async def membership(guild_id: int, user_id: int) -> bool | None:
        asked.append((guild_id, user_id))
        return answer

    house.sharing.membership = membership
    voice = await house.register(ALICE, "Mine")
    other = await house.register(ALICE, "Other")
    for name in ("Mine", "Other"):
        for place in (HERE, ELSEWHERE):
            await house.keeping.share(name, Person(ALICE, place))
    await house.keeping.set_default("Other", MODERATOR)
    await house.keeping.use("Mine", OTHER)

    async def speaks(user_id: int = BOB, guild_id: int = HERE, named: str | None = None) -> object:
        speaker = await house.voices.speaker(named, user_id=user_id, guild_id=guild_id)
        return getattr(speaker.voice, "clip_sha256", None)

    for _ in range(3):
        assert await speaks() == voice.clip_sha256
        assert await speaks(ALICE) == other.clip_sha256
    assert asked == [(HERE, ALICE)]
    answer = None
    house.clock.now += 300
    for _ in range(3):
        assert await speaks() == voice.clip_sha256
    assert len(asked) == 2
    answer = False
    assert await speaks() == voice.clip_sha256
    house.clock.now += 15
    assert await speaks() is None  # nor does he speak in the server's default, also hers
    assert len(asked) == 3
    assert (await house.store.guild_settings.get(HERE)).default_voice_id is None
    assert await house.store.choices.get(BOB, HERE) is None
    for action in (Action.SPEAK, Action.PREVIEW, Action.CHOOSE):
        with pytest.raises(UserError, match="no such voice"):
            await house.voices.find("Mine", action, OTHER)
    assert await speaks(ALICE) == other.clip_sha256
    shares = await house.store.shares.of_owner(ALICE)
    assert {share.guild_id for share in shares} == {ELSEWHERE}
    with pytest.raises(UserError, match="no such voice"):
        await speaks(BOB, ELSEWHERE, f"voice:{voice.voice_id}")
    assert await house.store.shares.of_owner(ALICE) == []


async def test_a_voice_is_taken_back_from_everywhere_by_its_owner_alone(house: House) -> None:
    await house.register(ALICE, "Mine")
    for place in (HERE, ELSEWHERE):
        await house.keeping.share("Mine", Person(ALICE, place))
    for person in (BOB, MOD):
        with pytest.raises(UserError, match="no such voice"):
            await house.keeping.unshare_everywhere("Mine", person)
    _, guild_ids = await house.keeping.unshare_everywhere("Mine", ALICE)
    assert set(guild_ids) == {HERE, ELSEWHERE}
    with pytest.raises(UserError, match="shared with no server"):
        await house.keeping.unshare_everywhere("Mine", ALICE)
