"""A bucket of an S3 store, as `Objects`: AWS's, or any that speaks the same way.

`obstore` asks it (Rust's `object_store`, MIT): it signs, knows the roles of machines at AWS, tries
again, and is no work for the event loop. botocore and what is built on it is 32 MB of descriptions
and takes a second to import; a signer of our own would be code of ours where errors are dangerous.
"""

import asyncio
import logging
import math
import re
import secrets
import sys
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

from msgspec import Struct
from pydantic import BeforeValidator, SecretStr

from bot.base import private_files
from bot.base.home import HOME_ID, OURS, UPLOADS
from bot.base.objects import ObjectsFailed, Read

if TYPE_CHECKING:
    from obstore.store import ClientConfig, S3Config, S3Store

#: Shorter together than others wait for a process that deletes what another has (`Peers`, 30 s).
_CONNECTED_S, _ANSWERED_S, _TRIED_AGAIN_S, _TRIES = 3, 10, 5, 2
#: Somebody waits to hear it.
_READ_S = 5.0
#: What is deleted together.
_AT_ONCE = 16
#: No clip and no rendering has a tenth of it; what a bucket sends has to fit into memory.
_OBJECT_MAX_BYTES = 64 * 2**20
_BUCKET = re.compile(r"s3://(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(/(?P<prefix>[\w./-]*))?")

log = logging.getLogger(__name__)


class ObjectsUnusable(Exception):
    """A bucket cannot be used as it is; `str(error)` says why and what to do."""


def _place(text: str) -> str:
    if not _BUCKET.fullmatch(text) or ".." in text:
        raise ValueError("has to be s3://bucket or s3://bucket/prefix")
    return text


def _is_endpoint(text: str) -> bool:
    try:
        address = urlsplit(text)
        named = bool(address.hostname) and address.port != 0
    except ValueError:  # a port that is none, a bracket that is open
        return False
    return named and bool(re.fullmatch(r"https?://[\w.:/~\[\]-]+", text, re.ASCII))


class ObjectsSettings(Struct, frozen=True, kw_only=True):
    """Which bucket, None: files in TIMBRE_HOME. The names of the others are AWS's own.

    Without a key, what the machine may do by its role counts.
    """

    place: Annotated[str | None, BeforeValidator(_place), "TIMBRE_OBJECTS"] = None
    endpoint: Annotated[str | None, "AWS_ENDPOINT_URL"] = None
    region: Annotated[str | None, "AWS_REGION"] = None
    key_id: Annotated[str | None, "AWS_ACCESS_KEY_ID"] = None
    key: Annotated[SecretStr | None, "AWS_SECRET_ACCESS_KEY"] = None
    session: Annotated[SecretStr | None, "AWS_SESSION_TOKEN"] = None
    hosted: Annotated[bool, "AWS_VIRTUAL_HOSTED_STYLE_REQUEST"] = False

    def __post_init__(self) -> None:
        if self.place is None:
            return  # the others are other programs' then
        if (self.key_id is None) != (self.key is None):
            raise ValueError("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY go together")
        # obstore panics at what is no header or no address, and its errors show the address.
        for name, text in (
            ("AWS_REGION", self.region),
            ("AWS_ACCESS_KEY_ID", self.key_id),
            ("AWS_SECRET_ACCESS_KEY", self.key and self.key.get_secret_value()),
            ("AWS_SESSION_TOKEN", self.session and self.session.get_secret_value()),
        ):
            if text and not text.isprintable():
                raise ValueError(f"{name} holds a line break or the like; copy it again")
        if self.endpoint and not _is_endpoint(self.endpoint):
            raise ValueError(
                "AWS_ENDPOINT_URL has to be an address such as https://s3.example.com or "
                "http://127.0.0.1:9000, without a user, a password or a query in it"
            )

    @property
    def secrets(self) -> tuple[str, ...]:
        """What no log may show."""
        return tuple(one.get_secret_value() for one in (self.key, self.session) if one)


def bucket_of(settings: ObjectsSettings, home: Path) -> "Bucket":
    """The bucket of the settings. Asks nobody. Raises `ObjectsUnusable`."""
    try:
        from obstore.store import S3Store  # noqa: PLC0415 - most have no bucket
    except ImportError:
        raise ObjectsUnusable(
            "TIMBRE_OBJECTS names a bucket, and obstore is missing: "
            f"{sys.executable} -m pip install obstore==0.12.1 installs it."
        ) from None
    found = _BUCKET.fullmatch(settings.place or "")
    if found is None:
        raise ObjectsUnusable("TIMBRE_OBJECTS has to be s3://bucket or s3://bucket/prefix.")
    # One by one: not every store knows how to delete many at once, and each failure is told so.
    config: S3Config = {"disable_bulk_delete": True}
    config["virtual_hosted_style_request"] = settings.hosted
    if settings.endpoint:
        config["endpoint"] = settings.endpoint
    if settings.region:
        config["region"] = settings.region
    if settings.key_id and settings.key:
        config["access_key_id"] = settings.key_id
        config["secret_access_key"] = settings.key.get_secret_value()
    if settings.session:
        config["session_token"] = settings.session.get_secret_value()
    client: ClientConfig = {
        "allow_http": bool(settings.endpoint and settings.endpoint.startswith("http://")),
        "connect_timeout": timedelta(seconds=_CONNECTED_S),
        "timeout": timedelta(seconds=_ANSWERED_S),
    }
    try:
        store = S3Store(
            found["bucket"],
            prefix=(found["prefix"] or "").strip("/") or None,
            config=config,
            client_options=client,
            retry_config={
                "max_retries": _TRIES,
                "retry_timeout": timedelta(seconds=_TRIED_AGAIN_S),
            },
        )
    except Exception as error:
        raise ObjectsUnusable(f"TIMBRE_OBJECTS cannot be used: {_first_line(error)}") from None
    return Bucket(store, home, str(settings.place))


class Bucket:
    """Objects under a prefix of a bucket. See `Objects`; `place` is where, for people.

    A version of the bucket's own would outlive what is deleted: where it makes one, nothing is
    written any more.
    """

    elsewhere = True

    def __init__(self, store: "S3Store", home: Path, place: str) -> None:
        import obstore  # noqa: PLC0415 - most have no bucket

        self.place = place
        self._store = store
        self._home = home
        self._obstore = obstore

    async def get(self, name: str, read: Callable[[bytes], Read]) -> Read:
        with self._failing():
            async with asyncio.timeout(_READ_S):
                found = await self._obstore.get_async(self._store, name)
                if found.meta["size"] > _OBJECT_MAX_BYTES:
                    raise ObjectsFailed(f"{name} is larger than anything of Timbre's")
                content = bytes(await found.bytes_async())
        return await asyncio.to_thread(read, content)

    async def put(self, name: str, content: bytes) -> None:
        # In one request: parts that are left of several lie there unseen, and nobody deletes them.
        with self._failing(missing=False):
            put = await self._obstore.put_async(self._store, name, content, use_multipart=False)
        if put["version"] is not None:
            if name != HOME_ID:  # without which the bucket would be nobody's any more
                await self.delete([name])
            raise ObjectsFailed(_VERSIONED.format(place=self.place))

    async def take(self, path: Path, name: str) -> None:
        await self.put(name, await asyncio.to_thread(path.read_bytes))
        await asyncio.to_thread(private_files.remove, [path])

    async def delete(self, names: Iterable[str]) -> None:
        left = iter(list(names))
        await asyncio.gather(*(self._delete(left) for _ in range(_AT_ONCE)))

    async def _delete(self, left: Iterator[str]) -> None:
        """Delete one after the other of what is left, as others do, until one cannot be."""
        for name in left:
            try:
                with self._failing():
                    await self._obstore.delete_async(self._store, name)
            except FileNotFoundError:
                log.debug("%s was gone already", name)

    async def missing(self, names: Iterable[str]) -> set[str]:
        asked = set(names)
        there: set[str] = set()
        for folder in {name.partition("/")[0] for name in asked}:
            there.update(await self.names(folder))
        missing = {name for name in asked - there if not await self._is_there(name)}
        if missing:
            await self.get(HOME_ID, bytes)  # or it is another bucket by now, in which nothing is
        return missing

    async def _is_there(self, name: str) -> bool:
        try:
            await self.get(name, len)
        except FileNotFoundError:
            return False
        return True

    async def names(self, folder: str, before: float = math.inf) -> list[str]:
        found = []
        with self._failing(missing=False):
            async for some in self._obstore.list(self._store, folder, chunk_size=1000):
                for one in some:
                    ours = OURS[folder].fullmatch(one["path"].removeprefix(f"{folder}/"))
                    if ours and one["last_modified"].timestamp() <= before:
                        found.append(one["path"])
        return found

    @asynccontextmanager
    async def file(self, name: str) -> AsyncGenerator[Path, None]:
        content = await self.get(name, bytes)
        path = await asyncio.to_thread(private_files.unused_path, self._home / UPLOADS, ".upload")
        try:
            await asyncio.to_thread(private_files.create, path, content)
            yield path
        finally:
            await asyncio.shield(asyncio.to_thread(private_files.remove, [path]))

    async def require_private(self) -> None:
        """Write what the bucket is known by once more, and see who can read it, and for how long.

        Raises `ObjectsUnusable` where the bucket keeps former versions, or where everybody can
        read what is in it, and `OSError`.
        """
        import aiohttp  # noqa: PLC0415 - most have no bucket

        try:
            await self.put(HOME_ID, await self.get(HOME_ID, bytes))
        except ObjectsFailed as error:
            raise ObjectsUnusable(str(error)) from error
        address = await self._obstore.sign_async(self._store, "GET", HOME_ID, timedelta(minutes=1))
        unsigned = urlsplit(address)._replace(query="").geturl()
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(_ANSWERED_S)) as session,
                session.get(unsigned, allow_redirects=False) as answer,
            ):
                status = answer.status
        except (aiohttp.ClientError, TimeoutError) as error:
            raise ObjectsFailed(
                f"whether others can read {self.place} cannot be seen: {error}"
            ) from error
        if status == 200:
            raise ObjectsUnusable(
                f"Everybody can read what is in {self.place}. Take public access away from the "
                "bucket (at AWS: Block Public Access)."
            )
        if unsigned.startswith("http://") and urlsplit(unsigned).hostname not in _THIS_MACHINE:
            log.warning("voices go to %s unencrypted; use an https:// address", self.place)

    @contextmanager
    def _failing(self, *, missing: bool = True) -> Iterator[None]:
        """What fails is an `ObjectsFailed`, whose log has one line of what the store says.

        A `FileNotFoundError` stays where an object can be `missing`, and its bucket is there.
        """
        try:
            yield
        except (self._obstore.exceptions.BaseError, OSError, ValueError) as error:
            why = _first_line(error) or "no answer"
            if "NoSuchBucket" in str(error):
                why = "there is no such bucket"
            elif isinstance(error, FileNotFoundError) and missing:
                raise FileNotFoundError(f"{self.place}: {why}") from None
            raise ObjectsFailed(f"{self.place}: {why}") from None


_VERSIONED = (
    "The bucket of {place} keeps former versions of what is deleted. Use a bucket that never had "
    "versioning switched on."
)
_THIS_MACHINE = ("127.0.0.1", "::1", "localhost")


def new_id() -> bytes:
    """What a bucket and its database are to know each other by."""
    return secrets.token_hex(16).encode()


def _first_line(error: Any) -> str:
    return re.sub(r"[^ -~]", "?", str(error).strip().partition("\n")[0][:300])
