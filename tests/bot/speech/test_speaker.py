"""Which of an engine's voices speaks for whom."""

import pytest

from bot.speech.speaker import Speaker, voice_for
from engine.speech import ClonedVoice, StockVoice
from tests.bot.speech.tones import info

CLONED = ClonedVoice(clip_sha256="0" * 64, clip_path="clip.flac")
NAMES = ("one", "two", "three")


def test_a_chosen_voice_speaks_where_the_engine_has_it() -> None:
    assert voice_for(Speaker(CLONED), info(clones=True)) == (CLONED, None)
    ben = Speaker(StockVoice("ben"), user_id=1, stock_voice="anna")
    assert voice_for(ben, info()) == (StockVoice("ben"), None)


def test_a_member_keeps_a_stock_voice_and_members_differ() -> None:
    def spoken_in() -> list[str]:
        speakers = [Speaker(user_id=user) for user in range(1, 61)]
        return [voice_for(one, info(stock_voices=NAMES))[0].name for one in speakers]

    assert spoken_in() == spoken_in()
    assert set(spoken_in()) == set(NAMES)


@pytest.mark.parametrize(
    "chosen", [StockVoice(), StockVoice("gone"), CLONED], ids=["none", "a lost one", "a clone"]
)
def test_whatever_cannot_speak_is_stood_in_for_by_the_same_voice(
    chosen: StockVoice | ClonedVoice,
) -> None:
    """The server's, else the member's own; the engine's first for what is nobody's words."""
    engine = info(stock_voices=NAMES)

    def name(**more: object) -> str:
        return voice_for(Speaker(chosen, **more), engine)[0].name  # type: ignore[arg-type]

    own = voice_for(Speaker(user_id=7), engine)[0].name
    assert own != "one"
    assert name(user_id=7) == name(user_id=7, stock_voice="gone") == own
    assert name(user_id=7, stock_voice="three") == "three"
    assert name(user_id=7, news=True, stock_voice="three") == "three"
    assert name(user_id=7, news=True) == name() == "one"


def test_a_listener_is_told_of_a_voice_that_was_chosen_and_does_not_speak() -> None:
    assert voice_for(Speaker(user_id=1), info())[1] is None
    assert "stock voice is speaking: I cannot" in str(voice_for(Speaker(CLONED), info())[1])
    assert "“carl”" in str(voice_for(Speaker(StockVoice("carl")), info())[1])
    assert voice_for(Speaker(CLONED, user_id=1), info(stock_voices=()))[0] == StockVoice()
