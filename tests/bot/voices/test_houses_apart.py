"""Bot processes on several machines: one PostgreSQL, one bucket, and a folder each."""

import asyncio
import io
import zipfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from bot.base import peers
from bot.base.home import HOME_ID
from bot.base.objects import ObjectsFailed
from bot.base.shards import Shards
from engine.errors import VoiceUnusable
from tests.bot.house import ALICE, BOB, RUNS_THE_BOT, House, a_house
from tests.engine.scripted_executor import journal, until
from tests.postgresql import Lent, postgresql, postgresql_server
from tests.s3 import S3, s3_store

__all__ = ["postgresql", "postgresql_server"]


class Machines:
    """Each is a folder, with a bot process in it as long as it is on."""

    def __init__(self, folder: Path, address: str, s3: S3) -> None:
        self.s3 = s3
        self._folder = folder
        self._address = address
        self._on: dict[int, AsyncExitStack] = {}

    def home(self, number: int) -> Path:
        return self._folder / f"machine {number}"

    async def on(self, number: int) -> House:
        home = self.home(number)
        home.mkdir(exist_ok=True)
        stack = self._on[number] = AsyncExitStack()
        bucket = self.s3.bucket(home)
        await bucket.put(HOME_ID, b"an id")
        return await stack.enter_async_context(
            a_house(
                home,
                shards=Shards(number, number, 2),
                objects=bucket,
                database=self._address,
            )
        )

    async def off(self, number: int) -> None:
        await self._on.pop(number).aclose()

    async def all_off(self) -> None:
        for number in list(self._on):
            await self.off(number)

    def kept(self) -> set[str]:
        """What the bucket has of voices and speech."""
        return self.s3.names() - {HOME_ID}


@pytest.fixture
async def machines(
    postgresql: Lent, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Machines]:
    # Nobody dies here, and on a busy machine nobody is to be taken for dead.
    monkeypatch.setattr(peers, "LEASE_S", 120.0)
    monkeypatch.setattr(peers, "_ACKNOWLEDGED_WITHIN_S", 120.0)
    async with s3_store() as s3:
        machines = Machines(tmp_path, await postgresql.new(), s3)
        try:
            yield machines
        finally:
            s3.away = s3.mute = False
            await machines.all_off()


def copies(home: Path) -> list[Path]:
    return [*(home / "copies").rglob("*.flac")]


async def test_a_voice_of_one_machine_speaks_and_is_forgotten_on_all(machines: Machines) -> None:
    one, other = await machines.on(0), await machines.on(1)
    voice = await one.register(ALICE, "mine", b"a clip")
    assert machines.s3.objects[f"timbre/{voice.clip_path}"].content == b"a clip"
    assert one.files() == set()
    await other.say(voice, "hello")
    (copy,) = copies(other.home)
    assert copy.read_bytes() == b"a clip"
    assert copy.stat().st_mode & 0o777 == 0o600
    assert {path.partition("/")[0] for path in other.files()} == {"conditionals"}
    await other.speech.settled(lambda _: True)
    assert await one.say(voice, "hello")
    assert journal(one.home, "begin") == []  # the other has rendered it
    async with one.privacy.exported(ALICE) as exported:
        archive = zipfile.ZipFile(io.BytesIO(exported))
        assert archive.read(f"clips/{voice.voice_id}.flac") == b"a clip"
    saying = asyncio.create_task(other.say(voice, "slow 20"))
    await until(lambda: "slow 20" in journal(other.home, "begin"))
    await asyncio.wait_for(one.privacy.delete(ALICE), 100)
    with pytest.raises(VoiceUnusable):
        await saying
    assert machines.kept() == set()
    for house in (one, other):
        assert house.files() == set()
        assert copies(house.home) == []
    await until(lambda: not other.speech._silenced)
    with pytest.raises(VoiceUnusable, match="deleted"):
        await other.say(voice, "once more")


async def test_what_lies_there_in_place_of_a_clip_does_not_speak(machines: Machines) -> None:
    """Whoever can write to the bucket could choose whose voice it is."""
    one = await machines.on(0)
    voice = await one.register(ALICE, "mine", b"a clip")
    clip = machines.s3.objects[f"timbre/{voice.clip_path}"]
    clip.content = b"somebody else's voice"
    with pytest.raises(VoiceUnusable, match="cannot reach the place"):
        await one.say(voice, "hello")
    assert journal(one.home, "begin") == []
    assert copies(one.home) == []
    clip.content = b"a clip"
    assert await one.say(voice, "hello")


async def test_what_was_forgotten_while_a_machine_was_away_is_gone_before_it_speaks(
    machines: Machines,
) -> None:
    """Also where it was killed, so that copies and enrolments are left on its disk."""
    one, other = await machines.on(0), await machines.on(1)
    voice = await one.register(ALICE, "mine")
    kept = await one.register(BOB, "theirs")
    await other.say(voice, "hello")
    await other.say(kept, "hello", BOB)
    left = {path: path.read_bytes() for path in copies(other.home)}
    enrolled = {other.home / name: (other.home / name).read_bytes() for name in other.files()}
    assert (len(left), len(enrolled)) == (2, 2)
    await machines.off(1)
    assert copies(machines.home(1)) == []
    for path, content in (left | enrolled).items():
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    await one.privacy.delete(ALICE)
    other = await machines.on(1)
    assert copies(other.home) == []
    assert len(other.files()) == 1  # of the voice that is still there
    await other.janitor.start()
    assert len(other.files()) == 1
    assert await one.store.voices.get(kept.voice_id) is not None
    assert len(await one.store.conditionals.all()) >= 1


async def test_while_the_bucket_is_away_nothing_is_lost_and_nothing_is_told_as_done(
    machines: Machines,
) -> None:
    one = await machines.on(0)
    voice = await one.register(ALICE, "mine")
    await one.say(voice, "hello")
    await one.speech.settled(lambda _: True)
    before = machines.kept()
    machines.s3.away = True
    with pytest.raises(ObjectsFailed):
        await one.register(ALICE, "another")
    with pytest.raises(ObjectsFailed):
        await one.privacy.delete(ALICE)
    await one.janitor.start()  # says so in the log
    # What is at hand is spoken; what is kept there is made anew.
    assert await one.say(voice, "hello")
    assert await one.say(voice, "another line")
    await one.speech.settled(lambda _: True)
    machines.s3.away = False
    assert machines.kept() == before
    assert [row.name for row in await one.store.voices.all()] == ["mine"]
    await one.janitor.start()
    assert machines.kept() == before
    assert (await one.privacy.delete(ALICE)).voices == 1
    assert machines.kept() == set()
    assert one.files() == set()


async def test_a_clip_that_cannot_be_fetched_is_told_and_one_that_is_no_more_is_another_thing(
    machines: Machines,
) -> None:
    one, other = await machines.on(0), await machines.on(1)
    voice = await one.register(ALICE, "mine")
    machines.s3.away = True
    with pytest.raises(VoiceUnusable, match="cannot reach"):
        await other.say(voice, "hello")
    machines.s3.away = False
    assert await other.say(voice, "hello")
    del machines.s3.objects[f"timbre/{voice.clip_path}"]
    await one.janitor.start()
    assert await one.store.voices.all() == []


async def test_a_disabled_clip_is_looked_at_and_not_left_here(machines: Machines) -> None:
    one, other = await machines.on(0), await machines.on(1)
    voice = await one.register(ALICE, "mine")
    await other.moderation.disable_everywhere(f"voice:{voice.voice_id}", RUNS_THE_BOT)
    assert other.files() == set()
    with pytest.raises(Exception, match="disabled"):
        await one.register(BOB, "a copy", f"{ALICE}mine".encode())
