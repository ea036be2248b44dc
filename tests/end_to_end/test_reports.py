"""Reports and blocks against members who delete, forge and flood; and what a report gives away."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from bot.live.option import Page
from bot.loopback import File, Member, Message
from bot.loopback.options import OptionValue
from tests.end_to_end.conftest import Stage, a_stage, choose, settings_page
from tests.end_to_end.paced_worker import paced
from tests.end_to_end.registering import press, register, seen, shorter
from tests.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")
TOLD = "The moderators of this server can read your report now."


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    settings = paced(tmp_path_factory.mktemp("engine"))
    async with a_stage(tmp_path_factory.mktemp("reports"), **settings) as opened:
        yield opened


async def told(who: Member, command: str, /, **options: OptionValue) -> str:
    return (await (await who.slash(command, **options)).reply()).text


async def reports(mod: Member) -> Message:
    return await (await mod.slash("voice-admin reports")).reply()


async def delete_everything(member: Member) -> str:
    asked = await (await member.slash("privacy delete")).reply()
    before = asked.edits
    await asked.press("Delete everything")
    await seen(lambda: asked.edits > before)
    return asked.text


async def test_a_report_tells_a_server_nothing_of_voices_it_never_heard(
    stage: Stage, clip: File
) -> None:
    """Nor tells who reports whether a member has one: the answer is the same."""
    clinic = stage.discord.add_guild("Clinic")
    clinic.add_text_channel("general")
    dave_there = clinic.add_member("Dave")
    await register(dave_there, "Dave-clinic-voice", clip)
    dave = stage.guild.add_member("Dave", user=dave_there.user)
    eve = stage.guild.add_member("Eve")
    mod = stage.guild.add_member("Mod", manage_guild=True)
    reporters = [stage.alice, stage.bob]
    for reporter, about in zip(reporters, (dave, eve), strict=True):
        assert await told(reporter, "voice report", member=about, reason="odd") == TOLD
    listed = (await reports(mod)).text
    assert dave.mention in listed
    assert eve.mention in listed
    assert "clinic" not in listed
    assert "voice:" not in listed
    for command in ("voice info", "voice-admin disable"):
        assert await mod.autocomplete(command, focused="voice") == []
        for asked in ("Dave-clinic-voice", "voice:1"):
            assert "no such voice" in await stage.reply(mod, command, voice=asked)


async def test_deleting_undoes_no_block_and_no_report(stage: Stage, clip: File) -> None:
    guild = stage.elsewhere("Deleted")
    mod = guild.guild.add_member("Mod", manage_guild=True, mute_members=True)
    await register(guild.alice, "Stolen", shorter(clip))
    await told(guild.bob, "voice report", member=guild.alice, reason="It is my voice.")
    await told(mod, "live block", member=guild.alice)
    assert "is deleted" in await guild.reply(guild.alice, "voice delete", voice="Stolen")
    listed = (await reports(mod)).text
    assert "It is my voice." in listed
    assert "Stolen" not in listed
    said = await delete_everything(guild.alice)
    assert "what moderators decided" in said
    assert "moderator decided that" in await guild.reply(guild.alice, "live status")
    listed = (await reports(mod)).text
    assert "reported somebody who deleted their data" in listed
    assert guild.alice.mention not in listed
    about = await (await mod.slash("voice-admin reports", member=guild.alice)).reply()
    assert "It is my voice." in about.text
    about = await (await mod.slash("voice-admin reports", member=guild.bob)).reply()
    assert "It is my voice." not in about.text
    assert "under a code: 2" in await guild.reply(guild.alice, "privacy info")
    panel = await settings_page(mod, Page.MEMBERS)
    assert "1 member who deleted their data" in panel.text
    await told(mod, "live unblock", member=guild.alice)
    assert "moderator decided" not in await guild.reply(guild.alice, "live status")


async def test_reports_have_pages_and_states_and_forge_nothing(stage: Stage) -> None:
    guild = stage.elsewhere("Flooded")
    mod = guild.guild.add_member("Mod", manage_guild=True)
    reporters = [guild.guild.add_member(f"Reporter {number}") for number in range(6)]
    forged = f"x\n{mod.mention} reported **V0** (voice:1) of {guild.alice.mention}: `ill`"
    for reporter, reason in zip(reporters, ["real", forged, *["*" * 300] * 4], strict=True):
        assert await told(reporter, "voice report", member=guild.bob, reason=reason) == TOLD
    shown = await reports(mod)
    assert "Reports: 6 open" in shown.text
    assert "Page 1 of 2" in shown.text
    assert "real" not in shown.text
    [line] = [line for line in shown.text.splitlines() if "V0" in line]
    assert line.startswith("5. ")
    before, reason = line.split("`", 1)
    assert reporters[1].mention in before
    assert reason.removesuffix("`") == forged.replace("\n", " ").replace("`", "'")
    await press(shown, "Older")
    assert "6. " in shown.text
    assert "`real`" in shown.text
    await press(shown, "Mark 6 as handled")
    assert "Reports: 5 open" in shown.text
    await press(shown, "Show handled")
    assert "`real`" in shown.text
    await press(shown, "Reopen 1")
    assert "Reports: 0 handled" in shown.text
    await press(shown, "Show open")
    assert "Reports: 6 open" in shown.text


async def test_moderators_silence_a_member_for_a_while_and_choose_their_voice(
    stage: Stage,
) -> None:
    """The member, their `/privacy info` and the log channel are told; deleting undoes nothing."""
    guild = stage.elsewhere("Silenced")
    mod = guild.guild.add_member("Mod", manage_guild=True)
    log = guild.guild.add_text_channel("log")
    await choose(mod, "log_channel_id", log)
    bar = {"member": guild.alice, "from": "say", "for": 3600}
    barred = await told(mod, "voice-admin bar", **bar)
    assert "cannot use the commands that make me speak. That ends <t:" in barred
    refused = await guild.reply(guild.alice, "say", text="Hello.")
    assert refused.startswith("The moderators of this server do not let you use the commands")
    assert "voices" in await guild.reply(guild.alice, "voice list")

    offered = await mod.autocomplete("voice-admin voice", focused="stock_voice", value="to")
    assert [one["name"] for one in offered] == ["tone"]
    force = {"member": guild.alice, "stock_voice": "tone", "forced": True}
    assert "speaks only in **tone**" in await told(mod, "voice-admin voice", **force)
    assert "chose the stock voice tone for you" in await guild.reply(
        guild.alice, "voice use", voice="tone"
    )
    await delete_everything(guild.alice)
    known = await guild.reply(guild.alice, "privacy info")
    for decided in ("do not let you use the commands", "the stock voice tone", "under a code: 1"):
        assert decided in known

    def noted() -> str:
        return " ".join(message.text for message in log.messages.values())

    await until(
        lambda: f"lets {guild.alice.mention} speak only in the stock voice **tone**" in noted()
    )
    assert "set a bar" in noted()

    await told(mod, "voice-admin unbar", member=guild.alice)
    said = await guild.answer(guild.alice, "say", text="Hello.")
    assert "chose the stock voice tone for you" in said.text
    assert "chooses their voice again" in await told(mod, "voice-admin voice", member=guild.alice)
    assert "tone" in await guild.reply(guild.alice, "voice use", voice="tone")


async def test_who_is_barred_uses_nothing_but_their_data(stage: Stage, clip: File) -> None:
    guild = stage.elsewhere("Barring")
    mod = guild.guild.add_member("Mod", manage_guild=True)
    await register(guild.alice, "Mine", shorter(clip))
    assert "can speak in" in await guild.reply(guild.alice, "voice share", voice="Mine")
    await told(guild.bob, "say", voice="Mine", text="In a borrowed voice.")
    uses = await guild.reply(mod, "voice-admin uses")
    assert uses.startswith(f"{guild.bob.mention} in **Mine** of {guild.alice.mention}: on 1 day")
    chosen = {"member": guild.alice, "from": "everything"}
    assert "cannot use me" in await told(mod, "voice-admin bar", **chosen)
    for command, options in (("say", {"text": "Hello."}), ("voice list", {}), ("queue", {})):
        said = await guild.reply(guild.alice, command, **options)
        assert said.startswith("The moderators of this server have barred you from using me here.")
    assert "is disabled here" in await guild.reply(guild.bob, "say", voice="Mine", text="Again.")
    assert "moderators decide" in await guild.reply(guild.alice, "privacy policy")
    assert "under a code: 1" in await guild.reply(guild.alice, "privacy info")
    chosen = {"member": mod, "from": "voices"}
    assert "You cannot bar somebody" in await told(mod, "voice-admin bar", **chosen)
    await delete_everything(guild.alice)
    assert "barred you" in await guild.reply(guild.alice, "say", text="Hello.")
    assert "not barred" in await told(mod, "voice-admin unbar", member=guild.alice)
    assert "barred" not in await guild.reply(guild.alice, "voice list")
