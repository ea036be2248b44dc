"""From a line of text to clips that can be played: chunks, cache, executor, loudness, Opus.

The one place where speech is made, for Discord and for the command line. Knows nothing of Discord.
"""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from weakref import WeakSet

from msgspec.structs import replace

from bot.base.metrics import Metrics
from bot.speech.audio import opus
from bot.speech.audio.cache import SpeechCache
from bot.speech.audio.clip import Clip
from bot.speech.audio.codec import Codec
from bot.speech.counting import counting
from bot.speech.readiness import Readiness
from bot.speech.speaker import Speaker, voice_for
from bot.text import with_sounds
from engine.errors import SpeechError, SynthesisFailed
from engine.executor import Executor
from engine.speech import EngineInfo, Priority, Speech, SpeechRequest, Voice, sha256_of

log = logging.getLogger(__name__)

#: Whether a speaker is among those that something is about.
Concerned = Callable[[Speaker], bool]

#: How soon the chunk that is to sound next is due, and those that are made ahead after it.
_PRIORITIES = (Priority.SPEAKING, Priority.SPEAKING, Priority.LOOK_AHEAD)


@dataclass(eq=False, slots=True)
class _Chunk:
    """A piece of a saying, made as soon as it has a task. `request` is as the executor has it."""

    speaker: Speaker
    request: SpeechRequest
    task: asyncio.Task[Clip] | None = None


class SpeechService:
    """Makes clips, from the cache where it can."""

    def __init__(
        self,
        executor: Executor,
        cache: SpeechCache,
        metrics: Metrics,
        *,
        deadline_s: float,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._executor = executor
        self._cache = cache
        self._metrics = metrics
        self._deadline_s = deadline_s
        self._clock = clock
        self._sayings: WeakSet[Saying] = WeakSet()
        self._at_work: dict[asyncio.Task[Any], Speaker] = {}
        self._readiness = Readiness(executor, deadline_s=deadline_s, clock=clock)
        self._silenced: list[tuple[Concerned, SpeechError]] = []

    @property
    def sounds(self) -> tuple[str, ...] | None:
        """Those that the loaded engine makes; None while none is loaded."""
        engine = self._executor.status().engine
        return None if engine is None else engine.sounds

    def saying(self, chunks: Sequence[str], speaker: Speaker) -> "Saying":
        """`chunks`, to be spoken one after the other. Nothing is made of them before it is due."""
        self._metrics.utterances += 1
        self._metrics.characters += sum(map(len, chunks))
        requests = [
            SpeechRequest(
                text=text,
                language=speaker.language,
                voice=speaker.voice,
                parameters=speaker.parameters,
                guild_id=speaker.guild_id,
                user_id=speaker.user_id,
            )
            for text in chunks
        ]
        saying = Saying(speaker, [_Chunk(speaker, one) for one in requests], self._make_due)
        self._sayings.add(saying)
        return saying

    async def engine(self) -> EngineInfo:
        """The loaded engine, as `Readiness` waits for it. Raises `SpeechError`."""
        return await self._readiness.engine()

    @contextmanager
    def silencing(self, concerned: Concerned, reason: SpeechError) -> Iterator[None]:
        """End what some speakers say, and let them begin nothing meanwhile, with `reason`."""
        silenced = concerned, reason
        self._silenced.append(silenced)
        try:
            self.withdraw(concerned, reason)
            yield
        finally:
            self._silenced.remove(silenced)

    def withdraw(self, concerned: Concerned, reason: SpeechError) -> None:
        """End the sayings of some speakers where they are: their listeners get `reason`."""
        for saying in list(self._sayings):
            if concerned(saying.speaker):
                saying.withdraw(reason)

    async def settled(self, concerned: Concerned) -> None:
        """Wait until nothing is being made or written of some speakers. Silence them before."""
        while tasks := [task for task, speaker in self._at_work.items() if concerned(speaker)]:
            await asyncio.wait(tasks)

    async def forget(self, concerned: Concerned, **origin: int) -> None:
        """Remove the renderings of what some speakers had said, in `SpeechOrigin`'s terms `origin`.

        Silence or cancel them before.
        """
        await self.settled(concerned)
        await self._cache.forget(**origin)

    def _make_due(self, chunk: _Chunk, priority: Priority) -> None:
        """Begin to make a chunk; have one that was begun already made sooner."""
        if chunk.task is not None and priority >= chunk.request.priority:
            return
        # What waits in line has all the time until its turn.
        deadline_s = None if priority is Priority.IN_LINE else self._deadline_s
        chunk.request = replace(chunk.request, priority=priority, deadline_s=deadline_s)
        if chunk.task is None:
            chunk.task = asyncio.create_task(self._clip(chunk), name="clip")
            chunk.task.add_done_callback(counting(self._metrics))
        else:
            self._executor.promote(chunk.request)

    async def _clip(self, chunk: _Chunk) -> Clip:
        info = await self.engine()
        speaker = chunk.speaker
        for concerned, reason in self._silenced:
            if concerned(speaker):
                raise reason
        voice, substitution = voice_for(speaker, info)
        # It was read before the engine was there, or for the one before.
        text = with_sounds(chunk.request.text, info.sounds)
        if not text:
            raise SynthesisFailed("There is nothing in that which makes a sound.")
        chunk.request = replace(chunk.request, text=text, voice=voice)
        content = chunk.request.content_key
        usual = self._cache.codec
        codec = usual.at_volume(speaker.volume_percent)
        key = sha256_of(info.identity, content, codec)
        packets = await self._cache.get(key, speaker.origin)
        if packets is None and codec != usual:
            usual_key = sha256_of(info.identity, content, usual)
            at_usual = await self._cache.get(usual_key, speaker.origin)
            if at_usual is not None:
                speech = await _decoded(at_usual)
                packets = await self._keep(key, speech, voice, codec, speaker)
        if packets is not None:
            self._metrics.cache_hits += 1
            return Clip(key, packets, cached=True, substitution=substitution)
        self._metrics.cache_misses += 1
        begun = self._clock()
        making = asyncio.create_task(self._synthesise(chunk), name="speech")
        self._note_work(speaker, making)
        speech = await making
        self._metrics.synthesis.add((self._clock() - begun) * 1000)
        if not len(speech.pcm):
            raise SynthesisFailed("There is nothing in that which makes a sound.")
        # A worker that was replaced meanwhile may have loaded another engine: it is that one's.
        spoke = await self._executor.engine_info()
        key = sha256_of(spoke.identity, content, codec)
        packets = await self._keep(key, speech, voice, codec, speaker)
        if codec != usual:
            # For other servers, which then need no engine. Nobody waits for it.
            usual_key = sha256_of(spoke.identity, content, usual)
            self._begin_to_keep(usual_key, speech, voice, usual, speaker)
        return Clip(key, packets, cached=False, substitution=substitution or speech.substitution)

    async def _synthesise(self, chunk: _Chunk) -> Speech:
        # Read here, where it is submitted: it may have been promoted since this task was made.
        return await self._executor.synthesise(chunk.request)

    async def _keep(
        self, key: str, speech: Speech, voice: Voice, codec: Codec, speaker: Speaker
    ) -> tuple[bytes, ...]:
        # Shielded: given up in the middle, it would leave a file that nothing knows of.
        return await asyncio.shield(self._begin_to_keep(key, speech, voice, codec, speaker))

    def _begin_to_keep(
        self, key: str, speech: Speech, voice: Voice, codec: Codec, speaker: Speaker
    ) -> "asyncio.Task[tuple[bytes, ...]]":
        keeping = asyncio.create_task(
            self._cache.put(key, speech, voice, codec, speaker.origin), name="keep speech"
        )
        self._note_work(speaker, keeping)
        return keeping

    def _note_work(self, speaker: Speaker, task: asyncio.Task[Any]) -> None:
        self._at_work[task] = speaker
        task.add_done_callback(self._at_work.pop)


class Saying:
    """Words on their way to being sound. The sooner a chunk is due, the sooner it is made.

    `substitution` is a sentence for the listener once a clip in another voice than the requested
    one has been given out; `left_out` is one for the author where it is not all that they typed,
    and `accent` where it is read as another language than theirs.
    """

    def __init__(
        self,
        speaker: Speaker,
        chunks: Sequence[_Chunk],
        make_due: Callable[[_Chunk, Priority], None],
    ) -> None:
        self.speaker = speaker
        self.substitution = speaker.note
        self.left_out: str | None = None
        self.accent: str | None = None
        self._chunks = chunks
        self._make_due = make_due
        self._withdrawn: SpeechError | None = None
        self._on_withdrawal: Callable[[SpeechError], None] = lambda _: None

    @property
    def text(self) -> str:
        """What is said, as it is read."""
        return " ".join(chunk.request.text for chunk in self._chunks)

    @property
    def remarks(self) -> list[str]:
        """What is to be said beside it: how it is not what was asked for."""
        return [one for one in (self.left_out, self.accent, self.substitution) if one]

    def due(self, priority: Priority) -> None:
        """Begin to make the first chunk, or have it made sooner."""
        if self._withdrawn is None:
            self._make_due(self._chunks[0], priority)

    async def clips(self) -> AsyncGenerator[Clip, None]:
        """The clips in order. Raises the `SpeechError` of the first that cannot be made."""
        try:
            for position in range(len(self._chunks)):
                if self._withdrawn is None:
                    task = self._begin_from(position)
                    # Not the task itself: whether it was cancelled or this one, would look equal.
                    await asyncio.wait({task})
                if self._withdrawn is not None:
                    raise self._withdrawn
                clip = task.result()
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
        for chunk in self._chunks:
            if chunk.task is not None:
                chunk.task.cancel()

    def on_withdrawal(self, told: Callable[[SpeechError], None]) -> None:
        """Have `told` called with the reason if it is withdrawn, also when all clips are out."""
        self._on_withdrawal = told

    def withdraw(self, reason: SpeechError) -> None:
        """Give it up; the clips end with `reason` instead of the next one."""
        self._withdrawn = reason
        self.cancel()
        self._on_withdrawal(reason)

    def _begin_from(self, position: int) -> asyncio.Task[Clip]:
        """The task of a chunk that is to sound next; those within the look-ahead begin as well."""
        if position == 0:
            self._make_due(self._chunks[0], Priority.FIRST_SOUND)
        for chunk, priority in zip(self._chunks[position:], _PRIORITIES, strict=False):
            self._make_due(chunk, priority)
        task = self._chunks[position].task
        assert task is not None  # it is due
        return task


async def _decoded(packets: Sequence[bytes]) -> Speech:
    pcm = await asyncio.to_thread(lambda: opus.decode(opus.join(packets)).mean(axis=1))
    return Speech(pcm=pcm, sample_rate=opus.SAMPLE_RATE)
