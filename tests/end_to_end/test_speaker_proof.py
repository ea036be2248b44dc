"""Who registers a voice says a sentence, and nobody else's voice gets through."""

import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio

from bot.clips.statement import STATEMENT_VERSION
from bot.loopback import File, Member, Message
from engine.speech import FloatArray
from tests.bot.clips.recordings import RATE, encode, sentences
from tests.end_to_end.conftest import Stage, a_stage
from tests.end_to_end.paced_worker import paced
from tests.end_to_end.registering import agree, files, press, seen
from tests.end_to_end.uploads import left_in_tables, upload

pytestmark = pytest.mark.asyncio(loop_scope="module")

UPLOAD = "Upload a recording"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    folder = tmp_path_factory.mktemp("proof")
    demanding = {"TIMBRE_VOICE_STATEMENT": "own", "TIMBRE_REGISTRATION_COOLDOWN_S": "0"}
    async with a_stage(folder, **demanding, **paced(folder)) as opened:
        yield opened


async def asked(member: Member, name: str, clip: File) -> Message:
    """The panel that asks for a sentence."""
    form = await agree(await member.slash("voice register", name=name, clip=clip))
    panel = await form.reply(timeout_s=120)
    await seen(lambda: panel.components)
    assert UPLOAD in str(panel.components), panel.text
    return panel


def sentence(panel: Message) -> str:
    (line,) = [line for line in panel.text.splitlines() if line.startswith("> ")]
    return line.removeprefix("> ")


def said(voice: str, text: str) -> FloatArray:
    return sentences([voice], [text])[voice][0]


def recording(pcm: FloatArray) -> File:
    """A voice message."""
    quiet = np.zeros(RATE // 2, np.float32)
    content = encode(np.concatenate([quiet, pcm, quiet]), "voice message")
    return File("voice-message.ogg", content, "audio/ogg", duration_s=5.0, waveform="AAAA")


async def uploaded(panel: Message, file: File) -> None:
    """Send a recording by the form, and wait for what comes of it."""
    before = sentence(panel)
    form = await (await panel.press(UPLOAD)).modal()
    await (await form.submit({"Recording of the sentence": [file]})).acknowledged()
    await seen(lambda: panel.components and before not in panel.text)


async def tried(
    panel: Message,
    wanted: str,
    recorded: Callable[[], FloatArray],
    send: Callable[[Message, File], Awaitable[None]] = uploaded,
) -> File:
    """Say one sentence after another until the answer is the wanted one, three at most.

    Sentences are drawn at random, and some are not understood (docs/speaker-proof.md).
    """
    answers = []
    for _ in range(3):
        file = recording(recorded())
        await send(panel, file)
        if wanted in panel.text:
            return file
        answers.append(panel.text)
    raise AssertionError(answers)


async def test_a_voice_whose_person_speaks_is_kept_and_a_recording_is_good_once(
    stage: Stage,
) -> None:
    """By a voice message; the same recording says the words of no other sentence."""
    clip = upload("wav")
    panel = await asked(stage.alice, "Morning", clip)
    assert files(stage.home, "clips") == []

    async def in_the_channel(panel: Message, file: File) -> None:
        before = sentence(panel)
        await stage.bob.send(stage.general, "", attachments=[file])  # heard by nobody
        await stage.alice.send(stage.general, "", attachments=[file])
        await seen(lambda: panel.components and before not in panel.text)

    voice_message = await tried(
        panel,
        "Ready. Do you want to keep it?",
        lambda: said("bella", sentence(panel)),
        in_the_channel,
    )
    assert "✅ Sentence said" in panel.text
    assert len(files(stage.home, "uploads")) == 1, "the draft alone"
    await press(panel, "Keep")
    assert "I keep the voice **Morning**" in panel.text
    with closing(sqlite3.connect(stage.home / "timbre.db")) as database:
        (row,) = database.execute(
            "SELECT proven_at > consented_at, statement_version, words_heard, likeness FROM voices"
        )
    proven, version, words_heard, likeness = row
    assert (proven, version) == (1, STATEMENT_VERSION)
    assert words_heard >= 0.75
    assert 0.7 < likeness <= 1
    assert left_in_tables(stage.home, voice_message.filename) == []

    again = await asked(stage.alice, "Evening", clip)
    first = sentence(again)
    await uploaded(again, recording(np.zeros(2 * RATE, np.float32)))
    assert "❌ I heard no speech" in again.text
    assert sentence(again) != first
    await uploaded(again, voice_message)
    assert "❌ I did not hear the words" in again.text
    await press(again, "Delete the clip")
    assert again.text == "I deleted the clip."
    assert files(stage.home, "uploads") == []


@pytest.mark.slow
async def test_whoever_else_speaks_is_refused(stage: Stage) -> None:
    """Another member, and an engine; for joined recordings see tests/bot/clips/test_proof.py."""
    torch = pytest.importorskip("torch")
    from engine.chatterbox.s3gen.watermark import HOP, MarkInputs, Watermark  # noqa: PLC0415

    def marked() -> FloatArray:
        pcm = said("bella", sentence(panel))
        pcm = torch.from_numpy(pcm[: len(pcm) // HOP * HOP])[None]
        found: FloatArray = Watermark(torch.device("cpu"))(
            MarkInputs(pcm, torch.tensor([pcm.shape[1]]))
        )[0].numpy()
        return found

    panel = await asked(stage.alice, "Other", upload("wav"))
    await tried(
        panel,
        "❌ The voice in this recording is not the voice in the clip",
        lambda: said("michael", sentence(panel)),
    )
    await tried(panel, "❌ This recording is synthetic", marked)
    await press(panel, "Give me numbers")
    assert "seven" in sentence(panel) or "," in sentence(panel)
    await tried(panel, "Ready. Do you want to keep it?", lambda: said("bella", sentence(panel)))
    await press(panel, "Delete")


@pytest.mark.slow
async def test_a_sentence_has_its_time(tmp_path: Path) -> None:
    environment = {"TIMBRE_VOICE_STATEMENT": "own", "TIMBRE_VOICE_STATEMENT_WITHIN_S": "1"}
    async with a_stage(tmp_path, **environment, **paced(tmp_path)) as hasty:
        panel = await asked(hasty.alice, "Late", upload("wav"))
        await seen(lambda: not panel.components)
        assert panel.text == "The time for the sentence is over, so I deleted the clip."
        assert files(hasty.home, "uploads") == []
