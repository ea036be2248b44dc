"""What a client is told when something fails, in the shape that OpenAI's clients read.

`{"error": {"message", "type", "param", "code"}}`, https://platform.openai.com/docs/guides/error-codes.
Messages are sentences for people.
"""

import logging

from aiohttp import web

from bot.base.errors import UserError
from engine.errors import QueueFull, SpeechError, SynthesisFailed, VoiceUnusable
from engine.failures import log_without_values

log = logging.getLogger(__name__)


class RequestRefused(Exception):
    """A request that is not carried out. `param` is the field that is to blame, if one is."""

    def __init__(
        self, status: int, message: str, *, param: str | None = None, code: str | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.param = param
        self.code = code


def refused(error: Exception) -> RequestRefused:
    """`error` as a client is told it. One that is ours is in the log, and nothing of it is told."""
    match error:
        case RequestRefused():
            return error
        case UserError():
            return RequestRefused(400, str(error))
        case QueueFull():
            return RequestRefused(429, str(error), code="rate_limit_exceeded")
        case SynthesisFailed() | VoiceUnusable():
            return RequestRefused(422, str(error), code=error.kind)
        case SpeechError():
            return RequestRefused(503, str(error), code=error.kind)
        case web.HTTPNotFound():
            return RequestRefused(404, "There is nothing at this address.")
        case web.HTTPMethodNotAllowed():
            allowed = " or ".join(sorted(error.allowed_methods))
            return RequestRefused(405, f"This address takes {allowed}.")
        case web.HTTPException():
            return RequestRefused(error.status, f"{error.reason}.")
    log_without_values("a request over HTTP failed", error)
    return RequestRefused(500, "Timbre failed; its log has the reason.")


def response_of(error: RequestRefused) -> web.Response:
    kind = "server_error" if error.status >= 500 else "invalid_request_error"
    about = {"message": str(error), "type": kind, "param": error.param, "code": error.code}
    headers = {"WWW-Authenticate": "Bearer"} if error.status == 401 else {}
    return web.json_response({"error": about}, status=error.status, headers=headers)
