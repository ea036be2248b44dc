"""What members may have themselves called."""

import pytest

from bot.base.errors import UserError
from bot.live.own_words import OwnWords
from data.member_words import WordsKind
from tests.bot.house import ALICE, HERE, House


@pytest.fixture
def words(house: House) -> OwnWords:
    return OwnWords(house.store, house.bars, house.forgetting)


@pytest.mark.parametrize(
    "name", ["Alice says: I love you. Bob", "Hello. Bob", "Wow! Bob", "アリス。ボブ", "Bob：x"]
)
async def test_a_name_is_not_what_somebody_says(words: OwnWords, name: str) -> None:
    with pytest.raises(UserError, match="end of a sentence"):
        await words.choose(ALICE, HERE, WordsKind.NAME, name)


@pytest.mark.parametrize("name", ["Dr. Who", "St. John", "J.R.R. Tolkien", "Wow!", "Anna-Lena"])
async def test_a_name_may_have_a_point(words: OwnWords, name: str) -> None:
    assert await words.choose(ALICE, HERE, WordsKind.NAME, name) == name
