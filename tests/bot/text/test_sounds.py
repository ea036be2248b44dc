"""Sounds pass through the reading to an engine that makes them, and no other is told of them."""

import re
from collections.abc import Collection
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.text import (
    SOUNDS,
    Names,
    Pronunciations,
    TextLimits,
    chunks,
    completions,
    speakable,
    with_sounds,
)

NOW = datetime(2024, 6, 15, 12, 0, tzinfo=UTC)
ENTRIES = Pronunciations(server={"😂": "[laugh]", "ugh": "[Sigh] oh no"})
USUAL = TextLimits()
TAG = re.compile(rf"\[(?:{'|'.join(SOUNDS)})\]")


def say(text: str, sounds: Collection[str] = SOUNDS, limits: TextLimits = USUAL) -> str:
    return speakable(
        text,
        names=Names(users={1: "[laugh] Bob"}),
        limits=limits,
        pronunciations=ENTRIES,
        now=NOW,
        sounds=sounds,
    ).text


@pytest.mark.parametrize(
    ("typed", "with_them", "without"),
    [
        ("so [laugh] funny", "so [laugh] funny", "so funny"),
        ("[ Laugh ]", "[laugh]", ""),
        ("**[laugh]** no", "[laugh] no", "no"),
        ("[laugh](https://x.com) ok", "laugh okay", "laugh okay"),
        ("[laugh][laugh] [sigh],ok", "[laugh] [sigh],okay", "okay"),
        ("he said [clear throat]. Well", "he said [clear throat]. Well", "he said. Well"),
        ("a[laugh]b", "a [laugh] b", "a b"),
        ('"[laugh]" she', '"[laugh]" she', "she"),
        ("||[laugh]||", "spoiler", "spoiler"),
        ("[laugh]\n[sigh]\nwell", "[laugh], [sigh], well", "well"),
        ("5 [laugh] 3", "five [laugh] three", "five three"),
        ("😂😂, hm😂", "[laugh], hm [laugh]", "hm"),
        ("ugh, what", "[sigh] oh no, what", "oh no, what"),
        ("hi <@1> [angry] [nope]", "hi laugh Bob angry nope", "hi laugh Bob angry nope"),
    ],
)
def test_a_sound_is_kept_or_taken_out_whole(typed: str, with_them: str, without: str) -> None:
    """Typed or put in for a word or an emoji; a name has none, and a link's label is read."""
    assert say(typed) == with_them
    assert say(typed, ()) == without


def test_an_engine_is_told_of_its_own_sounds_only() -> None:
    assert say("[sigh] so [laugh], ok", ("sigh",)) == "[sigh] so, okay"
    assert with_sounds("[sigh] so [laugh], okay", ("sigh",)) == "[sigh] so, okay"
    assert with_sounds("[laugh]", ()) == ""
    assert with_sounds("so [laugh], ok...", SOUNDS) == "so [laugh], ok..."


FRAGMENTS = st.sampled_from(
    [
        *(f"[{sound}]" for sound in SOUNDS),
        *"[ ] ( ) \" ' * || ` . , ! ? … - word 猫 5 😂 ugh a😂".split(),
        *("[x](https://a.b)", "[laugh", "[[laugh]]", " ", "\n"),
    ]
)
SMALL = TextLimits(
    max_input_chars=2000, max_spoken_chars=80, max_chunk_chars=40, first_chunk_chars=15
)


@given(st.lists(FRAGMENTS, max_size=40).map("".join))
def test_no_cut_and_no_step_goes_through_a_sound(text: str) -> None:
    for limits in (USUAL, SMALL):
        spoken = say(text, limits=limits)
        assert len(spoken) <= limits.max_spoken_chars
        assert not re.search(r"[\[\]\U000f0000-\U000ffffd]", TAG.sub("", spoken))
        pieces = chunks(spoken, limits)
        assert all(len(piece) <= limits.max_chunk_chars for piece in pieces)
        assert [tag for piece in pieces for tag in TAG.findall(piece)] == TAG.findall(spoken)
        assert "".join("".join(pieces).split()) == "".join(spoken.split())


@pytest.mark.parametrize("before", range(45, 62))
def test_a_sound_with_a_space_in_it_is_in_one_chunk(before: int) -> None:
    text = f"{'word ' * 20}"[:before].rstrip() + " [clear throat] and so on it goes for a while"
    assert any("[clear throat]" in piece for piece in chunks(text, USUAL))


def test_an_open_bracket_is_completed_with_what_the_engine_makes() -> None:
    assert completions("", SOUNDS) == [f"[{sound}]" for sound in SOUNDS]
    assert completions("that is [L", SOUNDS) == ["that is [laugh]"]
    assert completions("[laugh] no [s", SOUNDS) == [
        f"[laugh] no [{sound}]" for sound in ("sigh", "shush", "sniff")
    ]
    assert completions("that is", SOUNDS) == completions("[laugh] x", SOUNDS) == []
    assert completions("x" * 95 + " [", SOUNDS) == completions("[l", ()) == []
