"""Words for what a message holds besides its text: files, stickers, polls, replies, forwards."""

from collections import Counter
from collections.abc import Sequence

from bot.text.mentions import plain_name

_KINDS = {
    "image/gif": ("a GIF", "GIFs"),
    "image": ("an image", "images"),
    "video": ("a video", "videos"),
    "audio": ("an audio file", "audio files"),
    "text": ("a text file", "text files"),
    "application/pdf": ("a PDF", "PDFs"),
}
_FILE = ("a file", "files")
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

    Names and questions lose what would be markup beside the message's own text, such as half a
    spoiler; they are still as people typed them: pass both through `speakable` together.
    """
    parts: list[str] = []
    if reply_to is not None:
        parts.append(f"replying to {plain_name(reply_to, 'someone')}")
    if forwarded:
        parts.append("a forwarded message")
    if voice_message:
        parts.append("a voice message")
    else:
        parts.extend(_files(attachments))
    parts.extend(_titled("a sticker", name) for name in stickers)
    if poll is not None:
        parts.append(_titled("a poll", poll))
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])}{',' if len(parts) > 2 else ''} and {parts[-1]}"


def _titled(kind: str, title: str) -> str:
    plain = plain_name(title, "", _MOST_QUESTION_CHARS)
    return f"{kind}: {plain}" if plain else kind


def _files(content_types: Sequence[str | None]) -> list[str]:
    counted = Counter(_kind(content_type or "") for content_type in content_types)
    return [one if count == 1 else f"{count} {many}" for (one, many), count in counted.items()]


def _kind(content_type: str) -> tuple[str, str]:
    plain = content_type.partition(";")[0].strip().lower()
    return _KINDS.get(plain) or _KINDS.get(plain.partition("/")[0]) or _FILE
