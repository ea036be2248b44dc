"""A restart ends no live reading, unless nobody is there to listen any more."""

import asyncio
import time
from pathlib import Path

import psutil

from tests.end_to_end.conftest import Stage, a_stage, transmission
from tests.end_to_end.paced_worker import paced
from tests.end_to_end.pitches import said
from tests.end_to_end.uploads import upload
from tests.waiting import until

BEFORE, AFTER = "This was before.", "And this is after."
NAME = "Alice says:"


async def is_back(stage: Stage, within_s: float = 60.0) -> bool:
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if stage.guild.bot.voice_channel is stage.lounge:
            return True
        await asyncio.sleep(0.05)
    return False


async def stay_away(*stages: Stage) -> None:
    assert not any(await asyncio.gather(*(is_back(stage, within_s=1.5) for stage in stages)))


async def reading(stage: Stage) -> None:
    await stage.alice.join(stage.lounge)
    assert "aloud" in await stage.reply(stage.alice, "live start")
    since = time.monotonic()
    await stage.alice.send(stage.general, BEFORE)
    assert said(await transmission(stage.lounge, since), NAME, BEFORE) == [NAME, BEFORE]


async def test_a_restart_ends_reading_only_where_nobody_listens_or_it_was_ended(
    tmp_path: Path,
) -> None:
    """In three servers at once: one goes on, one is empty, from one the bot was sent away."""
    async with a_stage(tmp_path, **paced(tmp_path, 0.05)) as stage:
        emptied, sent_away = stage.elsewhere("Emptied"), stage.elsewhere("Sent away")
        for there in (stage, emptied, sent_away):
            await reading(there)
        await sent_away.guild.kick_bot_from_voice()
        await sent_away.bot_knows()
        await asyncio.sleep(0.5)
        assert await stage.bot.stop() == 0
        assert stage.guild.bot.voice_channel is None
        await emptied.alice.leave()
        async with stage.started_again():
            assert await is_back(stage)
            since = time.monotonic()
            await stage.alice.send(stage.general, AFTER)
            assert said(await transmission(stage.lounge, since), NAME, AFTER) == [NAME, AFTER]
            assert "I read <#" in await stage.reply(stage.alice, "live status")
            await stay_away(emptied, sent_away)
            await emptied.alice.join(emptied.lounge)
            assert "not reading any channel" in await emptied.reply(emptied.alice, "live status")
            await stage.reply(stage.alice, "live stop")
            await stage.reply(stage.alice, "leave")
        async with stage.started_again():
            # What was stopped stays so.
            await stay_away(stage, emptied, sent_away)


async def test_after_a_crash_it_comes_back_to_where_it_was_moved(tmp_path: Path) -> None:
    async with a_stage(tmp_path, **paced(tmp_path, 0.05)) as stage:
        study = stage.guild.add_voice_channel("Study")
        await reading(stage)
        await stage.bob.join(study)
        await stage.guild.move_bot(study)
        await stage.bot_knows()
        await asyncio.sleep(1.0)  # it is written down
        psutil.Process(stage.bot.pid).kill()
        await stage.bot.stop()
        async with stage.started_again():
            since = time.monotonic()
            heard = asyncio.create_task(transmission(study, since))
            while not heard.done():
                # Until it is back it does not see what is written.
                await stage.bob.send(stage.general, AFTER)
                await asyncio.sleep(1.0)
            assert AFTER in said(await heard, "Bob says:", AFTER)


async def test_buttons_and_forms_from_before_a_restart_say_so(tmp_path: Path) -> None:
    """Nothing at all would come of them, also of the one that deletes somebody's data."""
    async with a_stage(tmp_path, **paced(tmp_path)) as stage:
        asked = await (await stage.alice.slash("privacy delete")).reply()
        form = await (await stage.alice.slash("voice register")).modal()
        await stage.bot.stop()
        async with stage.started_again():
            pressed = await asked.press("Delete everything")
            sent = await form.submit(
                {"I agree to this": True, "Clip": [upload("wav")], "Name of the voice": "mine"}
            )
            for done in (pressed, sent):
                assert "please use the command again." in (await done.reply(timeout_s=30)).text
            # One that is known is answered by what it does.
            asked = await (await stage.alice.slash("privacy delete")).reply()
            button = asked.component("Delete everything")
            pressed = await asked.press("Delete everything")
            await until(lambda: asked.text.startswith("Your data is deleted."), 60)
            assert pressed.messages == []
            # It is used up, and says that as well.
            pressed = await stage.discord.interactions.component(asked, button, stage.alice, None)
            assert "it was used" in (await pressed.reply(timeout_s=30)).text
