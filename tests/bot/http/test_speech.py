"""Speech over HTTP, asked for by OpenAI's own client.

Longer than most files: all of it is one request, asked for in as many ways as clients do.
"""

import asyncio
import io
import json
import re
from pathlib import Path
from typing import cast

import av
import numpy as np
import pytest

from bot.http.speech import AT_ONCE
from bot.speech.audio.formats import FORMATS, FormatName, GrowingFile
from bot.speech.audio.opus import SYNTHETIC
from data.rows import NewVoice, VoicePermission, VoiceRow
from data.store import Store
from engine.errors import SynthesisFailed, WorkerUnavailable
from engine.speech import ClonedVoice, Priority, Speech, SpeechRequest, StockVoice
from tests.bot.http.serving import BOSS, Served, connect, serving
from tests.bot.http.sound import pitch_of, sound_of
from tests.bot.speech.tones import OneByOne, Tones, info
from tests.waiting import until

#: What `Tones` makes of any piece.
TONE_S, TONE_HZ = 0.2, 300
STORY = "The door was open and nobody was there, so we went in and sat down by the fire. "


@pytest.mark.parametrize("name", FORMATS)
async def test_every_format_is_a_whole_file_that_says_what_it_is(served: Served, name: str) -> None:
    answer = await served.client.audio.speech.create(
        model="tts-1",
        voice="anna",
        input="Hello.",
        response_format=name,  # type: ignore[arg-type]
    )
    samples, rate = sound_of(answer.content, name)
    assert len(samples) / rate == pytest.approx(TONE_S, abs=0.08)
    assert pitch_of(samples, rate) == pytest.approx(TONE_HZ, abs=5)
    assert answer.response.headers["X-Synthetic"] == SYNTHETIC
    assert answer.response.headers["Content-Type"] == FORMATS[name].media_type  # type: ignore[index]
    if name != "pcm":
        with av.open(io.BytesIO(answer.content)) as container:
            tags = {**container.metadata, **container.streams.audio[0].metadata}
        assert SYNTHETIC in tags.values()


@pytest.mark.parametrize("name", FORMATS)
def test_the_first_tenth_of_a_second_leaves_at_once(name: FormatName) -> None:
    """No format holds it back until a page is full, and none opens its encoder only then."""
    file = GrowingFile(name, 24_000)
    head = len(file._written.taken())
    assert (head > 0) == (name != "pcm")
    assert len(file.add(np.full(2_400, 0.1, np.float32))) > 0


@pytest.mark.parametrize("speed", [0.25, 0.5, 2.0, 4.0])
async def test_speed_changes_how_long_it_is_and_not_how_high(
    served: Served, tones: Tones, speed: float
) -> None:
    answer = await served.client.audio.speech.create(
        model="tts-1", voice="anna", input=STORY * 20, response_format="pcm", speed=speed
    )
    samples, rate = sound_of(answer.content, "pcm")
    assert len(samples) / rate == pytest.approx(len(tones.asked) * TONE_S / speed, rel=0.1)
    assert pitch_of(samples, rate) == pytest.approx(TONE_HZ, abs=10)


async def test_what_clients_ask_for_before_they_speak(served: Served, tones: Tones) -> None:
    (model,) = (await served.client.models.list()).data
    assert model.id == tones.engine.model
    assert (await served.client.models.retrieve(model.id)).owned_by == tones.engine.name
    status, voices = await served.text("/v1/audio/voices")
    assert status == 200
    assert json.loads(voices)["voices"] == [
        {"id": "anna", "name": "anna"},
        {"id": "ben", "name": "ben"},
    ]


@pytest.mark.parametrize(
    ("asked", "spoken"),
    [("ben", "ben"), ("alloy", "anna"), ("ash", "ben"), ({"id": "ben"}, "ben"), ("", "anna")],
)
async def test_a_voice_is_one_of_the_engines_under_its_name_or_openais(
    served: Served, tones: Tones, asked: object, spoken: str
) -> None:
    await served.client.audio.speech.create(
        model=tones.engine.model,
        voice=asked,  # type: ignore[arg-type]
        input="Hello.",
    )
    assert tones.asked[0].voice == StockVoice(spoken)
    assert tones.asked[0].priority is Priority.BACKGROUND


async def voice(store: Store, owner_id: int, name: str, **more: object) -> VoiceRow:
    values = {
        "owner_id": owner_id,
        "name": name,
        "guild_id": None,
        "origin_guild_id": 5,
        "clip_sha256": f"{owner_id:064x}",
        "clip_path": f"clips/{name}.flac",
        "duration_s": 9.0,
        "consent_version": 1,
        "consented_at": 0.0,
    }
    return await store.voices.insert(NewVoice(**values | more))  # type: ignore[arg-type]


async def test_nobodys_cloned_voice_is_spoken_but_the_operators(
    served: Served, tones: Tones, store: Store, tmp_path: Path
) -> None:
    """Not one that is shared or of another's permission, nor one that is for one server alone."""
    import openai  # noqa: PLC0415 - half a second, in every process of tests

    tones.engine = info(clones=True)
    mine = await voice(store, BOSS, "Mine")
    (tmp_path / "clips").mkdir()
    (tmp_path / mine.clip_path).touch()
    await voice(store, BOSS, "Elsewhere", guild_id=5)
    allowed = await voice(store, BOSS, "Allowed", clip_sha256="a" * 64)
    await store.permissions.put(
        VoicePermission(voice_id=allowed.voice_id, user_id=78, given_at=0.0, text_version=1)
    )
    theirs = await voice(store, 78, "Theirs")
    await store.shares.share(theirs.voice_id, 5)
    _, listed = await served.text("/v1/audio/voices")
    assert [one["name"] for one in json.loads(listed)["voices"]] == ["anna", "ben", "Mine"]
    for asked in ("Mine", f"voice:{mine.voice_id}"):
        await served.client.audio.speech.create(model="tts-1", voice=asked, input="Hello.")
    spoken = {request.voice for request in tones.asked}
    assert {v.owner_id for v in spoken if isinstance(v, ClonedVoice)} == {BOSS}
    refused = ("Theirs", "Allowed", "Elsewhere", "stock:anna", "nobody")
    refused += (f"voice:{theirs.voice_id}", f"voice:{allowed.voice_id}")
    for asked in refused:
        with pytest.raises(openai.BadRequestError, match="no such voice") as caught:
            await served.client.audio.speech.create(model="tts-1", voice=asked, input="Hello.")
        assert caught.value.param == "voice"
    served.bot.operator_id = None  # while Discord has not said who that is
    with pytest.raises(openai.BadRequestError, match="no such voice"):
        await served.client.audio.speech.create(model="tts-1", voice="Mine", input="Hello.")


async def test_a_disabled_voice_of_the_operators_is_silent_here_too(
    served: Served, tones: Tones, store: Store
) -> None:
    import openai  # noqa: PLC0415 - half a second, in every process of tests

    tones.engine = info(clones=True)
    mine = await voice(store, BOSS, "Mine")
    await store.moderation.disable(mine.voice_id, None)
    with pytest.raises(openai.BadRequestError, match="no such voice"):
        await served.client.audio.speech.create(model="tts-1", voice="Mine", input="Hello.")


@pytest.mark.parametrize(
    ("wrong", "param", "says"),
    [
        ({"input": " "}, "input", "no text"),
        ({"input": "** **"}, "input", "Nothing in that"),
        ({"response_format": "aac"}, "response_format", "mp3, opus, wav, flac, pcm"),
        ({"speed": 5}, "speed", "between 0.25 and 4"),
        ({"extra_body": {"stream_format": "xml"}}, "stream_format", "audio or sse"),
        ({"extra_body": {"language": "Klingon"}}, "language", "code or the name"),
        ({"extra_body": {"language": "German"}}, None, "do not read German here"),
        ({"extra_body": {"speed": "fast"}}, None, "cannot be read"),
    ],
)
async def test_what_is_wrong_is_said_in_one_sentence(
    served: Served, tones: Tones, wrong: dict[str, object], param: str | None, says: str
) -> None:
    import openai  # noqa: PLC0415 - half a second, in every process of tests

    asked = {"model": "tts-1", "voice": "anna", "input": "Hello."} | wrong
    with pytest.raises(openai.BadRequestError, match=re.escape(says)) as caught:
        await served.client.audio.speech.create(**asked)  # type: ignore[arg-type]
    assert caught.value.param == param
    assert caught.value.type == "invalid_request_error"
    assert tones.asked == []


async def test_other_models_and_addresses_are_not_there(served: Served) -> None:
    import openai  # noqa: PLC0415 - half a second, in every process of tests

    with pytest.raises(openai.NotFoundError) as caught:
        await served.client.audio.speech.create(model="tts-9", voice="anna", input="Hello.")
    assert caught.value.code == "model_not_found"
    with pytest.raises(openai.NotFoundError):
        await served.client.models.retrieve("tts-9")
    with pytest.raises(openai.NotFoundError, match="nothing at this address"):
        await served.client.embeddings.create(model="x", input="y")


async def test_an_engine_that_is_not_there_or_fails_is_told(served: Served, tones: Tones) -> None:
    import openai  # noqa: PLC0415 - half a second, in every process of tests

    with pytest.raises(openai.UnprocessableEntityError, match="cannot be said"):
        await served.client.audio.speech.create(model="", voice="anna", input="unspeakable")
    tones.broken = WorkerUnavailable("There is no engine.")
    with pytest.raises(openai.InternalServerError, match="There is no engine") as caught:
        await served.client.audio.speech.create(model="", voice="anna", input="Hello.")
    assert caught.value.status_code == 503


class Failing(Tones):
    """Makes three pieces, and then no more."""

    async def synthesise(self, request: SpeechRequest) -> Speech:
        speech = await super().synthesise(request)
        if len(self.asked) > 3:
            raise SynthesisFailed("That cannot be said.")
        return speech


async def test_a_failure_in_the_middle_does_not_look_like_the_end(
    store: Store, tmp_path: Path
) -> None:
    import openai  # noqa: PLC0415 - half a second, in every process of tests

    async with serving(Failing(), store, tmp_path) as served:
        with pytest.raises(openai.APIConnectionError):
            await served.client.audio.speech.create(model="", voice="anna", input=STORY * 20)
        assert await speaking(served) == 0


class Rationed(Tones):
    """Makes as many pieces as it is allowed."""

    def __init__(self, allowed: int) -> None:
        super().__init__()
        self._allowed = asyncio.Semaphore(allowed)

    async def synthesise(self, request: SpeechRequest) -> Speech:
        speech = await super().synthesise(request)
        await self._allowed.acquire()
        return speech


async def test_sound_arrives_before_the_rest_is_made(store: Store, tmp_path: Path) -> None:
    tones = Rationed(1)
    async with (
        serving(tones, store, tmp_path) as served,
        served.client.audio.speech.with_streaming_response.create(
            model="", voice="anna", input=STORY * 20, response_format="pcm"
        ) as response,
    ):
        assert len(await anext(response.iter_bytes(1024))) == 1024
        assert len(tones.asked) <= 3  # what sounds, the next, and one ahead


async def post(
    served: Served, **order: object
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Ask over a bare connection."""
    reader, writer = await connect(served)
    body = json.dumps(order).encode()
    head = "POST /v1/audio/speech HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    return reader, writer


async def speaking(served: Served) -> int:
    _, text = await served.text("/metrics")
    (value,) = re.findall(r"^timbre_http_speaking (\S+)$", text, re.MULTILINE)
    return int(float(value))


async def test_a_client_that_leaves_ends_it(served: Served, tones: Tones) -> None:
    tones.hold.clear()
    _, writer = await post(served, input=STORY * 100)
    await until(lambda: len(tones.asked) == 2, 60)
    assert await speaking(served) == 1
    writer.transport.abort()
    await until(lambda: len(tones.cancelled) == 2, 60)
    assert await speaking(served) == 0
    assert len(tones.asked) == 2


class Long(Tones):
    """Five seconds of each piece."""

    async def synthesise(self, request: SpeechRequest) -> Speech:
        self.asked.append(request)
        return Speech(pcm=np.full(24_000 * 5, 0.1, np.float32), sample_rate=24_000)


async def test_who_stops_reading_stops_the_engine(store: Store, tmp_path: Path) -> None:
    """Of hours, as samples, no more is made than what buffers on the way hold."""
    tones = Long()
    async with serving(tones, store, tmp_path) as served:
        reader, writer = await post(served, input=STORY * 700, response_format="pcm")
        assert b"200 OK" in await reader.readline()
        cast("asyncio.Transport", writer.transport).pause_reading()
        asked = -1
        while asked != len(tones.asked):  # until no more is asked for while another is spoken to
            asked = len(tones.asked)
            answer = await served.client.audio.speech.create(model="", voice="anna", input="One.")
            assert answer.content
            asked += 1
        assert asked < 200  # of 1,400
        assert await speaking(served) == 1
        writer.transport.abort()


async def test_a_long_text_is_spoken_whole_and_once(
    served: Served, tones: Tones, tmp_path: Path
) -> None:
    """Many times what a member may say; only its first piece is short."""
    text = " ".join(f"This is sentence number {n} of the book." for n in range(200))
    await served.client.audio.speech.create(
        model="", voice="anna", input=text, response_format="pcm"
    )
    said = " ".join(request.text for request in tones.asked)
    numbers = re.findall(r"number (.+?) of the book", said)
    assert len(numbers) == len(set(numbers)) == 200
    assert not list(tmp_path.rglob("*.ogg"))  # and nothing of it is kept


async def test_more_than_so_many_at_once_are_refused(served: Served, tones: Tones) -> None:
    import openai  # noqa: PLC0415 - half a second, in every process of tests

    tones.hold.clear()

    async def ask(text: str) -> int:
        url = served.url("/v1/audio/speech")
        async with served.session.post(url, json={"input": text}) as response:
            await response.read()
            return response.status

    asked = [asyncio.create_task(ask(f"Number {n}.")) for n in range(AT_ONCE)]
    await until(lambda: len(tones.asked) == AT_ONCE, 60)
    with pytest.raises(openai.RateLimitError, match="try again"):
        await served.client.audio.speech.create(model="", voice="anna", input="One more.")
    tones.hold.set()
    assert set(await asyncio.gather(*asked)) == {200}


@pytest.mark.slow  # a few: tests/end_to_end/test_long_text.py
async def test_fifty_at_once_leave_the_engine_to_who_listens(store: Store, tmp_path: Path) -> None:
    """One request that people wait for goes before all that wait, and each of the fifty ends.

    None has more than two pieces in the engine's queue, however much is left of it.
    """
    tones = OneByOne(0.005)
    async with serving(tones, store, tmp_path) as served:
        ask = served.client.audio.speech.create
        texts = [
            f"Request {n}. " + " ".join(f"Line {k} of text {n} is said here." for k in range(12))
            for n in range(50)
        ]
        asked = [
            asyncio.create_task(ask(model="", voice="anna", input=text, response_format="pcm"))
            for text in texts
        ]
        await until(lambda: len(tones.begun) >= 20, 60)
        begun = len(tones.begun)
        await tones.synthesise(SpeechRequest(text="live", priority=Priority.SPEAKING))
        assert tones.begun.index("live") <= begun + 1
        answers = await asyncio.gather(*asked)
    assert all(answer.content for answer in answers)
    assert len(tones.begun) > 150
    assert max(map(len, tones.left_waiting)) <= 2 * 50 + 1
    assert len({text for text in tones.begun if text.startswith("Request")}) == 50
