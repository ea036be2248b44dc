"""The composition root: everything that the bot and the command line need, wired once."""

from dataclasses import dataclass

from bot.audio.cache import SpeechCache
from bot.metrics import Metrics
from bot.reading import Reader
from bot.settings import Settings
from bot.speech import SpeechService
from bot.voices import Voices
from data.store import Store
from engine.executor import Executor


@dataclass(frozen=True, slots=True)
class Services:
    """What is open while Timbre runs."""

    settings: Settings
    store: Store
    executor: Executor
    cache: SpeechCache
    speech: SpeechService
    voices: Voices
    reader: Reader
    metrics: Metrics
