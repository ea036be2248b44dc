"""Who may ask: the first thing that every request meets.

A web page somewhere can make its reader's browser ask a server on that reader's own machine. It
gives itself away by a name that leads here and is not ours (DNS rebinding) or by its origin.
"""

import hmac
import ipaddress
from collections.abc import Callable, Set
from contextlib import AbstractContextManager
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from bot.http.limits import HttpSettings
from bot.http.refusals import RequestRefused, refused, response_of

#: What says nothing about anybody, for who watches over the process.
OPEN = frozenset({"/healthz", "/readyz"})


class Guard:
    """Lets requests through to their handlers; a failure of any kind becomes an answer.

    `files` are the page's, which say nothing: a browser sends no token when it opens them.
    `answering` is entered while a request is answered.
    """

    def __init__(
        self,
        settings: HttpSettings,
        count: Callable[[str, int], None],
        answering: Callable[[web.Request], AbstractContextManager[None]],
        *,
        files: Set[str],
    ) -> None:
        self._token = settings.secret.encode()
        names = (settings.names or "").split(",")
        self._names = {"localhost", *(name.strip().lower() for name in names if name.strip())}
        self._count = count
        self._answering = answering
        self._open = OPEN | files

    @property
    def middleware(self) -> Middleware:
        @web.middleware
        async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
            with self._answering(request):
                try:
                    self._check(request)
                    response = await handler(request)
                except Exception as error:
                    response = response_of(refused(error))
                self._count(_route(request), response.status)
                return response

        return middleware

    def _check(self, request: web.Request) -> None:
        host = request.headers.get("Host", "")
        if not self._is_ours(host):
            raise RequestRefused(
                403, "This server does not go by that name; TIMBRE_HTTP_NAMES lists its names."
            )
        origin = request.headers.get("Origin")
        if origin is not None and urlsplit(origin).netloc.lower() != host.lower():
            raise RequestRefused(403, "Other web pages may not ask this server.")
        if request.path in self._open or not self._token:
            return
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        right = hmac.compare_digest(given.strip().encode("utf-8", "surrogateescape"), self._token)
        if not (right and scheme.lower() == "bearer"):
            raise RequestRefused(
                401,
                "The token is missing or wrong: send it as “Authorization: Bearer …”.",
                code="invalid_api_key",
            )

    def _is_ours(self, host: str) -> bool:
        """An address is: nobody's name server decides where it leads."""
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:  # brackets that are not an address's
            return False
        if name in self._names:
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True


async def be_on_guard(_: web.Request, response: web.StreamResponse) -> None:
    """Tell browsers what no answer may be used for; the page has a policy of its own."""
    response.headers.setdefault("Content-Security-Policy", "default-src 'none'; sandbox")
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Frame-Options"] = "DENY"


def _route(request: web.Request) -> str:
    """The address as the server knows it: of what anybody may type there are too many."""
    resource = request.match_info.route.resource
    return resource.canonical if resource else "other"
