"""A real PostgreSQL for the tests, where one is installed: one server a run, which all lanes share.

It is started by the first test that asks for it, reachable by a Unix socket in a folder of its own
alone, and ends with the process that started it. To make a database takes files and time, so tests
have schemas of their own, one after the other with the rows of the former deleted.
"""

import asyncio
import os
import secrets
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
from filelock import FileLock

from data.databases import open_database

#: Debian has the server's programs in no folder of PATH.
_VERSIONS = Path("/usr/lib/postgresql")
#: What the tests' server need not do: it is thrown away.
_OPTIONS = (
    *("fsync=off", "full_page_writes=off", "synchronous_commit=off", "autovacuum=off"),
    *("listen_addresses=", "shared_buffers=16MB", "max_connections=200"),
)
_STARTED_S = 60.0
#: Deletes every row, whatever refers to it, and counts from 1 again.
_AS_NEW = """
    SET session_replication_role = replica;
    DO $$
    DECLARE
        one NAME;
    BEGIN
        FOR one IN SELECT tablename FROM pg_tables WHERE schemaname = current_schema()
        AND tablename NOT IN ('schema_version', 'speech_totals')
        LOOP
            EXECUTE format('DELETE FROM %I', one);
        END LOOP;
        FOR one IN SELECT sequencename FROM pg_sequences WHERE schemaname = current_schema()
        LOOP
            EXECUTE format('ALTER SEQUENCE %I RESTART', one);
        END LOOP;
        UPDATE speech_totals SET size_bytes = 0;
    END $$;
"""


def _programs() -> Path | None:
    """The folder of `initdb` and `postgres`."""
    versions = sorted(_VERSIONS.glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    found = shutil.which("initdb") or (versions[-1] if versions else None)
    return Path(found).resolve().parent if found else None


def missing() -> str | None:
    """Why there is no PostgreSQL for the tests; None: there is one."""
    if os.name != "posix" or not shutil.which("setpriv"):
        return "no PostgreSQL is started here: setpriv is missing"
    return None if _programs() else "PostgreSQL is not installed"


class Server:
    """The run's server, in the folder that `POSTGRESQL_FOR_TESTS` names."""

    def __init__(self) -> None:
        if why := missing():
            pytest.skip(why)
        self._folder = Path(os.environ["POSTGRESQL_FOR_TESTS"])
        self._own = ""
        self._free: list[str] = []

    def address(self, database: str) -> str:
        return f"postgresql://timbre@/{database}?host={self._folder}"

    async def database(self) -> str:
        """The address of a new, empty database that nobody else has."""
        with FileLock(self._folder / "starting.lock"):
            if not (self._folder / "ready").exists():
                await self._start()
        name = f"test_{secrets.token_hex(8)}"
        await _execute(self.address("postgres"), f"CREATE DATABASE {name}")
        return self.address(name)

    async def empty(self) -> str:
        """The address of a new, empty schema in this process's database.

        Other processes have other databases: a transaction is the only one of its database.
        """
        if not self._own:
            self._own = await self.database()
        name = f"test_{secrets.token_hex(8)}"
        await _execute(self._own, f"CREATE SCHEMA {name}")
        return f"{self._own}&search_path={name}"

    async def filled(self) -> str:
        """The address of a schema as a new bot has it; from one that was given back, if any was."""
        if self._free:
            await _execute(self._free[-1], _AS_NEW)
            return self._free.pop()
        address = await self.empty()
        await (await open_database(address)).close()
        return address

    def give_back(self, addresses: list[str]) -> None:
        """Nobody uses these any more, which `filled` gave."""
        self._free += addresses

    async def _start(self) -> None:
        programs = _programs()
        assert programs is not None
        cluster = self._folder / "cluster"
        # The server refuses to run as root.
        as_whom = []
        if os.geteuid() == 0:
            import pwd  # noqa: PLC0415 - Windows has none

            names = {one.pw_name: one for one in pwd.getpwall()}
            user = names.get("postgres") or names["nobody"]
            shutil.chown(self._folder, user.pw_uid, user.pw_gid)
            as_whom = [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
        options = "--username=timbre --auth=trust --encoding=UTF8 --locale=C --no-sync".split()
        subprocess.run(  # noqa: ASYNC221 - nothing else runs in this loop
            ["setpriv", *as_whom, programs / "initdb", "--pgdata", cluster, *options],
            check=True,
            capture_output=True,
            cwd=self._folder,
        )
        with (self._folder / "log").open("wb") as log:
            # QUIT: at once, and without a word to anybody.
            server = subprocess.Popen(  # noqa: ASYNC220
                [
                    *("setpriv", *as_whom, "--pdeathsig=QUIT", programs / "postgres"),
                    *("-D", cluster, "-k", self._folder),
                    *(part for one in _OPTIONS for part in ("-c", one)),
                ],
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self._folder,
            )
        give_up_at = time.monotonic() + _STARTED_S
        while not await _answers(self.address("postgres")):
            said = (self._folder / "log").read_text()
            assert server.poll() is None, said
            assert time.monotonic() < give_up_at, said
            await asyncio.sleep(0.05)
        (self._folder / "ready").touch()


class Lent:
    """What one test has of the server."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.filled: list[str] = []

    async def new(self) -> str:
        """The address of a database with the newest schema, as a new bot has it."""
        self.filled.append(await self._server.filled())
        return self.filled[-1]

    async def empty(self) -> str:
        return await self._server.empty()

    async def whole(self) -> str:
        """The address of an empty database that is this test's whole."""
        return await self._server.database()


async def _execute(address: str, sql: str) -> None:
    connection = await asyncpg.connect(address)
    try:
        await connection.execute(sql)
    finally:
        await connection.close()


async def _answers(address: str) -> bool:
    try:
        await (await asyncpg.connect(address)).close()
    except (OSError, asyncpg.CannotConnectNowError):
        return False
    return True


@pytest.fixture(scope="session")
def postgresql_server() -> Server:
    """The run's server; the test is skipped where PostgreSQL is not installed."""
    return Server()


@pytest.fixture
def postgresql(postgresql_server: Server) -> Iterator[Lent]:
    """Databases for one test."""
    lent = Lent(postgresql_server)
    yield lent
    postgresql_server.give_back(lent.filled)
