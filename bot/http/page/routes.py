"""The page's addresses. Its files are for everybody who gets as far as the server and say nothing.

What its script asks for needs the token, like all else; speech is asked for as any client does.
"""

import asyncio
from collections.abc import Callable
from importlib import resources
from pathlib import Path

import msgspec
from aiohttp import web

from bot.http.order import SPEED_MAX, SPEED_MIN
from bot.http.page.pictures import file_of, pictures_in
from bot.http.page.status import Status
from bot.http.refusals import RequestRefused
from bot.http.voices import HttpVoice, HttpVoices
from bot.speech.languages import LANGUAGES
from engine.speech import EngineInfo

#: The script makes no markup of text and runs none (trusted types); nothing comes from elsewhere.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "img-src 'self' blob:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)
_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-cache",
}
#: By their addresses.
_FILES = {
    "/": ("index.html", "text/html"),
    "/page.css": ("page.css", "text/css"),
    "/page.js": ("page.js", "text/javascript"),
    "/icon.svg": ("icon.svg", "image/svg+xml"),
}
#: What is given without a token: a browser sends none when it opens a page.
OPEN = frozenset(_FILES)


class PageOption(msgspec.Struct, frozen=True):
    """What can be chosen: what is sent, and how it is called."""

    id: str
    name: str


class Choices(msgspec.Struct, frozen=True, kw_only=True):
    """What a line can be spoken with. `speed` has the least and the most."""

    models: list[PageOption]
    voices: list[HttpVoice]
    languages: list[PageOption]
    speed: tuple[float, float] = (SPEED_MIN, SPEED_MAX)


class OperatorPage:
    """`engine` gives the loaded engine, or raises. Pictures lie under `home`."""

    def __init__(
        self,
        voices: HttpVoices,
        *,
        engine: Callable[[], EngineInfo],
        status: Callable[[], Status],
        home: Path,
    ) -> None:
        self._voices = voices
        self._engine = engine
        self._status = status
        self._home = home
        folder = resources.files(__package__)
        self._files = {
            path: ((folder / name).read_bytes(), kind) for path, (name, kind) in _FILES.items()
        }

    @property
    def routes(self) -> list[web.RouteDef]:
        return [
            *(web.get(path, self._show_file) for path in _FILES),
            web.get("/page/choices", self._show_choices),
            web.get("/page/status", self._show_status),
            web.get("/page/pictures", self._list_pictures),
            web.get("/page/pictures/{id}", self._show_picture),
        ]

    async def _show_file(self, request: web.Request) -> web.Response:
        content, kind = self._files[request.path]
        return web.Response(body=content, content_type=kind, charset="utf-8", headers=_HEADERS)

    async def _show_choices(self, _: web.Request) -> web.Response:
        engine = self._engine()
        return _told(
            Choices(
                models=[PageOption(one, f"{one} ({engine.name})") for one in engine.models],
                voices=await self._voices.offered(engine),
                languages=[
                    PageOption(code, LANGUAGES[code].label if code in LANGUAGES else code)
                    for code in engine.reads
                ],
            )
        )

    async def _show_status(self, _: web.Request) -> web.Response:
        return _told(self._status())

    async def _list_pictures(self, _: web.Request) -> web.Response:
        return _told(await pictures_in(self._home))

    async def _show_picture(self, request: web.Request) -> web.StreamResponse:
        file = await asyncio.to_thread(file_of, request.match_info["id"], self._home)
        if file is None:
            raise RequestRefused(404, "There is no such picture.")
        return web.FileResponse(file, headers={"Cache-Control": "no-cache"})


def _told(what: object) -> web.Response:
    return web.Response(
        body=msgspec.json.encode(what),
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )
