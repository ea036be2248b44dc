"""A changed copy of a disabled clip is known again, for a year, and nothing else is."""

import pytest

from bot.base.errors import UserError
from bot.voices.likeness import VOICEPRINT_KEPT_S
from tests.bot.house import ALICE, BOB, ELSEWHERE, HERE, MODERATOR, OWNER, RUNS_THE_BOT, House


async def test_a_changed_copy_of_a_disabled_voice_is_refused(house: House) -> None:
    """By whoever sends it, or had sent it before; not in a server that did not disable it."""
    await house.register(ALICE, "Mine", b"alice first")
    early = await house.draft(house.wish(BOB, "Early"), b"alice early")
    await house.moderation.disable("Mine", MODERATOR)
    with pytest.raises(UserError, match="sounds like a voice that was disabled"):
        await house.registration.keep(early)
    await house.keeping.delete("Mine", OWNER)
    assert await house.privacy.delete(ALICE) == (0, True)
    for owner in (ALICE, BOB):
        with pytest.raises(UserError, match="sounds like a voice that was disabled"):
            await house.draft(house.wish(owner, "Again"), b"alice again")
    await house.register(BOB, "Other", b"bob first")
    await house.draft(house.wish(ALICE, "There", guild_id=ELSEWHERE), b"alice there")

    (offered,) = await house.moderation.offer_enabling("", MODERATOR)
    await house.moderation.enable(offered.value, MODERATOR)
    await house.register(ALICE, "Again", b"alice again")
    await house.moderation.disable_everywhere("Again", RUNS_THE_BOT)
    with pytest.raises(UserError, match="sounds like a voice that was disabled"):
        await house.draft(house.wish(BOB, "There", guild_id=ELSEWHERE), b"alice once more")


async def test_the_voiceprint_of_a_disabled_clip_is_forgotten_after_a_year(house: House) -> None:
    """Its digest is not; and of what is not disabled there never is one."""
    await house.register(BOB, "Other", b"bob first")
    assert await house.store.moderation.disabled_voiceprints(HERE) == []
    await house.register(ALICE, "Mine", b"alice first")
    await house.moderation.disable("Mine", MODERATOR)
    await house.keeping.delete("Mine", OWNER)
    assert len(await house.store.moderation.disabled_voiceprints(HERE)) == 1
    house.clock.now += VOICEPRINT_KEPT_S + 1
    await house.janitor.tidy()
    assert await house.store.moderation.disabled_voiceprints(HERE) == []
    await house.draft(house.wish(ALICE, "Again"), b"alice again")
    with pytest.raises(UserError, match="this very clip was disabled"):
        await house.draft(house.wish(ALICE, "Very"), b"alice first")


async def test_a_clip_that_cannot_be_heard_is_disabled_all_the_same(house: House) -> None:
    """Its file may be damaged: what moderators decide holds."""
    voice = await house.register(ALICE, "Mine", b"alice first")
    (house.home / voice.clip_path).write_bytes(b"bad")
    await house.moderation.disable("Mine", MODERATOR)
    assert await house.store.moderation.disabled_voiceprints(HERE) == []
    with pytest.raises(UserError, match="this very clip was disabled"):
        await house.draft(house.wish(BOB, "Very"), b"alice first")
