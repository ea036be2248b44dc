"""A real PostgreSQL for the tests, where one is installed: one server a run, which all lanes share.

It is started by the first test that asks for it, reachable by a Unix socket in a folder of its own
alone, and ends with the process that started it. Each test has a database made from a template.
"""

import asyncio
import os
import pwd
import secrets
import shutil
import subprocess
import time
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
#: A database with the newest schema, and one with nothing.
TEMPLATE, EMPTY = "timbre_template", "template0"


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

    def address(self, database: str) -> str:
        return f"postgresql://timbre@/{database}?host={self._folder}"

    async def new(self, template: str = TEMPLATE) -> str:
        """The address of a new database that nobody else has."""
        with FileLock(self._folder / "starting.lock"):
            if not (self._folder / "ready").exists():
                await self._start()
        name = f"test_{secrets.token_hex(8)}"
        await _create(self.address("postgres"), name, template)
        return self.address(name)

    async def _start(self) -> None:
        programs = _programs()
        assert programs is not None
        cluster = self._folder / "cluster"
        # The server refuses to run as root.
        as_whom = []
        if os.geteuid() == 0:
            user = next(one for one in pwd.getpwall() if one.pw_name in ("postgres", "nobody"))
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
        await self._make_template()
        (self._folder / "ready").touch()

    async def _make_template(self) -> None:
        """A database with the newest schema, from which those of the tests are made."""
        await _create(self.address("postgres"), TEMPLATE)
        await (await open_database(self.address(TEMPLATE))).close()


async def _create(server: str, name: str, template: str = EMPTY) -> None:
    connection = await asyncpg.connect(server)
    try:
        await connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
    finally:
        await connection.close()


async def _answers(address: str) -> bool:
    try:
        await (await asyncpg.connect(address)).close()
    except (OSError, asyncpg.CannotConnectNowError):
        return False
    return True


@pytest.fixture(scope="session")
def postgresql() -> Server:
    """The run's server; the test is skipped where PostgreSQL is not installed."""
    return Server()
