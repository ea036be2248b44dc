"""Which of the engine's models speaks a line, where several are loaded: decided here alone.

The one that was asked for by name; else the voice's own, which its owner chose; else the best of
those loaded for what the server prefers; else the engine's first. One that does not read the line's
language leaves it to one that does, unless it was asked for by name.
"""

from collections.abc import Sequence
from enum import StrEnum

from bot.catalogue import Said, Sentence
from bot.speech.speaker import Speaker
from engine.speech import ClonedVoice, EngineInfo


class Preference(StrEnum):
    """What matters more to a server."""

    QUALITY = "quality"
    SPEED = "speed"


_BEST_FIRST = (
    *("chatterbox-multilingual", "chatterbox-english"),
    *("chatterbox-turbo", "chatterbox-nano"),
)
#: On a GPU Nano's tokens are decoded in plain PyTorch, and Turbo's by kernels of its own.
_FASTEST_FIRST = (
    *("chatterbox-turbo", "chatterbox-nano"),
    *("chatterbox-english", "chatterbox-multilingual"),
)
_FASTEST_FIRST_ON_A_CPU = (
    *("chatterbox-nano", "chatterbox-turbo"),
    *("chatterbox-english", "chatterbox-multilingual"),
)


def model_for(speaker: Speaker, info: EngineInfo) -> tuple[EngineInfo, Said | None]:
    """The model that speaks, and a sentence where the voice's own is not loaded."""
    if speaker.model in info.models:
        return info.of(speaker.model), None
    note = None
    own = speaker.voice_model
    if own is not None and own not in info.models:
        if isinstance(speaker.voice, ClonedVoice) and info.clones_voices:
            note = Sentence("This voice's own model, {model}, is not loaded here.", model=own)
        own = None
    chosen = info.of(own or preferred(info, speaker.preference))
    if speaker.language not in chosen.languages:
        readers = [one for one in info.models if speaker.language in info.of(one).languages]
        if readers:
            chosen = info.of(_first_of(readers, _order(info, speaker.preference)))
    return chosen, note


def preferred(info: EngineInfo, preference: str | None) -> str:
    """The model that speaks in a server with this preference, None for none."""
    return _first_of(info.models, _order(info, preference))


def _order(info: EngineInfo, preference: str | None) -> Sequence[str]:
    if preference == Preference.QUALITY:
        return _BEST_FIRST
    if preference == Preference.SPEED:
        return _FASTEST_FIRST_ON_A_CPU if info.device == "cpu" else _FASTEST_FIRST
    return info.models


def _first_of(models: Sequence[str], order: Sequence[str]) -> str:
    return next((one for one in order if one in models), models[0])
