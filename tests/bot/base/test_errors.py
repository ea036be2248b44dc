"""What a person is told: a sentence of ours, never an exception's name or a path."""

import errno
import logging
import sqlite3

import discord
import pytest
from discord import app_commands

from bot.base.errors import UserError, sentence_for
from engine.errors import QueueFull, WorkerUnavailable


def failure_of(code: int) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("as SQLite says it")
    error.sqlite_errorcode = code
    return error


class _Response:
    status = 403
    reason = "Forbidden"


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (UserError("Join a voice channel first."), "Join a voice channel first."),
        (QueueFull("There is too much to say."), "There is too much to say."),
        (app_commands.NoPrivateMessage(), "server"),
        (app_commands.MissingPermissions(["manage_guild"]), "manage guild"),
        (discord.Forbidden(_Response(), "no"), "permissions"),  # type: ignore[arg-type]
        (failure_of(sqlite3.SQLITE_FULL), "is full"),
        (OSError(errno.ENOSPC, "No space left on device"), "is full"),
        (failure_of(sqlite3.SQLITE_BUSY), "try again"),
        (failure_of(sqlite3.SQLITE_IOERR_WRITE), "finds the reason in my log"),
    ],
)
def test_each_failure_has_its_sentence(error: Exception, says: str) -> None:
    assert says in sentence_for(error)


def test_why_there_is_no_engine_is_for_the_log_alone(caplog: pytest.LogCaptureFixture) -> None:
    sentence = sentence_for(WorkerUnavailable("There are no weights in /home/ada/weights."))
    assert "ada" not in sentence
    assert "log" in sentence
    assert "/home/ada" in str(caplog.records[0].__dict__["reason"])


def test_an_unexpected_failure_gets_a_reference_that_is_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.ERROR):
        sentence = sentence_for(ZeroDivisionError("secret/path"))
    assert "ZeroDivisionError" not in sentence
    assert "secret/path" not in sentence
    reference = sentence.rstrip(".").rpartition(" ")[2]
    (record,) = caplog.records
    assert record.__dict__["reference"] == reference
    assert record.exc_info is not None
