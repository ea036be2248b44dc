"""Many people at one bot: turns, a backlog, one's own things and other people's."""

import asyncio
import re
import time
from collections.abc import AsyncIterator
from itertools import pairwise

import pytest
import pytest_asyncio

from bot.loopback import Interaction
from bot.loopback.recording import still
from tests.end_to_end.conftest import Stage, a_stage, transmission
from tests.end_to_end.paced_worker import paced
from tests.end_to_end.pitches import said
from tests.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

#: Two seconds of sound.
LONG = (
    "This goes on for a while, because it has a lot of words in it and none of them may be left "
    "out, so everybody else has to wait until it is over, which is only fair, is it not, my dear."
)
HOLDING = "Somebody has the floor for as long as this takes. " * 20
MAX_WAIT_S = 6.0
MOST = 10
KEEP_ALIVE_S = 1.0
TOO_MUCH = r"There is too much to say at once: I left out (1 message|[2-4] messages)\."


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    folder = tmp_path_factory.mktemp("crowd")
    async with a_stage(
        folder,
        TIMBRE_VOICE_QUEUE_MAX_WAIT_S=str(MAX_WAIT_S),
        TIMBRE_VOICE_QUEUE_MAX_UTTERANCES=str(MOST),
        TIMBRE_VOICE_KEEP_ALIVE_S=str(KEEP_ALIVE_S),
        **paced(folder, 0.05),
    ) as opened:
        await opened.alice.join(opened.lounge)
        await opened.bob.join(opened.lounge)
        await opened.say(opened.alice, "Only to wake you up.")
        yield opened


async def test_authors_take_turns_and_each_is_heard_in_their_own_order(stage: Stage) -> None:
    """Who writes a lot keeps nobody waiting, and whose turn it is is said by name."""
    general = stage.general
    carol = stage.guild.add_member("Carol")
    await carol.join(stage.lounge)
    await stage.reply(stage.alice, "live start")
    own = {
        stage.alice: ["First of Alice.", "Second of Alice.", "Third of Alice.", "Fourth of Alice."],
        stage.bob: ["First of Bob's.", "Second one of Bob's."],
        carol: ["Carol has one.", "And Carol has two."],
    }
    since = time.monotonic()
    holding = await stage.alice.slash("say", text=HOLDING)
    await stage.lounge.first_sound(since_s=since)
    for author, texts in own.items():
        for text in texts:
            await author.send(general, text)
    async with asyncio.timeout(60):
        while "9 messages to say" not in await stage.reply(stage.bob, "queue"):
            await asyncio.sleep(0.02)
    await stage.reply(stage.alice, "skip")
    await holding.reply()
    heard = await transmission(stage.lounge, since)
    names = [f"{member.name} says:" for member in own]
    a, b, c = names
    alices, bobs, carols = own.values()
    order = said(heard, *names, *alices, *bobs, *carols)
    assert set(order[: order.index(a)]) == {"?"}, "of what held them up"
    assert order[order.index(a) :] == [
        *(a, alices[0], b, bobs[0], c, carols[0]),
        *(a, alices[1], b, bobs[1], c, carols[1]),
        *(a, *alices[2:]),
    ]
    await stage.reply(stage.alice, "live stop")
    await carol.leave()


async def test_what_waited_too_long_is_left_out_with_one_notice(stage: Stage) -> None:
    """The oldest go first; whoever used a command is told, the channel once for all of them."""
    general = stage.general
    await stage.reply(stage.alice, "live start")
    before = len(stage.written())
    since = time.monotonic()
    await stage.reply(stage.alice, "say", text=LONG + LONG)
    behind = await stage.alice.slash("say", text=LONG * 4)  # alone longer than may be waited
    late = [f"Number {number} in the line." for number in range(3)]
    for text in late:
        await stage.alice.send(general, text)
    refused = await behind.reply()
    assert refused.text.startswith("Queued")
    command = await stage.alice.slash("say", text="One more by command.")
    assert "I left that out" in (await command.reply(number=1)).text
    young = "This one is young."
    await stage.bob.send(general, young)
    heard = await stage.all_said(stage.alice, since)
    order = said(heard, young, "Bob says:", *late)
    assert order[-2:] == ["Bob says:", young]
    assert not set(late) & set(order)
    (notice,) = stage.written()[before:]
    # Some may be old enough only after the notice, which is not repeated soon.
    assert re.fullmatch(TOO_MUCH, notice.content)
    await stage.reply(stage.alice, "live stop")


async def test_a_message_that_does_not_fit_into_the_line_is_answered(stage: Stage) -> None:
    """Once: an author who writes on is not answered every time."""
    await stage.reply(stage.alice, "live start")
    before = len(stage.written())
    await many(stage, MOST - 1)
    for number in range(3):
        await stage.bob.send(stage.general, f"Too late, number {number}.")
    await until(lambda: stage.written()[before:])
    await asyncio.sleep(0.5)
    (answer,) = stage.written()[before:]
    assert f"{MOST} messages are already waiting here" in answer.content
    assert "already waiting here" in await stage.reply(stage.bob, "say", text="Too late as well.")
    for command in ("live stop", "stop"):
        await stage.reply(stage.alice, command)
    await stage.reply(stage.bob, "stop")


async def test_a_silent_connection_is_kept_alive(stage: Stage) -> None:
    """Routers forget a way that nobody uses."""
    recording = stage.lounge.recording
    await still(lambda: recording.last_audible_s, 1.0)  # what was said before has ended
    since = time.monotonic()
    await until(lambda: len(recording.heard(since).packets) >= 3)
    packets = recording.heard(since).packets
    # One may be late, and the next on time; speech would be fifty in a second.
    assert min(b.arrived_s - a.arrived_s for a, b in pairwise(packets)) >= 0.3 * KEEP_ALIVE_S
    assert all(packet.is_silence_frame for packet in packets)


async def many(stage: Stage, count: int) -> list[Interaction]:
    """The bot is speaking, and Alice and Bob have things in the line in turn."""
    since = time.monotonic()
    asked = [await stage.alice.slash("say", text=HOLDING)]
    await stage.lounge.first_sound(since_s=since)
    for number in range(count):
        author = stage.bob if number % 2 else stage.alice
        asked.append(await author.slash("say", text=f"Waiting number {number}."))
        await asked[-1].reply()
    return asked


async def test_the_line_is_shown_in_pages_with_buttons_for_ones_own(stage: Stage) -> None:
    asked = await many(stage, 7)
    shown = await (await stage.alice.slash("queue")).reply()
    assert "8 messages to say" in shown.text
    assert "Page 1 of 2" in shown.text
    labels = [c["label"] for row in shown.components for c in row["components"]]
    # 1 is what sounds, Alice's; then Alice and Bob in turn.
    assert [label for label in labels if label.startswith("Cancel")] == [
        "Cancel 1",
        "Cancel 2",
        "Cancel 4",
    ]
    with pytest.raises(PermissionError):
        await shown.press("Previous")
    turned = await shown.press("Next")
    await turned.acknowledged()
    assert "Page 2 of 2" in shown.text
    await (await shown.press("Cancel 6")).acknowledged()
    assert "7 messages to say" in shown.text
    taken_back = "Somebody took that back, so I did not say it."
    await until(lambda: asked[5].messages[0].text == taken_back)
    assert not any(one.messages[1:] for one in asked)
    await stage.reply(stage.alice, "stop")
    await stage.reply(stage.bob, "stop")


async def test_nobody_presses_what_somebody_else_was_shown(stage: Stage) -> None:
    """Discord shows the buttons to nobody else; a forged press does not come from Discord's app."""
    since = time.monotonic()
    await many(stage, 3)
    shown = await (await stage.alice.slash("queue")).reply()
    button = shown.component("Cancel 1")
    forged = await stage.discord.interactions.component(shown, button, stage.bob, None)
    assert "This list is somebody else's" in (await forged.reply()).text
    assert "4 messages to say" in await stage.reply(stage.alice, "queue")
    await stage.reply(stage.alice, "stop")
    await stage.reply(stage.bob, "stop")
    await transmission(stage.lounge, since)


async def test_nobody_takes_the_bot_away_in_the_middle_of_somebody_elses_words(
    stage: Stage,
) -> None:
    study = stage.guild.add_voice_channel("Study")
    dora = stage.guild.add_member("Dora", mute_members=True)
    carol = stage.guild.add_member("Carol the second")
    await dora.join(study)
    await carol.join(study)
    since = time.monotonic()
    asked = await stage.alice.slash("say", text=LONG)
    await stage.lounge.first_sound(since_s=since)
    sentence = f"I am speaking to others in {stage.lounge.mention} at the moment."
    for member, command in ((carol, "say"), (carol, "join"), (dora, "say")):
        options = {"text": "Come here."} if command == "say" else {}
        assert sentence in await stage.reply(member, command, **options)
    assert "Only those who are in" in await stage.reply(carol, "leave")
    assert stage.guild.bot.voice_channel is stage.lounge
    await asked.reply()
    heard = await transmission(stage.lounge, since)
    assert len(heard.audible) * 0.02 > 1.6
    # A moderator's own word moves it, and when it is silent anybody's does.
    await stage.alice.slash("say", text=LONG)
    assert await stage.reply(dora, "join") == f"I am in {study.mention}."
    await stage.reply(stage.alice, "stop")
    await stage.reply(stage.alice, "say", text="And back again.")
    assert stage.guild.bot.voice_channel is stage.lounge


async def test_where_it_reads_aloud_the_bot_stays_and_only_listeners_stop_it(
    stage: Stage,
) -> None:
    carol = next(m for m in stage.guild.members.values() if m.name == "Carol the second")
    dora = next(m for m in stage.guild.members.values() if m.name == "Dora")
    await stage.reply(stage.alice, "live start")
    for command in ("live start", "join"):
        assert "I am reading aloud to others" in await stage.reply(carol, command)
    assert "Only those who are in" in await stage.reply(carol, "live stop")
    assert "I read <#" in await stage.reply(carol, "live status")
    assert await stage.reply(stage.bob, "live stop") == "I stopped reading."
    assert "not reading any channel" in await stage.reply(dora, "live stop")
    await stage.reply(stage.alice, "live start")
    assert await stage.reply(dora, "live stop") == "I stopped reading."
