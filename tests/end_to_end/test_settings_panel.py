"""`/settings`: shown and changed by moderators alone."""

import time

import pytest

from tests.end_to_end.conftest import Stage, mono
from tests.recogniser import word_error_rate

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_moderator_changes_a_setting_and_sees_it(stage: Stage) -> None:
    carol = stage.guild.add_member("Carol", manage_guild=True)
    panel = await (await carol.slash("settings")).reply()
    assert "Longest message: 500" in panel.text
    chosen = await panel.select("Change a setting", ["max_message_chars"])
    refused = await (await (await chosen.modal()).submit({"20 to 2000": "19"})).reply()
    assert refused.text == "Longest message has to be 20 to 2000."
    chosen = await panel.select("Change a setting", ["max_message_chars"])
    await (await chosen.modal()).submit({"20 to 2000": "120"})
    again = await (await carol.slash("settings")).reply()
    assert "Longest message: 120" in again.text


async def test_others_are_not_shown_it(stage: Stage) -> None:
    with pytest.raises(PermissionError):
        await stage.alice.slash("settings")


async def test_who_joins_is_announced_once_that_is_switched_on(stage: Stage) -> None:
    dora = stage.guild.add_member("Dora", manage_guild=True)
    panel = await (await dora.slash("settings")).reply()
    chosen = await panel.select("Change a setting", ["announce_moves"])
    await (await chosen.modal()).submit({"yes or no": "yes"})
    await dora.join(stage.lounge)
    assert "aloud" in await stage.reply(dora, "live start")
    sent = time.monotonic()
    await stage.alice.join(stage.lounge)
    heard = await stage.lounge.heard(since_s=sent, quiet_ms=1200)
    assert word_error_rate("Alice joined", mono(heard), 48_000) <= 0.5
