"""How Japanese is read.

The readings were written down by hand, by no native speaker, and held against a second dictionary:
SudachiDict, which has the same but for what counts and colloquial readings.
"""

import unicodedata

import pytest

from engine.chatterbox.text.japanese import KanjiReader

READINGS = {
    "今日の夜来れる？": "きょうのよるこれる?",
    "明日、東京へ行きます。": "あした、とうきょうへいきます。",
    "ちょっとご飯食べてくる": "ちょっとごはんたべてくる",
    "母は 庭に いる": " ははは にわに いる",  # a word that begins like a particle stands apart
    "平和な部屋": " へいわな へや",
    "一人で三百円のパンを8本買った": "ひとりでさんびゃくえんのぱんを はっぽんかった".replace(
        "ぱん", "パン"
    ),
    "1984年4月1日": "せんきゅうひゃくはちじゅうよねんしがつついたち",
    "何ですか、何が欲しい": "なんですか、なにがほしい",
    "時々スーパーでvideo gameを買う": "ときどきスーパーでvideo gameをかう",
    "ｶﾞｰﾙ、㈱、①": "ガール、かぶしきがいしゃ、いち",
    "(^_^) 嬉しい": "(^_^) うれしい",
    "々": "々",
    "京 ー abc": "きょうー abc",  # a word that nobody writes, whose parts come in another order
}


@pytest.fixture(scope="module")
def reader() -> KanjiReader:
    return KanjiReader()


@pytest.mark.parametrize("text", READINGS)
def test_kanji_are_read_and_all_else_stays(reader: KanjiReader, text: str) -> None:
    read = reader(unicodedata.normalize("NFKD", text))
    assert unicodedata.is_normalized("NFKD", read)
    assert unicodedata.normalize("NFC", read) == READINGS[text]
