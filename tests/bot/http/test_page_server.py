"""The page's addresses without a browser: what they say, to whom, and under which policy."""

import json
import re
from pathlib import Path

import pytest

from data.store import Store
from engine.speech import SpeechRequest
from tests.bot.http.serving import TOKEN, Served, serving
from tests.bot.speech.tones import Tones

FILES = ("/", "/page.css", "/page.js", "/icon.svg")
TOLD = ("/page/choices", "/page/status", "/page/pictures", "/page/pictures/heard")


async def test_the_page_opens_without_a_token_and_says_nothing_without_it(
    tones: Tones, store: Store, tmp_path: Path
) -> None:
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "heard.png").write_bytes(b"a picture")
    async with serving(tones, store, tmp_path, token=TOKEN) as served:
        for path in FILES:
            status, text = await served.text(path)
            assert status == 200
            assert tones.engine.model not in text
        for path in TOLD:
            assert (await served.text(path))[0] == 401
            assert (await served.text(path, Authorization=f"Bearer {TOKEN}"))[0] == 200


async def test_every_answer_has_its_policy(served: Served) -> None:
    for path in (*FILES, *TOLD, "/v1/models", "/nowhere"):
        async with served.session.get(served.url(path)) as response:
            policy = response.headers["Content-Security-Policy"]
            assert policy.startswith("default-src 'none'; ")
            assert "unsafe" not in policy
            assert response.headers["X-Content-Type-Options"] == "nosniff"
            assert response.headers["Cross-Origin-Resource-Policy"] == "same-origin"
            assert response.headers["Referrer-Policy"] == "no-referrer"
            assert response.headers["X-Frame-Options"] == "DENY"
    async with served.session.get(served.url("/")) as response:
        policy = response.headers["Content-Security-Policy"].split("; ")
        assert {"script-src 'self'", "frame-ancestors 'none'", "form-action 'none'"} <= {*policy}


async def test_the_page_has_nothing_inline_and_nothing_from_elsewhere(served: Served) -> None:
    _, markup = await served.text("/")
    assert not re.search(r"\son\w+=|\sstyle=|<style|<script(?![^>]*\ssrc=)|javascript:", markup)
    for path in FILES:
        _, text = await served.text(path)
        assert set(re.findall(r"https?://[^\"'\s]+", text)) <= {"http://www.w3.org/2000/svg"}


async def test_figures_name_no_person_and_no_text(served: Served, tones: Tones) -> None:
    tones.hold.clear()
    await served.text("/page/status")
    tones.hold.set()
    await tones.synthesise(SpeechRequest(text="alice", user_id=123456789012345678))
    await served.client.audio.speech.create(model="", voice="anna", input="bob")
    status, text = await served.text("/page/status")
    assert status == 200
    told = json.loads(text)
    assert told["http_first_audio_ms"]["count"] == 1
    for secret in ("alice", "bob", "123456789012345678"):
        assert secret not in text


async def test_voices_are_those_that_speak_over_http(served: Served) -> None:
    _, text = await served.text("/page/choices")
    _, voices = await served.text("/v1/audio/voices")
    choices = json.loads(text)
    assert choices["voices"] == json.loads(voices)["voices"]
    assert choices["languages"] == [{"id": "en", "name": "English"}]
    assert choices["models"] == [{"id": "sine", "name": "sine (tones)"}]


@pytest.mark.parametrize("name", ["nothing", "..%2Fbot.db", "%2Fetc%2Fpasswd", "heard.png"])
async def test_no_other_file_is_a_picture(served: Served, name: str) -> None:
    assert (await served.text(f"/page/pictures/{name}"))[0] == 404


async def test_pictures_say_in_words_what_is_seen(served: Served, tmp_path: Path) -> None:
    """And are there all the same where their figures cannot be read."""
    bench = tmp_path / "bench"
    bench.mkdir()
    for name in ("latency_by_text", "where_the_time_goes", "throughput_by_streams"):
        (bench / f"{name}.png").write_bytes(b"\x89PNG")
    timing = {"scenario": "warm voice", "characters": 90, "audio_s": 5.5, "ours_ms": 150.2}
    figures = {
        "by_text": [{**timing, "upstream_ms": 2400.0}],
        "voices": [{**timing, "upstream_ms": None}],
        "steps": [{"streams": 8, "tokens_per_s": 6941.2}],
    }
    for content, words in (
        (
            json.dumps(figures),
            [
                ["90 characters, 5.5 s of speech: Timbre 150 ms, upstream 2,400 ms."],
                ["Warm voice: Timbre 150 ms."],
                ["8 at once: 6,941 tokens a second."],
            ],
        ),
        ("{", [[], [], []]),
    ):
        (bench / "bench.json").write_text(content)
        _, text = await served.text("/page/pictures")
        assert [one["words"] for one in json.loads(text)] == words
