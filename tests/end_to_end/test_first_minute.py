"""What people meet first: the greeting, the help, what the bot says of itself; and its notes."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import discord
import pytest
import pytest_asyncio

from bot.live.option import Page
from bot.loopback import Channel, Guild, Member, Message, TextChannel
from tests.end_to_end.conftest import Stage, a_stage, choose, settings_page
from tests.end_to_end.paced_worker import paced
from tests.launcher import launcher
from tests.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

SOURCE = "https://example.org/timbre"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    folder = tmp_path_factory.mktemp("first")
    settings = {"TIMBRE_WELCOME": "True", "TIMBRE_SOURCE_URL": SOURCE, **paced(folder)}
    async with a_stage(folder, **settings) as opened:
        await opened.answer(opened.alice, "say", text="Hello.")  # the engine is there
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def moderator(stage: Stage) -> Member:
    return stage.guild.add_member("Mod", manage_guild=True, mute_members=True)


def greetings(guild: Guild) -> list[tuple[str, str]]:
    """Where the bot greeted a server, and how."""
    return [
        (channel.name, message.content)
        for channel in guild.channels.values()
        for message in channel.messages.values()
        if message.content.startswith("Hello, I am Timbre.")
    ]


def furnished(stage: Stage, name: str, *channels: str) -> tuple[Guild, list[TextChannel]]:
    """A server that the bot is not in."""
    guild = stage.discord.make_guild(name)
    guild.add_member("Gina")
    return guild, [guild.add_text_channel(one) for one in channels]


async def test_a_server_is_greeted_once_where_the_bot_may_write(stage: Stage) -> None:
    """In the system channel, or else the first that is left; also after it was invited again."""
    await until(lambda: greetings(stage.guild))  # invited before the bot ran
    guild, (_, lobby, _) = furnished(stage, "Later", "general", "lobby", "more")
    guild.system_channel = lobby
    closed, (rules, _) = furnished(stage, "Closed", "rules", "chat")
    closed.system_channel = rules
    rules.set_permissions(closed.bot, send_messages=False)
    mute, (silent,) = furnished(stage, "Mute", "silent")
    silent.set_permissions(mute.everyone, send_messages=False)
    for server in (guild, closed, mute):
        stage.discord.invite_bot(server)
    await until(lambda: greetings(guild) and greetings(closed))
    (where, said), *others = greetings(guild)
    assert where == "lobby"
    assert not others
    for command in ("say", "live start", "settings", "help", "privacy policy"):
        assert re.search(rf"</{command}:\d+>", said), command
    assert "voice register" not in said  # nothing here speaks in it
    assert [channel for channel, _ in greetings(closed)] == ["chat"]
    for _ in range(5):
        await guild.delete()
        stage.discord.invite_bot(guild)
    last, _ = furnished(stage, "Last", "general")
    stage.discord.invite_bot(last)
    await until(lambda: greetings(last))
    assert len(greetings(guild)) == 1
    assert not greetings(mute)


async def test_a_mention_is_answered_with_the_help_and_its_words_are_in_no_log(
    stage: Stage,
) -> None:
    def answers() -> list[Message]:
        return [m for m in stage.written() if m.reference]

    me = f"<@{stage.discord.bot_user.id}>"
    await stage.bob.send(stage.general, f"I like {me} a lot")
    asked = await stage.bob.send(stage.general, f"{me} zanzibar, please")
    await until(answers)
    (answer,) = answers()
    assert answer.reference
    assert int(answer.reference["message_id"]) == asked.id
    assert "What you can do" in answer.text
    assert re.search(r"</voice register:\d+> ", answer.text)
    assert "What moderators can do" not in answer.text
    await stage.bob.send(stage.general, f"{me} zanzibar again")
    await stage.reply(stage.bob, "help")
    assert answers() == [answer]
    log = stage.bot.log.read_text("utf-8")
    assert "zanzibar" not in log
    assert '"ERROR"' not in log.upper()


def names(commands: list[dict[str, Any]], prefix: str = "") -> set[str]:
    """Every command that is registered, by its whole name."""
    found = set()
    for command in commands:
        name = f"{prefix} {command['name']}".strip()
        inner = [o for o in command.get("options", []) if o["type"] in (1, 2)]
        found |= names(inner, name) if inner else {name}
    return found


def shown_in(text: str) -> set[str]:
    return set(re.findall(r"</([^:]+):\d+>", text)) | set(re.findall(r"\*\*([^*]+)\*\* \(", text))


async def test_the_help_has_every_command_for_those_who_can_use_it(
    stage: Stage, moderator: Member
) -> None:
    owner = await stage.owners()
    registered = names(stage.discord.commands.registered)
    owners = names(stage.discord.commands.in_guilds[owner.guild.id])
    to_owner, to_moderator, to_member = [
        (await stage.answer(person, "help")) for person in (owner, moderator, stage.alice)
    ]
    assert {name.partition(" ")[0] for name in owners} == {"bot-owner"}
    assert shown_in(to_owner.text) == registered | owners
    assert shown_in(to_moderator.text) == registered
    for_members = shown_in(to_member.text)
    assert {"say", "voice register", "live start", "Use as my voice"} <= for_members
    assert not for_members & {"settings", "pause", "live block", "voice-admin bar"}
    for message in (to_owner, to_moderator, to_member):
        lengths = [len(embed["title"]) + len(embed["description"]) for embed in message.embeds]
        assert sum(lengths) <= 6000
        assert max(len(embed["description"]) for embed in message.embeds) <= 4096


async def test_the_help_explains_one_command(stage: Stage) -> None:
    said = await stage.reply(stage.alice, "help", command="/live start")
    assert re.match(r"</live start:\d+>: Read a text channel aloud where you are\.", said)
    assert "- `channel (optional)`: What to read" in said
    assert shown_in(await stage.reply(stage.alice, "help", command="privacy")) == {
        f"privacy {one}" for one in ("info", "export", "policy", "delete")
    }
    refused = await stage.reply(stage.alice, "help", command="bot-owner bar")
    assert refused.startswith("I have no such command.")
    assert re.search(r"</help:\d+>", refused)
    offered = await stage.alice.autocomplete("help", focused="command", value="regis")
    assert [one["value"] for one in offered] == ["voice register"]


async def test_it_says_what_it_is_and_how_to_have_it_elsewhere(stage: Stage) -> None:
    said = await stage.reply(stage.alice, "about")
    assert re.search(r"started <t:\d+:R>, in \d+ servers?", said)
    assert "1 stock voice, and no voices of members." in said
    assert re.search(r"</privacy policy:\d+>", said)
    assert f"<{SOURCE}>" in said
    (permissions,) = re.findall(
        rf"client_id={stage.discord.world.application_id}&scope=bot\+applications\.commands"
        r"&permissions=(\d+)",
        said,
    )
    assert discord.Permissions(int(permissions)).connect
    log = stage.bot.log  # in which the bot says it once all servers are there
    await until(lambda: "discord.com/oauth2/authorize" in log.read_text("utf-8"))


async def test_how_it_is_doing_is_two_lines_for_members(stage: Stage, moderator: Member) -> None:
    assert (await stage.reply(stage.alice, "status")).splitlines() == [
        "I am ready to speak.",
        "Speech is made here by tone, which reads English.",
    ]
    assert "Queue" in await stage.reply(moderator, "status")


async def test_who_registers_a_voice_that_nothing_speaks_in_reads_that_first(stage: Stage) -> None:
    form = await (await stage.alice.slash("voice register")).modal()
    assert form.components[0]["content"].startswith(
        "**I cannot speak in your own voice at the moment.**"
    )
    assert "Use as my voice" in str(form.components)


async def test_a_stock_voice_can_be_typed_by_its_name(stage: Stage, moderator: Member) -> None:
    assert (await stage.answer(stage.alice, "say", text="Hi.", voice="Tone")).attachments
    said = await stage.reply(moderator, "voice-admin default", voice="tone")
    assert said == "Members without a voice of their own speak in **tone** here."
    offered = await moderator.autocomplete("voice-admin default", focused="voice", value="to")
    assert [one["name"] for one in offered] == ["tone (stock voice)"]
    assert "Stock voice: tone" in (await settings_page(moderator, Page.VOICES)).text


async def test_moderators_read_what_was_reported_and_decided_in_a_channel_of_theirs(
    stage: Stage, moderator: Member
) -> None:
    """A report names nobody there: the message stays when people delete their data."""
    mods, closed = (stage.guild.add_text_channel(name) for name in ("mods", "closed"))
    closed.set_permissions(stage.guild.bot, send_messages=False)
    refused = (await choose(moderator, "log_channel_id", closed)).text
    assert refused == f"I cannot write in {closed.mention}: I am missing Send Messages."
    assert f"Log channel: {mods.mention}" in (await choose(moderator, "log_channel_id", mods)).text

    def notes(channel: Channel = mods) -> list[str]:
        return [message.content for message in channel.messages.values()]

    await stage.reply(stage.alice, "voice report", member=stage.bob, reason="rude")
    await until(lambda: any("reported" in note for note in notes()))
    (report,) = [note for note in notes() if "reported" in note]
    assert re.search(r"</voice-admin reports:\d+>", report)
    assert not {"rude", str(stage.alice.id), str(stage.bob.id)} & set(re.findall(r"\w+", report))
    await stage.reply(moderator, "live block", member=stage.bob)
    await stage.reply(moderator, "live unblock", member=stage.bob)
    await stage.reply(moderator, "voice-admin bar", member=stage.bob, **{"from": "voices"})
    await stage.reply(moderator, "voice-admin unbar", member=stage.bob)
    did = [f"{moderator.mention} {what}" for what in ("blocked", "unblocked", "set a bar", "ended")]
    await until(lambda: all(any(note.startswith(one) for note in notes()) for one in did))
    await mods.delete()
    assert "reports" not in await stage.reply(stage.bob, "live status")
    assert "Log channel: deleted" in (await settings_page(moderator, Page.CHANNELS)).text
    await choose(moderator, "log_channel_id", "")


async def test_after_a_restart_nobody_is_greeted_again_and_a_broken_engine_is_told(
    stage: Stage, tmp_path: Path
) -> None:
    await stage.bot.stop()
    missing = launcher(tmp_path, str(tmp_path / "missing.py"))
    stage.bot.environment["CHATTERBOX_PYTHON"] = missing
    away, _ = furnished(stage, "While away", "general")
    stage.discord.invite_bot(away)
    async with stage.started_again():
        await until(lambda: greetings(away))
        again = [g for g in stage.discord.world.guilds.values() if isinstance(g, Guild)]
        assert all(len(greetings(guild)) <= 1 for guild in again)
        async with asyncio.timeout(90):
            while not (await stage.reply(stage.alice, "status")).startswith("I cannot speak"):
                await asyncio.sleep(0.1)
        await stage.alice.join(stage.lounge)
        assert await stage.reply(stage.alice, "live start") == (
            "I cannot speak at the moment: my speech engine does not start. Whoever runs me finds "
            "the reason in my log."
        )
        assert stage.guild.bot.voice_channel is None
