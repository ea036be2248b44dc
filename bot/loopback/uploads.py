"""Message bodies as the bot sends them: JSON, or multipart with files beside it."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from aiohttp import BodyPartReader, web

from bot.loopback.answers import ApiError, invalid_form
from bot.loopback.attachments import SIZE_LIMIT, Attachment, Cdn, File
from bot.loopback.messages import EPHEMERAL, VOICE_MESSAGE, Json, MessageRecord, walk

MAX_CONTENT = 2000
_SETTABLE_FLAGS = 1 << 2 | 1 << 6 | 1 << 12 | 1 << 13 | 1 << 15
_FILE_PART = re.compile(r"files\[(\d+)\]")


@dataclass(frozen=True)
class Upload:
    """A request's JSON and the files beside it, by their index."""

    payload: Json
    files: Mapping[int, File] = field(default_factory=dict)

    @property
    def message(self) -> "Upload":
        return Upload(self.payload.get("data") or {}, self.files)


async def read(request: web.Request) -> Upload:
    """The body of a request. Raises `ApiError` for one that is neither JSON nor multipart."""
    if request.content_type == "application/json":
        return Upload(_object(await request.read()))
    if request.content_type != "multipart/form-data":
        if not request.can_read_body:
            return Upload({})
        raise invalid_form(f"content type {request.content_type}")
    payload: Json = {}
    files: dict[int, File] = {}
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader):
            raise invalid_form("a multipart body within a multipart body")
        content = bytes(await part.read())
        if part.name == "payload_json":
            payload = _object(content)
        elif match := _FILE_PART.fullmatch(part.name or ""):
            # discord.py declares no type worth keeping: the name says more.
            files[int(match[1])] = File(part.filename or "unknown", content)
        else:
            raise invalid_form(f"unexpected part {part.name!r}")
    return Upload(payload, files)


def apply(cdn: Cdn, message: MessageRecord, upload: Upload) -> None:
    """Give `message` what the bot sent for it; what is not mentioned stays.

    Raises `ApiError` for what Discord would not take: nothing to show, too long, too large.
    """
    body = upload.payload
    content = message.content if body.get("content", ...) is ... else body["content"] or ""
    embeds = message.embeds if "embeds" not in body else body["embeds"] or []
    components = message.components if "components" not in body else body["components"] or []
    attachments = _attachments(cdn, message, upload)
    if len(content) > MAX_CONTENT:
        raise invalid_form(f"content: Must be {MAX_CONTENT} or fewer in length.")
    if len(embeds) > 10:
        raise invalid_form("embeds: Must be 10 or fewer in length.")
    identifiers = [c["custom_id"] for c in walk(components) if c.get("custom_id")]
    if len(identifiers) != len(set(identifiers)):
        raise invalid_form("components: Component custom id cannot be duplicated")
    if not (content or embeds or attachments or components or body.get("poll")):
        raise ApiError(400, 50006, "Cannot send an empty message")
    message.content, message.embeds, message.components = content, embeds, components
    message.attachments = attachments
    if "flags" in body:
        settable = _SETTABLE_FLAGS & ~EPHEMERAL if message.ephemeral else _SETTABLE_FLAGS
        message.flags = message.flags & ~settable | body["flags"] & settable
        if message.flags & VOICE_MESSAGE:
            _check_voice_message(message)


def _check_voice_message(message: MessageRecord) -> None:
    if message.content or message.embeds:
        raise ApiError(400, 50159, "Voice messages do not support additional content")
    if len(message.attachments) != 1:
        raise ApiError(400, 50160, "Voice messages must have a single audio attachment")
    if not all(one.waveform and one.duration_s for one in message.attachments):
        raise ApiError(400, 50161, "Voice messages must have supporting metadata")


def _attachments(cdn: Cdn, message: MessageRecord, upload: Upload) -> list[Attachment]:
    if "attachments" not in upload.payload and not upload.files:
        return message.attachments
    if any(len(file.data) > SIZE_LIMIT for file in upload.files.values()):
        raise ApiError(413, 40005, "Request entity too large")
    declared = upload.payload.get("attachments") or [{"id": index} for index in upload.files]
    by_id = {str(attachment.id): attachment for attachment in message.attachments}
    kept: list[Attachment] = []
    for one in declared:
        if existing := by_id.get(str(one["id"])):
            kept.append(existing)
            continue
        file = upload.files.get(int(one["id"]))
        if file is None:
            raise invalid_form(f"attachments: there is no file {one['id']}")
        shown = replace(file, duration_s=one.get("duration_secs"), waveform=one.get("waveform"))
        kept.append(cdn.store(message.channel.id, shown, ephemeral=message.ephemeral))
    return kept


def _object(content: bytes) -> Json:
    try:
        body = json.loads(content)
    except ValueError:
        raise ApiError(400, 50109, "The request body contains invalid JSON.") from None
    if not isinstance(body, dict):
        raise invalid_form("expected an object")
    return body
