"""`POST /v1/audio/speech`: a text becomes a file that grows while it is made.

Memory is bounded whatever the text's length: a passage is read when its turn comes, and one piece
is made ahead. A client that stops reading stops that, and one that is gone ends it.
"""

import asyncio
import base64
import logging
import time
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from functools import partial

import msgspec
from aiohttp import web
from msgspec.structs import replace

from bot.http.order import Order, order_of
from bot.http.refusals import RequestRefused, refused
from bot.http.voices import HttpVoices
from bot.speech.audio.formats import FORMATS, GrowingFile
from bot.speech.audio.opus import SYNTHETIC
from bot.speech.reading import NothingToSay
from bot.speech.saying import Sayings
from bot.speech.service import Deciding
from bot.speech.speaker import Speaker
from bot.text import TextLimits
from bot.text.passages import passages
from engine import cores
from engine.errors import SynthesisFailed, VoiceUnusable
from engine.speech import EngineInfo, Speech

log = logging.getLogger(__name__)

#: Requests that are spoken at once. Each keeps two pieces in the executor's queue.
AT_ONCE = 64
#: A client that took nothing for so long does not come back for the rest.
STALLED_S = 600.0
#: What is read at once. A number may become twenty times as long in words.
_PASSAGE_CHARS, _SPOKEN_PER_CHAR = 1000, 20
#: What is encoded at once: little of a piece at first, then twice as much each time. Each leaves
#: while the next is encoded, and plays for longer than that takes.
_FIRST_BLOCK_S, _BLOCK_MAX_S = 0.1, 2.0
#: Files are encoded beside the threads in which live speech is.
_THREADS = 2
#: Models of OpenAI's that clients ask for without looking; the loaded one speaks for them.
_OPENAI = ("tts-1", "tts-1-hd", "gpt-4o-mini-tts")


class SpeechRoute:
    """`engine` gives the loaded engine, or raises. `on_first` is told after how many seconds."""

    def __init__(
        self,
        sayings: Sayings,
        voices: HttpVoices,
        *,
        engine: Callable[[], EngineInfo],
        limits: TextLimits,
        on_first: Callable[[float], None],
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._sayings = sayings
        self._voices = voices
        self._engine = engine
        self._limits = replace(
            limits,
            max_input_chars=_PASSAGE_CHARS,
            max_spoken_chars=_PASSAGE_CHARS * _SPOKEN_PER_CHAR,
        )
        self._on_first = on_first
        self._clock = clock
        self._threads = ThreadPoolExecutor(
            _THREADS, "speech over http", initializer=cores.stay_apart
        )
        self.speaking = 0

    async def speak(self, request: web.Request) -> web.StreamResponse:
        # Before its text arrives, which takes memory too.
        if self.speaking >= AT_ONCE:
            raise RequestRefused(
                429,
                f"{AT_ONCE} texts are being spoken. Please try again in a moment.",
                code="rate_limit_exceeded",
            )
        self.speaking += 1
        try:
            return await self._speak(request)
        finally:
            self.speaking -= 1

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _speak(self, request: web.Request) -> web.StreamResponse:
        began = self._clock()
        order = await order_of(request)
        engine = self._engine()
        if order.model not in (None, "", *engine.models, *_OPENAI):
            raise RequestRefused(
                404,
                f"There is no such model here, only {', '.join(engine.models)}.",
                param="model",
                code="model_not_found",
            )
        with self._sayings.deciding() as decision:
            speaker = await self._voices.speaker(order.voice, engine)
            if order.model in engine.models:
                speaker = replace(speaker, model=order.model)
            answer = _Answer(request, order, engine.sample_rate, self._threads)
            answer.on_first = lambda: self._on_first(self._clock() - began)
            return await self._stream(answer, order, speaker, decision)

    async def _stream(
        self, answer: "_Answer", order: Order, speaker: Speaker, decision: Deciding
    ) -> web.StreamResponse:
        try:
            async with aclosing(self._speech(order, speaker, decision)) as made:
                async for speech in made:
                    await answer.add(speech)
            await answer.end()
        except Exception as error:
            if not answer.response.prepared:
                raise
            # The status has been sent: that this is not all is only seen by how it ends.
            if isinstance(error, ConnectionError | TimeoutError):
                log.info("a client left, or took nothing, before the end of what it asked for")
            else:
                log.warning("speech over HTTP broke off", extra={"reason": str(refused(error))})
            answer.abort()
        return answer.response

    async def _speech(
        self, order: Order, speaker: Speaker, decision: Deciding
    ) -> AsyncGenerator[Speech, None]:
        language, limits, nothing = order.language, self._limits, True
        for passage in passages(order.text, _PASSAGE_CHARS):
            try:
                recital = await self._sayings.recital(
                    passage, speaker, language=language, limits=limits
                )
            except NothingToSay:
                continue
            decision.require(recital.speaker)  # one that there is already says so itself
            nothing, language = False, recital.speaker.language
            # Once it sounds, nothing is gained by beginning with a short piece.
            limits = replace(limits, first_chunk_chars=limits.max_chunk_chars)
            async with aclosing(recital.made()) as made:
                async for speech in made:
                    if speech.substitution:
                        raise VoiceUnusable(speech.substitution)
                    yield speech
        if nothing:
            raise RequestRefused(400, "Nothing in that can be said aloud.", param="input")


class _Answer:
    """The response to one request. `on_first` is called once its first sound is on its way.

    Its file is begun, which takes milliseconds, while the engine makes the first piece.
    """

    def __init__(
        self,
        request: web.Request,
        order: Order,
        sample_rate: int,
        threads: ThreadPoolExecutor,
    ) -> None:
        self._request = request
        self._threads = threads
        self._events = order.events
        self._file = asyncio.get_running_loop().run_in_executor(
            threads, partial(GrowingFile, order.format, sample_rate, speed=order.speed)
        )
        self.on_first: Callable[[], None] = lambda: None
        self.response = web.StreamResponse(
            headers={
                "Content-Type": (
                    "text/event-stream" if order.events else FORMATS[order.format].media_type
                ),
                "Cache-Control": "no-store",
                # Samples alone have no tags.
                "X-Synthetic": SYNTHETIC,
            }
        )

    async def add(self, speech: Speech) -> None:
        loop, file = asyncio.get_running_loop(), await self._file
        if speech.sample_rate != file.sample_rate:
            raise SynthesisFailed("Another speech engine was loaded in the middle of this.")
        begin, block_s = 0, _FIRST_BLOCK_S
        while begin < len(speech.pcm):
            end = begin + int(block_s * speech.sample_rate)
            block = speech.pcm[begin:end]
            await self._write(await loop.run_in_executor(self._threads, file.add, block))
            begin, block_s = end, min(2 * block_s, _BLOCK_MAX_S)

    async def end(self) -> None:
        loop, file = asyncio.get_running_loop(), await self._file
        await self._write(await loop.run_in_executor(self._threads, file.end))
        if not self.response.prepared:  # too short for a single sample
            await self.response.prepare(self._request)
        await self.response.write_eof(_DONE if self._events else b"")

    def abort(self) -> None:
        """Cut the connection: a body that ended as it should would look whole."""
        if self._request.transport is not None:
            self._request.transport.abort()

    async def _write(self, data: bytes) -> None:
        if not data:
            return
        first = not self.response.prepared
        if first:
            await self.response.prepare(self._request)
        async with asyncio.timeout(STALLED_S):
            await self.response.write(_event_of(data) if self._events else data)
        if first:
            self.on_first()


def _event_of(data: bytes) -> bytes:
    """A part of a file as a server-sent event."""
    return _event({"type": "speech.audio.delta", "audio": base64.b64encode(data).decode()})


def _event(content: dict[str, object]) -> bytes:
    return b"data: " + msgspec.json.encode(content) + b"\n\n"


#: Nothing here is paid for by the token, and clients read how many there were.
_DONE = _event(
    {
        "type": "speech.audio.done",
        "usage": {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0},
    }
)
