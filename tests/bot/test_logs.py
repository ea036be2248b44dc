"""Logs: one line an event, in either style, and never the token."""

import json
import logging

import pytest

from bot import logs

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
