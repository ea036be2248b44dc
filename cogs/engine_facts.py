"""What there is to know about the engine: whether it clones voices, what it is, what it reads."""

from collections.abc import Sequence

from bot.catalogue import gettext
from bot.client import TimbreBot
from bot.speech.languages import ENGLISH, named
from bot.speech.models import Preference, preferred
from engine.speech import EngineInfo


def no_cloning(bot: TimbreBot) -> str:
    """What comes before everything else where nobody can be heard in a voice of their own."""
    engine = bot.services.executor.status().engine
    if engine is None or engine.clones_voices:
        return ""
    said = gettext(
        "**I cannot speak in your own voice at the moment.** You hear a stock voice. Whoever runs "
        "me can change that, and finds the reason in `/status`."
    )
    return f"{said}\n\n"


def who_speaks(bot: TimbreBot) -> str:
    """One sentence on what makes the speech, and of which languages."""
    engine = bot.services.executor.status().engine
    if engine is None:
        return gettext("The speech engine is still being loaded.")
    said = gettext(
        "Speech is made here by {model}, which reads {languages}.",
        model=engine.model,
        languages=named(engine.languages),
    )
    for other in engine.others:
        beside = gettext(
            "{model} is loaded as well, and reads {languages}.",
            model=other.model,
            languages=named(other.languages),
        )
        said += f" {beside}"
    return said


def who_speaks_here(engine: EngineInfo, preference: str | None) -> str:
    """Which of several models speaks in a server that prefers something, and why."""
    model = preferred(engine, preference)
    if preference == Preference.QUALITY:
        said = gettext(
            "In this server {model} speaks, because the server prefers quality.", model=model
        )
    elif preference == Preference.SPEED:
        said = gettext(
            "In this server {model} speaks, because the server prefers speed.", model=model
        )
    else:
        said = gettext(
            "In this server {model} speaks, because the server prefers neither quality nor speed.",
            model=model,
        )
    exceptions = gettext(
        "A voice with a model of its own speaks with that. A line that the model does not read is "
        "spoken by one that reads it."
    )
    return f"{said} {exceptions}"


def languages_read(bot: TimbreBot) -> Sequence[str]:
    """What the engine reads; while it loads, what every one does."""
    engine = bot.services.executor.status().engine
    return engine.reads if engine else (ENGLISH,)
