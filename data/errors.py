"""What can go wrong with stored data, each with one sentence that can be shown as it is."""


class DatabaseUnusable(Exception):
    """The database file cannot be used, and was left as it was found.

    `str(error)` is one sentence for the person who runs the bot.
    """


class DatabaseClosed(Exception):
    """The bot is shutting down: nothing can be read or stored any more."""


class VoiceNameTaken(Exception):
    """The owner already has a voice of this name, in whatever case it is written."""
