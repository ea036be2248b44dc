"""Words for what a message holds besides its text: files, stickers, polls, replies, forwards."""

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal

from bot.text.mentions import plain_name
from bot.text.wording import UNSPACED, WORDINGS, Wording

#: By content type, which field of the wording names it.
_KINDS = {
    "image/gif": "gif",
    "image": "image",
    "video": "video",
    "audio": "audio",
    "text": "text_file",
    "application/pdf": "pdf",
}
# What Discord lets a question be long.
_MOST_QUESTION_CHARS = 300


def message_kinds(
    *,
    attachments: Sequence[str | None] = (),
    stickers: Sequence[str] = (),
    poll: str | None = None,
    voice_message: bool = False,
    forwarded: bool = False,
    reply_to: str | None = None,
    language: str = "en",
) -> str:
    """Return one phrase such as "replying to Bob, two images, and a sticker: Wave", or "".

    Parameters
    ----------
    attachments:
        The content type of each file, such as ``image/png``; ``None`` where Discord gives none.
    stickers:
        Their names.
    poll:
        The question, if there is a poll.
    reply_to:
        The display name of the one replied to.
    language:
        Of the message, ISO 639-1.

    Names and questions lose what would be markup beside the message's own text, such as half a
    spoiler; they are still as people typed them: pass both through `speakable` together.
    """
    wording = WORDINGS[language]
    parts: list[str] = []
    if reply_to is not None:
        parts.append(wording.reply.format(plain_name(reply_to, wording.someone)))
    if forwarded:
        parts.append(wording.forwarded)
    if voice_message:
        parts.append(wording.voice_message)
    else:
        parts.extend(_files(attachments, wording, language))
    parts.extend(_titled(wording.sticker, name) for name in stickers)
    if poll is not None:
        parts.append(_titled(wording.poll, poll))
    if len(parts) < 2 or language in UNSPACED:
        return "、".join(parts)
    last = "," if len(parts) > 2 and language == "en" else ""
    return f"{', '.join(parts[:-1])}{last} {wording.and_} {parts[-1]}"


def _titled(kind: str, title: str) -> str:
    plain = plain_name(title, "", _MOST_QUESTION_CHARS)
    return f"{kind}: {plain}" if plain else kind


def _files(content_types: Sequence[str | None], wording: Wording, language: str) -> list[str]:
    counted = Counter(_kind(content_type or "") for content_type in content_types)
    return [
        _so_many(getattr(wording, kind).split("|"), count, language)
        for kind, count in counted.items()
    ]


def _so_many(words: list[str], count: int, language: str) -> str:
    """``["an image", "images"], 2`` -> "2 images"."""
    if count == 1:
        return words[0]
    many = words[-1]
    if len(words) == 3:
        from bot.text.languages.names import plural_form  # noqa: PLC0415 - Polish and Russian

        many = words[{"one": 0, "few": 1}.get(plural_form(language, Decimal(count)), 2)]
    return many.format(count) if "{}" in many else f"{count} {many}"


def _kind(content_type: str) -> str:
    plain = content_type.partition(";")[0].strip().lower()
    return _KINDS.get(plain) or _KINDS.get(plain.partition("/")[0]) or "file"
