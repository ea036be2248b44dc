"""Which voice speaks: stock ones that a member goes back to, and clips that may not come back."""

import hashlib
import time

import numpy as np
import pytest

from bot.loopback import Member
from engine.stock.engine import VOICES
from tests.end_to_end.conftest import Stage, mono_of_file, transmission
from tests.end_to_end.registering import SHORT, agree, files, register, seen
from tests.end_to_end.test_server_settings import choose
from tests.end_to_end.uploads import left_in_files, left_in_tables, upload

pytestmark = pytest.mark.asyncio(loop_scope="module")
ENVIRONMENT = {"TIMBRE_REGISTRATION_COOLDOWN_S": "0"}


def own_stock_voice(member: Member) -> str:
    """The one that stays a member's where neither they nor the server chose any."""
    digest = hashlib.sha256(str(member.id).encode()).digest()
    return VOICES[int.from_bytes(digest[:8], "big") % len(VOICES)]


async def test_a_member_goes_back_to_a_stock_voice_and_to_their_own(stage: Stage) -> None:
    """What is offered while typing is what can be chosen, and what then speaks."""
    await register(stage.alice, "Mine", upload("ogg"))
    said = await stage.answer(stage.alice, "say", text=SHORT)
    assert "stock voice is speaking" in said.text
    offered = await stage.alice.autocomplete("voice use", focused="voice", value="")
    assert [choice["name"] for choice in offered][:2] == ["Mine", "heart (stock voice)"]
    name = next(name for name in VOICES if name != own_stock_voice(stage.alice))
    (stock,) = await stage.alice.autocomplete("voice use", focused="voice", value=name)
    told = await stage.reply(stage.alice, "voice use", voice=str(stock["value"]))
    assert told == f"You speak in **{name}** in this server from now on."
    assert f"stock voice **{name}** here" in await stage.reply(stage.alice, "voice list")
    chosen = await stage.answer(stage.alice, "say", text=SHORT)
    named = await stage.answer(stage.alice, "say", text=SHORT, voice=stock["value"])
    assert chosen.text == ""
    by_choice, by_name, by_default = (
        mono_of_file(reply.attachments[0].data) for reply in (chosen, named, said)
    )
    assert np.array_equal(by_choice, by_name)
    assert not np.array_equal(by_choice, by_default)
    await stage.reply(stage.alice, "voice use", voice="Mine")
    said = await stage.answer(stage.alice, "say", text=SHORT)
    assert "stock voice is speaking" in said.text
    assert "no such voice" in await stage.reply(stage.alice, "voice use", voice="stock:nobody")
    await stage.reply(stage.alice, "voice delete", voice="Mine")


@pytest.mark.slow  # without Discord: tests/bot/voices/test_moderation.py
async def test_a_disabled_voice_does_not_come_back_with_its_clip(stage: Stage) -> None:
    """Neither its owner nor anybody else brings it back, until the moderators allow it."""
    mod = stage.guild.add_member("Mod", manage_guild=True)
    await register(stage.alice, "Loud", upload("flac"))
    (stored,) = files(stage.home, "clips")
    content = stored.read_bytes()
    said = await stage.reply(mod, "voice-admin disable", voice="Loud")
    assert "cannot be registered here again" in said
    await stage.reply(stage.alice, "voice delete", voice="Loud")
    for person in (stage.alice, stage.bob):
        again = await agree(await person.slash("voice register", name="Quiet", clip=upload("flac")))
        refused = await again.reply(timeout_s=120)
        await seen(lambda: "was disabled here" in refused.text)  # noqa: B023 - awaited here
        assert not refused.components
    assert files(stage.home, "clips", "uploads") == []
    # What is left leads neither to the sound nor to anybody.
    assert left_in_files(stage.home, content[len(content) // 2 :][:48], b"Loud") == []
    assert left_in_tables(stage.home, "Loud", stored.name) == []
    (offered,) = await mod.autocomplete("voice-admin enable", focused="voice", value="")
    assert offered["name"].startswith("A deleted voice, disabled on ")
    allowed = await stage.reply(mod, "voice-admin enable", voice=str(offered["value"]))
    assert "can be registered here again" in allowed
    await register(stage.alice, "Quiet", upload("flac"))


@pytest.mark.parametrize(
    "of_the_server",
    [
        pytest.param("", id="their own"),
        pytest.param("puck", id="the server's", marks=pytest.mark.slow),
    ],
)
async def test_a_member_has_one_stock_voice_by_command_and_in_live_reading(
    stage: Stage, of_the_server: str
) -> None:
    """One that is the same to the packet, for the owner of a clone that nothing here can speak."""
    host = stage.guild.add_member("Host", manage_guild=True)
    dora = stage.guild.add_member("Dora")
    while own_stock_voice(dora) == VOICES[0]:  # the engine's first, so that it would not show
        dora = stage.guild.add_member("Dora")
    await register(dora, f"Mine{of_the_server}", upload("ogg"))
    await choose(host, "read_names", "no")
    await choose(host, "stock_voice", of_the_server)
    await dora.join(stage.lounge)
    await stage.reply(dora, "live start")
    heard = []
    for speak in (
        dora.slash("say", text=SHORT),
        dora.send(stage.general, SHORT),
        dora.slash("say", text=SHORT, voice=f"stock:{of_the_server or own_stock_voice(dora)}"),
    ):
        since = time.monotonic()
        await speak
        speech = (await transmission(stage.lounge, since)).speech
        heard.append([packet.opus for packet in speech])
    assert heard[0] == heard[1] == heard[2]
    await stage.reply(dora, "live stop")
    await dora.leave()
    await stage.reply(dora, "voice delete", voice=f"Mine{of_the_server}")
