"""From a line of text to clips that can be played: chunks, cache, executor, loudness, Opus.

The one place where speech is made, for Discord and for the command line. Knows nothing of Discord.
Longer than 300 lines: who is silenced while their speech is made can only be seen in one place.
"""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, nullcontext
from functools import partial
from typing import Any
from weakref import WeakSet

import msgspec
from msgspec.structs import replace

from bot.base.errors import CLIPS_AWAY
from bot.base.metrics import Metrics
from bot.base.objects import ObjectsFailed
from bot.catalogue import Said, Sentence
from bot.speech.audio import opus
from bot.speech.audio.cache import SpeechCache
from bot.speech.audio.clip import Clip
from bot.speech.audio.codec import Codec
from bot.speech.counting import counting
from bot.speech.models import model_for
from bot.speech.notices import Concern, NoticeContent, PersonGone, Silenced, Withdrawn
from bot.speech.pieces import Made, Piece, Pieces, Recital, Saying, pieces_of
from bot.speech.readiness import Readiness
from bot.speech.speaker import Speaker, voice_for
from bot.speech.voice_copies import VoiceCopies
from bot.text import with_sounds
from engine.errors import SpeechError, SynthesisFailed, VoiceUnusable
from engine.executor import Executor
from engine.speech import ClonedVoice, EngineInfo, Priority, Speech, Voice, sha256_of

log = logging.getLogger(__name__)

#: Whether a speaker is among those that something is about.
Concerned = Callable[[Speaker], bool]
#: Has all other processes act on a notice before it is entered, see `Peers.told`.
Tell = Callable[[str], AbstractAsyncContextManager[object]]

_DELETED = "This voice was deleted, so I stopped."
_NO_SOUND = "Nothing in that makes a sound."


class Deciding:
    """A decision about who speaks, and what was withdrawn since it began."""

    def __init__(self) -> None:
        self.withdrawn: list[tuple[Concerned, SpeechError]] = []

    def require(self, speaker: Speaker) -> None:
        """Raise the reason where the decision is not true any more of `speaker`."""
        for concerned, reason in self.withdrawn:
            if concerned(speaker):
                raise reason


class SpeechService:
    """Makes clips, from the cache where it can."""

    def __init__(
        self,
        executor: Executor,
        cache: SpeechCache,
        copies: VoiceCopies,
        metrics: Metrics,
        *,
        deadline_s: float,
        clock: Callable[[], float] = time.perf_counter,
        tell: Tell = nullcontext,
    ) -> None:
        self._tell = tell
        self._executor = executor
        self._cache = cache
        self._copies = copies
        self._metrics = metrics
        self._deadline_s = deadline_s
        self._clock = clock
        self._sayings: WeakSet[Pieces[Any]] = WeakSet()
        self._at_work: dict[asyncio.Task[Any], Speaker] = {}
        self._readiness = Readiness(executor, deadline_s=deadline_s, clock=clock)
        self._silenced: list[tuple[Concerned, SpeechError]] = []
        self._deciding: set[Deciding] = set()

    @property
    def sounds(self) -> tuple[str, ...] | None:
        """Those that some model of the loaded engine makes; None while none is loaded."""
        engine = self._executor.status().engine
        return None if engine is None else engine.makes

    def saying(self, chunks: Sequence[str], speaker: Speaker) -> Saying:
        """`chunks`, to be spoken one after the other. Nothing is made of them before it is due."""
        self._metrics.utterances += 1
        self._metrics.characters += sum(map(len, chunks))
        make_due = partial(self._make_due, self._clip, counting(self._metrics))
        kbps = self._cache.codec.opus_kbps
        saying = Saying(speaker, pieces_of(chunks, speaker), make_due, kbps=kbps)
        self._sayings.add(saying)
        return saying

    def recital(self, chunks: Sequence[str], speaker: Speaker) -> Recital:
        """`chunks`, made in the background as speech at the usual loudness. Nothing is kept."""
        # A piece that failed after all of it was given up has nobody left to tell.
        make_due = partial(self._make_due, self._speech, lambda t: t.cancelled() or t.exception())
        recital = Recital(speaker, pieces_of(chunks, speaker), make_due)
        self._sayings.add(recital)
        return recital

    @contextmanager
    def deciding(self) -> Iterator[Deciding]:
        """While it is looked up who may speak how: what is withdrawn meanwhile counts for that."""
        decision = Deciding()
        self._deciding.add(decision)
        try:
            yield decision
        finally:
            self._deciding.discard(decision)

    async def engine(self) -> EngineInfo:
        """The loaded engine, as `Readiness` waits for it. Raises `SpeechError`."""
        return await self._readiness.engine()

    @asynccontextmanager
    async def silencing(self, notice: Silenced | PersonGone) -> AsyncGenerator[None, None]:
        """End what some speakers say, in every process, and let them begin nothing meanwhile."""
        with self.silencing_here(notice.concern, VoiceUnusable(notice.sentence)):
            async with self._told(notice):
                yield

    async def withdraw(self, *concerns: Concern, reason: VoiceUnusable) -> None:
        """End the sayings of some speakers in every process: their listeners get `reason`."""
        for concern in concerns:
            self.withdraw_here(concern, reason)
        async with self._told(Withdrawn(concerns, reason.sentence)):
            pass

    def _told(self, notice: NoticeContent) -> AbstractAsyncContextManager[object]:
        return self._tell(msgspec.json.encode(notice).decode())

    @contextmanager
    def silencing_here(self, concerned: Concerned, reason: SpeechError) -> Iterator[None]:
        """End what some speakers say, and let them begin nothing meanwhile, with `reason`."""
        silenced = concerned, reason
        self._silenced.append(silenced)
        try:
            self.withdraw_here(concerned, reason)
            yield
        finally:
            self._silenced.remove(silenced)

    def withdraw_here(self, concerned: Concerned, reason: SpeechError) -> None:
        """End the sayings of some speakers in this process: their listeners get `reason`."""
        self._cache.let_go()
        for decision in self._deciding:
            decision.withdrawn.append((concerned, reason))
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

    async def forget_names(self, **named: int) -> None:
        """See `SpeechCache.forget_names`."""
        await self._cache.forget_names(**named)

    def _make_due(
        self,
        make: Callable[[Piece[Made]], Coroutine[Any, Any, Made]],
        note: Callable[[asyncio.Task[Made]], object],
        piece: Piece[Made],
        priority: Priority,
    ) -> None:
        """Begin to make a piece; have one that was begun already made sooner."""
        if piece.task is not None and priority >= piece.request.priority:
            return
        # What waits in line has all the time until its turn, and what is for a file any.
        patient = priority in (Priority.IN_LINE, Priority.BACKGROUND)
        deadline_s = None if patient else self._deadline_s
        piece.request = replace(piece.request, priority=priority, deadline_s=deadline_s)
        if piece.task is None:
            piece.task = asyncio.create_task(make(piece), name="clip")
            piece.task.add_done_callback(note)
        else:
            self._executor.promote(piece.request)

    async def _settle(self, piece: Piece[Any]) -> tuple[EngineInfo, Said | None, Said | None]:
        """Give a piece the model, the voice and the text that the loaded engine makes sound of.

        Returns that model alone, and why it is another voice, or model, than it should be.
        """
        loaded = await self.engine()
        for concerned, reason in self._silenced:
            if concerned(piece.speaker):
                raise reason
        info, another = model_for(piece.speaker, loaded)
        voice, substitution = voice_for(piece.speaker, info)
        # It was read before the engine was there, or for the one before.
        text = with_sounds(piece.request.text, info.sounds)
        if not text:
            raise SynthesisFailed(_NO_SOUND)
        model = "" if info.model == loaded.model else info.model
        piece.request = replace(piece.request, text=text, voice=voice, model=model)
        return info, substitution, another

    async def _speech(self, piece: Piece[Speech]) -> Speech:
        _, substitution, _ = await self._settle(piece)
        speech = await self._synthesised(piece)
        pcm = await asyncio.to_thread(self._cache.codec.levelled, speech.pcm, speech.sample_rate)
        said = substitution.english if substitution else speech.substitution
        return replace(speech, pcm=pcm, substitution=said)

    async def _clip(self, chunk: Piece[Clip]) -> Clip:
        info, substitution, another = await self._settle(chunk)
        substitution = substitution or another
        speaker, voice = chunk.speaker, chunk.request.voice
        content = chunk.request.content_key
        usual = self._cache.codec
        codec = usual.at_volume(speaker.volume_percent).with_tuning(speaker.tuning)
        key = sha256_of(info.identity, content, codec)
        packets = await self._cache.get(
            key,
            speaker.origin,
            own_names=speaker.own_names,
            # Whoever listens need not wait, whoever silences has to.
            later=lambda noting: self._note_work(
                speaker, asyncio.create_task(noting, name="note speech")
            ),
        )
        if packets is None and codec != usual:
            usual_key = sha256_of(info.identity, content, usual)
            at_usual = await self._cache.get(usual_key, speaker.origin, own_names=speaker.own_names)
            if at_usual is not None:
                speech = await _decoded(at_usual)
                packets = await self._keep(key, speech, voice, codec, speaker)
        if packets is not None:
            self._metrics.cache_hits += 1
            return Clip(key, packets, cached=True, substitution=substitution)
        self._metrics.cache_misses += 1
        begun = self._clock()
        speech = await self._synthesised(chunk)
        self._metrics.synthesised(self._clock() - begun, speech.duration_s)
        # A worker that was replaced meanwhile may have loaded another engine: it is that one's.
        spoke = (await self._executor.engine_info()).of(chunk.request.model)
        key = sha256_of(spoke.identity, content, codec)
        packets = await self._keep(key, speech, voice, codec, speaker)
        if codec != usual:
            # For other servers, which then need no engine. Nobody waits for it.
            usual_key = sha256_of(spoke.identity, content, usual)
            self._begin_to_keep(usual_key, speech, voice, usual, speaker)
        if substitution is None and speech.substitution:
            # The engine that spoke is another one than was asked; its own words are English alone.
            substitution = voice_for(speaker, spoke)[1] or Sentence(speech.substitution)
        return Clip(key, packets, cached=False, substitution=substitution)

    async def _synthesised(self, piece: Piece[Any]) -> Speech:
        making = asyncio.create_task(self._synthesise(piece), name="speech")
        self._note_work(piece.speaker, making)
        speech = await making
        if not len(speech.pcm):
            raise SynthesisFailed(_NO_SOUND)
        return speech

    async def _synthesise(self, piece: Piece[Any]) -> Speech:
        voice = piece.request.voice
        if isinstance(voice, ClonedVoice):
            try:
                at_hand = await self._copies.at_hand(voice)
            except ObjectsFailed as error:
                log.error("a clip cannot be fetched", exc_info=error)
                raise VoiceUnusable(CLIPS_AWAY.english) from error
            # It may have been decided on before the voice was deleted: an engine that still had it
            # in its memory would derive anew what was deleted with it.
            if at_hand is None:
                raise VoiceUnusable(_DELETED)
            piece.request = replace(piece.request, voice=at_hand)
        # Read here, where it is submitted: it may have been promoted since this task was made.
        return await self._executor.synthesise(piece.request)

    async def _keep(
        self, key: str, speech: Speech, voice: Voice, codec: Codec, speaker: Speaker
    ) -> tuple[bytes, ...]:
        # Shielded: given up in the middle, it would leave a file that nothing knows of.
        return await asyncio.shield(self._begin_to_keep(key, speech, voice, codec, speaker))

    def _begin_to_keep(
        self, key: str, speech: Speech, voice: Voice, codec: Codec, speaker: Speaker
    ) -> "asyncio.Task[tuple[bytes, ...]]":
        keeping = asyncio.create_task(
            self._encode_and_keep(key, speech, voice, codec, speaker), name="keep speech"
        )
        self._note_work(speaker, keeping)
        return keeping

    async def _encode_and_keep(
        self, key: str, speech: Speech, voice: Voice, codec: Codec, speaker: Speaker
    ) -> tuple[bytes, ...]:
        packets, ogg = await self._cache.encode(speech, codec)
        keeping = self._cache.keep(
            key, len(packets), ogg, voice, speaker.origin, own_names=speaker.own_names
        )
        if self._cache.takes_time:  # whoever listens need not wait, whoever silences has to
            self._note_work(speaker, asyncio.create_task(keeping, name="keep encoded speech"))
        else:
            await keeping
        return packets

    def _note_work(self, speaker: Speaker, task: asyncio.Task[Any]) -> None:
        self._at_work[task] = speaker
        task.add_done_callback(self._at_work.pop)


async def _decoded(packets: Sequence[bytes]) -> Speech:
    pcm = await asyncio.to_thread(lambda: opus.decode(opus.join(packets)).mean(axis=1))
    return Speech(pcm=pcm, sample_rate=opus.SAMPLE_RATE)
