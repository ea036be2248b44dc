"""How members register voices, in words and at the pace of a person."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from bot.loopback import File, Interaction, Member, Message
from tests.waiting import until

PREVIEW = "This is how I sound. I hope that you like my voice."
SHORT = "The kettle is on the stove."


async def ready(interaction: Interaction) -> Message:
    message = await interaction.reply(timeout_s=150)
    async with asyncio.timeout(150):
        while not message.components:
            assert "✅" in message.text, message.text
            await asyncio.sleep(0.02)
    return message


async def agree(interaction: Interaction, **fields: object) -> Interaction:
    modal = await interaction.modal()
    values = {"I agree to this": True, **{k.replace("_", " "): v for k, v in fields.items()}}
    return await modal.submit(values)  # type: ignore[arg-type]


async def press(message: Message, button: str) -> None:
    before = message.edits
    interaction = await message.press(button)
    await interaction.acknowledged()
    await seen(lambda: message.edits > before)  # by whichever interaction the bot does it


async def draft(member: Member, name: str, clip: File) -> Message:
    return await ready(await agree(await member.slash("voice register", name=name, clip=clip)))


async def register(member: Member, name: str, clip: File) -> Message:
    panel = await draft(member, name, clip)
    await press(panel, "Keep")
    return panel


def files(home: Path, *folders: str) -> list[Path]:
    return [p for folder in folders for p in (home / folder).rglob("*") if p.is_file()]


async def seen(condition: Callable[[], object]) -> None:
    """Wait for something to be seen from outside, looking all the time."""
    await until(condition, 60, every_s=0.001)


def shorter(clip: File) -> File:
    """Another recording, as far as the bot can tell: one that is somebody's voice is refused."""
    return File("shorter.wav", clip.data[: len(clip.data) * 4 // 5])
