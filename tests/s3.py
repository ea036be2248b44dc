"""An S3 store on 127.0.0.1, as much of it as Timbre asks for. It checks every signature.

By https://docs.aws.amazon.com/AmazonS3/latest/API/ and, for the signatures,
https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html.
"""

import asyncio
import hashlib
import hmac
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote, unquote
from xml.sax.saxutils import escape

import pytest
from aiohttp import web
from pydantic import SecretStr

from bot.base import bucket as bucket_module
from bot.base.bucket import Bucket, ObjectsSettings, bucket_of

KEY_ID, KEY, REGION, BUCKET = "timbre", "a secret of the tests", "us-east-1", "voices"
_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<id>[^/]+)/(?P<scope>[^,]+), ?"
    r"SignedHeaders=(?P<headers>[^,]+), ?Signature=(?P<signature>[0-9a-f]{64})"
)
#: Fewer than AWS gives, so that there is a next page.
_PAGE = 3


@dataclass
class StoredObject:
    """What lies under a name."""

    content: bytes
    written_at: float


class S3:
    """The store; what it does wrong is set by the test."""

    def __init__(self) -> None:
        self.objects: dict[str, StoredObject] = {}
        #: What was written over, or deleted, where `versioned`.
        self.former: list[tuple[str, bytes]] = []
        self.versioned = self.public = False
        self.away = self.mute = self.breaks_off = False
        self.bucket_is_there = True
        self.adds_to_errors = ""
        self.requests: list[str] = []
        self.port = 0
        self.goes_on = asyncio.Event()

    def settings(self, prefix: str = "timbre", key: str = KEY) -> ObjectsSettings:
        return ObjectsSettings(
            place=f"s3://{BUCKET}/{prefix}",
            endpoint=f"http://127.0.0.1:{self.port}",
            region=REGION,
            key_id=KEY_ID,
            key=SecretStr(key),
        )

    def environment(self) -> dict[str, str]:
        """The settings as variables."""
        return {
            "TIMBRE_OBJECTS": f"s3://{BUCKET}/timbre",
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.port}",
            "AWS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": KEY_ID,
            "AWS_SECRET_ACCESS_KEY": KEY,
        }

    def bucket(self, home: Path, **settings: str) -> Bucket:
        return bucket_of(self.settings(**settings), home)

    def names(self, folder: str = "") -> set[str]:
        """What lies in a folder under the usual prefix."""
        names = {name.removeprefix("timbre/") for name in self.objects}
        return {name for name in names if name.startswith(folder)}

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        if self.away:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        self.requests.append(request.method)
        if self.mute:
            await self.goes_on.wait()
        body = b"".join([part async for part in request.content.iter_any()])
        _, bucket, *rest = unquote(request.raw_path.partition("?")[0]).split("/", 2)
        name = rest[0] if rest else ""
        if not self._is_signed(request, body) and not (self.public and request.method == "GET"):
            return _error(403, f"SignatureDoesNotMatch{self.adds_to_errors}")
        if not self.bucket_is_there or bucket != BUCKET:
            return _error(404, "NoSuchBucket")
        match request.method:
            case "PUT":
                return self._put(name, body)
            case "GET" if request.query.get("list-type") == "2":
                return self._list(request)
            case "GET" | "HEAD":
                found = self.objects.get(name)
                if found is None:
                    return _error(404, f"NoSuchKey{self.adds_to_errors}")
                written = datetime.fromtimestamp(found.written_at, UTC)
                if self.breaks_off:
                    return await _half(request, found.content)
                modified = f"{written:%a, %d %b %Y %H:%M:%S} GMT"
                return web.Response(body=found.content, headers={"Last-Modified": modified})
            case "DELETE":
                self._delete(name)
                return web.Response(status=204)
        return _error(405, "MethodNotAllowed")

    def _put(self, name: str, body: bytes) -> web.Response:
        if self.versioned and name in self.objects:
            self.former.append((name, self.objects[name].content))
        self.objects[name] = StoredObject(body, datetime.now(UTC).timestamp())
        headers = {"ETag": f'"{hashlib.sha256(body).hexdigest()}"'}
        if self.versioned:
            headers["x-amz-version-id"] = "a-version"
        return web.Response(headers=headers)

    def _delete(self, name: str) -> None:
        gone = self.objects.pop(name, None)
        if gone is not None and self.versioned:
            self.former.append((name, gone.content))

    def _list(self, request: web.BaseRequest) -> web.Response:
        prefix, after = request.query.get("prefix", ""), request.query.get("continuation-token", "")
        names = sorted(n for n in self.objects if n.startswith(prefix) and n > after)
        page = names[:_PAGE]
        contents = "".join(
            f"<Contents><Key>{escape(name)}</Key><LastModified>"
            f"{datetime.fromtimestamp(self.objects[name].written_at, UTC):%Y-%m-%dT%H:%M:%S.000Z}"
            f"</LastModified><Size>{len(self.objects[name].content)}</Size></Contents>"
            for name in page
        )
        more = len(names) > len(page)
        token = f"<NextContinuationToken>{escape(page[-1])}</NextContinuationToken>" if more else ""
        truncated = str(more).lower()
        return _xml(
            f"<ListBucketResult><IsTruncated>{truncated}</IsTruncated>{contents}{token}"
            "</ListBucketResult>"
        )

    def _is_signed(self, request: web.BaseRequest, body: bytes) -> bool:
        given = _AUTHORIZATION.fullmatch(request.headers.get("Authorization", ""))
        digest = request.headers.get("x-amz-content-sha256", "")
        if given is None or given["id"] != KEY_ID or digest != hashlib.sha256(body).hexdigest():
            return False
        path, _, query = request.raw_path.partition("?")
        pairs = sorted(
            tuple(quote(unquote(part), safe="-_.~") for part in one.partition("=")[::2])
            for one in query.split("&")
            if one
        )
        names = given["headers"].split(";")
        canonical = "\n".join(
            [
                request.method,
                path,
                "&".join(f"{name}={value}" for name, value in pairs),
                *(f"{name}:{' '.join(request.headers[name].split())}" for name in names),
                "",
                given["headers"],
                digest,
            ]
        )
        to_sign = "\n".join(
            [
                "AWS4-HMAC-SHA256",
                request.headers["x-amz-date"],
                given["scope"],
                hashlib.sha256(canonical.encode()).hexdigest(),
            ]
        )
        key = f"AWS4{KEY}".encode()
        for part in given["scope"].split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        right = hmac.new(key, to_sign.encode(), "sha256").hexdigest()
        return hmac.compare_digest(right, given["signature"])


async def _half(request: web.BaseRequest, content: bytes) -> web.StreamResponse:
    answer = web.StreamResponse(headers={"Content-Length": str(len(content))})
    await answer.prepare(request)
    await answer.write(content[: len(content) // 2])
    assert request.transport is not None
    request.transport.abort()
    return answer


def _xml(content: str, status: int = 200) -> web.Response:
    return web.Response(status=status, text=content, content_type="application/xml")


def _error(status: int, code: str) -> web.Response:
    return _xml(f"<Error><Code>{code}</Code><Message>{code}</Message></Error>", status)


@asynccontextmanager
async def s3_store() -> AsyncIterator[S3]:
    """One that listens as long as it is entered. Busy machines may take their time meanwhile."""
    store = S3()
    with pytest.MonkeyPatch.context() as patch:
        for limit in ("_CONNECTED_S", "_ANSWERED_S", "_READ_S"):
            patch.setattr(bucket_module, limit, 60.0)
        async with _listening(store):
            yield store


@asynccontextmanager
async def _listening(store: S3) -> AsyncIterator[None]:
    runner = web.ServerRunner(web.Server(store.answer), shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        store.port = runner.addresses[0][1]
        yield
    finally:
        store.goes_on.set()
        await runner.cleanup()
