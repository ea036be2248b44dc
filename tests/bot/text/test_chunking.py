"""Chunks as a speech engine wants them: early sound, whole sentences, nothing tiny."""

from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.text import TextLimits, chunks

LIMITS = TextLimits()


def test_a_short_text_is_one_chunk_and_nothing_to_say_is_none() -> None:
    assert chunks("Hello there. How are you?", LIMITS) == ["Hello there. How are you?"]
    assert chunks("", LIMITS) == []


def test_sentences_stay_whole_and_the_first_is_short() -> None:
    text = (
        "The train leaves at nine in the morning. We should be at the station a quarter of an hour "
        "earlier than that. Bring the tickets, and something to eat."
    )
    assert chunks(text, TextLimits(synthesis_time_ratio=0.5)) == [
        "The train leaves at nine in the morning.",
        "We should be at the station a quarter of an hour earlier than that.",
        "Bring the tickets, and something to eat.",
    ]


@pytest.mark.parametrize(
    ("first", "rest"),
    [
        (
            "When the rain finally stopped,",
            "everybody who had been waiting under the bridge ran out into the street to look.",
        ),
        (
            "Everybody was standing under the old bridge",
            "and nobody had thought of bringing an umbrella along on such a day",
        ),
        ("a" + "nd" * 50, "it goes on for quite some time after"),
    ],
    ids=["a clause", "a linking word", "a word that is too long"],
)
def test_a_long_first_sentence_is_cut_after_what_can_stand_alone(first: str, rest: str) -> None:
    assert chunks(f"{first} {rest}", LIMITS)[0] == first


def test_tiny_sentences_are_said_together() -> None:
    text = "This is the sentence that opens the whole speech of today. No. Yes. Maybe. I can't say."
    assert chunks(text, LIMITS)[1:] == ["No. Yes. Maybe. I can't say."]


@pytest.mark.parametrize("joiner", [" ", ", "])
def test_a_sentence_longer_than_a_chunk_is_cut_between_words(joiner: str) -> None:
    text = joiner.join(f"word{number}" for number in range(300))
    pieces = chunks(text, TextLimits(synthesis_time_ratio=0.1))
    assert max(map(len, pieces)) <= LIMITS.max_chunk_chars
    assert " ".join(pieces).split() == text.split()
    # All but the first and last are well filled: cutting everywhere would be heard as stammering.
    assert min(map(len, pieces[1:-1])) > LIMITS.max_chunk_chars // 3


def test_only_a_word_longer_than_a_chunk_is_split() -> None:
    pieces = chunks("x" * 700, LIMITS)
    assert "".join(pieces) == "x" * 700
    assert max(map(len, pieces)) == LIMITS.max_chunk_chars


def test_japanese_sentences_are_found_without_spaces() -> None:
    text = "今日はとても良い天気ですから、公園まで散歩に行きましょう。" * 8
    pieces = chunks(text, LIMITS)
    assert "".join(pieces) == text
    assert len(pieces[0]) <= LIMITS.first_chunk_chars
    assert all(piece[-1] in "。、" for piece in pieces)


@pytest.mark.parametrize(
    ("clause", "most_chars"),
    [
        ("今天我们一起去公园散步，", 280 // 3 + 10),
        ("오늘은 날씨가 좋아서, ", 280 // 2),
        ("とても、いいてんきで、", 280 // 2 + 20),
    ],
)
def test_a_chunk_takes_no_longer_to_say_where_characters_are_syllables(
    clause: str, most_chars: int
) -> None:
    """What the engine may say at once is limited in time, which is 160 Chinese characters."""
    text = (clause * 60).strip()
    pieces = chunks(text, LIMITS)
    assert "".join(pieces).replace(" ", "") == text.replace(" ", "")
    assert most_chars // 2 < max(map(len, pieces)) <= most_chars
    assert len(pieces[0]) <= 0.6 * LIMITS.first_chunk_chars


@pytest.mark.parametrize(
    "wrong", [{"max_input_chars": 0}, {"max_chunk_chars": 10}, {"first_chunk_chars": -1}]
)
def test_impossible_limits_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"chunk|limit"):
        TextLimits(**wrong)


_SENTENCES = st.lists(
    st.lists(st.text("abcdefgh", min_size=1, max_size=12), min_size=1, max_size=60).map(
        lambda words: " ".join(words).capitalize() + "."
    ),
    min_size=1,
    max_size=12,
).map(" ".join)


@given(text=_SENTENCES, ratio=st.floats(0.1, 1), chunk_s=st.sampled_from([0, 0.1, 0.45]))
def test_every_chunk_can_be_made_while_the_earlier_ones_play(
    text: str, ratio: float, chunk_s: float
) -> None:
    limits = TextLimits(synthesis_time_ratio=ratio).for_engine(chunk_s)
    pieces = chunks(text, limits)
    assert " ".join(pieces).split() == text.split()
    made_at = 0.0
    said = len(pieces[0])
    for piece in pieces[1:]:
        made_at += limits.chunk_chars + limits.synthesis_time_ratio * len(piece)
        # So many characters are allowed whatever was said before: less would sound chopped.
        assert made_at <= said + 1e-6 or len(piece) <= (25 if chunk_s else 40)
        assert len(piece) <= limits.max_chunk_chars
        said += len(piece)


def test_chunks_grow_to_full_length_again() -> None:
    pieces = chunks(" ".join(f"word{number}" for number in range(300)), LIMITS)
    lengths = [len(piece) for piece in pieces]
    assert lengths[1] <= lengths[0] / 0.7
    assert max(lengths) > 0.9 * LIMITS.max_chunk_chars


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        (
            "The library closes early today, so bring your books back before five.",
            ["The library closes", "early today,", "so bring your books back", "before five."],
        ),
        ("I will be there in ten minutes.", ["I will be there in", "ten minutes."]),
        ("See you at five!", ["See you at five!"]),
    ],
)
def test_an_engine_that_is_just_fast_enough_is_heard_early_and_without_gaps(
    text: str, pieces: list[str]
) -> None:
    """0.45 s for any chunk, 0.53 s for a second of 15 characters, 0.12 s of silence at its end."""
    assert chunks(text, LIMITS.for_engine(0.45)) == pieces
    lengths = [len(piece) / 15 for piece in pieces]
    made = list(accumulate(0.45 + 0.53 * length for length in lengths))
    heard = [made[0] + played for played in accumulate(length + 0.12 for length in lengths)]
    assert made[0] <= 1.5
    assert all(ready <= before for ready, before in zip(made[1:], heard, strict=False))


def test_an_engine_with_time_to_spare_is_given_the_usual_chunks() -> None:
    assert LIMITS.for_engine(0.0) == LIMITS
    assert LIMITS.for_engine(10.0).first_chunk_chars == 15
