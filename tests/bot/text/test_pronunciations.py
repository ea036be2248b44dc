"""Words said the way a server or a member wants them."""

import json
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.text import Names, PronunciationLimits, Pronunciations, TextLimits, speakable
from bot.text.pronunciation_files import from_csv, from_json, to_csv, to_json
from bot.text.pronunciations import checked_entries, checked_entry
from tests.speed import BUSY, best_s

MOST_ENTRIES = PronunciationLimits().max_entries
MOST_FILE_BYTES = PronunciationLimits().max_file_bytes


def say(text: str, server: dict[str, str], user: dict[str, str] | None = None) -> str:
    return speakable(
        text,
        names=Names(users={1: "xX_Slayr_Xx"}),
        limits=TextLimits(),
        pronunciations=Pronunciations(server=server, user=user or {}),
        now=datetime(2024, 6, 15, tzinfo=UTC),
    ).text


@pytest.mark.parametrize(
    ("entries", "typed", "spoken"),
    [
        ({"gif": "jif"}, "a gif please", "a jif please"),
        ({"gif": "jif"}, "a GIF, a Gif", "a jif, a jif"),
        ({"gif": "jif"}, "gifted gifs", "gifted gifs"),
        ({"US": "the States"}, "US and us", "the States and us"),
        ({"gg": "good game"}, "gg!", "good game!"),
        ({"gg": "good game"}, "**gg** wp", "good game well played"),
        ({"c++": "see plus plus"}, "I like C++.", "I like see plus plus."),
        ({"<3": "much love"}, "<3", "much love"),
        ({"<3": "much love"}, "bye <3 you", "bye much love you"),
        ({"😂": "ha"}, "😂😂 ok", "ha okay"),
        ({"😂": "ha"}, "lol😂 😂 😂ok", "lol ha okay"),
        ({"😂": "ha", "🔥": "lit"}, "😂🔥😂", "ha lit ha"),
        ({"👍🏽": "yes"}, "👍🏽👍🏽👍🏽", "yes"),
        ({"KEKW": "keck double you"}, ":KEKW: :KEKW:", "keck double you"),
        ({"kekw": "keck"}, "<:kekw:1><:kekw:1>", "keck"),
        ({"ha": "he"}, "ha ha", "he he"),
        ({"草": "kusa"}, "草生えた", "kusa Sheng eta"),
        ({"草": "kusa"}, "大草原 lol草", "Da kusa Yuan lol kusa"),
        ({"ข้าว": "rice"}, "กินข้าวแล้ว", "กินriceแล้ว"),
        ({"고양이": "cat"}, "고양이는", "고양이는"),
        ({"Nginx": "engine x"}, "nginx Nginx NGINX", "engine x engine x engine x"),
        ({"Nginx": "a", "nginx": "b"}, "Nginx nginx NGINX", "a b b"),
        ({"New York": "N Y"}, "new york", "N Y"),
        ({"iPhone": "eye phone"}, "iPhone iphone", "eye phone iphone"),
        ({"C": "sea"}, "C or c", "sea or c"),
        ({"pepelaugh": "pepe laughs"}, "<:pepeLaugh:1>", "pepe laughs"),
        ({"slayr": "slayer"}, "<@1> joined", "xX slayer Xx joined"),
        ({"xX_Slayr_Xx": "Slayer"}, "<@1> joined", "Slayer joined"),
        ({"a b": "long", "a": "short"}, "a b a", "long short"),
        ({"brb": "brb brb"}, "brb", "brb brb"),
        ({"a": "b", "b": "a"}, "a b", "b a"),
        ({"x": "ABC 123 http://x.com"}, "x", "ABC 123 http://x.com"),
        ({"straße": "street"}, "die STRAßE", "die street"),
        ({"猫": "neko"}, "猫", "neko"),
        ({"1337": "leet"}, "so 1337", "so leet"),
        ({"1337": "leet"}, "13370", "thirteen thousand three hundred seventy"),
        ({"voice channel": "vee see"}, "the Voice Channel is up", "the vee see is up"),
        ({"youtube": "the tube"}, "https://youtube.com/x", "the tube link"),
    ],
)
def test_entries_are_whole_words_and_final(
    entries: dict[str, str], typed: str, spoken: str
) -> None:
    assert say(typed, entries) == spoken


def test_a_members_own_entry_wins_over_the_servers_unless_that_one_is_fuller() -> None:
    assert say("gif", {"gif": "jif"}, {"gif": "gift without t"}) == "gift without t"
    assert say("GIF", {"GIF": "jif"}, {"gif": "gift without t"}) == "gift without t"
    assert say("GIF gif", {"gif": "jif"}, {"Gif": "gift"}) == "gift gift"
    assert say("gif brb", {"gif": "jif"}, {"brb": "soon"}) == "jif soon"
    assert say("new york city", {"new york city": "N Y C"}, {"york": "jork"}) == "N Y C"


def test_nothing_in_the_text_can_forge_a_replacement() -> None:
    assert say("\U000f0000 gg", {"gg": "good game"}) == "good game"


@pytest.mark.parametrize(
    ("word", "spoken", "message"),
    [
        ("", "x", "must not be empty"),
        ("\u200b", "x", "must not be empty"),
        ("a" * 61, "x", "longer than 60"),
        ("a", "x" * 201, "longer than 200"),
        ("a", "", "no letter"),
        ("a", "...", "no letter"),
    ],
)
def test_what_cannot_be_kept_is_refused_in_one_sentence(
    word: str, spoken: str, message: str
) -> None:
    with pytest.raises(ValueError, match=message) as refused:
        checked_entry(word, spoken)
    assert str(refused.value).count("\n") == 0
    assert str(refused.value).endswith(".")


def test_the_limits_are_those_that_are_given() -> None:
    narrow = PronunciationLimits(
        max_entries=2, max_word_chars=3, max_spoken_chars=4, max_file_bytes=30
    )
    for entries in ({"abcd": "x"}, {"a": "abcde"}, dict.fromkeys("abc", "x")):
        assert checked_entries(entries) == entries
        with pytest.raises(ValueError, match=r"longer than|3 entries"):
            checked_entries(entries, narrow)
        for file, read in ((to_json(entries), from_json), (to_csv(entries), from_csv)):
            assert read(file) == entries
            with pytest.raises(
                ValueError, match=r"longer than|3 entries|more than 2|larger than 30"
            ):
                read(file, narrow)


def test_line_breaks_and_hidden_characters_do_not_get_in() -> None:
    assert checked_entry(" a\nb ", "x\u202e\ny") == ("a b", "x y")


def test_too_many_entries_are_refused() -> None:
    with pytest.raises(ValueError, match="1,001 entries"):
        Pronunciations(server={f"w{n}": "x" for n in range(MOST_ENTRIES + 1)})


def test_full_tables_do_not_slow_a_long_message() -> None:
    entries = {"a" * (1 + n % 56) + str(n): "x" for n in range(MOST_ENTRIES - 1)}
    table = Pronunciations(server=entries, user=entries)
    for text in ("a" * 2000, "a " * 1000, ". " * 1000, "a1" * 1000):
        took_s = best_s(lambda text=text: table.replace(text), within_s=0.05)
        assert took_s < 0.05 * BUSY, text[:4]


ENTRIES = st.dictionaries(
    st.text(st.characters(codec="utf-8", categories=["L", "N", "P"]), min_size=1, max_size=14),
    st.text(st.characters(codec="utf-8", categories=["L", "Nd"]), min_size=1, max_size=40),
    max_size=20,
)


@given(ENTRIES)
def test_what_is_exported_is_imported_again(entries: dict[str, str]) -> None:
    try:
        kept = Pronunciations(server=entries).server
    except ValueError:
        return
    assert from_json(to_json(kept)) == kept
    assert from_csv(to_csv(kept)) == kept
    assert from_json(to_json(kept).encode()) == kept
    assert from_csv(b"\xef\xbb\xbf" + to_csv(kept).encode()) == kept


@pytest.mark.parametrize(
    ("file", "entries"),
    [
        ('word,say\r\nbrb,"be right, back"\r\n\r\n', {"brb": "be right, back"}),
        ("brb,be right back\n", {"brb": "be right back"}),
        ("word;say\r\nbrb;be right, back\r\n", {"brb": "be right, back"}),
        ("brb;be right, back\ngg;good, game\n", {"brb": "be right, back", "gg": "good, game"}),
        ('":;";"a, b"\n', {":;": "a, b"}),
        ("brb\tbe right, back; soon\n", {"brb": "be right, back; soon"}),
        ("word,say,\nbrb,be back,\ngg,good,,\n,,\n", {"brb": "be back", "gg": "good"}),
        ("a,b;c\nd,e\n", {"a": "b;c", "d": "e"}),
    ],
    ids=str,
)  # fmt: skip
def test_a_spreadsheets_columns_are_found(file: str, entries: dict[str, str]) -> None:
    assert from_csv(file) == entries


BAD_JSON = [
    (b"\xff\xfe\x00", "not UTF-8"),
    ("{", "not JSON: line 1"),
    ("[]", "one JSON object"),
    ('"brb"', "one JSON object"),
    ("", "not JSON"),
    ('{"a": 1}', "must be text"),
    ('{"a": null}', "must be text"),
    ('{"a": {"b": "c"}}', "must be text"),
    ('{"": "x"}', "must not be empty"),
    ("[" * 200_000, "nested too deeply"),
    ('{"a":' * 100_000, "nested too deeply"),
    ("1" * 5000, "one JSON object"),
    ('{"a": ' + "1" * 5000 + "}", "must be text"),
    (json.dumps({str(n): "x" for n in range(MOST_ENTRIES + 1)}), "1,001 entries"),
    ("x" * (MOST_FILE_BYTES + 1), "larger than 1,048,576 bytes"),
    (b" " * (MOST_FILE_BYTES + 1), "larger than 1,048,576 bytes"),
]
BAD_CSV = [
    (b"\xff\xfe\x00", "not UTF-8"),
    ("brb\n", "Row 1 needs two columns"),
    ("a,b\na,b,c\n", "Row 2 needs two columns"),
    ('"brb,be right back', "quote is open"),
    ("a," + "x" * 200_000, "too long"),
    ("a,\n", "no letter"),
    (",".join("x" * 400_000), "columns"),
    ("\n".join(f"w{n},x" for n in range(MOST_ENTRIES + 1)), "more than 1,000"),
    ("x" * (MOST_FILE_BYTES + 1), "larger than 1,048,576 bytes"),
]


@pytest.mark.parametrize(
    ("read", "data", "message"),
    [*((from_json, *case) for case in BAD_JSON), *((from_csv, *case) for case in BAD_CSV)],
)
def test_a_bad_file_is_refused_in_one_sentence(
    read: Callable[[str | bytes], object], data: str | bytes, message: str
) -> None:
    with pytest.raises(ValueError, match=message) as refused:
        read(data)
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 120
