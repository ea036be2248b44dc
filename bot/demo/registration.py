"""`python -m bot.demo.registration CLIP`: how long a member waits for their voice.

A real bot with the stock voice on a Discord of its own; a member sends the form with a clip of
theirs, again and again. Measured from there to the answer that says "Ready", preview included.
"""

import argparse
import asyncio
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from bot.demo.bot_process import running_bot
from bot.loopback import File, LoopbackDiscord, Member

_PATIENCE_S = 60.0


async def measure(clip: Path, times: int, folder: Path) -> list[float]:
    """Seconds of each registration, the first one in a bot that has never made the preview."""
    file = File.of(clip)
    async with LoopbackDiscord() as discord:
        guild = discord.add_guild("The workshop")
        guild.add_text_channel("general")
        member = guild.add_member("Alice")
        at_once = {"TIMBRE_REGISTRATION_COOLDOWN_S": "0", "TIMBRE_VOICE_STATEMENT": "off"}
        async with running_bot(discord, folder / "home", folder / "bot.log", **at_once):
            # The engine loads while members read what they agree to.
            await (await member.slash("say", text="Hello.")).reply(timeout_s=_PATIENCE_S)
            return [await _register(member, file) for _ in range(times)]


async def _register(member: Member, file: File) -> float:
    form = await (await member.slash("voice register", name="Mine", clip=file)).modal()
    interaction = await form.submit({"I agree to this": True})
    panel = await interaction.reply(timeout_s=_PATIENCE_S)
    async with asyncio.timeout(_PATIENCE_S):
        while not panel.components:
            if "✅" not in panel.text:
                raise ValueError(panel.text)
            await asyncio.sleep(0.001)
    took = time.monotonic() - interaction.sent_s
    before = panel.edits
    await panel.press("Delete")
    await interaction.edited(panel, times=before + 1)
    return took


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="registration", description=__doc__)
    parser.add_argument("clip", type=Path, help="a recording of one person")
    parser.add_argument("--times", type=int, default=10)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        seconds = asyncio.run(measure(options.clip, options.times, Path(folder)))
    later = sorted(seconds[1:]) or seconds
    sys.stdout.write(
        f"{options.clip.name}, {options.times} times, {platform.machine()}\n"
        f"first {seconds[0]:.2f} s; then median {statistics.median(later):.2f} s, "
        f"longest {later[-1]:.2f} s\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
