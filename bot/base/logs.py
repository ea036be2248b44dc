"""Structured logs of the Discord process: one event a line, to stderr, for people or as JSON.

Tokens and the text of messages must never appear in them; tokens are also filtered out here, in
case a library logs a URL or header that holds one.
"""

import logging
import os
import sys
from collections.abc import MutableMapping
from typing import Any, Literal

import structlog

_SHARED: list[structlog.typing.Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.stdlib.ExtraAdder(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.StackInfoRenderer(),
]


class _WithoutToken:
    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(
        self, _logger: object, _name: str, event: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        for key, value in event.items():
            if isinstance(value, str) and self._token in value:
                event[key] = value.replace(self._token, "[token]")
        return event


def configure(level: str, style: Literal["console", "json"], *tokens: str) -> None:
    """Send every log record of this process to stderr in one style.

    Replaces earlier configuration. `tokens` are masked wherever they would appear.
    """
    masks: list[structlog.typing.Processor] = [_WithoutToken(token) for token in tokens if token]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if style == "json"
        else structlog.dev.ConsoleRenderer(
            # https://no-color.org, as rich has it for the other commands
            colors=sys.stderr.isatty() and not os.environ.get("NO_COLOR"),
            exception_formatter=structlog.dev.plain_traceback,
        )
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=_SHARED,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                *masks,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # discord.py logs every gateway payload, message text included, at DEBUG.
    for noisy in ("discord", "aiosqlite", "matplotlib", "PIL", "libav"):
        logging.getLogger(noisy).setLevel(max(logging.getLevelName(level), logging.INFO))
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_SHARED,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
