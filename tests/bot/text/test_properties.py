"""What holds for any text at all, fuzzed."""

import re
import unicodedata
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.text import (
    Names,
    Pronunciations,
    SpeakableText,
    TextLimits,
    chunks,
    explain,
    speakable,
)
from bot.text.scripts import is_foreign, is_latin
from tests.speed import BUSY, best_s

NOW = datetime(2024, 6, 15, 12, 0, tzinfo=UTC)
NAMES = Names(users={1: "Nelly", 2: "**||x||** <@1>"}, roles={1: "🔥 Mods"}, channels={1: "a-b_c"})
MARKUP = re.compile(r"[*_~`|<>\\#@\[\]{}^\x00-\x1f\u200b\u202a-\u202e]")
# What Discord's formatting and chat are made of, so that fuzzing reaches every step.
FRAGMENTS = st.sampled_from(
    [
        *(
            "* ** *** _ __ ~~ ~ ` `` ``` || | > >>> # ## -# - + = / \\ \\* < > << >> [ ] ( ) { } ^ "
            "& % $ € @ <@1> <@2> <@&1> <#1> <@!9> </play:1> <id:guide> <:pepe:1> <a:b_c:1> :fire: "
            "<t:0:R> <t:1:F> <t:99999999999:d> @everyone @here https://a.com/b_c http://x "
            "[l](https://a.b) x.com a@b.co 😂 👍🏽 👨\u200d👩\u200d👧 🇩🇪 🅱 1\ufe0f\u20e3 ❤\ufe0f "
            "\u200d \ufe0f \u200b \u202e \u0301 \u0336 \u0489 \ue000 \U000f0000 "
            "½ ² ° 1 2 3 10 007 1,000 3.14 -5 5- 10:30 24:00 5pm 1/2 99/100 "
            "1st 90s v1.2 1.2.3 $5 5$ 5k 5 km 50% 2024-01-15 1/2/2024 Jan 5 x2 2x2 2+2=4 555-1234 "
            "12345678901234567890123456789 "
            "lol LOL xD haha hahahahaha ahahah soooo AAAA WHAT NO FBI DMs III U "
            "u ty brb BRB w/ b/c ok idk I'm IT'S don't mr. Mr. vs etc. the and a . .. ... "
            ", ; : ! ? ?! !!! ' \" … — – ‘ ’ “ ” 猫 猫3匹 "
            "ですか？ Привет مرحبا می\u200cخواهم น\u0e49ำ é ß İ ſ "
            "ǅ ﬁ 𝓱 Ａ ᴀ ① ™ © → -> <- <3 :) ^^ T_T :/"
        ).split(" "),
        " ",
        "\n",
        "\n\n",
        "\t",
        "\r\n",
        "\u2028",
    ]
)
TYPED = st.lists(FRAGMENTS | st.text(max_size=4), max_size=30).map("".join) | st.text(max_size=300)
USUAL, NO_ENTRIES = TextLimits(), Pronunciations()
SMALL = TextLimits(
    max_input_chars=200, max_spoken_chars=80, max_chunk_chars=40, first_chunk_chars=15
)


def say(
    text: str, limits: TextLimits = USUAL, entries: Pronunciations = NO_ENTRIES
) -> SpeakableText:
    return speakable(text, names=NAMES, limits=limits, pronunciations=entries, now=NOW)


@given(TYPED)
def test_reading_what_was_read_changes_nothing(text: str) -> None:
    steps = explain(text, names=NAMES, limits=USUAL, pronunciations=NO_ENTRIES, now=NOW)
    once = steps[-1][1]
    # What is spelled from another script can look like an English abbreviation.
    assert "other scripts" in dict(steps) or say(once).text == once


@given(TYPED)
def test_no_markup_and_nothing_invisible_is_left(text: str) -> None:
    spoken = say(text).text
    assert not MARKUP.search(spoken)
    assert spoken == " ".join(spoken.split())
    assert not any(unicodedata.category(char) in {"Cc", "Cs", "Co"} for char in spoken)


@given(TYPED)
def test_something_to_say_has_a_letter_or_a_figure_else_it_is_empty(text: str) -> None:
    spoken = say(text).text
    assert not spoken or any(char.isalnum() for char in spoken)


@given(TYPED)
def test_never_longer_than_the_cap_and_cutting_is_told(text: str) -> None:
    spoken = say(text, SMALL)
    assert len(spoken.text) <= SMALL.max_spoken_chars
    if not spoken.truncated:
        assert spoken.text == say(text).text


@given(
    st.sampled_from([("+", "plus "), ("-", "minus "), ("≤", "at most "), ("≥", "at least ")]),
    st.integers(0, 10**6).map(str) | st.decimals(0, 99, places=2).map(str),
    st.sampled_from(["", "%", " °C", "mm", " kg", "$", " people"]),
    st.sampled_from(["", "it is ", "by ("]),
)
def test_a_sign_is_never_lost_and_no_digit_is_left(
    sign: tuple[str, str], number: str, unit: str, before: str
) -> None:
    spoken = say(f"{before}{sign[0]}{number}{unit}").text
    assert sign[1] in spoken
    assert not re.search(r"\d", spoken)


def test_half_a_surrogate_pair_is_dropped() -> None:
    assert say("hi \ud83d there \udc00").text == "hi there"


def test_a_pronunciation_full_of_ellipses_stays_under_the_cap() -> None:
    entries = Pronunciations(server={"x": "a" + "…" * 199})
    spoken = say("x x x", SMALL, entries)
    assert len(spoken.text) <= SMALL.max_spoken_chars
    assert spoken.truncated


def test_too_much_input_is_cut_between_words_and_never_inside_a_mention() -> None:
    spoken = say("word " * 39 + "<@1> <@1>", SMALL)
    assert spoken.truncated
    assert set(spoken.text.split()) == {"word"}


@pytest.mark.parametrize("cut", range(10, 40))
def test_what_a_spoiler_hides_stays_hidden_where_the_limit_cuts_it(cut: int) -> None:
    limits = TextLimits(max_input_chars=cut)
    assert "dies" not in say("oh no ||he dies in the end|| and more of it", limits).text


@given(TYPED, st.integers(20, 200))
def test_what_is_cut_ends_with_a_whole_word(text: str, most: int) -> None:
    whole, part = say(text).text, say(text, TextLimits(max_spoken_chars=most))
    if part.truncated and " " in whole[:most]:
        assert set(part.text.rstrip(".").split()) <= {
            form for word in whole.split() for form in (word, word.rstrip(".,;:"))
        }


@given(TYPED)
def test_a_text_is_in_latin_letters_or_mostly_in_another_script(text: str) -> None:
    spoken = say(text).text
    assert is_foreign(spoken) or all(is_latin(char) for char in spoken if char.isalpha())


@given(TYPED)
def test_the_same_text_is_read_the_same_way(text: str) -> None:
    assert say(text) == say(text)
    steps = explain(text, names=NAMES, limits=USUAL, pronunciations=NO_ENTRIES, now=NOW)
    assert steps[-1][1] == say(text).text


@given(st.text(alphabet=st.characters(), max_size=400))
def test_any_unicode_at_all_is_survived(text: str) -> None:
    spoken = say(text, SMALL)
    assert all(chunks(spoken.text, SMALL)) or not spoken.text


@given(TYPED, st.sampled_from([SMALL, USUAL, TextLimits(2000, 1500, 7, 3)]))
def test_chunks_are_short_never_empty_and_hold_every_character_in_order(
    text: str, limits: TextLimits
) -> None:
    spoken = say(text).text
    pieces = chunks(spoken, limits)
    assert all(piece.strip() == piece and piece for piece in pieces)
    assert all(len(piece) <= limits.max_chunk_chars for piece in pieces)
    assert "".join("".join(pieces).split()) == "".join(spoken.split())


@given(
    st.lists(
        st.builds(
            str.__add__, st.text("abZé'", min_size=1, max_size=12), st.sampled_from(["", *".,!?"])
        ),
        max_size=80,
    )
)
def test_no_word_is_split_where_words_fit_into_chunks(words: list[str]) -> None:
    pieces = chunks(" ".join(words), SMALL)
    assert " ".join(pieces).split() == words
    assert not pieces or len(pieces[0]) <= SMALL.first_chunk_chars


ENTRIES = st.dictionaries(
    st.sampled_from("brb a b aa ab 猫 <3 c++ NASA nasa u lol :) 5 x1".split()),
    st.sampled_from("a b aa brb brb NASA x lol lol u 5 猫".split()),
    max_size=6,
)


@given(TYPED, ENTRIES, ENTRIES)
@example("a a a", {"a": "a a"}, {"a": "aa"})
def test_pronunciations_never_fail_or_pass_the_cap(
    text: str, server: dict[str, str], user: dict[str, str]
) -> None:
    spoken = say(text, SMALL, Pronunciations(server=server, user=user)).text
    assert len(spoken) <= SMALL.max_spoken_chars
    assert not re.search("[\ue000-\uf8ff\U000f0000-\U000fffff]", spoken)


WORST = [
    *(mark * 2000 for mark in "*_~`|<>[](){}#@:;'\"\\/.,!?-+=^&%$1aAhlxX0 \n\t"),
    *(
        mark * 1000
        for mark in "|| ** __ ]( [a <@ <t <: ha ah 1- 1. 1, 1: 1/ a. a- a_ $1 -1 😂".split()
    ),
    *(mark * 1000 for mark in ("> ", "1 ", "A ")),
    *(mark * 500 for mark in r"```a `a`` \\_* http www. 1,23 a@b. x.co :a:b".split()),
    *(mark * 500 for mark in (">>> ", "(a. ", "Hi! ", "I'M ", "猫3a ")),
    *(mark * 500 for mark in ("> a\n", "- b\n", "1. \n", "k. \n")),
    "[" * 1000 + "](https://a.b)" * 70,
    "http://" + "(" * 1900,
    "a@" + "b-" * 990,
    "x." * 990 + "com",
    "+1" + " 23" * 660,
    "👨‍👩‍👧" * 400,
    "e" + "\u0301" * 1999,
    "\u200d❤️" * 600,
    "".join(f"{'`' * n} " for n in range(1, 62)),
    " ".join(str(n) for n in range(400)),
    "<@1>" * 500,
    "<t:1718452800:F>" * 125,
    "https://a.co/b " * 130,
    ":fire:" * 330,
    "brb " * 500,
    "\ufdfa" * 2000,
    "a b \ufdfa " * 330,
    "a b Саша " * 220,
    "a b 猫3匹 " * 250,
]


@pytest.mark.parametrize("text", WORST, ids=range(len(WORST)))
def test_a_full_length_message_takes_less_than_150_ms(text: str) -> None:
    """It is read beside the event loop; whoever floods a channel delays nobody's sound."""
    text = text[:2000]
    say("warm 😂 up. Twice.")
    entries = Pronunciations(server={"brb" + "x" * n: "b" for n in range(50)})
    took_s = best_s(lambda: chunks(say(text, USUAL, entries).text, USUAL), within_s=0.15)
    assert took_s < 0.15 * BUSY


# What is a sound or stands for other words, or is a number.
