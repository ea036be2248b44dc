"""How REST answers and refuses, and the type of a route."""

import json
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from aiohttp import web

Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]
Route: TypeAlias = tuple[str, str, Handler]

_UNKNOWN = {
    "Channel": 10003,
    "Guild": 10004,
    "Message": 10008,
    "Webhook": 10015,
    "Interaction": 10062,
}


class ApiError(Exception):
    """A refusal: HTTP status, one of Discord's documented JSON error codes, Discord's sentence."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


def unknown(what: str) -> ApiError:
    """404 for something that is not there (any more)."""
    return ApiError(404, _UNKNOWN[what], f"Unknown {what}")


def missing_permissions() -> ApiError:
    return ApiError(403, 50013, "Missing Permissions")


def invalid_form(reason: str) -> ApiError:
    return ApiError(400, 50035, f"Invalid Form Body: {reason}")


def answer(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """A JSON response, with the content type that discord.py compares literally."""
    return web.Response(
        body=json.dumps(body).encode(),
        status=status,
        content_type="application/json",
        headers=headers,
    )


def nothing() -> web.Response:
    return web.Response(status=204)
