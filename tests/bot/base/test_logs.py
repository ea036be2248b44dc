"""Logs: one line an event, in either style, and never the token."""

import json
import logging
import os
import subprocess
import sys

import pytest

from bot.base import logs

TOKEN = "top.secret.token"


@pytest.mark.parametrize("style", ["console", "json"])
def test_the_token_is_masked_wherever_it_appears(
    capsys: pytest.CaptureFixture[str], style: str
) -> None:
    logs.configure("INFO", "json" if style == "json" else "console", TOKEN)
    log = logging.getLogger("test")
    log.info("connecting with %s", TOKEN, extra={"header": f"Bot {TOKEN}"})
    try:
        raise ValueError(f"bad {TOKEN}")
    except ValueError:
        log.exception("failed")
    written = capsys.readouterr().err
    assert "connecting with [token]" in written
    assert TOKEN not in written


def test_json_logs_are_one_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("INFO", "json")
    logging.getLogger("test").warning("lost", extra={"guild": 7})
    (line,) = capsys.readouterr().err.splitlines()
    event = json.loads(line)
    assert (event["event"], event["level"], event["guild"]) == ("lost", "warning", 7)


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX terminals")
@pytest.mark.parametrize(("no_color", "coloured"), [("", True), ("1", False)])
def test_a_terminal_gets_colours_unless_it_wants_none(no_color: str, coloured: bool) -> None:
    reader, terminal = os.openpty()
    program = "import logging; from bot.base import logs; logs.configure('INFO', 'console'); "
    subprocess.run(
        [sys.executable, "-c", program + "logging.getLogger('test').warning('lost')"],
        env={**os.environ, "NO_COLOR": no_color, "TERM": "xterm"},
        stderr=terminal,
        check=True,
    )
    os.close(terminal)
    written = os.read(reader, 4096)
    os.close(reader)
    assert b"lost" in written
    assert (b"\x1b[" in written) == coloured
