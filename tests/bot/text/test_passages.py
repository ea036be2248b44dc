"""A long text in passages: nothing is lost, nothing is cut where a person would not pause."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.text.passages import passages


@given(st.text("ab .!\n。、", max_size=300), st.integers(1, 50))
def test_joined_they_are_the_text_and_none_is_too_long(text: str, most: int) -> None:
    cut = list(passages(text, most))
    assert "".join(cut) == text
    assert all(len(passage) <= most for passage in cut)
    assert all(cut) or cut == [""]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("One one. Two two.\n\nThree. Four four four", "One one. Two two.\n\n"),
        ("One one. Two two.\nThree. Four four four", "One one. Two two.\n"),
        ("One one. Two two. Three three three three", "One one. Two two. "),
        ("One one, two two, three three three three", "One one, two two, "),
        ("One one one one one one one one one one one", "One one one one one one "),
        (
            "これは一番目の文です。これは二番目の文です。これは三番目の文です。",
            "これは一番目の文です。これは二番目の文です。",
        ),
        ("Short " + "x" * 60, "Short "),
        ("x" * 60, "x" * 26),
        ("Short.", "Short."),
    ],
)
def test_they_end_where_a_reader_pauses(text: str, first: str) -> None:
    assert next(passages(text, 26)) == first
