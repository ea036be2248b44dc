"""What there is to know about the engine: whether it clones voices, what it is, what it reads."""

from collections.abc import Sequence

from bot.catalogue import gettext
from bot.client import TimbreBot
from bot.speech.languages import ENGLISH, named


def no_cloning(bot: TimbreBot) -> str:
    """What comes before everything else where nobody can be heard in a voice of their own."""
    engine = bot.services.executor.status().engine
    if engine is None or engine.clones_voices:
        return ""
    said = gettext(
        "**I cannot speak in your own voice at the moment.** You hear a stock voice. Whoever runs "
        "me can change that. {reason}",
        reason=engine.reason,
    )
    return f"{said}\n\n"


def who_speaks(bot: TimbreBot) -> str:
    """One sentence on what makes the speech, and of which languages."""
    engine = bot.services.executor.status().engine
    if engine is None:
        return gettext("The speech engine is still being loaded.")
    return gettext(
        "Speech is made here by {model}, which reads {languages}.",
        model=engine.model,
        languages=named(engine.languages),
    )


def languages_read(bot: TimbreBot) -> Sequence[str]:
    """What the engine reads; while it loads, what every one does."""
    engine = bot.services.executor.status().engine
    return engine.languages if engine else (ENGLISH,)
