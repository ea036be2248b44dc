"""What a client asks to be spoken, as OpenAI's clients put it.

https://platform.openai.com/docs/api-reference/audio/createSpeech. `language` is ours; fields that
nobody knows are ignored, as tools send some of other servers.
"""

import asyncio
import math

import msgspec
from aiohttp import web

from bot.http.refusals import RequestRefused
from bot.speech.audio.formats import FORMATS, FormatName
from bot.speech.languages import language_named

#: A long novel; of Japanese, Russian or Hebrew, half of one.
BODY_MAX_BYTES = 4 * 2**20
#: The longest time that its upload may take.
BODY_PATIENCE_S = 60.0
SPEED_MIN, SPEED_MAX = 0.25, 4.0


class VoiceId(msgspec.Struct, frozen=True):
    """How newer clients name a voice."""

    id: str


class _Body(msgspec.Struct, frozen=True):
    input: str
    model: str | None = None
    voice: str | VoiceId | None = None
    response_format: str | None = None
    speed: float | None = None
    stream_format: str | None = None
    instructions: str | None = None
    language: str | None = None


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be spoken, and how. `model` and `voice` are as they were typed, if they were."""

    text: str
    model: str | None
    voice: str | None
    language: str | None
    format: FormatName
    speed: float


async def order_of(request: web.Request) -> Order:
    """What a request asks for. Raises `RequestRefused`."""
    # A page elsewhere can send a form or plain text without being asked whether it may.
    if request.content_type != "application/json":
        raise RequestRefused(415, "Send JSON, with “Content-Type: application/json”.")
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise RequestRefused(415, "Send JSON as it is, without “Content-Encoding”.")
    try:
        async with asyncio.timeout(BODY_PATIENCE_S):
            content = await request.read()
    except TimeoutError:
        raise RequestRefused(408, "The request took too long to arrive.") from None
    except web.HTTPRequestEntityTooLarge:
        raise RequestRefused(
            413, f"A request may have {BODY_MAX_BYTES // 2**20} MiB: send the text in parts."
        ) from None
    try:
        body = msgspec.json.decode(content, type=_Body)
    except RecursionError:
        raise RequestRefused(400, "The request cannot be read: it is too deep.") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RequestRefused(400, f"The request cannot be read: {error}.") from None
    return _checked(body)


def _checked(body: _Body) -> Order:
    if not body.input.strip():
        raise RequestRefused(400, "There is no text in “input”.", param="input")
    name = body.response_format or "mp3"
    if name not in FORMATS:
        raise RequestRefused(
            400, f"“response_format” is one of {', '.join(FORMATS)}.", param="response_format"
        )
    speed = 1.0 if body.speed is None else body.speed
    if not (math.isfinite(speed) and SPEED_MIN <= speed <= SPEED_MAX):
        raise RequestRefused(
            400, f"“speed” is between {SPEED_MIN} and {SPEED_MAX:g}.", param="speed"
        )
    if body.stream_format not in (None, "", "audio"):
        raise RequestRefused(400, "“stream_format” can be audio alone.", param="stream_format")
    if body.instructions:
        raise RequestRefused(400, "The models here take no “instructions”.", param="instructions")
    language = None
    if body.language:
        language = language_named(body.language)
        if language is None:
            raise RequestRefused(
                400, "“language” is the code or the name of one, as de or German.", param="language"
            )
    return Order(
        text=body.input,
        model=body.model,
        voice=body.voice.id if isinstance(body.voice, VoiceId) else body.voice,
        language=language,
        format=name,
        speed=speed,
    )
