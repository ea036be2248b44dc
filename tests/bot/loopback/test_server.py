"""The gateway, REST and messages behave to discord.py as Discord does, faults included."""

import asyncio
import socket
import time
from contextlib import AsyncExitStack

import aiohttp
import discord
import pytest

from bot.loopback import File, LoopbackDiscord
from bot.loopback.permissions import flag
from tests.bot.loopback.client import (
    INTENTS,
    Client,
    Packets,
    commands_of,
    link_to,
    running,
    tone,
)
from tests.bot.loopback.conftest import Scene, connected
from tests.waiting import until

READING = discord.Intents(guilds=True, guild_messages=True, message_content=True)


async def test_shards_get_their_own_guilds_and_events() -> None:
    async with LoopbackDiscord(shards=2) as server:
        guilds = [server.add_guild(f"Guild {number}") for number in range(4)]
        texts = [guild.add_text_channel("general") for guild in guilds]
        async with running(server, intents=READING) as client:
            assert client.shard_count == 2
            for guild in guilds:
                found = client.get_guild(guild.id)
                assert found is not None
                assert found.shard_id == (guild.id >> 22) % 2
            assert {guild.shard_id for guild in client.guilds} == {0, 1}
            for guild, text in zip(guilds, texts, strict=True):
                await guild.add_member("Alice").send(text, guild.name)
            await until(lambda: len(client.messages) == 4)
            assert sorted(m.content for m in client.messages) == [guild.name for guild in guilds]


async def test_a_wrong_token_is_refused(scene: Scene) -> None:
    client = Client(scene.server, None, INTENTS)
    with pytest.raises(discord.LoginFailure):
        await client.start("wrong")
    await client.close()


async def test_a_client_that_does_not_wait_for_its_answer_is_no_error(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    late = scene.server.faults.answer_late("GET", "/gateway/bot$", 0.4)
    asked = {"Authorization": f"Bot {scene.server.token}"}
    async with aiohttp.ClientSession(connector=link_to(scene.server), headers=asked) as http:
        address = "https://discord.com/api/v10/gateway/bot"
        with pytest.raises(TimeoutError):
            await http.get(address, timeout=aiohttp.ClientTimeout(total=0.2))
        await asyncio.sleep(0.5)  # until it is answered
        scene.server.faults.rest.remove(late)
        async with http.get(address) as answered:
            assert answered.status == 200
    assert not [record for record in caplog.records if record.exc_info]


@pytest.mark.parametrize(
    ("host", "code"), [("gateway.discord.gg", 4002), ("loopback1.discord.media", 4003)]
)
async def test_a_client_that_is_slow_to_read_is_told_why_it_is_closed(
    scene: Scene, host: str, code: int
) -> None:
    async with (
        aiohttp.ClientSession(connector=link_to(scene.server)) as http,
        http.ws_connect(f"wss://{host}", autoclose=False) as websocket,
    ):
        await websocket.receive()
        await websocket.send_bytes(b"?")
        await websocket.receive()
        await asyncio.sleep(0.2)  # its answer is late
        await websocket.close()
    assert websocket.close_code == code


async def test_a_lost_connection_is_resumed_and_nothing_is_missed(scene: Scene) -> None:
    async with connected(scene) as (client, voice):
        scene.server.gateway.disconnect()
        bob = scene.guild.add_member("Bob")
        await bob.join(scene.lounge)
        await until(lambda: scene.server.gateway.resumes == 1)
        await client.saw("RESUMED")
        await client.saw("VOICE_STATE_UPDATE", 3)
        assert len(client.voice_channel(scene.lounge.id).members) == 3
        assert scene.server.gateway.identifies == 1
        assert voice.is_connected()


@pytest.mark.parametrize("how", ["disconnect", "invalidate_sessions"])
async def test_a_lost_session_begins_anew_and_the_bot_is_out_of_voice(
    scene: Scene, how: str
) -> None:
    async with running(scene.server) as client:
        await client.voice_channel(scene.lounge.id).connect(timeout=4)  # as long does its end take
        if how == "disconnect":
            scene.server.gateway.disconnect(resumable=False)
        else:
            scene.server.gateway.invalidate_sessions()
        assert scene.guild.bot.voice_channel is None
        await until(lambda: scene.server.gateway.identifies == 2)
        await client.saw("READY", 2)


async def test_a_bot_reads_messages_only_with_the_intent(scene: Scene) -> None:
    """Without message content they are empty, unless they mention the bot."""
    for intents, expected in (
        (READING, ["hello", "@ hi"]),
        (discord.Intents(guilds=True, guild_messages=True), ["", "@ hi"]),
    ):
        async with running(scene.server, intents=intents) as client:
            seen = client.messages
            edited = await scene.alice.send(scene.text, "hello", attachments=[File("a.txt", b"!")])
            await scene.alice.send(scene.text, f"<@{client.user.id}> hi")
            await until(lambda seen=seen: len(seen) == 2)
            mention = f"<@{client.user.id}>"
            assert [m.content.replace(mention, "@") for m in seen] == expected
            assert [m.author.display_name for m in seen] == ["Alice", "Alice"]
            if intents is READING:
                assert await seen[0].attachments[0].read() == b"!"
                await edited.edit("hello again")
                await until(lambda seen=seen: seen[0].content == "hello again")
                await edited.delete()
                await client.saw("MESSAGE_DELETE")


async def test_the_bot_writes_edits_and_deletes_in_a_channel(scene: Scene) -> None:
    async with running(scene.server) as client:
        channel = client.get_channel(scene.text.id)
        assert isinstance(channel, discord.TextChannel)
        sent = await channel.send("one", embed=discord.Embed(title="Status", description="well"))
        [message] = scene.text.messages.values()
        assert message.text == "one\nStatus\nwell"
        await sent.edit(content="two")
        assert (message.content, message.edits) == ("two", 1)
        await sent.delete()
        assert message.deleted
        assert scene.text.messages == {}
        scene.text.set_permissions(scene.guild.bot, send_messages=False)
        with pytest.raises(discord.Forbidden, match="50013"):
            await channel.send("three")
        scene.text.set_permissions(scene.guild.bot, view_channel=False)
        with pytest.raises(discord.Forbidden, match="50001"):
            await channel.send("four")


async def test_threads_and_posts_are_there_with_what_is_written_in_them(scene: Scene) -> None:
    """Those of before and later ones; who may write in a channel may not in its threads."""
    forum = scene.guild.add_forum("help")
    before = scene.guild.add_thread(scene.text, "cats", scene.alice)
    async with running(scene.server, intents=READING) as client:
        guild = client.get_guild(scene.guild.id)
        assert guild is not None
        post = scene.guild.add_thread(forum, "My cat", scene.alice)
        await client.saw("THREAD_CREATE")
        found = {thread.id: thread for thread in guild.threads}
        assert set(found) == {before.id, post.id}
        assert isinstance(found[post.id].parent, discord.ForumChannel)
        assert found[before.id].permissions_for(guild.me).send_messages_in_threads
        await scene.alice.send(post, "Look.")
        await until(lambda: client.messages)
        assert client.messages[0].channel is found[post.id]
        await found[post.id].send("Nice.")
        assert [message.text for message in post.messages.values()] == ["Look.", "Nice."]
        forum.set_permissions(scene.guild.everyone, send_messages_in_threads=False)
        with pytest.raises(PermissionError):
            await scene.alice.send(post, "Look again.")
        await post.delete()
        await client.saw("THREAD_DELETE")
        assert [thread.id for thread in guild.threads] == [before.id]


async def test_permissions_are_what_discord_py_computes(scene: Scene) -> None:
    singers = scene.guild.add_role("Singers", priority_speaker=True, move_members=True)
    chiefs = scene.guild.add_role("Chiefs", administrator=True)
    members = [
        scene.alice,
        scene.guild.add_member("Bob", roles=(singers,)),
        scene.guild.add_member("Chief", roles=(chiefs, singers)),
        scene.guild.owner,
    ]
    scene.lounge.set_permissions(scene.guild.everyone, connect=False, speak=False)
    scene.lounge.set_permissions(singers, connect=True, move_members=False)
    scene.lounge.set_permissions(members[1], speak=True, stream=True)
    scene.text.set_permissions(scene.guild.everyone, view_channel=False)
    for member in members:  # the bot is told who is in voice
        scene.server.world.place(member, scene.lounge)
    async with running(scene.server) as client:
        guild = client.get_guild(scene.guild.id)
        assert guild is not None
        for member in members:
            known = guild.get_member(member.id)
            for ours in (scene.text, scene.lounge):
                theirs = guild.get_channel(ours.id).permissions_for(known)
                # discord.py takes away what makes no sense, such as connecting to a text channel.
                names = ["view_channel", "administrator"]
                names += ["connect", "move_members"] if ours is scene.lounge else ["send_messages"]
                if ours is scene.lounge and ours.allows(member, "connect"):
                    names.append("speak")
                for name in names:
                    assert ours.allows(member, name) == getattr(theirs, name), (ours.name, name)
    assert scene.lounge.permissions_of(members[1]) & flag("speak")


async def test_requests_are_slowed_failed_and_limited_by_route(scene: Scene) -> None:
    faults = scene.server.faults
    async with running(scene.server) as client:
        channel = client.get_channel(scene.text.id)
        assert isinstance(channel, discord.TextChannel)

        async def send_time() -> float:
            began = time.monotonic()
            await channel.send("x")
            return time.monotonic() - began

        await channel.send("x")
        slow = faults.slow("POST", r"/messages$", 0.3)
        assert await send_time() >= 0.3
        limited = faults.rate_limit("POST", r"/messages$", 0.4)
        assert await send_time() >= 0.4
        failing = faults.fail("POST", r"/messages$", 502)
        assert await send_time() >= 1
        assert [fault.met for fault in (slow, limited, failing)] == [1, 1, 1]
        unavailable = faults.fail("POST", r"/messages$", 503, times=None)
        with pytest.raises(discord.DiscordServerError):
            await channel.send("x")
        faults.rest.remove(unavailable)
        await channel.send("x")
    assert len(scene.text.messages) == 5


async def test_commands_are_registered_listed_and_checked(scene: Scene) -> None:
    async def hello(ctx: discord.Interaction) -> None:
        await ctx.response.send_message("hello")

    async with running(scene.server, commands_of(hello)) as client:
        [listed] = await client.tree.fetch_commands()
        assert listed.name == "hello"
        await client.tree.sync()
        assert scene.server.commands.syncs == 2
        [again] = await client.tree.fetch_commands()
        assert again.id == listed.id
        with pytest.raises(discord.HTTPException, match="50035"):
            await client.http.bulk_upsert_global_commands(
                client.application_id, [{"name": "Upper Case", "description": "x"}]
            )


async def test_what_goes_wrong_inside_is_raised_at_the_end() -> None:
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(LoopbackDiscord())
        headers = {"Authorization": f"Bot {server.token}"}
        async with aiohttp.ClientSession(connector=link_to(server), headers=headers) as session:
            async with session.get("https://discord.com/api/v10/made/up") as response:
                assert response.status == 404
            commands = f"applications/{server.world.application_id}/commands"
            url = f"https://discord.com/api/v10/{commands}"
            async with session.put(url, json=1) as response:
                assert response.status == 500
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            udp.sendto(b"nonsense", ("127.0.0.1", server.voice.udp_port))
        await until(lambda: len(server.failures.seen) == 3)
        with pytest.raises(ExceptionGroup) as failed:
            await stack.aclose()
    assert "no route GET /made/up" in str(failed.value.exceptions[0])
    assert isinstance(failed.value.exceptions[1], TypeError)
    assert "shorter than an RTP header" in str(failed.value.exceptions[2])


async def test_a_test_that_fails_keeps_its_own_exception() -> None:
    server = LoopbackDiscord()
    await server.__aenter__()
    server.failures.add(RuntimeError("inside"))
    error = ZeroDivisionError()
    await server.__aexit__(ZeroDivisionError, error, None)
    assert "inside" in error.__notes__[0]


async def test_a_guild_invites_and_removes_the_bot_while_it_runs(scene: Scene) -> None:
    async with running(scene.server) as client:
        guild = scene.server.add_guild("Later")
        await until(lambda: client.get_guild(guild.id))
        stage = guild.add_voice_channel("Room")
        await until(lambda: client.get_channel(stage.id))
        voice = await client.voice_channel(stage.id).connect(timeout=30)
        voice.play(Packets(tone()))
        await guild.delete()
        await until(lambda: client.get_guild(guild.id) is None)
