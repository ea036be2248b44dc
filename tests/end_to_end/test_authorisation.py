"""Who may do what to whose voice, by every command there is, whatever ids they send."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio

from bot.loopback import Member, Message
from tests.end_to_end.conftest import Stage, a_stage
from tests.end_to_end.paced_worker import paced
from tests.end_to_end.registering import draft, press, register
from tests.end_to_end.uploads import upload

pytestmark = pytest.mark.asyncio(loop_scope="module")

NAME = "Secret"
HIDDEN = "Discord does not show the command"
NONE = "You have no such voice."
NOT_HERE = "You may not use this command here."

#: Every command that names a voice, with its other options.
NAMING_A_VOICE: dict[str, dict[str, Any]] = {
    "say": {"text": "Hello."},
    "voice use": {},
    "voice info": {},
    "voice preview": {},
    "voice rename": {"name": "Stolen"},
    "voice replace": {"clip": upload},
    "voice settings": {"seed": 5},
    "voice share": {},
    "voice unshare": {},
    "voice delete": {},
    "voice-admin default": {},
    "voice-admin disable": {},
    "voice-admin enable": {},
    "voice-admin uses": {},
    "language": {},
    "bot-owner disable": {},
    "bot-owner enable": {},
}
#: Commands that name no voice; each has a test below or elsewhere in this folder.
WITHOUT_A_VOICE = {
    "voice register",  # makes one's own
    "voice list",
    "voice tune",  # is about one's own, whichever that is
    "voice called",  # are words about oneself
    "voice greeting",
    "voice report",  # names a member
    "voice-admin reports",
    "voice-admin bar",  # name a person
    "voice-admin unbar",
    "voice-admin volume",
    "voice-admin voice",  # and a stock voice alone
    "privacy info",  # about the caller alone
    "privacy export",
    "privacy delete",
    "privacy policy",
    "bot-owner delete-user",
    "bot-owner bar",
    "bot-owner unbar",
    "bot-owner statistics",  # is about nobody
    "Use as my voice",
    "Speak this",
}
#: Commands of these groups, of the context menus, and all that take a voice, are in one of both.
ABOUT_VOICES = ("voice ", "voice-admin ", "privacy ", "bot-owner ")


@dataclass
class Cast:
    """Everybody, and the panel with which Alice kept her voice."""

    stage: Stage
    mod: Member
    chief: Member
    boss: Member

    @property
    def alice(self) -> Member:
        return self.stage.alice

    @property
    def bob(self) -> Member:
        return self.stage.bob


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cast(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cast]:
    """Alice has a voice; then a member, a moderator, an administrator and the bot's owner."""
    folder = tmp_path_factory.mktemp("rights")
    async with a_stage(folder, TIMBRE_REGISTRATION_COOLDOWN_S="0", **paced(folder)) as stage:
        add = stage.guild.add_member
        cast = Cast(
            stage,
            mod=add("Mod", manage_guild=True),
            chief=add("Chief", administrator=True),
            boss=await stage.owners(),
        )
        await register(stage.alice, NAME, upload("ogg"))
        yield cast


def commands(stage: Stage) -> dict[str, list[dict[str, Any]]]:
    """Every command that the bot has registered, by its whole name, with its options."""
    found: dict[str, list[dict[str, Any]]] = {}

    def walk(prefix: str, command: dict[str, Any]) -> None:
        name = f"{prefix} {command['name']}".strip()
        options = command.get("options", [])
        inner = [option for option in options if option["type"] in (1, 2)]
        for one in inner:
            walk(name, one)
        if not inner:
            found[name] = options

    for commands in (stage.discord.commands.registered, *stage.discord.commands.in_guilds.values()):
        for command in commands:
            walk("", command)
    return found


async def attempt(person: Member, command: str, voice: str, options: dict[str, Any]) -> str:
    given = {key: value("ogg") if value is upload else value for key, value in options.items()}
    try:
        interaction = await person.slash(command, voice=voice, **given)
    except (PermissionError, LookupError):
        return HIDDEN
    return (await interaction.reply(timeout_s=120)).text


async def test_every_command_is_listed_here(cast: Cast) -> None:
    """A command that is added without a line here fails."""
    registered = commands(cast.stage)
    naming = {
        name
        for name, options in registered.items()
        if "voice" in {option["name"] for option in options}
    }
    menus = {c["name"] for c in cast.stage.discord.commands.registered if c["type"] != 1}
    about = {name for name in registered if name.startswith(ABOUT_VOICES)} | menus
    assert naming == set(NAMING_A_VOICE)
    assert naming | about == {*NAMING_A_VOICE, *WITHOUT_A_VOICE}


async def test_a_strangers_voice_is_not_there_for_any_command(cast: Cast) -> None:
    """Named by its number, which anybody can send: who may do what is decided in one place."""
    (mine,) = await cast.alice.autocomplete("say", focused="voice", value=NAME, text="x")
    for command, options in NAMING_A_VOICE.items():
        said = await attempt(cast.bob, command, str(mine["value"]), options)
        hidden = command.startswith(("voice-admin", "bot-owner"))
        assert said.startswith(HIDDEN if hidden else NONE), f"{command}: {said}"
    info = await cast.stage.reply(cast.alice, "voice info", voice=NAME)
    assert f"<@{cast.alice.id}>" in info
    assert "seed 0" in info


async def test_the_owners_commands_are_offered_in_no_server_but_theirs(cast: Cast) -> None:
    """There an administrator sees them as well, and is refused."""
    deputy = cast.boss.guild.add_member("Deputy", administrator=True)
    for command, done in (
        ("bot-owner disable", "is disabled in every server"),
        ("bot-owner enable", "is enabled again"),
    ):
        assert await attempt(cast.mod, command, NAME, {}) == HIDDEN
        assert await attempt(cast.chief, command, NAME, {}) == HIDDEN
        assert await attempt(deputy, command, NAME, {}) == NOT_HERE
        assert done in await attempt(cast.boss, command, NAME, {})


async def test_nothing_that_is_offered_while_typing_tells_of_a_voice(cast: Cast) -> None:
    """Each option that completes offers a stranger nothing of a voice that is not shared."""
    stage = cast.stage
    completing = 0
    for command, options in commands(stage).items():
        for option in options:
            if not option.get("autocomplete"):
                continue
            completing += 1
            required = {
                o["name"]: "x" for o in options if o.get("required") and o["name"] != option["name"]
            }
            for typed in ("", NAME[:3].lower(), "voice:", "1"):
                try:
                    offered = await stage.bob.autocomplete(
                        command, focused=option["name"], value=typed, **required
                    )
                except (PermissionError, LookupError):
                    continue
                assert NAME not in str(offered), f"{command} {option['name']}"
                assert len(offered) <= 25
    assert completing >= 13
    listed = await stage.reply(stage.bob, "voice list")
    assert NAME not in listed
    assert NAME not in (await stage.reply(stage.bob, "privacy info"))


async def test_only_its_author_makes_a_voice_of_a_message(cast: Cast) -> None:
    """Neither a stranger nor a moderator nor the bot's owner."""
    message = await cast.alice.send(cast.stage.general, "", attachments=[upload("voice message")])
    for person in (cast.bob, cast.mod, cast.chief, cast.boss):
        refused = await person.message_command("Use as my voice", message)
        assert (await refused.reply()).text == (
            "You can only take a voice from a message of your own."
        )


async def press_forged(message: Message, button: str, by: Member) -> str:
    forged = await message.interactions.component(message, message.component(button), by, None)
    reply = await forged.reply()
    assert reply.ephemeral
    return reply.text


async def test_the_buttons_of_others_are_not_for_strangers(cast: Cast) -> None:
    """Although Discord shows them to nobody else: an id can be sent all the same."""
    stage = cast.stage
    panel = await draft(stage.alice, "Draft", upload("ogg"))
    for button in ("Keep", "Try another clip", "Delete"):
        for person in (cast.bob, cast.mod, cast.boss):
            said = await press_forged(panel, button, person)
            assert said == "This clip is somebody else's."
    asked = await (await stage.alice.slash("privacy delete")).reply()
    for person in (cast.bob, cast.boss):
        said = await press_forged(asked, "Delete everything", person)
        assert said == "Only the member who was asked can decide this."
    assert panel.components
    assert f"**{NAME}**" in await stage.reply(stage.alice, "voice list")
    await press(panel, "Delete")


async def test_the_forms_of_others_are_not_for_strangers(cast: Cast) -> None:
    """Not to put a stranger's clip into a voice, nor to take a clip that somebody else chose."""
    stage = cast.stage
    for command, options in (
        ("voice replace", {"voice": NAME, "clip": upload("ogg")}),
        ("voice register", {"name": "Other", "clip": upload("ogg")}),
    ):
        shown = await stage.alice.slash(command, **options)  # type: ignore[arg-type]
        form = await shown.modal()
        shown.member = stage.bob  # who sends it, as far as Discord tells the bot
        refused = await form.submit({"I agree to this": True})
        assert (await refused.reply()).text == "This form is somebody else's."
    assert "None yet" in await stage.reply(stage.bob, "voice list")
