"""A member reads what the bot says in the language of their Discord, a channel in its server's."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from bot.base.command_mentions import listed
from bot.catalogue import Sentence, for_reader
from bot.catalogue.languages import installed
from bot.catalogue.translator import COMMAND, DESCRIPTION
from bot.live.option import PAGES, Page
from bot.loopback import Channel, File, Member
from bot.loopback.commands import CHAT_INPUT
from bot.loopback.messages import User
from bot.voices.consent import CONSENT, CONSENT_LABEL
from tests.end_to_end.conftest import Stage, a_stage, choose
from tests.end_to_end.paced_worker import paced
from tests.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

GERMAN = "de"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    folder = tmp_path_factory.mktemp("languages")
    async with a_stage(folder, TIMBRE_VOICE_STATEMENT="off", **paced(folder)) as opened:
        yield opened


@pytest.fixture(scope="module")
def german(stage: Stage) -> Member:
    """A member who uses Discord in German, in a server where English is spoken."""
    number = stage.discord.world.identifiers.next()
    return stage.guild.add_member("Gerda", user=User(number, "Gerda", locale=GERMAN))


def both(text: str, /, **values: str | int) -> tuple[str, str]:
    """A sentence in English and in German, which differ."""
    sentence = Sentence(text, **values)
    english, german = sentence.for_locale("en-US"), sentence.for_locale(GERMAN)
    assert english != german
    return english, german


def names(command: dict[str, Any]) -> tuple[str | None, str | None]:
    localized = command.get("name_localizations") or {}, command.get("description_localizations")
    return localized[0].get(GERMAN), (localized[1] or {}).get(GERMAN)


async def test_commands_are_shown_in_german(stage: Stage) -> None:
    """And in no language that there is no catalogue of: Discord shows English there."""
    shown = {one["name"]: one for one in stage.discord.commands.registered}
    typed = [names(one) for one in shown.values() if one["type"] == CHAT_INPUT]
    assert all(description for _, description in typed)
    assert any(name for name, _ in typed)  # some words are the same in both languages
    (text,) = (one for one in shown["say"]["options"] if one["name"] == "text")
    assert names(text)[1] == _entry(DESCRIPTION, "What to say")
    assert names(shown["Use as my voice"])[0] is not None
    assert "tlh" not in shown["say"]["description_localizations"]


async def test_a_command_is_explained_by_the_name_that_a_member_knows(german: Member) -> None:
    name = " ".join(_entry(COMMAND, word) for word in ("voice", "register"))
    offered = await german.autocomplete("help", focused="command", value=name)
    assert offered == [{"name": name, "value": "voice register"}]
    for asked in (name, "voice register"):
        said = (await (await german.slash("help", command=asked)).reply()).text
        assert _entry(DESCRIPTION, "Get a voice of your own, from a sound file") in said


async def test_a_line_is_answered_in_the_language_of_who_wrote_it(
    stage: Stage, german: Member
) -> None:
    for member in (stage.alice, german):
        await member.join(stage.lounge)
    expected = both("Speaking in {channel}.", channel=stage.lounge.mention)
    for member, sentence in zip((stage.alice, german), expected, strict=True):
        answer = await stage.answer(member, "say", text="The kettle is on.")
        await until(lambda: answer.text.startswith(sentence))  # noqa: B023 - within the loop


async def test_a_refusal_is_in_the_language_of_who_is_refused(stage: Stage, german: Member) -> None:
    """It arises deep inside, where nobody knows who reads it; in the log it is English."""
    english, translated = both(
        "You have no such voice. Pick one from the list that appears as you type."
    )
    for member, sentence in ((stage.alice, english), (german, translated)):
        assert await stage.reply(member, "say", text="No.", voice="voice:99") == sentence
    many = "word " * 700
    refused = [await stage.reply(m, "say", text=many) for m in (stage.alice, german)]
    assert "3,500 characters" in refused[0]
    assert "3.500" in refused[1]


async def test_the_form_for_a_voice_and_what_comes_of_it(german: Member, clip: File) -> None:
    form = await (await german.slash("voice register", name="Morgen", clip=clip)).modal()
    assert form.title == both("Your voice")[1]
    with for_reader(GERMAN):  # nothing can be tapped in a form: commands are as he finds them
        assert listed(str(CONSENT)) in str(form.components[0]["content"])
    assert "`/stimme löschen`" in str(form.components[0]["content"])
    assert CONSENT_LABEL.for_locale(GERMAN) in form.fields
    refused = await form.submit({CONSENT_LABEL.for_locale(GERMAN): False})
    said = await refused.reply()
    assert said.text == both("Without your consent I keep nothing, so I did not fetch the clip.")[1]


async def test_the_settings_are_shown_and_changed_in_german(stage: Stage) -> None:
    number = stage.discord.world.identifiers.next()
    moderator = stage.guild.add_member(
        "Moritz", user=User(number, "Moritz", locale=GERMAN), manage_guild=True
    )
    panel = await (await moderator.slash("settings")).reply()
    names_, yes, no = (both(one)[1] for one in ("Names", "yes", "no"))
    assert f"{names_}: {yes}" in panel.text
    await (await panel.press(f"{names_}: {yes}")).acknowledged()
    await until(lambda: f"{names_}: {no}" in panel.text)
    members = PAGES[Page.MEMBERS].for_locale(GERMAN)
    await (await panel.select("page", [members])).acknowledged()
    await until(lambda: both("Required role")[1] in panel.text)


async def test_a_channel_is_told_in_the_language_of_its_server(stage: Stage) -> None:
    """Whoever asked for it: here somebody whose Discord is English. What it chose itself counts."""
    guild = stage.discord.make_guild("Die Werkstatt")
    guild.preferred_locale = GERMAN
    text, lounge = guild.add_text_channel("general"), guild.add_voice_channel("Salon")
    alice = guild.add_member("Alice", user=stage.alice.user)
    stage.discord.invite_bot(guild)
    await alice.join(lounge)
    answer = await stage.reply(alice, "live start")
    assert answer.startswith("I read ")
    await until(lambda: _written(text, stage))
    moderator = guild.add_member("Mod", manage_guild=True, mute_members=True)
    await choose(moderator, "language", "en")
    await stage.reply(moderator, "live stop")
    await stage.reply(alice, "live start")
    await until(lambda: len(_written(text, stage)) > 1)
    told = _written(text, stage)
    expected = both(
        "From now on I read this channel aloud in {channel}. I skip messages that begin with "
        "`{prefix}`, and all of yours after `/live optout`.",
        channel=lounge.mention,
        prefix=";",
    )
    english, translated = (one.partition("`/live")[0] for one in expected)
    assert [one.partition("</live")[0] for one in told] == [translated, english]
    await stage.reply(alice, "live stop")


def _entry(context: str, text: str) -> str:
    return installed().of(GERMAN).pgettext(context, text)


def _written(channel: Channel, stage: Stage) -> list[str]:
    return [m.text for m in channel.messages.values() if m.author is stage.discord.bot_user]
