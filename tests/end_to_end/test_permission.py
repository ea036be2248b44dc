"""Another member's voice: they are asked, say the sentence themselves, and take it back."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from bot.loopback import File, Member, Message
from tests.end_to_end.conftest import Stage, a_stage, choose
from tests.end_to_end.paced_worker import paced
from tests.end_to_end.registering import SHORT, agree, files, press, seen
from tests.end_to_end.test_speaker_proof import said, sentence, tried
from tests.end_to_end.uploads import left_in_tables, upload

pytestmark = pytest.mark.asyncio(loop_scope="module")

TAKE_BACK = "Take a permission back"
GONE = "Somebody's data was deleted, and this clip with it."


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """In its own server nobody says a sentence."""
    folder = tmp_path_factory.mktemp("permission")
    async with a_stage(folder, TIMBRE_REGISTRATION_COOLDOWN_S="0", **paced(folder)) as opened:
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def strict(stage: Stage) -> Stage:
    """A server in which whose voice it is says the sentence."""
    server = stage.elsewhere("Strict")
    mod = server.guild.add_member("Mod", manage_guild=True)
    panel = await choose(mod, "voice_statement", "always")
    assert "**Whose voices: their own, or another's with permission;" in panel.text
    return server


async def asked(stage: Stage, giver: Member, name: str) -> tuple[Message, Message]:
    """What Alice sees while another member is asked for their voice, and the question."""
    clip = upload("wav")
    form = await agree(
        await stage.alice.slash("voice register", name=name, clip=clip, member=giver)
    )
    await seen(lambda: len(form.messages) > 1)
    waiting, question = form.messages
    assert f"I asked <@{giver.id}> for permission" in waiting.text
    assert waiting.ephemeral
    assert not question.ephemeral
    assert question.text.startswith(f"<@{giver.id}>, <@{stage.alice.id}> wants to register")
    return waiting, question


async def allowed(question: Message, giver: Member) -> Message:
    """What the giver sees then."""
    answer = await (await question.press("Allow", by=giver)).reply()
    assert answer.ephemeral
    await seen(lambda: question.deleted)
    return answer


async def test_a_member_gives_their_voice_and_takes_it_back_everywhere(stage: Stage) -> None:
    """Also when they have left."""
    mallory = stage.guild.add_member("Mallory")
    waiting, question = await asked(stage, stage.bob, "Bobs")
    for stranger in (mallory, stage.alice):
        for button in ("Allow", "Decline"):
            refused = await (await question.press(button, by=stranger)).reply()
            assert refused.text == "Only the member who was asked can decide this."
    assert files(stage.home, "clips") == []
    thanks = await allowed(question, stage.bob)
    assert thanks.text.startswith(f"Thank you. <@{stage.alice.id}> can keep the voice now.")
    assert "</privacy info:" in thanks.text
    await seen(lambda: "Ready. Do you want to keep it?" in waiting.text)
    assert "✅ Allowed by the member whose voice it is" in waiting.text
    await press(waiting, "Keep")
    assert "stock voice is speaking" in await stage.reply(
        stage.alice, "say", text=SHORT, voice="Bobs"
    )
    assert f"<@{stage.bob.id}>" in await stage.reply(stage.alice, "voice info", voice="Bobs")

    await stage.guild.remove_member(stage.bob)
    at = stage.bob.direct_messages()
    shown = await (await stage.bob.slash("privacy info", at=at)).reply()
    assert "- voices that others have of you, with your permission: 1" in shown.text
    assert f"**Bobs** (number 1) of <@{stage.alice.id}>" in shown.text
    await (await shown.select(TAKE_BACK, ["Bobs"])).acknowledged()
    await seen(lambda: "The voice **Bobs** is deleted" in shown.text)
    assert files(stage.home, "clips", "uploads", "conditionals") == []
    assert left_in_tables(stage.home, "Bobs") == []
    assert "no such voice" in await stage.reply(stage.alice, "say", text=SHORT, voice="Bobs")
    left = await (await stage.bob.slash("privacy info", at=at)).reply()
    assert "permission" not in left.text
    assert not left.components


async def test_who_declines_or_deletes_their_data_ends_it(strict: Stage) -> None:
    """Before and after the sentence was shown: the clip is gone, and nothing is offered."""
    waiting, question = await asked(strict, strict.bob, "Bobs")
    declined = await (await question.press("Decline", by=strict.bob)).reply()
    assert declined.text == "You declined, so I delete the clip."
    await seen(lambda: not waiting.components)
    assert waiting.text == f"I asked <@{strict.bob.id}>. They declined, so I deleted the clip."
    assert question.deleted
    assert files(strict.home, "uploads", "clips") == []
    again = await (await strict.alice.slash("voice register", member=strict.bob)).reply()
    assert "Please wait before you ask again" in again.text

    dave = strict.guild.add_member("Dave")
    waiting, question = await asked(strict, dave, "Daves")
    panel = await allowed(question, dave)
    assert sentence(panel)
    deletion = await (await dave.slash("privacy delete")).reply()
    await press(deletion, "Delete everything")
    await seen(lambda: GONE in waiting.text and GONE in panel.text)
    assert waiting.components == panel.components == []
    assert files(strict.home, "uploads", "clips") == []


async def test_no_clip_can_be_kept_once_its_senders_data_is_deleted(stage: Stage) -> None:
    erin = stage.guild.add_member("Erin")
    waiting, question = await asked(stage, erin, "Erins")
    await allowed(question, erin)
    await seen(lambda: "Ready. Do you want to keep it?" in waiting.text)
    deletion = await (await stage.alice.slash("privacy delete")).reply()
    await press(deletion, "Delete everything")
    await seen(lambda: waiting.text == GONE)
    assert waiting.components == []
    assert files(stage.home, "uploads", "clips") == []


async def test_who_cannot_be_asked_is_not(stage: Stage) -> None:
    hidden = stage.guild.add_text_channel("hidden")
    frank = stage.guild.add_member("Frank")
    hidden.set_permissions(frank, view_channel=False)
    robot = stage.guild.add_member("Robot", bot=True)
    for member, channel, reason in (
        (robot, stage.general, "is a bot"),
        (frank, hidden, "does not see this channel"),
    ):
        asking = await stage.alice.slash("voice register", at=channel, member=member)
        refused = await asking.reply()
        assert reason in refused.text
        assert refused.ephemeral


@pytest.mark.slow
async def test_whose_voice_it_is_says_the_sentence_and_nobody_else(strict: Stage) -> None:
    gina = strict.guild.add_member("Gina")
    waiting, question = await asked(strict, gina, "Ginas")
    panel = await allowed(question, gina)
    other = "❌ The voice in this recording is not the voice in the clip"
    await tried(panel, other, lambda: said("michael", sentence(panel)))

    async def in_the_channel(panel: Message, file: File) -> None:
        before = sentence(panel)
        await strict.alice.send(strict.general, "", attachments=[file])  # heard by nobody
        await gina.send(strict.general, "", attachments=[file])
        await seen(
            lambda: before not in panel.text and (panel.components or "Thank you" in panel.text)
        )

    await tried(panel, "Thank you.", lambda: said("bella", sentence(panel)), in_the_channel)
    await seen(lambda: "Ready. Do you want to keep it?" in waiting.text)
    await press(waiting, "Keep")
    assert "I keep the voice **Ginas**" in waiting.text
    await strict.reply(strict.alice, "voice delete", voice="Ginas")


@pytest.mark.slow
async def test_who_does_nothing_ends_it(tmp_path: Path) -> None:
    environment = {"TIMBRE_VOICE_STATEMENT_WITHIN_S": "1", **paced(tmp_path)}
    async with a_stage(tmp_path, **environment) as hasty:
        asking = await hasty.alice.slash(
            "voice register", name="Bobs", clip=upload("wav"), member=hasty.bob
        )
        form = await agree(asking)
        waiting = await form.reply(timeout_s=120)
        await seen(lambda: "did not answer in time, so I deleted the clip" in waiting.text)
        assert all(message.deleted for message in form.messages if not message.ephemeral)
        assert files(hasty.home, "uploads") == []
