"""`database move`: all that is stored goes to a PostgreSQL, comes back, and is in one place."""

from pathlib import Path

import pytest

from bot.base.home import DATABASE, HOME_ID
from bot.base.peers import Peers
from bot.base.shards import Shards
from bot.commands.database import move_database
from bot.commands.run import alone
from bot.services import open_store, require_unmoved
from bot.settings import Settings, SettingsError, load
from data.store import Store
from tests.data.conftest import ALICE, register
from tests.postgresql import Lent, postgresql, postgresql_server

__all__ = ["postgresql", "postgresql_server"]


@pytest.fixture
async def settings(postgresql: Lent, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A home with a voice in SQLite, and the address of a PostgreSQL."""
    monkeypatch.setenv("TIMBRE_ENV_FILE", "")
    monkeypatch.setenv("TIMBRE_HOME", str(tmp_path))
    async with open_store(load()) as store:
        await register(store, ALICE, "Morning")
    monkeypatch.setenv("TIMBRE_DATABASE", await postgresql.new())
    return load()


async def names(settings: Settings) -> list[str]:
    async with open_store(settings) as store:
        return [voice.name for voice in await store.voices.all()]


async def refused(settings: Settings, to: str) -> str:
    with pytest.raises(SettingsError) as caught:
        await move_database(settings, to)
    return str(caught.value)


async def test_what_cannot_be_moved_stays_where_it_is(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the bot goes on with it."""
    address = settings.database
    assert address is not None
    other = await Store.open(address.get_secret_value())
    await register(other, ALICE, "Evening")
    await other.close()
    assert "rows of its own already" in await refused(settings, "postgresql")
    monkeypatch.delenv("TIMBRE_DATABASE")
    assert await names(load()) == ["Morning"]


async def test_who_opened_a_database_before_it_was_moved_does_not_begin_behind_it(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as before:
        before.delenv("TIMBRE_DATABASE")
        alone_there = load()
    async with open_store(alone_there) as store:
        await require_unmoved(alone_there, store)
        await move_database(settings, "postgresql")
        with pytest.raises(SettingsError, match="has been moved"):
            await require_unmoved(alone_there, store)
    async with open_store(settings) as store:
        await require_unmoved(settings, store)
        await move_database(settings, "sqlite")
        with pytest.raises(SettingsError, match="has a database of its own"):
            await require_unmoved(settings, store)


async def test_there_and_back(
    settings: Settings, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SettingsError, match="database move postgresql"):
        await names(settings)
    with alone(settings.home):
        assert "another Timbre is running" in await refused(settings, "postgresql")
    assert await move_database(settings, "postgresql") == 0
    assert "4 rows are in the PostgreSQL" in capsys.readouterr().out
    assert [path.name for path in settings.home.iterdir() if DATABASE in path.name] == []
    assert await names(settings) == ["Morning"]
    assert "no timbre.db" in await refused(settings, "postgresql")

    async with open_store(settings) as store:
        shards = Peers(store, settings.home, Shards.parse("0/1"))
        await shards.join()
        assert "Stop the bot" in await refused(settings, "sqlite")
        await shards.leave()
    assert await move_database(settings, "sqlite") == 0
    assert not (settings.home / HOME_ID).exists()
    with pytest.raises(SettingsError, match="has a database of its own"):
        await names(settings)
    monkeypatch.delenv("TIMBRE_DATABASE")
    assert await names(load()) == ["Morning"]
    assert "name the PostgreSQL" in await refused(load(), "sqlite")


@pytest.mark.parametrize(
    ("to", "at", "begins"),
    [
        ("postgresql", "bot.commands.database.remove", False),
        ("sqlite", "bot.commands.database.move", True),
        ("sqlite", "data.store.Store.clear", False),
    ],
)
async def test_a_move_that_was_interrupted_is_finished(
    settings: Settings, to: str, at: str, begins: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed once all is copied, before anything is removed. Nothing begins with one of two."""
    if to == "sqlite":
        await move_database(settings, "postgresql")

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(at, killed)
        with pytest.raises(KeyboardInterrupt):
            await move_database(settings, to)
    if begins:
        assert await names(settings) == ["Morning"]
    else:
        with pytest.raises(SettingsError, match="has a database of its own"):
            await names(settings)
    await move_database(settings, to)
    if to == "sqlite":
        monkeypatch.delenv("TIMBRE_DATABASE")
    assert await names(load()) == ["Morning"]
