"""A share is its owner's to take back, wherever they are, and ends when they leave."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from bot.loopback import File, Member
from tests.end_to_end.conftest import Stage, a_stage
from tests.end_to_end.paced_worker import paced
from tests.end_to_end.registering import SHORT, register, shorter

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    settings = paced(tmp_path_factory.mktemp("engine"))
    async with a_stage(tmp_path_factory.mktemp("sharing"), **settings) as opened:
        yield opened


async def in_a_message(member: Member, command: str, /, **options: str) -> str:
    at = member.direct_messages()
    return (await (await member.slash(command, at=at, **options)).reply()).text


async def test_who_left_takes_a_voice_back_by_direct_message(stage: Stage, clip: File) -> None:
    other = stage.elsewhere("Clinic")
    there = other.guild.add_member("Carol", user=stage.alice.user)
    await register(stage.alice, "Calm", clip)
    await stage.reply(stage.alice, "voice share", voice="Calm")
    await stage.reply(there, "voice share", voice="Calm")
    assert "shared with this server · shared with Clinic" in await stage.reply(
        stage.alice, "voice list"
    )
    await other.guild.remove_member(there)
    assert "shared with The workshop and Clinic" in await in_a_message(stage.alice, "voice list")
    assert "no such voice" in await in_a_message(stage.bob, "voice unshare", voice="Calm")
    assert "only works in a server" in await in_a_message(stage.alice, "voice info", voice="Calm")
    said = await in_a_message(stage.alice, "voice unshare", voice="Calm")
    assert "not shared with any server" in said
    assert "The workshop and Clinic" in said
    for member in (stage.bob, other.bob):
        assert "no such voice" in await stage.reply(member, "say", text=SHORT, voice="Calm")
    assert "with no server" in await in_a_message(stage.alice, "voice unshare", voice="Calm")


async def test_a_share_ends_when_discord_knows_its_owner_no_more(stage: Stage, clip: File) -> None:
    """Not before: an error of Discord's is no answer."""
    guild = stage.elsewhere("Left")
    await register(guild.alice, "Gone", shorter(clip))
    await guild.reply(guild.alice, "voice share", voice="Gone")
    assert "stock voice is speaking" in await guild.reply(
        guild.bob, "say", text=SHORT, voice="Gone"
    )
    second = stage.elsewhere("Left too")
    there = second.guild.add_member("Alice again", user=guild.alice.user)
    mod = second.guild.add_member("Mod", manage_guild=True)
    await second.reply(there, "voice share", voice="Gone")
    await second.guild.remove_member(there)
    path = f"/guilds/{second.guild.id}/members/{there.id}"
    unavailable = stage.discord.faults.fail("GET", path, 503, times=None)
    assert "**Gone**" in await second.reply(mod, "voice-admin default", voice="Gone")
    assert unavailable.met
    stage.discord.faults.rest.remove(unavailable)
    third = stage.elsewhere("Left at once")
    there = third.guild.add_member("Alice once more", user=guild.alice.user)
    await third.reply(there, "voice share", voice="Gone")
    await third.guild.remove_member(there)
    assert "no such voice" in await third.reply(third.bob, "say", text=SHORT, voice="Gone")
    assert "Left at once" not in await guild.reply(guild.alice, "voice list")
