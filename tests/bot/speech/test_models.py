"""Which of several models speaks a line, and who decides that."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from bot.speech.models import Preference, model_for, preferred
from bot.speech.speaker import Speaker
from data.store import Store
from engine.speech import ClonedVoice, EngineInfo, OtherModel, StockVoice
from tests.bot.speech.tones import Tones, info, service

CLONED = ClonedVoice(clip_sha256="0" * 64, clip_path="clip.flac")
MULTILINGUAL, TURBO, NANO = "chatterbox-multilingual", "chatterbox-turbo", "chatterbox-nano"


def engine(*models: str, device: str = "cuda") -> EngineInfo:
    """One with these models; Multilingual alone reads German, and the others alone laugh."""
    others = [
        OtherModel(
            model=model,
            revision="1",
            precision="fp32",
            languages=("en", "de") if model == MULTILINGUAL else ("en",),
            sounds=() if model == MULTILINGUAL else ("laugh",),
        )
        for model in models
    ]
    first = info(clones=True, languages=others[0].languages, sounds=others[0].sounds)
    return replace(first, model=models[0], device=device, others=tuple(others[1:]))


@pytest.mark.parametrize(
    ("speaker", "speaks"),
    [
        (Speaker(), NANO),
        (Speaker(preference="quality"), MULTILINGUAL),
        (Speaker(preference="speed"), TURBO),
        (Speaker(CLONED, voice_model=MULTILINGUAL, preference="speed"), MULTILINGUAL),
        (Speaker(CLONED, voice_model=MULTILINGUAL, model=NANO), NANO),
        (Speaker(language="de"), MULTILINGUAL),
        (Speaker(CLONED, voice_model=TURBO, language="de"), MULTILINGUAL),
        (Speaker(model=TURBO, language="de"), TURBO),
        (Speaker(language="fi"), NANO),
        (Speaker(model="gone"), NANO),
    ],
)
def test_who_asks_comes_before_the_voice_and_that_before_the_server(
    speaker: Speaker, speaks: str
) -> None:
    """And what a model does not read, another one speaks that does."""
    chosen, note = model_for(speaker, engine(NANO, MULTILINGUAL, TURBO))
    assert (chosen.model, note) == (speaks, None)
    assert chosen.models == (speaks,)


def test_speed_is_another_model_on_a_cpu_than_on_a_gpu() -> None:
    models = (MULTILINGUAL, TURBO, NANO)
    assert preferred(engine(*models), Preference.SPEED) == TURBO
    assert preferred(engine(*models, device="cpu"), Preference.SPEED) == NANO
    assert preferred(engine(MULTILINGUAL), Preference.SPEED) == MULTILINGUAL


def test_a_voice_whose_model_is_not_loaded_says_so_and_speaks() -> None:
    speaker = Speaker(CLONED, voice_model=TURBO, preference="speed")
    chosen, note = model_for(speaker, engine(MULTILINGUAL, NANO))
    assert chosen.model == NANO
    assert str(note) == "This voice's own model, chatterbox-turbo, is not loaded here."
    stock = replace(engine(MULTILINGUAL), clones_voices=False)
    assert model_for(speaker, stock)[1] is None  # that it is a stock voice is said already


async def test_each_model_makes_and_keeps_its_own_sound(
    tones: Tones, store: Store, tmp_path: Path
) -> None:
    """The first one is asked for by no name; a sound reaches the model that makes it alone."""
    tones.engine = engine(MULTILINGUAL, TURBO)
    speech = service(tones, store, tmp_path)

    async def speak(preference: str | None) -> list[bool]:
        speaker = Speaker(StockVoice("anna"), user_id=1, preference=preference)
        return [clip.cached async for clip in speech.saying(["so [laugh] fun"], speaker).clips()]

    assert [await speak(None), await speak("speed")] == [[False], [False]]
    assert [await speak("quality"), await speak("speed")] == [[True], [True]]
    assert [(asked.model, asked.text) for asked in tones.asked] == [
        ("", "so fun"),
        (TURBO, "so [laugh] fun"),
    ]
    assert len({asked.content_key for asked in tones.asked}) == 2
