"""`python -m bot weights`: what `engine.weights` does, on the folder that the settings name.

The engine knows no settings; here they are handed to it.
"""

from collections.abc import Sequence

from bot import settings as settings_module
from bot.base.private_files import make_private
from engine.messages import EngineConfig
from engine.weights.__main__ import main


def weights(arguments: Sequence[str]) -> int:
    """Run one command; returns the exit code. Raises `SettingsError`."""
    return main(arguments, lambda: _config(fetching=arguments[0] == "fetch"))


def _config(*, fetching: bool) -> EngineConfig:
    settings = settings_module.load()
    if fetching:
        make_private(settings.home)
    return settings.engine_config()
