"""What a person is told: a sentence of ours, never an exception's name or a path."""

import errno
import logging
import sqlite3
from contextlib import closing
from pathlib import Path

import discord
import pytest
from discord import app_commands

from bot.base.errors import UserError, sentence_for
from data.errors import Failure, StoreFailed
from data.sqlite import failed
from engine.errors import QueueFull, WorkerUnavailable


def failure_of(code: int) -> StoreFailed:
    error = sqlite3.OperationalError("as SQLite says it")
    error.sqlite_errorcode = code
    return failed(error)


class _Response:
    status = 403
    reason = "Forbidden"


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (UserError("Join a voice channel first."), "Join a voice channel first."),
        (QueueFull("There is too much to say."), "There is too much to say."),
        (app_commands.NoPrivateMessage(), "server"),
        (app_commands.MissingPermissions(["manage_guild"]), "Manage Server"),
        (discord.Forbidden(_Response(), "no"), "permissions"),  # type: ignore[arg-type]
        (failure_of(sqlite3.SQLITE_FULL), "is full"),
        (OSError(errno.ENOSPC, "No space left on device"), "is full"),
        (failure_of(sqlite3.SQLITE_BUSY), "try again"),
        (failure_of(sqlite3.SQLITE_LOCKED_SHAREDCACHE), "try again"),
        (failure_of(sqlite3.SQLITE_READONLY_DIRECTORY), "may not write to my database"),
        (failure_of(sqlite3.SQLITE_IOERR_WRITE), "the disk that I run on does not take it"),
        (failure_of(sqlite3.SQLITE_CANTOPEN), "finds the reason in my log"),
        (StoreFailed(Failure.AWAY, "connection refused"), "cannot reach my database"),
    ],
)
def test_each_failure_has_its_sentence(error: Exception, says: str) -> None:
    assert says in str(sentence_for(error))


def real(path: Path, *statements: str) -> StoreFailed:
    """What SQLite itself says of the last of these statements."""
    with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as database:
        for statement in statements[:-1]:
            database.execute(statement)
        with pytest.raises(sqlite3.Error) as caught:
            database.execute(statements[-1])
    return failed(caught.value)


def test_what_sqlite_says_has_its_cause(tmp_path: Path) -> None:
    """Of a full disk, a lock, a file that may not be written and one that is damaged."""
    path = tmp_path / "some.db"
    store = "INSERT INTO things VALUES (zeroblob(100000))"
    full = real(path, "CREATE TABLE things (thing)", "PRAGMA max_page_count = 3", store)
    assert "disk that I run on is full" in str(sentence_for(full))
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert "Another program is using my database" in str(sentence_for(real(path, store)))
    read_only = real(path, "PRAGMA query_only = ON", store)
    assert "may not write to my database" in str(sentence_for(read_only))
    content = path.read_bytes()
    path.write_bytes(content[:1000] + bytes(len(content) - 1000))
    damaged = real(path, "SELECT * FROM things")
    assert "put a backup in its place" in str(sentence_for(damaged))
    path.write_bytes(b"somebody's notes" * 1000)
    assert "put a backup in its place" in str(sentence_for(real(path, "SELECT * FROM things")))


def test_a_wrong_statement_is_a_fault_of_ours(caplog: pytest.LogCaptureFixture) -> None:
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute("CREATE TABLE things (thing UNIQUE)")
        database.execute("INSERT INTO things VALUES (1)")
        with pytest.raises(sqlite3.IntegrityError) as caught:
            database.execute("INSERT INTO things VALUES (1)")
    assert "It is in the log as" in str(sentence_for(failed(caught.value)))
    assert "UNIQUE" in caplog.text


def test_why_there_is_no_engine_is_for_the_log_alone(caplog: pytest.LogCaptureFixture) -> None:
    sentence = str(sentence_for(WorkerUnavailable("There are no weights in /home/ada/weights.")))
    assert "ada" not in sentence
    assert "log" in sentence
    assert "/home/ada" in str(caplog.records[0].__dict__["reason"])


def test_an_unexpected_failure_gets_a_reference_that_is_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.ERROR):
        sentence = str(sentence_for(ZeroDivisionError("secret/path")))
    assert "ZeroDivisionError" not in sentence
    assert "secret/path" not in sentence
    reference = sentence.rstrip(".").rpartition(" ")[2]
    (record,) = caplog.records
    assert record.__dict__["reference"] == reference
    assert record.exc_info is not None
