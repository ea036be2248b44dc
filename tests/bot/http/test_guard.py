"""Who is let in: no page elsewhere, nobody without the token, nothing too large."""

import asyncio
import gzip
import logging
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.http.limits import HttpSettings
from bot.http.order import BODY_MAX_BYTES
from bot.http.patience import IDLE_S, MOST_CONNECTIONS, Patience
from bot.settings import SettingsError, settings_of
from data.store import Store
from tests.bot.http.serving import TOKEN, Served, connect, serving
from tests.bot.speech.tones import Tones
from tests.store import Clock

PATHS = ("/v1/models", "/v1/audio/voices", "/metrics", "/nowhere")


async def asked_as(served: Served, host: str, path: str = "/v1/models") -> str:
    """The status line of an answer to somebody who knows the server by another name."""
    reader, writer = await connect(served)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    status = (await reader.readline()).decode()
    writer.close()
    return status


@pytest.mark.parametrize(
    ("host", "taken"),
    [
        ("localhost", True),
        ("LOCALHOST:8000", True),
        ("127.0.0.1:8000", True),
        ("[::1]:8000", True),
        ("10.0.0.5", True),
        ("timbre.example:443", True),
        ("evil.example", False),
        ("localhost.evil.example", False),
        ("127.0.0.1.evil.example", False),
        ("", False),
        ("[", False),
        ("@localhost@evil.example", False),
    ],
)
async def test_a_name_that_is_not_ours_is_refused(
    tones: Tones, store: Store, tmp_path: Path, host: str, taken: bool
) -> None:
    """A web page's name can be made to lead here (DNS rebinding); an address cannot."""
    async with serving(tones, store, tmp_path, names="timbre, timbre.example") as served:
        for path in ("/v1/models", "/healthz", "/", "/page/status"):
            assert ("200" if taken else "403") in await asked_as(served, host, path)


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1"])
async def test_other_web_pages_are_refused(served: Served, tones: Tones, origin: str) -> None:
    """Their browsers send what these pages want without asking, as long as it is plain."""
    for headers in ({"Origin": origin}, {"Content-Type": "text/plain"}):
        async with served.session.post(
            served.url("/v1/audio/speech"), data=b'{"input": "Hello."}', headers=headers
        ) as response:
            assert response.status in {403, 415}
    async with served.session.get(served.url("/metrics"), headers={"Origin": origin}) as response:
        assert response.status == 403
    own = {"Origin": served.server.address}
    async with served.session.get(served.url("/metrics"), headers=own) as response:
        assert response.status == 200
    assert tones.asked == []


@pytest.mark.parametrize("path", PATHS)
async def test_nothing_is_told_without_the_token(
    tones: Tones, store: Store, tmp_path: Path, path: str
) -> None:
    async with serving(tones, store, tmp_path, token=TOKEN) as served:
        wrong = ("", TOKEN, "Bearer", "Bearer ", f"Basic {TOKEN}", f"Bearer {TOKEN[:-1]}", "é")
        for given in wrong:
            headers = {"Authorization": given} if given else {}
            status, told = await served.text(path, **headers)
            assert status == 401
            assert '"code": "invalid_api_key"' in told
        for right in (f"Bearer {TOKEN}", f"bearer  {TOKEN}"):
            status, _ = await served.text(path, Authorization=right)
            assert status == (404 if path == "/nowhere" else 200)
        assert (await served.text("/healthz"))[0] == 200
        assert (await served.client.models.list()).data


async def test_a_body_that_is_too_large_is_refused(served: Served, tones: Tones) -> None:
    content = b'{"input": "%b"}' % (b"word " * (BODY_MAX_BYTES // 5))
    headers = {"Content-Type": "application/json"}
    async with served.session.post(
        served.url("/v1/audio/speech"), data=content, headers=headers
    ) as response:
        assert response.status == 413
        assert "4 MiB" in await response.text()
    assert tones.asked == []


async def test_healthy_and_ready_are_two_things(served: Served) -> None:
    assert await served.text("/readyz") == (200, '{"engine": true, "discord": true}')
    served.bot.ready = False
    assert await served.text("/readyz") == (503, '{"engine": true, "discord": false}')
    served.server.discord = None
    assert (await served.text("/readyz"))[0] == 503
    assert (await served.text("/healthz"))[0] == 200


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ({"TIMBRE_HTTP_HOST": "0.0.0.0"}, "TIMBRE_HTTP_TOKEN must be set"),
        ({"TIMBRE_HTTP_HOST": "::"}, "TIMBRE_HTTP_TOKEN must be set"),
        ({"TIMBRE_HTTP_HOST": "192.168.1.2"}, "TIMBRE_HTTP_TOKEN must be set"),
        ({"TIMBRE_HTTP_HOST": "localhost"}, "must be an address"),
        ({"TIMBRE_HTTP_TOKEN": "short"}, "16 characters"),
        ({"TIMBRE_HTTP_TOKEN": "with spaces and more"}, "16 characters"),
    ],
)
def test_a_server_that_anybody_could_ask_is_not_started(
    variables: dict[str, str], says: str
) -> None:
    with pytest.raises(SettingsError, match=says):
        settings_of({"TIMBRE_HTTP_PORT": "8000", **variables})


def test_it_is_off_and_for_this_machine_unless_set() -> None:
    settings = settings_of({}).http
    assert (settings.port, settings.host, settings.secret) == (0, "127.0.0.1", "")
    open_to_all = {"TIMBRE_HTTP_HOST": "0.0.0.0", "TIMBRE_HTTP_TOKEN": TOKEN}
    settings = settings_of({"TIMBRE_HTTP_PORT": "8000", **open_to_all}).http
    assert settings.secret == TOKEN
    assert TOKEN not in repr(HttpSettings(token=SecretStr(TOKEN)))


async def test_an_address_that_is_taken_is_an_error_at_once(
    served: Served, tones: Tones, store: Store, tmp_path: Path
) -> None:
    port = int(served.server.address.rpartition(":")[2])
    other = tmp_path / "other"
    other.mkdir()
    with pytest.raises(OSError, match=r"in use|Only one usage"):
        async with serving(tones, store, other, port=port):
            await asyncio.sleep(0)


async def test_what_is_packed_or_too_deep_is_refused_unread(served: Served, tones: Tones) -> None:
    json_type = {"Content-Type": "application/json"}
    packed = gzip.compress(b'{"input": "%b"}' % (b"word " * 1000))
    deep = b'{"input": "Hello.", "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    for content, headers, status in (
        (packed, {"Content-Encoding": "gzip"}, 415),
        (packed, {"Content-Encoding": "deflate"}, 415),
        (deep, {}, 400),
    ):
        async with served.session.post(
            served.url("/v1/audio/speech"), data=content, headers=json_type | headers
        ) as response:
            assert response.status == status
    assert tones.asked == []


async def test_what_is_no_request_is_not_in_the_log(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    """A client that counts wrong sends the end of its text as if it were the next request."""
    body = b'{"input": "My diagnosis is known to nobody."}'
    head = b"POST /nowhere HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n"
    with caplog.at_level(logging.INFO):
        reader, writer = await connect(served)
        async with asyncio.timeout(60):
            writer.write(head + body[:2])
            assert b"404" in await reader.readuntil(b"}}")
            writer.write(body[2:])
            assert b"400 Bad Request" in await reader.read()
        writer.close()
    assert "what a client sent over HTTP was no request" in caplog.messages
    assert "diagnosis" not in caplog.text


class Connection:
    """Stands for one of aiohttp's."""

    def __init__(self) -> None:
        self.closed = False

    def force_close(self) -> None:
        self.closed = True


class Asking:
    """Stands for a request on a connection."""

    def __init__(self, protocol: Connection) -> None:
        self.protocol = protocol


def test_who_asks_nothing_is_sent_away_and_who_is_answered_is_not(clock: Clock) -> None:
    asks, asked, silent = (Connection() for _ in range(3))
    open_now = [asks, asked, silent]
    patience = Patience(lambda: open_now, clock)  # type: ignore[arg-type, return-value]
    patience.look()
    with patience.answering(Asking(asks)):  # type: ignore[arg-type]
        clock.now += IDLE_S / 2
        with patience.answering(Asking(asked)):  # type: ignore[arg-type]
            patience.look()
        clock.now += IDLE_S / 2 + 1
        patience.look()
        assert [one.closed for one in open_now] == [False, False, True]
    clock.now += IDLE_S + 1
    patience.look()
    assert asks.closed
    assert asked.closed


async def test_a_crowd_of_silent_connections_does_not_keep_others_out(served: Served) -> None:
    crowd = [await connect(served) for _ in range(MOST_CONNECTIONS + 20)]
    for _, writer in crowd:
        writer.write(b"GET /v1/models HTTP/1.1\r\nHost: loc")
    assert (await served.text("/healthz"))[0] == 200
    gone = [reader for reader, _ in crowd[:20]]
    async with asyncio.timeout(60):
        assert [await reader.read() for reader in gone] == [b""] * 20
    for _, writer in crowd:
        writer.close()
