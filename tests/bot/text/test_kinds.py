"""What a message holds besides text, in words that the pipeline leaves as they are."""

from datetime import UTC, datetime
from typing import Any

import pytest

from bot.text import Names, Pronunciations, TextLimits, message_kinds, speakable


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ({}, ""),
        ({"attachments": ["image/png"]}, "an image"),
        ({"attachments": ["image/png", "image/jpeg"]}, "two images"),
        ({"attachments": ["image/gif"]}, "a GIF"),
        ({"attachments": ["video/mp4", "image/png", "image/webp"]}, "a video and two images"),
        ({"attachments": ["text/plain; charset=utf-8"]}, "a text file"),
        ({"attachments": ["application/pdf"]}, "a PDF"),
        ({"attachments": [None, "application/zip"]}, "two files"),
        ({"attachments": ["audio/mpeg"]}, "an audio file"),
        ({"attachments": ["audio/ogg"], "voice_message": True}, "a voice message"),
        ({"stickers": ["Wave"]}, "a sticker: Wave"),
        ({"poll": "Pizza or pasta?"}, "a poll: Pizza or pasta?"),
        ({"forwarded": True}, "a forwarded message"),
        ({"reply_to": "Bob"}, "replying to Bob"),
        (
            {"reply_to": "Bob", "attachments": ["image/png"], "stickers": ["Wave"]},
            "replying to Bob, an image, and a sticker: Wave",
        ),
    ],
)
def test_kinds_are_said_as_words(message: dict[str, Any], words: str) -> None:
    spoken = speakable(
        message_kinds(**message),
        names=Names(),
        limits=TextLimits(),
        pronunciations=Pronunciations(),
        now=datetime(2024, 6, 15, tzinfo=UTC),
    )
    assert spoken.text == words.replace("PDF", "P D F")
