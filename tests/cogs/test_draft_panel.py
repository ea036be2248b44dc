"""The panel of a new voice keeps to its time, however often it is pressed."""

import time
from types import SimpleNamespace
from typing import Any, cast

import discord
import pytest

from bot.catalogue import Sentence
from cogs.registering import DraftPanel

DRAFT: Any = SimpleNamespace(wish=SimpleNamespace(owner_id=7))


async def test_a_press_gives_a_draft_no_more_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """discord.py would begin anew each time, and a clip nobody kept would stay for ever."""
    panel = DraftPanel(cast("Any", None), DRAFT, cast("Any", None))
    begun, lasts_s = time.monotonic(), panel.timeout
    assert lasts_s == 720
    asks = SimpleNamespace(id=7)
    press: Any = SimpleNamespace(user=asks, locale=discord.Locale.german, extras={})
    for later_s, left_s in ((300, 420), (700, 20), (800, 1)):
        monkeypatch.setattr(time, "monotonic", lambda later_s=later_s: begun + later_s)
        assert await panel.interaction_check(press)
        assert panel.timeout == pytest.approx(left_s, abs=0.5)


@pytest.mark.parametrize("thrown_away", [True, False])
async def test_a_panel_says_deleted_of_nothing_that_was_kept(thrown_away: bool) -> None:
    said: list[str] = []

    async def discard(_: object) -> bool:
        return thrown_away

    async def edit(*, content: str, **_: object) -> None:
        said.append(content)

    bot: Any = SimpleNamespace(
        services=SimpleNamespace(registration=SimpleNamespace(discard=discard))
    )
    shown_by: Any = SimpleNamespace(edit_original_response=edit, locale=discord.Locale.german)
    await DraftPanel(bot, DRAFT, shown_by).withdraw(Sentence("I deleted the clip."))
    assert said == (["Ich habe den Clip gelöscht."] if thrown_away else [])
