"""What this process does when another one silences somebody or forgets something."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    ExitStack,
    asynccontextmanager,
)

import msgspec

from bot.speech.line_languages import LineLanguages
from bot.speech.notices import NoticeContent, PersonGone, Silenced, Withdrawn
from bot.speech.pronouncing import Pronouncing
from bot.speech.service import SpeechService
from bot.speech.voice_copies import VoiceCopies
from bot.voices.registration import Registration
from engine.errors import VoiceUnusable
from engine.executor import Executor

_CUT_OFF = VoiceUnusable(
    "I stopped: one of my processes has lost the others, and may have missed an order to stop."
)


class PeerNotices:
    """A `bot.base.peers.Listener`. `recorded` is as in `Forgetting`."""

    def __init__(
        self,
        speech: SpeechService,
        executor: Executor,
        registration: Registration,
        pronouncing: Pronouncing,
        languages: LineLanguages,
        *,
        recorded: Callable[[], Awaitable[None]],
        copies: VoiceCopies,
    ) -> None:
        self._speech = speech
        self._executor = executor
        self._registration = registration
        self._pronouncing = pronouncing
        self._languages = languages
        self._recorded = recorded
        self._copies = copies

    def act_on(self, content: str) -> AbstractAsyncContextManager[None]:
        """See `Listener`. Raises `msgspec.MsgspecError` for what only a newer version knows."""
        notice = msgspec.json.decode(content, type=NoticeContent)
        silence = ExitStack()
        reason = VoiceUnusable(notice.sentence)
        if isinstance(notice, Withdrawn):
            for concern in notice.concerns:
                self._speech.withdraw_here(concern, reason)
        else:
            silence.enter_context(self._speech.silencing_here(notice.concern, reason))
        return self._done(notice, silence)

    def cut_off(self) -> AbstractContextManager[None]:
        return self._speech.silencing_here(lambda _: True, _CUT_OFF)

    @asynccontextmanager
    async def _done(self, notice: NoticeContent, silence: ExitStack) -> AsyncGenerator[None, None]:
        with silence:
            match notice:
                case Silenced(concern, _, forgotten):
                    await self._speech.settled(concern)
                    if forgotten is not None:
                        await self._executor.forget(forgotten)
                        await self._recorded()
                        await self._copies.forget(forgotten)
                    yield
                case PersonGone(user_id):
                    await self._speech.settled(notice.concern)
                    async with self._registration.closed_to(user_id):
                        self._pronouncing.forget(user_id)
                        self._languages.forget(user_id)
                        yield
                case _:
                    yield
