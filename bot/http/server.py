"""The HTTP server: which address does what. It lives on the bot's own event loop."""

import logging
import time
from pathlib import Path
from typing import Protocol, Self

from aiohttp import web
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

from bot.base.metrics import Metrics
from bot.base.tasks import TaskSet
from bot.http.figures import FigureCollector, HttpFigures, registry_of
from bot.http.guard import Guard, be_on_guard
from bot.http.limits import HttpSettings
from bot.http.order import BODY_MAX_BYTES
from bot.http.page.routes import OPEN as PAGE_FILES
from bot.http.page.routes import OperatorPage
from bot.http.page.status import status_of
from bot.http.patience import Patience
from bot.http.refusals import RequestRefused
from bot.http.speech import SpeechRoute
from bot.http.voices import HttpVoices
from bot.speech.saying import Sayings
from bot.text import TextLimits
from bot.voices.choosing import Voices
from engine.errors import WorkerUnavailable
from engine.executor import Executor
from engine.speech import EngineInfo

log = logging.getLogger(__name__)
_broken = logging.getLogger("bot.http.broken")

#: How long requests may go on once the server is told to end.
_ENDING_S = 0.5


def _without_content(record: logging.LogRecord) -> bool:
    """Log of what is no request that it came, and none of it: it may be somebody's words."""
    error = record.exc_info[1] if record.exc_info else None
    record.msg, record.args = "what a client sent over HTTP was no request", ()
    record.exc_info = record.exc_text = None
    record.levelno, record.levelname = logging.INFO, "INFO"
    record.kind = type(error).__name__
    return True


_broken.addFilter(_without_content)


class OnDiscord(Protocol):
    """What the server wants to know of the bot."""

    @property
    def operator_id(self) -> int | None:
        """Who runs it: the one person whom Discord has its application belong to."""

    def is_ready(self) -> bool:
        """Whether Discord has it connected."""


class HttpServer:
    """`async with HttpServer(...)`: serves from enter to exit.

    `discord` is the present bot; it is replaced by who replaces that. Entering raises `OSError`
    where the address cannot be listened on.
    """

    def __init__(
        self,
        settings: HttpSettings,
        *,
        sayings: Sayings,
        voices: Voices,
        executor: Executor,
        metrics: Metrics,
        text: TextLimits,
        home: Path,
    ) -> None:
        self.discord: OnDiscord | None = None
        self._settings = settings
        self._executor = executor
        self._started = int(time.time())
        self._voices = HttpVoices(voices, self._operator)
        figures = HttpFigures()
        self._speech = SpeechRoute(
            sayings,
            self._voices,
            engine=self._engine,
            limits=text,
            on_first=lambda seconds: figures.first_audio.add(seconds * 1000),
        )
        self._registry = registry_of(
            FigureCollector(metrics, executor, figures, lambda: self._speech.speaking)
        )
        self._patience = Patience(self._connections)
        self._tasks = TaskSet()
        page = OperatorPage(
            self._voices,
            engine=self._engine,
            status=lambda: status_of(metrics, executor, figures, self._speech.speaking),
            home=home,
        )
        guard = Guard(settings, figures.count, self._patience.answering, files=PAGE_FILES)
        app = web.Application(middlewares=[guard.middleware], client_max_size=BODY_MAX_BYTES)
        app.add_routes(
            [
                web.post("/v1/audio/speech", self._speech.speak),
                web.get("/v1/audio/voices", self._list_voices),
                web.get("/v1/models", self._list_models),
                web.get("/v1/models/{model}", self._show_model),
                web.get("/metrics", self._show_metrics),
                web.get("/healthz", self._is_alive),
                web.get("/readyz", self._is_ready),
                *page.routes,
            ]
        )
        app.on_response_prepare.append(be_on_guard)
        # Without its log: it would have who asked for what. Nothing is unpacked, not even of who
        # is refused: half a megabyte can become 500.
        self._runner = web.AppRunner(
            app,
            access_log=None,
            logger=_broken,
            auto_decompress=False,
            handler_cancellation=True,
            shutdown_timeout=_ENDING_S,
        )

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self._settings.host, self._settings.port).start()
        except OSError:
            await self.close()
            raise
        self._tasks.spawn(self._patience.run(), name="HTTP connections")
        log.info("serving HTTP", extra={"address": self.address})
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Take no more requests, and end those that are being answered."""
        await self._tasks.cancel()
        await self._runner.cleanup()
        self._speech.close()

    @property
    def address(self) -> str:
        """Where it listens, as the beginning of a URL."""
        host, port = self._runner.addresses[0][:2]
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    def _connections(self) -> list[web.RequestHandler]:
        server = self._runner.server
        return server.connections if server is not None else []

    def _operator(self) -> int | None:
        return self.discord.operator_id if self.discord else None

    def _engine(self) -> EngineInfo:
        status = self._executor.status()
        if status.engine is None:
            raise WorkerUnavailable(f"There is no speech engine yet. {status.detail}")
        return status.engine

    async def _list_voices(self, _: web.Request) -> web.Response:
        offered = await self._voices.offered(self._engine())
        return web.json_response({"voices": [{"id": one.id, "name": one.name} for one in offered]})

    async def _list_models(self, _: web.Request) -> web.Response:
        return web.json_response({"object": "list", "data": self._models()})

    async def _show_model(self, request: web.Request) -> web.Response:
        for model in self._models():
            if request.match_info["model"] == model["id"]:
                return web.json_response(model)
        known = ", ".join(self._engine().models)
        raise RequestRefused(
            404, f"There is no such model here, only {known}.", code="model_not_found"
        )

    def _models(self) -> list[dict[str, str | int]]:
        engine = self._engine()
        return [
            {"id": model, "object": "model", "created": self._started, "owned_by": engine.name}
            for model in engine.models
        ]

    async def _show_metrics(self, _: web.Request) -> web.Response:
        text = generate_latest(self._registry)
        return web.Response(body=text, headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4})

    async def _is_alive(self, _: web.Request) -> web.Response:
        return web.Response(text="alive\n")

    async def _is_ready(self, _: web.Request) -> web.Response:
        """Both parts by name; 503 until both are there."""
        parts = {
            "engine": self._executor.status().state == "ready",
            "discord": self.discord is not None and self.discord.is_ready(),
        }
        return web.json_response(parts, status=200 if all(parts.values()) else 503)
