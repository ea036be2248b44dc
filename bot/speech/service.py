"""From a line of text to clips that can be played: chunks, cache, executor, loudness, Opus.

The one place where speech is made, for Discord and for the command line. Knows nothing of Discord.
"""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any
from weakref import WeakSet

import msgspec

from bot.base.metrics import Metrics
from bot.speech.audio import opus
from bot.speech.audio.cache import SpeechCache
from bot.speech.audio.clip import Clip
from bot.speech.audio.codec import Codec
from engine.errors import DeadlineExceeded, SpeechError, SynthesisFailed
from engine.executor import Executor
from engine.speech import (
    ClonedVoice,
    EngineInfo,
    Priority,
    Speech,
    SpeechParameters,
    SpeechRequest,
    StockVoice,
    Voice,
    sha256_of,
)

log = logging.getLogger(__name__)

#: Pieces of an utterance that are made while an earlier one is playing.
LOOK_AHEAD_CHUNKS = 2


class Speaker(msgspec.Struct, frozen=True):
    """Who asks, in which voice, how it should speak, and how loudly it is played.

    `note` is a sentence for the listener on why it is this voice, where that may surprise.
    """

    voice: Voice = StockVoice()
    parameters: SpeechParameters = SpeechParameters()
    guild_id: int = 0
    user_id: int = 0
    note: str | None = None
    volume_percent: int = 100


class SpeechService:
    """Makes clips, from the cache where it can."""

    def __init__(
        self,
        executor: Executor,
        cache: SpeechCache,
        metrics: Metrics,
        *,
        deadline_s: float,
        look_ahead_chunks: int = LOOK_AHEAD_CHUNKS,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._executor = executor
        self._cache = cache
        self._metrics = metrics
        self._look_ahead = look_ahead_chunks
        self._deadline_s = deadline_s
        self._clock = clock
        self._utterances: WeakSet[Utterance] = WeakSet()
        self._at_work: dict[str, set[asyncio.Task[Any]]] = {}  # by identity of the voice
        self._silenced: dict[str, SpeechError] = {}  # likewise

    def utterance(self, chunks: Sequence[str], speaker: Speaker) -> "Utterance":
        """Begin to prepare `chunks`, to be spoken one after the other."""
        self._metrics.utterances += 1
        requests = [
            SpeechRequest(
                text=chunk,
                voice=speaker.voice,
                parameters=speaker.parameters,
                guild_id=speaker.guild_id,
                user_id=speaker.user_id,
                priority=_priority(position),
                deadline_s=self._deadline_s,
            )
            for position, chunk in enumerate(chunks)
        ]
        make = partial(self._clip, volume_percent=speaker.volume_percent)
        utterance = Utterance(speaker, requests, make, self._look_ahead)
        self._utterances.add(utterance)
        return utterance

    @contextmanager
    def silencing(self, voice: Voice, reason: SpeechError) -> Iterator[None]:
        """End what is said in a voice, and let nothing begin in it meanwhile, with `reason`."""
        self._silenced[voice.identity] = reason
        try:
            self.withdraw(lambda speaker: speaker.voice.identity == voice.identity, reason)
            yield
        finally:
            del self._silenced[voice.identity]

    def withdraw(self, concerned: Callable[[Speaker], bool], reason: SpeechError) -> None:
        """End the utterances of some speakers where they are: their listeners get `reason`."""
        for utterance in list(self._utterances):
            if concerned(utterance.speaker):
                utterance.withdraw(reason)

    async def settled(self, voice: Voice) -> None:
        """Wait until nothing is being made or written in a voice. Silence it before."""
        while tasks := self._at_work.get(voice.identity):
            await asyncio.wait(tasks)

    async def _clip(self, request: SpeechRequest, *, volume_percent: int) -> Clip:
        info = await self._engine()
        if reason := self._silenced.get(request.voice.identity):
            raise reason
        voice, substitution = available_voice(request.voice, info)
        request = msgspec.structs.replace(request, voice=voice)
        usual, codec = self._cache.codec, self._cache.codec.at_volume(volume_percent)
        key = sha256_of(info.identity, request.content_key, codec)
        packets = await self._cache.get(key)
        if packets is None and codec != usual:
            at_usual = await self._cache.get(sha256_of(info.identity, request.content_key, usual))
            if at_usual is not None:
                packets = await self._keep(key, await _decoded(at_usual), voice, codec)
        if packets is not None:
            self._metrics.cache_hits += 1
            return Clip(key, packets, cached=True, substitution=substitution)
        self._metrics.cache_misses += 1
        begun = self._clock()
        making = asyncio.create_task(self._executor.synthesise(request), name="speech")
        self._note_work(voice, making)
        speech = await making
        self._metrics.synthesis.add((self._clock() - begun) * 1000)
        if not len(speech.pcm):
            raise SynthesisFailed("There is nothing in that which makes a sound.")
        # A worker that was replaced meanwhile may have loaded another engine: it is that one's.
        spoke = await self._executor.engine_info()
        key = sha256_of(spoke.identity, request.content_key, codec)
        packets = await self._keep(key, speech, voice, codec)
        if codec != usual:
            # For other servers, which then need no engine. Nobody waits for it.
            usual_key = sha256_of(spoke.identity, request.content_key, usual)
            self._begin_to_keep(usual_key, speech, voice, usual)
        return Clip(key, packets, cached=False, substitution=substitution or speech.substitution)

    async def _keep(
        self, key: str, speech: Speech, voice: Voice, codec: Codec
    ) -> tuple[bytes, ...]:
        # Shielded: given up in the middle, it would leave a file that nothing knows of.
        return await asyncio.shield(self._begin_to_keep(key, speech, voice, codec))

    def _begin_to_keep(
        self, key: str, speech: Speech, voice: Voice, codec: Codec
    ) -> "asyncio.Task[tuple[bytes, ...]]":
        keeping = asyncio.create_task(
            self._cache.put(key, speech, voice, codec), name="keep speech"
        )
        self._note_work(voice, keeping)
        return keeping

    async def _engine(self) -> EngineInfo:
        """The loaded engine, waited for no longer than a request may wait."""
        try:
            async with asyncio.timeout(self._deadline_s):
                return await self._executor.engine_info()
        except TimeoutError:
            raise DeadlineExceeded(
                f"The speech engine is not ready yet. {self._executor.status().detail}"
            ) from None

    def _note_work(self, voice: Voice, task: asyncio.Task[Any]) -> None:
        tasks = self._at_work.setdefault(voice.identity, set())
        tasks.add(task)

        def done(_: asyncio.Task[Any]) -> None:
            tasks.discard(task)
            if not tasks:
                self._at_work.pop(voice.identity, None)

        task.add_done_callback(done)


class Utterance:
    """A line on its way to being sound. The first chunk is begun at once, the rest ahead of use.

    `substitution` is a sentence for the listener once a clip in another voice than the requested
    one has been given out.
    """

    def __init__(
        self,
        speaker: Speaker,
        requests: Sequence[SpeechRequest],
        make: Callable[[SpeechRequest], Coroutine[None, None, Clip]],
        look_ahead: int,
    ) -> None:
        self.speaker = speaker
        self._requests = requests
        self._make = make
        self._look_ahead = look_ahead
        self._tasks: list[asyncio.Task[Clip]] = []
        self._withdrawn: SpeechError | None = None
        self._on_withdrawal: Callable[[SpeechError], None] = lambda _: None
        self.substitution = speaker.note
        self._begin(1)

    async def clips(self) -> AsyncGenerator[Clip, None]:
        """The clips in order. Raises the `SpeechError` of the first that cannot be made."""
        try:
            for position in range(len(self._requests)):
                if self._withdrawn is None:
                    self._begin(position + 1 + self._look_ahead)
                    # Not the task itself: whether it was cancelled or this one, would look equal.
                    await asyncio.wait({self._tasks[position]})
                if self._withdrawn is not None:
                    raise self._withdrawn
                clip = self._tasks[position].result()
                self.substitution = self.substitution or clip.substitution
                yield clip
        finally:
            self.cancel()

    async def ogg(self) -> bytes:
        """All of it as one Ogg Opus file. Raises as `clips` does."""
        packets = [packet async for clip in self.clips() for packet in clip.packets]
        return await asyncio.to_thread(opus.join, packets)

    def cancel(self) -> None:
        """Give up every chunk that is not done."""
        for task in self._tasks:
            task.cancel()

    def on_withdrawal(self, told: Callable[[SpeechError], None]) -> None:
        """Have `told` called with the reason if it is withdrawn, also when all clips are out."""
        self._on_withdrawal = told

    def withdraw(self, reason: SpeechError) -> None:
        """Give it up; whoever iterates the clips gets `reason` instead of the next one."""
        self._withdrawn = reason
        self.cancel()
        self._on_withdrawal(reason)

    def _begin(self, count: int) -> None:
        for request in self._requests[len(self._tasks) : count]:
            task = asyncio.create_task(self._make(request), name="clip")
            # A chunk that failed after the utterance was given up has nobody left to tell.
            task.add_done_callback(lambda t: t.cancelled() or t.exception())
            self._tasks.append(task)


async def _decoded(packets: Sequence[bytes]) -> Speech:
    pcm = await asyncio.to_thread(lambda: opus.decode(opus.join(packets)).mean(axis=1))
    return Speech(pcm=pcm, sample_rate=opus.SAMPLE_RATE)


def available_voice(voice: Voice, info: EngineInfo) -> tuple[Voice, str | None]:
    """The voice that `info`'s engine will speak with, and a sentence if it is another one."""
    default = StockVoice(info.stock_voices[0] if info.stock_voices else "")
    if isinstance(voice, ClonedVoice):
        if info.clones_voices:
            return voice, None
        return default, f"A stock voice is speaking instead of the cloned one. {info.reason}"
    if not voice.name:
        return default, None
    if voice.name in info.stock_voices:
        return voice, None
    return default, f"There is no stock voice “{voice.name}” here, so the default one is speaking."


def _priority(position: int) -> Priority:
    match position:
        case 0:
            return Priority.FIRST_SOUND
        case 1:
            return Priority.SPEAKING
        case _:
            return Priority.LOOK_AHEAD
