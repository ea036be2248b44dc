"""Which of Discord's shards a process has."""

import re

import pytest

from bot.base.shards import Shards, dealt


def test_shards_are_written_as_they_are_read() -> None:
    assert str(Shards.parse("0-3/8")) == "0-3/8"
    assert Shards.parse("5/8") == Shards(5, 5, 8)
    assert Shards.parse("2-4/8").ids == [2, 3, 4]


def test_one_shard_may_be_all_there_are() -> None:
    only = Shards.parse("0/1")
    assert (only.ids, str(only), only.has(5 << 22)) == ([0], "0-0/1", True)
    assert Shards.parse("16383/16384").ids == [16_383]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        *((text, "FIRST-LAST/COUNT, such as 0-3/8") for text in ("", "3", "-1/8", "a/b", "٣/8")),
        *((text, "FIRST-LAST/COUNT, such as 0-3/8") for text in ("0-3/8 ", "0-3", "1-/8", "0,2/8")),
        ("0-8/8", "of 8 the last one is 7"),
        ("8/8", "of 8 the last one is 7"),
        ("4-3/8", "in their order: 3-4, not 4-3"),
        ("0/0", "0 shards cannot be: there are 1 to 16384"),
        ("0-1/99999", "99999 shards cannot be: there are 1 to 16384"),
    ],
)
def test_what_are_no_shards_is_refused_with_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=re.escape(sentence)):
        Shards.parse(text)


def test_a_server_is_on_the_shard_that_discord_says() -> None:
    guild_id = 197_038_439_483_310_086  # of Discord's own documentation
    having = [number for number in range(7) if Shards(number, number, 7).has(guild_id)]
    assert having == [46_977_624_770 % 7]  # the id without its last 22 bits


@pytest.mark.parametrize(("count", "processes"), [(1, 1), (7, 3), (64, 5), (4, 4)])
def test_every_shard_is_dealt_out_once_and_evenly(count: int, processes: int) -> None:
    hands = dealt(count, processes)
    assert [one for hand in hands for one in hand.ids] == list(range(count))
    assert len(hands) == processes
    assert max(len(hand.ids) for hand in hands) - min(len(hand.ids) for hand in hands) <= 1


def test_one_machine_deals_out_its_own() -> None:
    hands = Shards.parse("3-9/16").dealt(3)
    assert list(map(str, hands)) == ["3-4/16", "5-6/16", "7-9/16"]
