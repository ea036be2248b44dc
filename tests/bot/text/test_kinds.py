"""What a message holds besides text, in words that the pipeline leaves as they are."""

from typing import Any

import pytest

from bot.text import message_kinds
from tests.bot.text.test_cases import say


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
        ({"reply_to": "Bob <3"}, "replying to Bob heart"),
        ({"reply_to": "Bob ¯\\_(ツ)_/¯"}, "replying to Bob shrug"),
        ({"reply_to": "||"}, "replying to someone"),
        ({"stickers": ["**Wave**\nhi"]}, "a sticker: Wave hi"),
        ({"stickers": ["~~~"]}, "a sticker"),
        ({"poll": "`Pizza` or ||pasta||?"}, "a poll: Pizza or pasta?"),
        ({"poll": "why " * 60}, f"a poll: {'why ' * 60}".rstrip()),
        (
            {"reply_to": "Bob", "attachments": ["image/png"], "stickers": ["Wave"]},
            "replying to Bob, an image, and a sticker: Wave",
        ),
    ],
)
def test_kinds_are_said_as_words(message: dict[str, Any], words: str) -> None:
    assert say(message_kinds(**message)) == words.replace("PDF", "P D F")


@pytest.mark.parametrize("typed", ["a||b", "a|\u200b|b", "```", "x`", "[a](", "<", "\\", "a\n> b"])
@pytest.mark.parametrize("place", ["reply_to", "stickers", "poll"])
def test_no_name_uncovers_or_hides_what_the_message_says(typed: str, place: str) -> None:
    phrase = message_kinds(**{place: [typed] if place == "stickers" else typed})
    content = "||the butler did it|| `so` sad"
    text = f"{phrase}\n{content}" if place == "reply_to" else f"{content}\n{phrase}"
    spoken = say(text)
    assert "butler" not in spoken
    assert "spoiler so sad" in spoken
