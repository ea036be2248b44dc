"""`python -m bot.demo.registration [CLIP]`: how long a member waits for their voice.

A real bot with the stock voice on a Discord of its own; a member sends the form with a clip of
theirs, again and again. Measured from there to the answer that says "Ready", preview included.
With a clip of somebody's they have to say no sentence. Without one the member speaks as the stock
voice does: that makes the clip, and says the sentence. Then it is measured from when the recording
of the sentence is sent.
"""

import argparse
import asyncio
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from bot.demo.bot_process import running_bot
from bot.loopback import File, LoopbackDiscord, Member, Message
from bot.loopback.server import BUSY_MACHINE_S

_PATIENCE_S = 180.0
_VOICE = "stock:bella"
#: Some ten seconds of speech.
_CLIP = (
    "My sister has a small garden behind the house, where she grows tomatoes and beans. "
    "Please bring some bread and a bottle of milk when you come home, and do not forget the keys."
)
#: A sentence may not be understood (docs/speaker-proof.md); another one is asked for then.
_SENTENCES_MOST = 5
_READY = "Ready. Do you want to keep it?"


async def measure(clip: Path | None, times: int, folder: Path) -> list[float]:
    """Seconds of each registration, the first one in a bot that has never made the preview."""
    async with LoopbackDiscord(acknowledge_within_s=BUSY_MACHINE_S) as discord:
        guild = discord.add_guild("The workshop")
        guild.add_text_channel("general")
        member = guild.add_member("Alice")
        environment = {
            "TIMBRE_REGISTRATION_COOLDOWN_S": "0",
            "TIMBRE_VOICE_STATEMENT": "own" if clip is None else "off",
        }
        async with running_bot(discord, folder / "home", folder / "bot.log", **environment):
            # The engine loads while members read what they agree to.
            spoken = await _spoken(member, _CLIP if clip is None else "Hello.")
            if clip is None:
                return [await _prove(member, spoken) for _ in range(times)]
            file = File.of(clip)
            return [await _register(member, file) for _ in range(times)]


async def _spoken(member: Member, text: str) -> File:
    """A text in the stock voice, as a file."""
    said = await member.slash("say", text=text, voice=_VOICE)
    (attached,) = (await said.reply(timeout_s=_PATIENCE_S)).attachments
    return File("me.ogg", attached.data, "audio/ogg")


async def _register(member: Member, file: File) -> float:
    panel, sent_s = await _send(member, file)
    await _shown(panel, lambda: _READY in panel.text)
    return await _ready(panel, sent_s)


async def _prove(member: Member, file: File) -> float:
    panel, _ = await _send(member, file)
    await _shown(panel, lambda: _sentence_in(panel) is not None)
    for _ in range(_SENTENCES_MOST):
        sentence = _sentence_in(panel)
        if sentence is None:
            break
        form = await (await panel.press("Upload a recording")).modal()
        recording = await _spoken(member, sentence)
        interaction = await form.submit({"Recording of the sentence": [recording]})
        decided = partial(_is_decided, panel, sentence)
        await _shown(panel, decided)
        if _READY in panel.text:
            return await _ready(panel, interaction.sent_s)
    raise ValueError(panel.text)


def _sentence_in(panel: Message) -> str | None:
    """The sentence that a panel asks for, if it does."""
    quoted = [line for line in panel.text.splitlines() if line.startswith("> ")]
    return quoted[0].removeprefix("> ") if quoted and panel.components else None


def _is_decided(panel: Message, sentence: str) -> bool:
    """Whether the voice can be kept, or another sentence is asked for."""
    return _READY in panel.text or _sentence_in(panel) not in (None, sentence)


async def _send(member: Member, file: File) -> tuple[Message, float]:
    """Send the form; returns the panel that comes of it, and when that was."""
    form = await (await member.slash("voice register", name="Mine", clip=file)).modal()
    interaction = await form.submit({"I agree to this": True})
    return await interaction.reply(timeout_s=_PATIENCE_S), interaction.sent_s


async def _shown(panel: Message, condition: Callable[[], bool]) -> None:
    """Wait until a panel shows something. Raises `ValueError` where it says why it never will."""

    def decided() -> bool:
        if not any(sign in panel.text for sign in ("✅", "⏳", "> ")):
            raise ValueError(panel.text)
        return condition()

    await _until(decided)


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(_PATIENCE_S):
        while not condition():  # noqa: ASYNC110 - of another process
            await asyncio.sleep(0.001)


async def _ready(panel: Message, sent_s: float) -> float:
    """How long it took until now, when a panel asks whether to keep the voice; it is deleted."""
    took = time.monotonic() - sent_s
    before = panel.edits
    await panel.press("Delete")
    await _until(lambda: panel.edits > before)
    return took


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="registration", description=__doc__)
    parser.add_argument(
        "clip",
        type=Path,
        nargs="?",
        help="a recording of one person (default: the stock voice's, who then says a sentence)",
    )
    parser.add_argument("--times", type=int, default=10)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        seconds = asyncio.run(measure(options.clip, options.times, Path(folder)))
    later = sorted(seconds[1:]) or seconds
    what = options.clip.name if options.clip else "with a sentence"
    sys.stdout.write(
        f"{what}, {options.times} times, {platform.machine()}\n"
        f"first {seconds[0]:.2f} s; then median {statistics.median(later):.2f} s, "
        f"longest {later[-1]:.2f} s\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
