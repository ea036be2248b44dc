"""Members use commands, buttons and forms; the bot's answers are what they see.

Longer than most files: commands, buttons and forms need each other here.
"""

import asyncio
import io
import time
from typing import Any, Literal

import discord
import pytest
from discord import app_commands, ui

from bot.loopback import File
from tests.bot.loopback.client import Client, commands_of, running
from tests.bot.loopback.conftest import Scene
from tests.waiting import until

Ctx = discord.Interaction[Client]


async def test_a_slash_command_is_answered(scene: Scene) -> None:
    async def say(ctx: Ctx, text: str) -> None:
        await ctx.response.send_message(f"you said {text}", ephemeral=True)

    async with running(scene.server, commands_of(say)):
        sent_s = time.monotonic()
        interaction = await scene.alice.slash("say", text="hello")
        acknowledged = await interaction.acknowledged()
        took_s = time.monotonic() - sent_s
        reply = await interaction.reply()
    assert (reply.content, reply.ephemeral, reply.embeds) == ("you said hello", True, [])
    assert not acknowledged.deferred
    assert 0 < acknowledged.seconds <= took_s
    assert reply.id not in scene.text.messages


async def test_options_arrive_as_what_they_are(scene: Scene) -> None:
    got: dict[str, Any] = {}
    role = scene.guild.add_role("Singers")
    bob = scene.guild.add_member("Bob", nick="Bobby", roles=(role,))

    def register(client: Client) -> None:
        group = app_commands.Group(name="voice", description="Voices")

        @group.command(name="register", description="Register")
        async def take_clip(  # noqa: PLR0917 - one option of every kind
            ctx: Ctx,
            who: discord.Member,
            where: discord.VoiceChannel,
            clip: discord.Attachment,
            speed: app_commands.Range[float, 0.5, 2.0],
            times: int,
            loud: bool,
            mood: Literal["calm", "merry"] = "calm",
        ) -> None:
            got.update(
                who=(who.id, who.display_name, [r.id for r in who.roles if not r.is_default()]),
                where=where.id,
                clip=(clip.filename, await clip.read(), clip.content_type, clip.is_voice_message()),
                rest=(speed, times, loud, mood),
                here=(ctx.filesize_limit, ctx.app_permissions.speak),
            )
            await ctx.response.send_message("ok")

        client.tree.add_command(group)

    async with running(scene.server, register):
        options: dict[str, Any] = {
            "who": bob,
            "where": scene.lounge,
            "clip": File("me.ogg", b"OggS...", duration_s=2.5, waveform="AAAA"),
            "speed": 1,
            "times": 3,
            "loud": True,
        }
        await (await scene.alice.slash("voice register", **options, mood="merry")).reply()
        for error, reason, wrong in (
            (ValueError, r"between 0\.5 and 2\.0", {"speed": 3.0}),
            (ValueError, "is one of", {"mood": "angry"}),
            (ValueError, "takes no str", {"who": "Bob"}),
            (LookupError, "no option", {"colour": "red"}),
        ):
            with pytest.raises(error, match=reason):
                await scene.alice.slash("voice register", **options | wrong)
        del options["clip"]
        for command, error, reason in (
            ("voice register", ValueError, r"requires \['clip'\]"),
            ("voice", LookupError, "needs one of its subcommands"),
            ("sing", LookupError, "no command 'sing'"),
        ):
            with pytest.raises(error, match=reason):
                await scene.alice.slash(command, **options)
    assert got["who"] == (bob.id, "Bobby", [role.id])
    assert got["where"] == scene.lounge.id
    assert got["clip"] == ("me.ogg", b"OggS...", "audio/ogg", True)
    assert got["rest"] == (1.0, 3, True, "merry")
    assert got["here"] == (10 * 1024 * 1024, True)


async def test_the_first_follow_up_takes_the_place_of_the_deferral_and_stays_as_private(
    scene: Scene,
) -> None:
    """Whatever the follow-up asks for, Discord keeps the deferral's visibility."""

    async def slow(ctx: Ctx) -> None:
        await ctx.response.defer(ephemeral=True)
        await asyncio.sleep(0.1)
        await ctx.followup.send("first", ephemeral=False)
        await ctx.followup.send("second", file=discord.File(io.BytesIO(b"sound"), "say.ogg"))
        await ctx.edit_original_response(content="first, edited")

    async with running(scene.server, commands_of(slow)):
        interaction = await scene.alice.slash("slow")
        assert (await interaction.acknowledged()).deferred
        first = await interaction.reply()
        second = await interaction.reply(1)
        await interaction.edited(first, times=2)
    assert (first.content, first.ephemeral) == ("first, edited", True)
    assert (second.content, second.ephemeral) == ("second", False)
    [attachment] = second.attachments
    assert (attachment.filename, attachment.data) == ("say.ogg", b"sound")
    assert scene.text.messages == {second.id: second}


async def test_an_interaction_is_answered_once(scene: Scene) -> None:
    async def twice(ctx: Ctx) -> None:
        await ctx.response.send_message("once")
        # The response object of discord.py would refuse by itself.
        route = discord.http.Route("POST", f"/interactions/{ctx.id}/{ctx.token}/callback")
        await ctx.client.http.request(route, json={"type": 4, "data": {"content": "twice"}})

    async with running(scene.server, commands_of(twice)) as client:
        reply = await (await scene.alice.slash("twice")).reply()
        await until(lambda: client.errors)
    assert [error.code for error in client.errors] == [40060]  # type: ignore[attr-defined]
    assert reply.content == "once"


async def test_an_answer_after_three_seconds_is_too_late(scene: Scene) -> None:
    async def late(ctx: Ctx) -> None:
        await asyncio.sleep(3.05)
        await ctx.response.send_message("sorry")

    async with running(scene.server, commands_of(late)) as client:
        interaction = await scene.alice.slash("late")
        await until(lambda: client.errors)
        with pytest.raises(TimeoutError, match=r"no answer .* after \d+\.\d s was refused"):
            await interaction.acknowledged(timeout_s=0.01)
    assert [error.code for error in client.errors] == [10062]  # type: ignore[attr-defined]


async def test_a_token_is_unknown_before_the_answer_and_invalid_after_its_time(
    scene: Scene,
) -> None:
    """A follow-up without a first answer is 10015; one after fifteen minutes 50027."""
    over = asyncio.Event()

    async def hasty(ctx: Ctx) -> None:
        await ctx.followup.send("too early")

    async def forgetful(ctx: Ctx) -> None:
        await ctx.response.defer()
        await over.wait()
        await ctx.followup.send("too late")

    async with running(scene.server, commands_of(hasty, forgetful)) as client:
        await scene.alice.slash("hasty")
        await until(lambda: client.errors)
        interaction = await scene.alice.slash("forgetful")
        await interaction.acknowledged()
        interaction.expired = True
        over.set()
        await until(lambda: len(client.errors) == 2)
    assert [error.code for error in client.errors] == [10015, 50027]  # type: ignore[attr-defined]


async def test_choices_are_offered_while_typing(scene: Scene) -> None:
    def register(client: Client) -> None:
        @client.tree.command(description="Say")
        async def say(ctx: Ctx, text: str, voice: str) -> None:
            await ctx.response.send_message(f"{text} {voice}")

        @say.autocomplete("voice")
        async def voices(ctx: Ctx, current: str) -> list[app_commands.Choice[str]]:
            assert ctx.namespace.text == "hello"
            names = [name for name in ("Alice", "Albert", "Bob") if name.startswith(current)]
            return [app_commands.Choice(name=name, value=name.lower()) for name in names]

    async with running(scene.server, register):
        choices = await scene.alice.autocomplete("say", focused="voice", value="Al", text="hello")
        with pytest.raises(LookupError, match="offers no choices"):
            await scene.alice.autocomplete("say", focused="text", value="x")
    assert [(c["name"], c["value"]) for c in choices] == [("Alice", "alice"), ("Albert", "albert")]


class Panel(ui.View):
    @ui.button(label="Stop", custom_id="stop")
    async def stop_(self, ctx: Ctx, button: ui.Button["Panel"]) -> None:
        button.disabled = True
        await ctx.response.edit_message(content=f"stopped by {ctx.user.display_name}", view=self)

    @ui.button(label="Upload")
    async def upload(self, ctx: Ctx, _: ui.Button["Panel"]) -> None:
        await ctx.response.send_modal(Form())

    @ui.select(options=[discord.SelectOption(label="Calm", value="c")], placeholder="Mood")
    async def mood(self, ctx: Ctx, menu: ui.Select["Panel"]) -> None:
        await ctx.response.defer()
        await ctx.edit_original_response(content=f"mood {menu.values[0]}")

    @ui.select(cls=ui.UserSelect, custom_id="who")
    async def who(self, ctx: Ctx, menu: ui.UserSelect["Panel"]) -> None:
        await ctx.response.send_message(menu.values[0].display_name, ephemeral=True)


class Form(ui.Modal, title="Your voice"):
    name: ui.Label[Any] = ui.Label(text="Name", component=ui.TextInput(max_length=20))
    clip: ui.Label[Any] = ui.Label(text="Clip", component=ui.FileUpload())
    mine: ui.Label[Any] = ui.Label(text="It is my voice", component=ui.Checkbox())

    async def on_submit(self, ctx: Ctx) -> None:
        [clip] = self.clip.component.values
        data = await clip.read()
        await ctx.response.send_message(
            f"{self.name.component.value} {clip.filename} {len(data)} {self.mine.component.value}"
        )


async def show(ctx: Ctx) -> None:
    await ctx.response.send_message("panel", view=Panel())


async def test_buttons_and_menus_are_pressed_by_name(scene: Scene) -> None:
    bob = scene.guild.add_member("Bob")
    async with running(scene.server, commands_of(show)):
        message = await (await scene.alice.slash("show")).reply()
        await (await message.select("Mood", ["Calm"])).acknowledged()
        await until(lambda: message.content == "mood c")
        chosen = await message.select("who", [bob], by=bob)
        assert (await chosen.reply()).content == "Bob"
        await (await message.press("Stop", by=bob)).acknowledged()
        assert message.content == "stopped by Bob"
        with pytest.raises(PermissionError, match="disabled"):
            await message.press("stop")
        with pytest.raises(LookupError, match="no component 'Play'"):
            await message.press("Play")


async def test_a_form_is_filled_in_with_text_a_file_and_a_tick(scene: Scene) -> None:
    async with running(scene.server, commands_of(show)):
        message = await (await scene.alice.slash("show")).reply()
        modal = await (await message.press("Upload")).modal()
        assert modal.title == "Your voice"
        with pytest.raises(ValueError, match="is required"):
            await modal.submit({"Name": "Al"})
        with pytest.raises(LookupError, match="no \\['Colour'\\]"):
            await modal.submit({"Colour": "red"})
        sent = await modal.submit(
            {"Name": "Al", "Clip": [File("a.wav", b"RIFF")], "It is my voice": True}
        )
        assert (await sent.reply()).content == "Al a.wav 4 True"


async def test_what_is_shown_before_the_bot_has_its_answer_is_used_when_it_has(
    scene: Scene,
) -> None:
    """discord.py would not know the button and the form yet, and say nothing."""
    async with running(scene.server, commands_of(show)):
        for _ in range(3):
            scene.server.faults.answer_late("POST", "/callback$", 0.4)
        message = await (await scene.alice.slash("show")).reply()
        modal = await (await message.press("Upload")).modal()
        sent = await modal.submit({"Name": "Al", "Clip": [File("a.wav", b"RIFF")]})
        assert (await sent.reply()).content == "Al a.wav 4 False"


async def test_a_messages_menu_reaches_the_bot_with_the_message(scene: Scene) -> None:
    def register(client: Client) -> None:
        @client.tree.context_menu(name="Read aloud")
        async def read(ctx: Ctx, message: discord.Message) -> None:
            await ctx.response.send_message(f"reading {message.content}")

    async with running(scene.server, register):
        message = await scene.alice.send(scene.text, "good evening")
        on_message = await scene.alice.message_command("Read aloud", message)
        assert (await on_message.reply()).content == "reading good evening"


async def test_a_command_is_shown_only_to_those_who_may_use_it(scene: Scene) -> None:
    @app_commands.default_permissions(manage_guild=True)
    async def admin(ctx: Ctx) -> None:
        await ctx.response.send_message("yes")

    chief = scene.guild.add_member("Chief", manage_guild=True)
    async with running(scene.server, commands_of(admin)):
        with pytest.raises(PermissionError, match="not shown to Alice"):
            await scene.alice.slash("admin")
        assert (await (await chief.slash("admin")).reply()).content == "yes"
        scene.text.set_permissions(chief, use_application_commands=False)
        with pytest.raises(PermissionError, match="may not use commands"):
            await chief.slash("admin")


async def test_a_message_that_is_too_long_or_empty_is_refused(scene: Scene) -> None:
    codes: list[int] = []

    async def wrong(ctx: Ctx) -> None:
        for content in ("x" * 2001, ""):
            try:
                await ctx.response.send_message(content)
            except discord.HTTPException as error:
                codes.append(error.code)
        await ctx.response.send_message("right")

    async with running(scene.server, commands_of(wrong)):
        reply = await (await scene.alice.slash("wrong")).reply()
    assert codes == [50035, 50006]
    assert reply.content == "right"
