"""What a server wants left out: words however they are dressed up, links, emoji."""

import pytest

from bot.text.links import without_links
from bot.text.listed_words import has_listed_words
from bot.text.pictures import without_emoji


@pytest.mark.parametrize(
    ("text", "listed", "has"),
    [
        ("Some JAM!", "jam", True),
        ("jammed", "jam", False),
        ("j\u200bam", "jam", True),
        ("\U0001d423\U0001d41a\U0001d426", "jam", True),  # mathematical bold
        ("STRASSE", "straße", True),
        ("tea \n cosy", "bread, tea  cosy", True),
        ("tea, cosy", "tea cosy", False),
        ("c++ is fine", "c++", True),
        ("この馬鹿野郎", "馬鹿", True),
        ("anything", ", ,", False),
        ("anything", None, False),
    ],
)
def test_words_are_found_as_a_whole_however_they_look(
    text: str, listed: str | None, *, has: bool
) -> None:
    assert has_listed_words(text, listed) is has


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("see https://a.example/b?c=d now", "see now"),
        ("[the page](https://a.example)", "the page"),
        ("<https://a.example> and steam://run/1", "and"),
        ("ok.no is two sentences", "ok.no is two sentences"),
    ],
)
def test_links_are_left_out(text: str, left: str) -> None:
    assert " ".join(without_links(text).split()) == left


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("hi \U0001f600\U0001f44d\U0001f3fd there", "hi there"),
        ("<:cat:123456> <a:dog:1234567> :smile: yes", "yes"),
        ("well :) and <3", "well and"),
        ("\u00a9 2026, x<3", "\u00a9 2026, x<3"),
        ("at 10:30: fine", "at 10:30: fine"),
    ],
)
def test_emoji_are_left_out(text: str, left: str) -> None:
    assert " ".join(without_emoji(text).split()) == left
