"""What a person is told when something fails, in one place.

`sentence_for` has the precedence: our own refusals, then failures of speech, then what discord.py
checks, then Discord's own refusals; whatever is left is a fault of ours and gets a reference that
is also in the log.
"""

import contextlib
import errno
import logging
import secrets

import aiohttp
import discord
from discord import app_commands

from bot.base.command_mentions import linked
from bot.base.objects import ObjectsFailed
from bot.catalogue import Listing, Said, Sentence
from bot.catalogue.sentence import Value
from data.errors import Failure, StoreFailed
from engine.errors import SpeechError, WorkerUnavailable

log = logging.getLogger(__name__)


#: Discord's codes for an answer to an interaction whose 15 minutes are over.
TOO_LATE = (10015, 50027)


#: Clips and renderings lie in a bucket, which does not do what is asked.
CLIPS_AWAY = Sentence(
    "I cannot reach the place where I keep voices. Please try again in a moment. If that lasts, "
    "whoever runs me finds the reason in my log."
)
_DISK_FULL = Sentence("I could not do that: the disk that I run on is full.")
#: As Discord calls them in a server's settings.
_PERMISSIONS = {"manage_guild": Sentence("Manage Server")}
_DATABASE = {
    Failure.FULL: _DISK_FULL,
    Failure.REFUSED: Sentence(
        "I could not do that: my database does not take it. Whoever runs me finds the reason in "
        "my log."
    ),
    Failure.HELD: Sentence("Another program is using my database. Please try again in a moment."),
    Failure.DAMAGED: Sentence(
        "My database is damaged. Whoever runs me has to put a backup in its place."
    ),
    Failure.AWAY: Sentence("I cannot reach my database. Please try again in a moment."),
    Failure.READ_ONLY: Sentence(
        "I could not do that: I may not write to my database. Whoever runs me has to allow it."
    ),
    Failure.DISK: Sentence(
        "I could not do that: the disk that I run on does not take it. Whoever runs me finds "
        "the reason in my log."
    ),
}


class UserError(Exception):
    """Something the person who asked can understand and, mostly, mend.

    Made of a sentence, or of an English one with its values. `str` is it in English, for logs.
    """

    def __init__(self, sentence: str | Said, /, **values: Value) -> None:
        self.sentence = Sentence(sentence, **values) if isinstance(sentence, str) else sentence
        super().__init__(self.sentence.english)


def sentence_for(error: BaseException) -> Said:
    """One sentence for whoever caused `error`; an unexpected one is logged with a reference."""
    match error:
        case app_commands.CommandInvokeError():
            return sentence_for(error.original)
        case WorkerUnavailable():
            # Its own sentence is for whoever runs the bot: it may name files.
            log.warning("not spoken", extra={"reason": str(error)})
            return Sentence(
                "I cannot speak at the moment: my speech engine does not start. Whoever runs me "
                "finds the reason in my log."
            )
        case UserError():
            return error.sentence
        case SpeechError():
            return Sentence(error.sentence, **error.values)
        case app_commands.NoPrivateMessage():
            return Sentence("This only works in a server.")
        case app_commands.MissingPermissions():
            names = (_PERMISSIONS.get(name, name) for name in error.missing_permissions)
            return Sentence("You need this permission for that: {missing}.", missing=Listing(names))
        case app_commands.CommandSignatureMismatch() | app_commands.CommandNotFound():
            return Sentence("This command has changed. Please restart Discord and try again.")
        case app_commands.CheckFailure():
            return Sentence("You may not use this command here.")
        case discord.Forbidden():
            return Sentence("Discord does not let me do that here. Please check my permissions.")
        case discord.DiscordServerError():
            return Sentence("Discord has trouble at the moment. Please try again.")
        case ObjectsFailed():
            log.error("the bucket refused", exc_info=error)
            return CLIPS_AWAY
        case OSError(errno=errno.ENOSPC):
            log.error("the disk is full", extra={"reason": str(error)})
            return _DISK_FULL
        case StoreFailed() if error.why in _DATABASE:
            log.error("the database refused", exc_info=error)
            return _DATABASE[error.why]
        case _:
            reference = secrets.token_hex(4)
            log.error("unexpected failure", exc_info=error, extra={"reference": reference})
            return Sentence(
                "Something went wrong on my side. It is in the log as {reference}.",
                reference=reference,
            )


async def tell(interaction: discord.Interaction, said: Said) -> None:
    """Say something to the person behind `interaction` alone, whatever was answered before.

    Discord takes no answer any more after 15 minutes; then it is said in the channel.
    """
    sentence = linked(interaction, said.for_locale(interaction.locale))
    try:
        if not interaction.response.is_done():
            await interaction.response.send_message(sentence, ephemeral=True)
            return
        if interaction.extras.pop("public", False):
            # The first follow-up to a public "thinking" would be public as well.
            with contextlib.suppress(discord.HTTPException):
                await interaction.delete_original_response()
        try:
            await interaction.followup.send(sentence, ephemeral=True)
        except discord.HTTPException as error:
            here = interaction.channel
            if error.code not in TOO_LATE or not isinstance(here, discord.abc.Messageable):
                raise
            await here.send(f"{interaction.user.mention}: {sentence}")
    except (discord.HTTPException, aiohttp.ClientError, OSError, RuntimeError) as error:
        # RuntimeError: the HTTP session is closed, because the bot is.
        log.warning("a failure could not be told", extra={"reason": str(error)})
