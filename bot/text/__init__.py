"""Text as a person would read it: Discord's markup, numbers and chat habits in plain words.

Pure functions without Discord objects, files, clocks or the network. The rules are imported where
they are first asked for: settings need the limits alone, and every command reads settings.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.text.chunking import chunks
    from bot.text.kinds import message_kinds
    from bot.text.limits import PronunciationLimits, TextLimits
    from bot.text.mentions import Names
    from bot.text.pipeline import SpeakableText, explain, speakable
    from bot.text.pronunciations import Pronunciations
    from bot.text.scripts import is_foreign
    from bot.text.sounds import completions, with_sounds
    from engine.weights.models import SOUNDS

__all__ = [
    "SOUNDS",
    "Names",
    "PronunciationLimits",
    "Pronunciations",
    "SpeakableText",
    "TextLimits",
    "chunks",
    "completions",
    "explain",
    "is_foreign",
    "message_kinds",
    "speakable",
    "with_sounds",
]

_PLACES = {
    "SOUNDS": "engine.weights.models",
    "Names": "bot.text.mentions",
    "PronunciationLimits": "bot.text.limits",
    "Pronunciations": "bot.text.pronunciations",
    "SpeakableText": "bot.text.pipeline",
    "TextLimits": "bot.text.limits",
    "chunks": "bot.text.chunking",
    "completions": "bot.text.sounds",
    "explain": "bot.text.pipeline",
    "is_foreign": "bot.text.scripts",
    "message_kinds": "bot.text.kinds",
    "speakable": "bot.text.pipeline",
    "with_sounds": "bot.text.sounds",
}


def __getattr__(name: str) -> object:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(_PLACES[name]), name)
    return found
