"""Text as a person would read it: Discord's markup, numbers and chat habits in plain words.

Pure functions without Discord objects, files, clocks or the network.
"""

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
