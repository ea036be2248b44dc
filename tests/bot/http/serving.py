"""A server on a port of its own over an engine of tones, and what asks it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp
from pydantic import SecretStr

from bot.base.metrics import Metrics
from bot.http.limits import HttpSettings
from bot.http.server import HttpServer
from bot.speech.detection import Detector
from bot.speech.line_languages import LineLanguages
from bot.speech.names import CalledNames
from bot.speech.pronouncing import Pronouncing
from bot.speech.reading import Reader
from bot.speech.saying import Sayings
from bot.text import PronunciationLimits, TextLimits
from bot.voices.choosing import Voices
from bot.voices.sharing import Sharing
from data.store import Store
from tests.bot.speech.tones import Tones, service

if TYPE_CHECKING:
    from openai import AsyncOpenAI

TOKEN = "a-token-that-is-long-enough"
BOSS = 77


@dataclass
class Bot:
    """What the server knows of Discord."""

    operator_id: int | None = BOSS
    ready: bool = True

    def is_ready(self) -> bool:
        return self.ready


@dataclass
class Served:
    server: HttpServer
    bot: Bot
    store: Store
    metrics: Metrics
    session: aiohttp.ClientSession
    token: str

    @cached_property
    def client(self) -> "AsyncOpenAI":
        """OpenAI's own. It takes a tenth of a second to make, so it is made where it is used."""
        from openai import AsyncOpenAI  # noqa: PLC0415 - half a second, in every process of tests

        return AsyncOpenAI(
            base_url=f"{self.server.address}/v1", api_key=self.token or "none", max_retries=0
        )

    def url(self, path: str) -> str:
        return f"{self.server.address}{path}"

    async def text(self, path: str, **headers: str) -> tuple[int, str]:
        async with self.session.get(self.url(path), headers=headers) as response:
            return response.status, await response.text()


@asynccontextmanager
async def serving(
    tones: Tones,
    store: Store,
    home: Path,
    *,
    port: int = 0,
    token: str | None = None,
    names: str | None = None,
) -> AsyncIterator[Served]:
    metrics = Metrics()
    speech = service(tones, store, home)
    voices = Voices(store, home, Sharing(store, speech, clock=lambda: 0.0))
    sayings = Sayings(
        speech,
        voices,
        Reader(TextLimits(), lambda: datetime(2026, 1, 1, tzinfo=UTC)),
        Pronouncing(store, PronunciationLimits()),
        languages=LineLanguages(store.member_languages, store.guild_settings, Detector()),
        called=CalledNames(store.member_words, store.guild_settings, store.bars),
        guild_settings=store.guild_settings,
    )
    secret = SecretStr(token) if token else None
    settings = HttpSettings(port=port, token=secret, names=names)
    server = HttpServer(
        settings,
        sayings=sayings,
        voices=voices,
        executor=tones,
        metrics=metrics,
        text=TextLimits(),
        home=home,
    )
    server.discord = bot = Bot()
    async with server, aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        served = Served(server, bot, store, metrics, session, token or "")
        try:
            yield served
        finally:
            if "client" in vars(served):
                await served.client.close()


async def connect(served: Served) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A bare connection, for what no client does."""
    host, _, port = served.server.address.removeprefix("http://").rpartition(":")
    return await asyncio.open_connection(host, int(port))
