"""`python -m bot say`: the same services as on Discord, into a file."""

import asyncio
import hashlib
import sys
from pathlib import Path

import soundfile
from rich.console import Console
from rich.status import Status

from bot import logs
from bot.audio import opus
from bot.errors import UserError
from bot.services import open_services, reader_of
from bot.settings import Settings, SettingsError
from bot.speech import Speaker
from bot.text import Names
from engine.errors import SpeechError
from engine.executor import Executor
from engine.speech import ClonedVoice, StockVoice, Voice

_FORMATS = {".ogg", ".wav", ".flac"}


async def say(settings: Settings, text: str, clip: Path | None, out: Path) -> int:
    """Speak `text` into `out`, in the voice of `clip` if one is given. Returns the exit code."""
    if out.suffix.lower() not in _FORMATS:
        raise SettingsError(f"--out must end in .ogg, .wav or .flac, not {out.name!r}")
    await asyncio.to_thread(_require_writable, out)
    logs.configure("WARNING" if settings.log_level == "INFO" else settings.log_level, "console")
    console = Console(stderr=True)
    try:
        voice = await asyncio.to_thread(_voice, clip)
        chunks = reader_of(settings).read(text, Names())
        async with open_services(settings) as services:
            with console.status("Loading the engine") as status:
                await _loaded(services.executor, status)
                status.update("Speaking")
                utterance = services.speech.utterance(chunks, Speaker(voice=voice))
                clips = [made async for made in utterance.clips()]
            # Before the services end: whatever they meet then, this is done.
            packets = [packet for made in clips for packet in made.packets]
            ogg = await asyncio.to_thread(opus.join, packets)
            await asyncio.to_thread(_write, ogg, out)
    except (UserError, SpeechError) as error:
        print(f"timbre: {error}", file=sys.stderr)
        return 1
    except (OSError, soundfile.LibsndfileError) as error:
        print(f"timbre: {error}", file=sys.stderr)
        return 1
    if utterance.substitution:
        console.print(utterance.substitution)
    seconds = sum(made.duration_s for made in clips)
    console.print(f"{out}: {seconds:.1f} s")
    return 0


async def _loaded(executor: Executor, status: Status) -> None:
    """Wait for the engine and show what it is at: the first time it downloads its weights."""
    loading = asyncio.create_task(executor.engine_info())
    try:
        while not loading.done():
            status.update(executor.status().detail)
            await asyncio.wait({loading}, timeout=0.2)
        await loading
    finally:
        loading.cancel()


def _voice(clip: Path | None) -> Voice:
    if clip is None:
        return StockVoice()
    digest = hashlib.sha256(clip.read_bytes()).hexdigest()
    return ClonedVoice(clip_sha256=digest, clip_path=str(clip.absolute()))


def _require_writable(out: Path) -> None:
    """Raise `SettingsError` before minutes of work that could not be kept."""
    there = out.exists()
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with out.open("ab"):
            pass
        if not there:
            out.unlink()
    except OSError as error:
        raise SettingsError(f"--out cannot be written: {out} ({error.strerror})") from error


def _write(ogg: bytes, out: Path) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    if out.suffix.lower() == ".ogg":
        out.write_bytes(ogg)
    else:
        soundfile.write(out, opus.decode(ogg), opus.SAMPLE_RATE)
