"""The bot finds Discord where it is told, on this machine, and nothing else anywhere."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from bot.base.discord_address import DiscordAddressError, NameRefused, connector
from bot.loopback import LoopbackDiscord


@asynccontextmanager
async def session_with(
    server: LoopbackDiscord, trusted: LoopbackDiscord
) -> AsyncIterator[aiohttp.ClientSession]:
    """What finds Discord at `server`, and knows the certificate of `trusted`."""
    bound = connector(f"127.0.0.1:{server.port}", trusted.certificate)
    async with aiohttp.ClientSession(connector=bound) as session:
        yield session


@pytest.mark.parametrize(
    "url",
    ["https://example.org/", "https://discord.com.example.org/", "https://api.discord.gg/"],
)
async def test_a_name_that_is_not_discords_is_refused(url: str) -> None:
    async with LoopbackDiscord() as server, session_with(server, server) as session:
        with pytest.raises(aiohttp.ClientConnectorError, match="not one of Discord's names"):
            await session.get(url)


async def test_a_literal_address_is_refused_although_it_needs_no_resolving() -> None:
    with socket.create_server(("127.0.0.1", 0)) as elsewhere:
        port = elsewhere.getsockname()[1]
        elsewhere.setblocking(False)
        async with LoopbackDiscord() as server, session_with(server, server) as session:
            with pytest.raises(OSError, match="not where Discord is") as refused:
                await session.get(f"http://127.0.0.1:{port}/")
        assert isinstance(refused.value, NameRefused) or isinstance(
            refused.value.__cause__, NameRefused
        )
        with pytest.raises(BlockingIOError):
            elsewhere.accept()


@pytest.mark.parametrize(
    "host", ["discord.com", "cdn.discordapp.com", "media.discordapp.net", "DISCORD.com"]
)
async def test_discords_names_lead_to_the_server_and_its_certificate_is_trusted(host: str) -> None:
    async with (
        LoopbackDiscord() as server,
        session_with(server, server) as session,
        session.get(f"https://{host}/attachments/1/2/x") as response,
    ):
        assert response.status in (401, 404)


async def test_no_other_certificate_is_trusted(tmp_path: Path) -> None:
    async with (
        LoopbackDiscord() as other,
        LoopbackDiscord() as server,
        session_with(other, server) as session,
    ):
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await session.get("https://cdn.discordapp.com/")
    nonsense = tmp_path / "nonsense.pem"
    nonsense.write_text("not a certificate")
    with pytest.raises(DiscordAddressError, match=r"nonsense\.pem cannot be read"):
        connector("127.0.0.1:8443", nonsense)


@pytest.mark.parametrize(
    ("resolve", "reason"),
    [
        ("192.0.2.1:443", "not on this machine"),
        ("0.0.0.0:443", "not on this machine"),
        ("discord.com:443", "not an address and a port"),
        ("127.0.0.1", "not an address and a port"),
        ("127.0.0.1:0", "names no port"),
        ("127.0.0.1:70000", "names no port"),
        ("127.0.0.1:", "names no port"),
    ],
)
async def test_an_address_that_cannot_be_is_one_clear_sentence(resolve: str, reason: str) -> None:
    """What is wrong is said before anything is opened."""
    with pytest.raises(DiscordAddressError, match=reason) as refused:
        connector(resolve, Path("unread.pem"))
    assert str(refused.value).endswith(".")
    assert resolve in str(refused.value)
