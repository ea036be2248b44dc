"""Programs that people use speak through this server, by OpenAI's API.

What four of them send was recorded and is sent again here, byte for byte. One, Vercel's AI SDK, is
installed and run with --all where npm can.
"""

import asyncio
import base64
import json
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bot.speech.audio.formats import FORMATS
from data.store import Store
from tests.bot.http.serving import TOKEN, connect, serving
from tests.bot.http.sound import pitch_of, sound_of
from tests.bot.speech.tones import Tones

HERE = Path(__file__).parent
TOOLS = tomllib.loads((HERE / "tools.toml").read_text("utf-8"))["tool"]
#: What `Tones` makes of any piece.
TONE_HZ = 300


async def answered(reader: asyncio.StreamReader) -> tuple[str, dict[str, str], bytes]:
    """The status line, the headers and the body of what is sent in chunks."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode().splitlines()
    headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
    assert headers["transfer-encoding"] == "chunked"
    body = b""
    while size := int(await reader.readline(), 16):
        body += await reader.readexactly(size)
        assert await reader.readline() == b"\r\n"
    return head[0], headers, body


def unwrapped(body: bytes) -> bytes:
    """The file in server-sent events, which end by saying that they do."""
    events = [
        json.loads(event.removeprefix("data: ")) for event in body.decode().split("\n\n")[:-1]
    ]
    assert events[-1]["type"] == "speech.audio.done"
    assert events[-1]["usage"].keys() == {"input_tokens", "output_tokens", "total_tokens"}
    assert {event["type"] for event in events[:-1]} == {"speech.audio.delta"}
    return b"".join(base64.b64decode(event["audio"]) for event in events[:-1])


def assert_is_the_tone(content: bytes, name: str) -> None:
    samples, rate = sound_of(content, name)
    assert pitch_of(np.asarray(samples), rate) == pytest.approx(TONE_HZ, abs=8)


@pytest.mark.parametrize("tool", TOOLS, ids=[tool["name"].split(" (")[0] for tool in TOOLS])
async def test_what_tools_send_is_spoken_as_they_read_it(
    tool: dict[str, Any], store: Store, tmp_path: Path
) -> None:
    async with serving(Tones(), store, tmp_path, token=TOKEN) as served:
        reader, writer = await connect(served)
        head, body = tool["request"].split("\n\n")
        writer.write("\r\n".join([*head.splitlines(), "", body]).encode())
        status, headers, content = await asyncio.wait_for(answered(reader), 60)
        writer.close()
    assert status == "HTTP/1.1 200 OK"
    if tool["wrapped"]:
        assert headers["content-type"] == "text/event-stream"
        content = unwrapped(content)
    else:
        assert headers["content-type"] == FORMATS[tool["comes"]].media_type
    assert_is_the_tone(content, tool["comes"])


@pytest.fixture
def ai_sdk(tmp_path: Path) -> Path:
    """A folder with Vercel's AI SDK in it, in the versions and of the hashes that are locked."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("Node.js is not installed here: Vercel's AI SDK was not run")
    folder = tmp_path / "ai_sdk"
    shutil.copytree(HERE / "ai_sdk", folder)
    options = ("--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline")
    try:
        done = subprocess.run(
            [npm, "ci", *options],
            cwd=folder,
            capture_output=True,
            timeout=120,
            check=False,
        )
    except subprocess.TimeoutExpired:
        pytest.skip("npm took longer than two minutes: Vercel's AI SDK was not run")
    if done.returncode:
        pytest.skip("npm cannot install Vercel's AI SDK here: it was not run")
    return folder


@pytest.mark.slow
async def test_vercels_ai_sdk_itself_gets_speech(
    ai_sdk: Path, store: Store, tmp_path: Path
) -> None:
    async with serving(Tones(), store, tmp_path, token=TOKEN) as served:
        for name in ("mp3", "wav"):
            said = tmp_path / f"said.{name}"
            node = await asyncio.create_subprocess_exec(
                "node", "say.mjs", served.url("/v1"), TOKEN, name, said, cwd=ai_sdk
            )
            assert await asyncio.wait_for(node.wait(), 120) == 0
            assert_is_the_tone(said.read_bytes(), name)
