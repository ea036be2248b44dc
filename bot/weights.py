"""`python -m bot weights`: what `engine.weights` does, where the settings have the weights."""

from bot.settings import Settings
from engine.weights.__main__ import Usual, main


def weights(settings: Settings, arguments: list[str]) -> int:
    """Fetch, verify or make up weights. Returns the exit code."""
    usual = Usual(settings.weights_folder(), settings.weights, settings.weights_revision)
    return main(arguments, usual)
