"""A voice from its upload to its end, as members see it and as the disk shows it."""

import asyncio
import hashlib
import io
import sqlite3
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
import soundfile

from bot.loopback import File, Interaction, Member, Message
from tests.end_to_end.conftest import Stage, a_stage, mono, mono_of_file
from tests.recogniser import word_error_rate

pytestmark = pytest.mark.asyncio(loop_scope="module")

LONG = (
    "My sister has a small garden behind the house, where she grows tomatoes and beans. "
    "Please bring some bread and a bottle of milk when you come home, and do not forget the keys."
)
PREVIEW = "This is how I sound. I hope that you like my voice."
SHORT = "The kettle is on the stove."


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """A stage on which nobody has to wait between two uploads."""
    folder = tmp_path_factory.mktemp("voices")
    async with a_stage(folder, TIMBRE_REGISTRATION_COOLDOWN_S="0") as opened:
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def clip(stage: Stage) -> File:
    """Ten seconds of clear speech, by the stock voice."""
    await stage.alice.leave()
    interaction = await stage.alice.slash("say", text=LONG)
    (attachment,) = (await interaction.reply(timeout_s=90)).attachments
    # Written anew, so that its bytes are nowhere but where the bot puts them.
    out = io.BytesIO()
    soundfile.write(out, mono_of_file(attachment.data), 48_000, format="WAV")
    return File("me.wav", out.getvalue(), content_type="audio/wav")


async def ready(interaction: Interaction) -> Message:
    """The panel of a registration, once it can be decided on."""
    message = await interaction.reply(timeout_s=90)
    async with asyncio.timeout(90):
        while not message.components:
            assert "✅" in message.text, message.text
            await asyncio.sleep(0.02)
    return message


async def agree(interaction: Interaction, **fields: object) -> Interaction:
    """Tick the consent and send the form."""
    modal = await interaction.modal()
    values = {"I agree to this": True, **{k.replace("_", " "): v for k, v in fields.items()}}
    return await modal.submit(values)  # type: ignore[arg-type]


async def press(message: Message, button: str) -> None:
    """Press a button and wait for what comes of it."""
    before = message.edits
    interaction = await message.press(button)
    await interaction.edited(message, times=before + 1)


async def register(member: Member, name: str, clip: File) -> Message:
    """Register a voice with options, and keep it."""
    panel = await ready(await agree(await member.slash("voice register", name=name, clip=clip)))
    await press(panel, "Keep")
    return panel


def files(home: Path, *folders: str) -> list[Path]:
    """What lies in folders of the bot's home."""
    return [p for folder in folders for p in (home / folder).rglob("*") if p.is_file()]


def traces(home: Path, *needles: bytes) -> list[str]:
    """Where in the bot's home any of some bytes can be found."""
    return [
        str(path.relative_to(home))
        for path in home.rglob("*")
        if path.is_file()
        for content in [path.read_bytes()]
        if any(needle in content for needle in needles)
    ]


async def test_a_voice_lives_and_leaves_nothing(stage: Stage, clip: File) -> None:
    """Register, preview, speak, share, use by another, unshare, delete; then nothing is left."""
    panel = await ready(
        await agree(await stage.alice.slash("voice register", name="Morning", clip=clip))
    )
    assert panel.ephemeral
    steps = panel.text.splitlines()
    assert [line.split()[1].strip(":.") for line in steps] == [
        "Received",
        "Checked",
        "Not",
        "Ready",
    ]
    assert "stock voice is speaking" in panel.text
    (preview,) = panel.attachments
    assert word_error_rate(PREVIEW, mono_of_file(preview.data), 48_000) <= 0.15
    assert files(stage.home, "clips") == []  # not kept yet
    await press(panel, "Keep")
    assert "**Morning** is yours" in panel.text

    (stored,) = files(stage.home, "clips")
    assert stored.stat().st_mode & 0o077 == 0
    assert stored.parent.stat().st_mode & 0o077 == 0
    assert files(stage.home, "uploads") == []
    content = stored.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    assert traces(stage.home, clip.data[200_000:200_200]) == []  # the upload itself is not kept
    with sqlite3.connect(stage.home / "timbre.db") as database:
        ((sha256, version, owner),) = database.execute(
            "SELECT clip_sha256, consent_version, owner_id FROM voices"
        ).fetchall()
    assert (sha256, version, owner) == (digest, 1, stage.alice.id)

    offered = await stage.alice.autocomplete("say", focused="voice", value="morn", text="x")
    assert [choice["name"] for choice in offered] == ["Morning"]
    assert await stage.bob.autocomplete("say", focused="voice", value="morn", text="x") == []
    value = str(offered[0]["value"])
    await stage.alice.join(stage.lounge)
    sent = time.monotonic()
    said = await stage.reply(stage.alice, "say", text=SHORT, voice=value)
    assert "stock voice is speaking instead of the cloned one" in said
    heard = await stage.lounge.heard(since_s=sent, quiet_ms=1500, timeout_s=60)
    assert word_error_rate(SHORT, mono(heard), 48_000) <= 0.15

    for command in ("voice use", "voice info", "voice delete", "voice share", "voice preview"):
        assert "no such voice" in await stage.reply(stage.bob, command, voice=value), command
    assert "Everybody in this server" in await stage.reply(stage.alice, "voice share", voice=value)
    listed = await stage.reply(stage.bob, "voice list")
    assert f"**Morning** — shared by {stage.alice.mention}" in listed
    assert "You speak in **Morning**" in await stage.reply(stage.bob, "voice use", voice=value)
    await stage.bob.leave()
    by_bob = await (await stage.bob.slash("say", text=SHORT)).reply(timeout_s=60)
    assert "cloned one" in by_bob.text
    assert "may not do that" in await stage.reply(stage.bob, "voice delete", voice=value)
    assert "not shared with this server any more" in await stage.reply(
        stage.alice, "voice unshare", voice=value
    )
    by_bob = await (await stage.bob.slash("say", text=SHORT)).reply(timeout_s=60)
    assert "cloned one" not in by_bob.text
    assert "no such voice" in await stage.reply(stage.bob, "say", text=SHORT, voice=value)

    assert "is deleted" in await stage.reply(stage.alice, "voice delete", voice=value)
    assert files(stage.home, "clips", "uploads") == []
    middle = len(content) // 2
    needles = (content[middle : middle + 64], digest.encode(), b"Morning")
    # The bytes of the database and its log too, where SQLite would leave what it deleted.
    assert traces(stage.home, *needles) == []
