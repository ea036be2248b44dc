"""Names and words in scripts that the voices do not read: nobody's message is lost over them."""

import asyncio
import time

import pytest

from bot.loopback import Heard, Member
from tests.end_to_end.conftest import HEART, Stage, choose, mono, mono_of_file, transmission
from tests.recogniser import normalise, words

pytestmark = pytest.mark.asyncio(loop_scope="module")
REFUSED = ", and most of this text is in another script."


@pytest.fixture(scope="module")
def alexander(stage: Stage) -> Member:
    return stage.guild.add_member("Александр")


def understood(heard: Heard) -> str:
    return normalise(words(mono(heard), 48_000))


async def test_what_is_written_under_such_a_name_is_heard_with_the_name(
    stage: Stage, alexander: Member
) -> None:
    await alexander.join(stage.lounge)
    await stage.reply(alexander, "voice use", voice=HEART)
    await stage.reply(alexander, "live start")
    since = time.monotonic()
    await alexander.send(stage.general, "The window is open.")
    assert "says the window is open" in understood(await transmission(stage.lounge, since))
    assert stage.written() == []


@pytest.mark.parametrize(
    ("typed", "heard"),
    [
        pytest.param(
            "hey <@{}>, the kettle is on the stove", "the kettle is on the stove", id="mention"
        ),
        pytest.param(
            *("The garden of Αθήνα is full of apples", "is full of apples"),
            id="word",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            "The letter π is on the door", "on the door", id="letter", marks=pytest.mark.slow
        ),
    ],
)
async def test_english_with_a_word_of_another_script_is_heard(
    stage: Stage, alexander: Member, typed: str, heard: str
) -> None:
    since = time.monotonic()
    await alexander.send(stage.general, typed.format(alexander.id))
    assert heard in understood(await transmission(stage.lounge, since))


async def test_who_is_named_so_is_announced(stage: Stage) -> None:
    warden = stage.guild.add_member("Warden", manage_guild=True)
    await choose(warden, "announce_moves", "yes")
    olga = stage.guild.add_member("Ольга")
    since = time.monotonic()
    await olga.join(stage.lounge)
    assert "joined" in understood(await transmission(stage.lounge, since))
    since = time.monotonic()
    await olga.leave()
    assert "left" in understood(await transmission(stage.lounge, since))


async def test_a_text_in_another_script_is_answered_with_one_sentence(
    stage: Stage, alexander: Member
) -> None:
    refused = await stage.reply(alexander, "say", text="Привет, как дела?", voice=HEART)
    assert refused.startswith("My voices read ")
    assert refused.endswith(REFUSED)
    since = time.monotonic()
    await alexander.send(stage.general, "Привет, как дела?")
    await asyncio.sleep(1.0)
    assert [message.text for message in stage.written()] == [refused]
    assert stage.lounge.recording.heard(since).audible == ()


async def test_a_file_says_what_a_channel_would(stage: Stage) -> None:
    interaction = await stage.bob.slash("say", text="Thank you, Ольга, good night.", voice=HEART)
    (file,) = (await interaction.reply(timeout_s=120)).attachments
    assert "good night" in normalise(words(mono_of_file(file.data), 48_000))
