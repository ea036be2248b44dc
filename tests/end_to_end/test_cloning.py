"""A voice's life with an engine that clones: our own Chatterbox, reduced, on the CPU.

Its weights are random, so nobody listens: what is looked at is when a clip is analysed, what is
kept of that, and that it goes.
"""

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest
import pytest_asyncio

from tests.checkpoints import random_checkpoint
from tests.end_to_end.conftest import Stage, a_stage
from tests.end_to_end.registering import agree, draft, files, press, ready, register, seen
from tests.end_to_end.uploads import left_in_files, left_in_tables, upload

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(300),
    pytest.mark.slow,  # a real worker that enrols: tests/engine/worker/test_chatterbox.py
]


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A reduced checkpoint whose speech ends after about a second."""
    folder = tmp_path_factory.mktemp("weights")
    random_checkpoint(folder, seed=3, small=True, stop_after=20)
    return folder


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(weights: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    async with a_stage(
        tmp_path_factory.mktemp("cloning"),
        TIMBRE_ENGINE="chatterbox",
        TIMBRE_DEVICE="cpu",
        TIMBRE_WEIGHTS=str(weights),
        TIMBRE_ENGINE_THREADS="1",
        TIMBRE_REGISTRATION_COOLDOWN_S="0",
        # The first clip loads what analyses clips, which takes a busy machine a while.
        TIMBRE_STEP_TIMEOUT_S="240",
        TIMBRE_REQUEST_DEADLINE_S="240",
    ) as opened:
        yield opened


async def analysed(stage: Stage) -> int:
    shown = await stage.figures()
    found = re.search(r"Clips analysed since I started\n(\d+)", shown)
    assert found, shown
    return int(found[1])


async def spoken(stage: Stage, text: str) -> bytes:
    reply = await stage.answer(stage.alice, "say", timeout_s=200, text=text)
    assert reply.text == "", "no other voice spoke instead"
    return reply.attachments[0].data


async def test_a_cloned_voice_is_analysed_once_and_leaves_nothing(stage: Stage) -> None:
    """Enrolled with the preview; then from memory, after a restart from disk; then gone."""
    await stage.alice.leave()
    clip = upload("flac")
    panel = await draft(stage.alice, "Cloned", clip)
    assert "✅ Voice learned" in panel.text.splitlines()
    assert panel.attachments[0].filename == "preview.ogg"
    assert await analysed(stage) == 1
    (conditionals,) = files(stage.home, "conditionals")
    assert conditionals.stat().st_mode & 0o077 == 0
    await press(panel, "Keep")
    (stored,) = files(stage.home, "clips")
    content = stored.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    assert left_in_tables(stage.home, digest, conditionals.name)

    file = conditionals.stat().st_ino  # use marks the file, and leaves it in its place
    first = await spoken(stage, "The first time.")
    second = await spoken(stage, "Not the first time.")
    assert first != second
    assert await analysed(stage) == 1, "the second use was analysed again"
    stage.worker().kill()
    await spoken(stage, "After a restart of the engine.")
    assert "1 restart" in await stage.figures()
    assert await analysed(stage) == 1, "it was not read back from the disk"
    assert files(stage.home, "conditionals") == [conditionals]
    assert conditionals.stat().st_ino == file, "it was written anew"

    await stage.reply(stage.alice, "voice share", voice="Cloned")
    by_bob = await stage.answer(stage.bob, "say", timeout_s=200, text="By Bob.", voice="Cloned")
    assert by_bob.text == ""
    assert len(files(stage.home, "speech")) == 5  # with the preview
    await stage.reply(stage.alice, "voice unshare", voice="Cloned")
    said = await stage.reply(stage.bob, "say", text="By Bob.", voice="Cloned")
    assert "no such voice" in said

    kept = conditionals.read_bytes()
    needles = [
        digest.encode(),
        b"Cloned",
        *(part[len(part) // 2 :][:48] for part in (content, kept, first, second)),
    ]
    assert left_in_files(stage.home, *needles)
    assert "is deleted" in await stage.reply(stage.alice, "voice delete", voice="Cloned")
    assert files(stage.home, "clips", "uploads", "conditionals", "speech") == []
    assert left_in_files(stage.home, *needles) == []
    assert left_in_tables(stage.home, digest, "Cloned", stored.name, conditionals.name) == []

    # The same clip is unknown to the engine: neither its memory nor the disk has it any more.
    await register(stage.alice, "Again", clip)
    assert await analysed(stage) == 2
    asked = await (await stage.alice.slash("privacy delete")).reply()
    await press(asked, "Delete everything")
    assert files(stage.home, "clips", "uploads", "conditionals", "speech") == []
    assert left_in_tables(stage.home, stage.alice.id, digest, "Again") == []
    assert left_in_files(stage.home, *needles, stage.alice.id.to_bytes(8, "big")) == []


async def test_a_draft_that_is_not_kept_leaves_nothing_in_the_engine(stage: Stage) -> None:
    """Its analysis goes with it, as the analysis of the next try shows."""
    before = await analysed(stage)
    for _ in range(2):
        panel = await draft(stage.bob, "Draft", upload("mp3"))
        assert len(files(stage.home, "conditionals")) == 1
        await press(panel, "Delete")
        assert files(stage.home, "clips", "uploads", "conditionals", "speech") == []
    assert await analysed(stage) == before + 2


async def test_a_worker_killed_while_it_analyses_a_clip_costs_no_voice(stage: Stage) -> None:
    """Killed after the clip was checked: the voice is whole all the same."""
    interaction = await agree(
        await stage.bob.slash("voice register", name="Tough", clip=upload("ogg"))
    )
    panel = await interaction.reply(timeout_s=120)
    await seen(lambda: "✅ Checked" in panel.text)
    await asyncio.sleep(0.4)
    psutil.Process(stage.worker().pid).kill()
    await press(await ready(interaction), "Keep")
    assert "**Tough**" in await stage.reply(stage.bob, "voice list")
    assert len(files(stage.home, "clips")) == 1
    assert len(files(stage.home, "conditionals")) == 1
    assert len(left_in_tables(stage.home, files(stage.home, "conditionals")[0].name)) == 1
    await stage.reply(stage.bob, "voice delete", voice="Tough")
    assert files(stage.home, "clips", "uploads", "conditionals", "speech") == []
