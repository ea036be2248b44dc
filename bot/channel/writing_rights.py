"""Whether somebody may write in a channel: for threads Discord has a permission of its own."""

import discord

from bot.catalogue import Sentence

_OF_THREADS = (discord.Thread, discord.ForumChannel)


def may_write(where: object, granted: discord.Permissions) -> bool:
    """Whether who is `granted` these in the channel `where` may write there; in a forum's posts."""
    if isinstance(where, _OF_THREADS):
        return granted.send_messages_in_threads
    return granted.send_messages


def right_to_write(where: object) -> Sentence:
    """What that permission is called."""
    if isinstance(where, _OF_THREADS):
        # Translators: a permission, as Discord names it.
        return Sentence("Send Messages in Threads")
    # Translators: a permission, as Discord names it.
    return Sentence("Send Messages")
