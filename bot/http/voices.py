"""Which voices speak over HTTP: those of the engine, and those of who runs the bot.

Nobody else's, with their permission or without: members agreed to be spoken for in servers, by
whom they know there. A program that asks here is nobody.
"""

from collections.abc import Callable

import msgspec

from bot.http.refusals import RequestRefused
from bot.speech.speaker import Speaker
from bot.voices.choosing import VoiceChoice, Voices
from engine.speech import EngineInfo, StockVoice

#: Voices that OpenAI's clients offer without asking; each stands for one of the engine's.
_OPENAI = (
    *("alloy", "ash", "ballad", "coral", "echo", "fable", "onyx"),
    *("nova", "sage", "shimmer", "verse", "marin", "cedar"),
)


class HttpVoice(msgspec.Struct, frozen=True):
    """One that can be asked for by its `id`, or by its name."""

    id: str
    name: str


class HttpVoices:
    """`operator` gives the Discord user id of who runs the bot, None while that is not known."""

    def __init__(self, voices: Voices, operator: Callable[[], int | None]) -> None:
        self._voices = voices
        self._operator = operator

    async def offered(self, engine: EngineInfo) -> list[HttpVoice]:
        """The engine's own voices first; cloned ones where the engine speaks in such."""
        stock = [HttpVoice(name, name) for name in engine.stock_voices]
        own = [HttpVoice(choice.value, choice.label) for choice in await self._own(engine)]
        return stock + own

    async def speaker(self, asked: str | None, engine: EngineInfo) -> Speaker:
        """Who speaks in the voice `asked`; without one, in the engine's first.

        Raises `RequestRefused`.
        """
        operator = self._operator() or 0
        stock = engine.stock_voices
        if not asked and stock:
            return Speaker(StockVoice(stock[0]), user_id=operator)
        asked = asked or ""
        if asked in stock:
            return Speaker(StockVoice(asked), user_id=operator)
        for choice in await self._own(engine):
            if asked in (choice.value, choice.label):
                return await self._voices.own(choice.value, operator)
        if asked in _OPENAI and stock:
            return Speaker(StockVoice(stock[_OPENAI.index(asked) % len(stock)]), user_id=operator)
        raise RequestRefused(
            400,
            "There is no such voice here; GET /v1/audio/voices has those that there are.",
            param="voice",
        )

    async def _own(self, engine: EngineInfo) -> list[VoiceChoice]:
        operator = self._operator()
        if operator is None or not engine.clones_voices:
            return []
        return await self._voices.personal(operator)
