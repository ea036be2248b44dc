"""The bot finds Discord where it is told, on this machine, and nothing else anywhere."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import IPv4Address
from pathlib import Path

import aiohttp
import pytest

from bot.base.discord_address import DiscordAddressError, NameRefused, connector
from bot.base.loopback_address import LoopbackAddress
from bot.loopback import LoopbackDiscord

HERE = IPv4Address("127.0.0.1")


@asynccontextmanager
async def session_with(
    server: LoopbackDiscord, trusted: LoopbackDiscord
) -> AsyncIterator[aiohttp.ClientSession]:
    """What finds Discord at `server`, and knows the certificate of `trusted`."""
    bound = connector(LoopbackAddress(HERE, server.port), trusted.certificate)
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
        connector(LoopbackAddress(HERE, 8443), nonsense)
