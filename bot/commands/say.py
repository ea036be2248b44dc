"""`python -m bot say`: the same services as on Discord, into a file."""

import asyncio
import contextlib
import hashlib
import io
import logging
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import av
import av.error
import soundfile
from rich.console import Console
from rich.status import Status

from bot.base import logs
from bot.base.errors import UserError
from bot.services import Services, open_services, reader_of
from bot.settings import Settings, SettingsError
from bot.speech.audio import opus
from bot.speech.languages import ENGLISH, LANGUAGES, language_named, name_of, named
from bot.speech.pieces import Saying
from bot.speech.reading import Reader
from bot.speech.speaker import Speaker
from bot.text import SOUNDS, Names
from bot.text.alphabets import LATIN, languages_written_in, script_of
from data.errors import StoreFailed
from engine.errors import SpeechError
from engine.executor import Executor
from engine.messages import EngineConfig
from engine.speech import ClonedVoice, StockVoice, Voice
from engine.weights.models import MODELS

log = logging.getLogger(__name__)

#: What the stock voice could read, given the packages for it; the loaded one says what it does.
_STOCK_LANGUAGES = (ENGLISH, "ja", "zh")
_FORMATS = {".ogg", ".wav", ".flac"}


async def say(
    settings: Settings, text: str, clip: Path | None, out: Path, language: str | None = None
) -> int:
    """Speak `text` into `out`, in the voice of `clip` if one is given. Returns the exit code.

    `language` is the name of the text's. What cannot work is refused before anything is loaded.
    Raises `SettingsError`.
    """
    asked = _language(language)
    await asyncio.to_thread(_require_writable, out)
    level = settings.log.level
    logs.configure("WARNING" if level == "INFO" else level, "console")
    console = Console(stderr=True, markup=False)
    try:
        voice = await asyncio.to_thread(_voice, clip)
        reader = reader_of(settings)
        _require_readable(reader, text, asked, _may_read(settings.engine))
        async with open_services(settings) as services:
            with console.status("Loading the engine") as status:
                await _loaded(services.executor, status)
                status.update("Speaking")
                if isinstance(voice, ClonedVoice):
                    try:
                        await services.store.local_clips.use(voice.clip_sha256)
                    except StoreFailed as error:  # a full disk: it can be said all the same
                        log.error("a recording's use could not be noted", exc_info=error)
                saying = await _saying(services, reader, text, asked, voice)
                clips = [made async for made in saying.clips()]
            packets = [packet for made in clips for packet in made.packets]
            # Before the services are closed: what then fails must not cost what was spoken.
            await asyncio.to_thread(_write, opus.join(packets), out)
    except (UserError, SpeechError) as error:
        print(f"timbre: {error}", file=sys.stderr)
        return 1
    for remark in saying.remarks:
        console.print(str(remark), highlight=False)
    seconds = sum(made.duration_s for made in clips)
    console.print(f"{out}: {seconds:.1f} s", soft_wrap=True, highlight=False)
    return 0


def _language(typed: str | None) -> str | None:
    """The code of a language that was named. Raises `SettingsError` for an unknown one."""
    if typed is None:
        return None
    if (code := language_named(typed)) is None:
        known = ", ".join(one.english for one in LANGUAGES.values())
        raise SettingsError(f"--language: {typed!r} is none of {known}")
    return code


def _may_read(engine: EngineConfig) -> Sequence[str]:
    """What the engine of the settings could turn out to read."""
    if engine.engine == "stock":
        return _STOCK_LANGUAGES
    if not engine.models:
        return tuple(LANGUAGES)
    every = (code for name in engine.models for code in MODELS[name].languages)
    return list(dict.fromkeys(every))


def _require_readable(reader: Reader, text: str, asked: str | None, may: Sequence[str]) -> None:
    """Raise `UserError` for a text that could be said in none of the languages `may`."""
    if asked is not None and asked not in may:
        raise UserError(f"I read {named(may)} here, and not {name_of(asked)}.")
    written = languages_written_in(script_of(text) or LATIN)
    likely = [asked] if asked else [one for one in written if one in may]
    language = likely[0] if likely else ENGLISH
    reader.read(text, Names(), language=language, reads=may, sounds=SOUNDS)


async def _saying(
    services: Services, reader: Reader, text: str, asked: str | None, voice: Voice
) -> Saying:
    """What is said, in the language that was asked for or that the text is in."""
    reads = (await services.executor.engine_info()).reads
    line = await services.line_languages.of(text, reads, user_id=0, guild_id=0, asked=asked)
    sounds = services.sayings.sounds or ()
    reading = reader.read(text, Names(), language=line.language, reads=reads, sounds=sounds)
    speaker = Speaker(voice=voice, language=line.language)
    saying = await services.sayings.in_voice(reading.chunks, speaker)
    saying.left_out = reading.left_out
    return saying


def _require_writable(out: Path) -> None:
    """Raise `SettingsError` unless a file can be written there; makes its folder."""
    if out.suffix.lower() not in _FORMATS:
        raise SettingsError(f"--out must end in .ogg, .wav or .flac, not {out.name!r}")
    if out.is_dir():
        raise SettingsError(f"--out: {out} is a folder; name a file in it")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(
            f"--out: the folder {out.parent} cannot be made ({error.strerror})"
        ) from None
    try:
        with tempfile.TemporaryFile(dir=out.parent):
            return
    except OSError as error:
        raise SettingsError(f"--out: {out.parent} cannot be written ({error.strerror})") from None


async def _loaded(executor: Executor, status: Status) -> None:
    """Wait for the engine and show what it is at: the first time it downloads its weights."""
    loading = asyncio.create_task(executor.engine_info())
    try:
        while not loading.done():
            status.update(executor.status().detail)
            await asyncio.wait({loading}, timeout=0.2)
        await loading
    finally:  # Ctrl-C ends the wait, not the task
        loading.cancel()
        with contextlib.suppress(SpeechError, asyncio.CancelledError):
            await loading


def _voice(clip: Path | None) -> Voice:
    """The voice of a recording. Raises `UserError` for what is none, whichever engine speaks."""
    if clip is None:
        return StockVoice()
    try:
        content = clip.read_bytes()
    except OSError as error:
        raise UserError(f"--voice: {clip} cannot be read ({error.strerror})") from error
    try:
        with av.open(io.BytesIO(content), mode="r") as container:
            next(container.decode(audio=0))
    except (av.error.FFmpegError, IndexError, ValueError, StopIteration) as error:
        raise UserError(f"--voice: {clip} is no recording that can be played") from error
    digest = hashlib.sha256(content).hexdigest()
    return ClonedVoice(clip_sha256=digest, clip_path=str(clip.absolute()))


def _write(ogg: bytes, out: Path) -> None:
    """Leave all of the sound in `out`, or what was there. Raises `UserError`."""
    kind = out.suffix.lower().removeprefix(".")
    content = io.BytesIO(ogg)
    if kind != "ogg":
        content = io.BytesIO()
        pcm = opus.decode(ogg)
        with soundfile.SoundFile(
            content, "w", opus.SAMPLE_RATE, channels=pcm.shape[1], format=kind
        ) as file:
            file.comment = opus.SYNTHETIC
            file.write(pcm)
    target = out.resolve()  # a link stays one
    unfinished = target.with_name(f".{target.name}.part")
    try:
        unfinished.write_bytes(content.getvalue())
        unfinished.replace(target)
    except OSError as error:
        raise UserError(f"--out: {out} cannot be written ({error.strerror})") from error
    finally:
        unfinished.unlink(missing_ok=True)
