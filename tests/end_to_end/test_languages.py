"""The language of a line, on the running bot: what a member writes reaches the engine with it."""

import asyncio
import os
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest
import pytest_asyncio

from bot.loopback import File, Member
from bot.speech.languages import LANGUAGES
from tests.end_to_end.conftest import Stage, a_stage, choose
from tests.end_to_end.paced_worker import paced, spoken
from tests.end_to_end.registering import agree, draft, press, ready, seen
from tests.end_to_end.uploads import upload

pytestmark = pytest.mark.asyncio(loop_scope="module")

ROOT = Path(__file__).parents[2]
READS = ("en", "es", "ja", "de")
BESIDE = "chatterbox-turbo"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("languages")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(folder: Path) -> AsyncIterator[Stage]:
    upload("wav")  # spoken here: done later, it would keep the bot waiting for Discord's answers
    engine = paced(folder, 0.05, *READS, beside=BESIDE)
    settings = {"TIMBRE_REGISTRATION_COOLDOWN_S": "0", **engine}
    async with a_stage(folder, **settings) as opened:
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def moderator(stage: Stage) -> Member:
    return stage.guild.add_member("Carol", manage_guild=True)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("quien se apunta a una partida", "es"),
        ("今日の夜来れる？", "ja"),
        ("kommst du heute noch online?", "de"),
        ("that boss fight was insane", "en"),
    ],
)
async def test_a_line_is_spoken_in_the_language_that_it_is_in(
    stage: Stage, folder: Path, text: str, language: str
) -> None:
    before = len(spoken(folder))
    await stage.reply(stage.alice, "say", text=text)
    assert {code for code, _ in spoken(folder)[before:]} == {language}


async def test_a_line_is_spoken_in_the_language_that_it_is_asked_in(
    stage: Stage, folder: Path
) -> None:
    offered = await stage.alice.autocomplete("say", focused="language", value="espa", text="x")
    assert offered == [{"name": "Español (Spanish)", "value": "es"}]
    everything = await stage.alice.autocomplete("say", focused="language", text="x")
    assert [one["value"] for one in everything] == ["automatic", "en", "de", "ja", "es"]
    await stage.reply(stage.alice, "say", text="A capital idea.", language="Spanish")
    assert spoken(folder)[-1][0] == "es"
    await stage.reply(stage.alice, "say", text="A capital notion.", language="automatic")
    assert spoken(folder)[-1][0] == "en"
    refused = await stage.reply(stage.alice, "say", text="Hello.", language="suomi")
    assert refused == "I do not read Finnish here, only English, German, Japanese and Spanish."
    refused = await stage.reply(stage.alice, "say", text="Hello.", language="Klingon")
    assert refused.startswith("I know no such language.")
    refused = await stage.reply(stage.alice, "say", text="Привет, как дела?")
    assert refused == (
        "My voices read English, German, Japanese and Spanish, and most of this text is in another "
        "script."
    )


async def test_what_a_member_chose_is_what_they_write_unless_it_clearly_is_not(
    stage: Stage, folder: Path
) -> None:
    said = await stage.reply(stage.bob, "language", language="Deutsch (German)")
    assert said == (
        "I read what you write in this server as German, unless it is clearly in another language."
    )
    assert "You write German here" in await stage.reply(stage.bob, "language")
    for text, language in (("gg", "de"), ("jajaja no puede ser", "es"), ("nice", "de")):
        await stage.reply(stage.bob, "say", text=text)
        assert spoken(folder)[-1][0] == language, text
    said = await stage.reply(stage.bob, "language", language="Finnish")
    assert said.endswith(
        "I read only English, German, Japanese and Spanish, so Finnish sounds like English."
    )
    said = await stage.reply(stage.bob, "say", text="joo")
    assert "so Finnish sounds like English." in said
    assert "Finnish" not in await stage.reply(stage.bob, "say", text="joo joo")
    shown = await stage.reply(stage.bob, "privacy info")
    assert "- servers in which you said what language you write in: 1" in shown
    assert "find out" in await stage.reply(stage.bob, "language", language="automatic")
    assert "what language" not in await stage.reply(stage.bob, "privacy info")


async def test_who_is_read_aloud_is_told_once_of_what_cannot_be_read(
    stage: Stage, folder: Path, moderator: Member
) -> None:
    await stage.reply(moderator, "language", language="Finnish")
    await moderator.join(stage.lounge)
    await stage.reply(moderator, "live start")
    for text in ("joo", "joo joo"):
        await moderator.send(stage.general, text)
        await seen(lambda text=text: spoken(folder)[-1] == ("en", text))
    (told,) = stage.written()
    assert told.text == (
        "I read only English, German, Japanese and Spanish, so Finnish sounds like English."
    )
    await stage.reply(moderator, "language", language="automatic")


async def test_a_server_has_its_language_and_reads_no_others(
    stage: Stage, folder: Path, moderator: Member
) -> None:
    assert "Language: German" in (await choose(moderator, "language", "de")).text
    assert (
        "Languages: German and Spanish" in (await choose(moderator, "languages", "de", "es")).text
    )
    await stage.bob.join(stage.lounge)
    before = len(spoken(folder))
    await stage.bob.send(stage.general, "que horas son ya")
    await seen(lambda: len(spoken(folder)) >= before + 2)
    assert {code for code, _ in spoken(folder)[before:]} == {"de", "es"}  # the opening, the words
    await stage.bob.send(stage.general, "good night everyone, sleep well")
    await seen(lambda: len(spoken(folder)) >= before + 3)
    assert spoken(folder)[-1][0] in {"de", "es"}
    assert await stage.reply(moderator, "say", text="x", language="en") == (
        "I do not read English here, only German and Spanish."
    )
    for field in ("language", "languages"):
        await choose(moderator, field, "")
    await stage.reply(moderator, "live stop")


async def test_a_voice_has_the_language_of_its_clip(stage: Stage, folder: Path, clip: File) -> None:
    """Asked in the form, heard in its preview, changed by a command; gone with the voice."""
    form = await stage.alice.slash("voice register", name="Abend", clip=clip)
    shown = str((await form.modal()).components)
    assert "Speech is made here by tone, which reads English, German, Japanese and Spanish" in shown
    panel = await ready(await agree(form, Language_of_the_clip="Deutsch (German)"))
    assert spoken(folder)[-1] == ("de", LANGUAGES["de"].preview)
    await press(panel, "Keep")
    await stage.reply(stage.alice, "say", text="ok")
    assert spoken(folder)[-1][0] == "de"
    assert "German" in await stage.reply(stage.alice, "voice info", voice="Abend")
    said = await stage.reply(stage.alice, "language", voice="Abend", language="日本語")
    assert said == "**Abend** speaks Japanese."
    await stage.answer(stage.alice, "voice preview", voice="Abend")
    assert spoken(folder)[-1] == ("ja", LANGUAGES["ja"].preview)
    offered = await stage.alice.autocomplete("voice settings", focused="model", voice="Abend")
    assert [one["value"] for one in offered] == ["automatic", "tone", BESIDE]
    for model, told, spoke in (
        (BESIDE, f"seed 0, model {BESIDE}.", f" {BESIDE}"),
        ("x", "Pick one from the list as you type.", f" {BESIDE}"),
        ("automatic", "seed 0.", ""),
    ):
        changed = await stage.reply(stage.alice, "voice settings", voice="Abend", model=model)
        assert changed.endswith(told)
        text = f"good morning to all of you, {model}"
        await stage.reply(stage.alice, "say", text=text, language="en")
        assert spoken(folder)[-1][1] == f"{text}{spoke}"
    refused = await stage.reply(stage.bob, "language", voice="Abend", language="en")
    assert "no such voice" in refused
    with closing(sqlite3.connect(stage.home / "timbre.db")) as database:
        assert database.execute("SELECT language FROM voices").fetchall() == [("ja",)]
    await stage.reply(stage.alice, "voice delete", voice="Abend")


async def test_a_form_that_is_sent_as_it_is_shown_has_the_language_of_discord(
    stage: Stage, clip: File
) -> None:
    panel = await draft(stage.alice, "Morning", clip)
    await press(panel, "Keep")
    assert await stage.reply(stage.alice, "language", voice="Morning") == (
        "**Morning** speaks English."
    )


async def test_a_server_chooses_the_model_and_a_line_goes_to_one_that_reads_it(
    stage: Stage, folder: Path, moderator: Member
) -> None:
    """A sound is heard where the model that speaks makes it."""
    dave = stage.guild.add_member("Dave")

    async def said(text: str) -> str:
        await stage.reply(dave, "say", text=text)
        return spoken(folder)[-1][1]

    assert await said("that is so funny [laugh]") == "that is so funny"
    shown = await choose(moderator, "model_preference", "speed")
    assert "Quality or speed: speed" in shown.text
    assert await said("that was so funny [laugh]") == f"that was so funny [laugh] {BESIDE}"
    assert await said("kommst du [laugh] heute noch online?") == "kommst du heute noch online?"
    assert (
        f"{BESIDE} is loaded as well, and reads English. "
        f"In this server {BESIDE} speaks, because the server prefers speed."
    ) in await stage.reply(dave, "status")
    await choose(moderator, "model_preference", "")
    assert "In this server tone speaks, because the server prefers neither" in await stage.figures()


async def test_what_is_read_is_shown(stage: Stage) -> None:
    reads = "which reads English, German, Japanese and Spanish."
    assert reads in await stage.reply(stage.bob, "status")
    assert "English, German, Japanese and Spanish" in await stage.figures()


async def test_the_command_line_tells_the_engine_too(tmp_path: Path) -> None:
    environment = {
        **os.environ,
        **paced(tmp_path, 0.05, *READS),
        "TIMBRE_HOME": str(tmp_path / "home"),
        "TIMBRE_ENV_FILE": "",
    }
    command = [sys.executable, "-m", "bot", "say", "Alexandra", "--language", "Deutsch"]
    command += ["--out", str(tmp_path / "said.ogg")]
    process = await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL
    )
    assert await asyncio.wait_for(process.wait(), 120) == 0
    assert spoken(tmp_path) == [("de", "Alexandra")]
