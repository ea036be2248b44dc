"""The panel on which a member is asked to say a sentence, so that a voice is theirs."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import discord
from discord import ui
from discord.utils import utcnow

from bot.base.errors import UserError, sentence_for
from bot.base.private_files import create
from bot.catalogue import Joined, Said, Sentence, for_reader, gettext
from bot.client import TimbreBot
from bot.voices.drafts import Draft
from bot.voices.proving import Issued
from bot.voices.uploads import Fetch
from cogs.panels import Form, Panel

log = logging.getLogger(__name__)

#: Of Discord's 15 minutes for an answer, so much is left for trying the voice out and deciding.
KEPT_FOR_DECIDING_S = 120.0
#: Said where a clip was shown, by whosever word the data went.
WITHDRAWN = Sentence("Somebody's data was deleted, and this clip with it.")

#: Goes on with a draft that was proven.
OnProven = Callable[[], Awaitable[None]]
#: Hears why a draft was thrown away.
OnEnded = Callable[[Said], Awaitable[None]]


def fetching(attachment: discord.Attachment) -> Fetch:
    """Writes an attachment to a path."""

    async def fetch(path: Path) -> None:
        try:
            content = await attachment.read()
        except discord.NotFound:
            raise UserError("Discord does not have this file any more.") from None
        await asyncio.to_thread(create, path, content)

    return fetch


def may_sound(attachment: discord.Attachment) -> bool:
    """By what Discord says of it; what it really is, is looked at later."""
    kind = (attachment.content_type or "").partition("/")[0]
    return attachment.is_voice_message() or kind in {"audio", "video"}


async def replace_answer(shown_by: discord.Interaction, sentence: Said) -> None:
    """Put a sentence in the place of a panel, if that is still there."""
    try:
        said = sentence.for_locale(shown_by.locale)
        await shown_by.edit_original_response(content=said, attachments=[], view=None)
    except discord.HTTPException as error:
        log.info("a panel is gone already", extra={"status": error.status})


def _after(before: Said | None, sentence: Said) -> Said:
    return Joined((before, sentence)) if before else sentence


class StatementPanel(Panel):
    """Shows a sentence and takes a recording of it: a voice message, or a file.

    `steps` are the lines above it, `proven` is awaited once the right recording was heard. Where it
    is said for another member's draft, `ended` hears why it was thrown away, and `until` is how
    long that member can still decide on it.
    """

    refusal = Sentence("Somebody else has to say this sentence.")

    def __init__(
        self,
        bot: TimbreBot,
        draft: Draft,
        shown_by: discord.Interaction,
        steps: str,
        proven: OnProven,
        *,
        ended: OnEnded | None = None,
        until: datetime | None = None,
    ) -> None:
        super().__init__(draft.wish.person_id, timeout_s=None)
        self.bot = bot
        self._draft = draft
        self._shown_by = shown_by
        self._ended = ended
        self._until = until or shown_by.expires_at
        if ended is not None:
            self.delete.label = gettext("Decline")
        self._steps = steps
        self._proven = proven
        self._digits = False
        self._issued: Issued | None = None

    async def show(self, before: Said | None = None) -> None:
        """Ask for a sentence, which is another one each time; `before` stands above it."""
        proving = self.bot.services.proving
        left_s = (self._until - utcnow()).total_seconds() - KEPT_FOR_DECIDING_S
        if left_s < 0:
            raise UserError(_after(before, Sentence("Please start again.")))
        try:
            self._issued = proving.issue(
                self._draft.path, self.owner_id, self._draft.wish.guild_id, digits=self._digits
            )
        except UserError as error:
            raise UserError(_after(before, error.sentence)) from None
        self.timeout = min(left_s, proving.within_s)
        ends = int(utcnow().timestamp() + self.timeout)
        here = (
            gettext("Say it in a voice message here, or upload a recording.")
            if self.bot.intents.message_content
            else gettext("Upload a recording of it.")
        )
        lines = [
            self._steps,
            f"❌ {before}" if before else "",
            gettext(
                "Please say this aloud before {time}, in one go, with the microphone of the clip:",
                time=f"<t:{ends}:t>",
            ),
            f"> {self._issued.statement.text}",
            here
            + " "
            + gettext(
                "I compare the recording with the clip, delete the recording at once, and keep "
                "when it was, which sentence it was, and two figures: how much of it I heard, and "
                "how alike the voices are."
            ),
        ]
        self.bot.services.registration.drafts.show(self._draft, self._withdrawn)
        await self._shown_by.edit_original_response(
            content="\n".join(filter(None, lines)), view=self
        )
        if self.bot.intents.message_content:
            self._stop_listening()  # to the sentence before
            self.bot.add_listener(self._on_message, "on_message")

    @ui.button(label="Upload a recording", style=discord.ButtonStyle.primary)
    async def upload(
        self, interaction: discord.Interaction, _: ui.Button["StatementPanel"]
    ) -> None:
        await interaction.response.send_modal(RecordingForm(self))

    @ui.button(label="Give me numbers")
    async def numbers(
        self, interaction: discord.Interaction, button: ui.Button["StatementPanel"]
    ) -> None:
        """Another sentence, of digits: easier for who speaks little English."""
        await interaction.response.defer()
        self._digits = not self._digits
        button.label = gettext("Give me words") if self._digits else gettext("Give me numbers")
        await self._or_end(self.show)

    @ui.button(label="Delete the clip", style=discord.ButtonStyle.danger)
    async def delete(
        self, interaction: discord.Interaction, _: ui.Button["StatementPanel"]
    ) -> None:
        await interaction.response.defer()
        mine = Sentence("I deleted the clip.")
        if self._ended is None:
            await self.end(mine)
            return
        await self.bot.services.permissions.decline(self._draft, interaction.user.id)
        await self.end(mine, Sentence("They declined, so I deleted the clip."))

    async def on_timeout(self) -> None:
        await self.end(Sentence("The time for the sentence is over, so I deleted the clip."))

    async def take(self, by: int, attachment: discord.Attachment) -> None:
        """Hear a recording that was sent; then go on, or ask for another sentence."""
        self._stop_listening()

        async def received() -> None:
            await self._shown_by.edit_original_response(
                content=f"{self._steps}\n⏳ " + gettext("Listening to what you said"),
                view=None,
            )

        async def heard() -> None:
            drafts = self.bot.services.registration.drafts
            refusal: Said | None = None
            try:
                await self.bot.services.proving.hear(
                    self._draft.path, by, attachment.size, fetching(attachment), received
                )
            except UserError as error:
                refusal = error.sentence
            if self._draft not in drafts:  # thrown away meanwhile, and that was said
                return
            if refusal is not None:
                await self.show(refusal)
                return
            self.stop()
            await self._proven()

        await self._or_end(heard)

    async def _on_message(self, message: discord.Message) -> None:
        if message.author.id != self.owner_id or message.channel.id != self._shown_by.channel_id:
            return
        if recording := next((a for a in message.attachments if may_sound(a)), None):
            with for_reader(self._shown_by.locale):
                await self.take(message.author.id, recording)

    async def _or_end(self, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        except Exception as error:  # nothing fails in silence, and nothing waits for ever
            await self.end(sentence_for(error))

    async def end(self, sentence: Said, elsewhere: Said | None = None) -> None:
        """Throw the draft away and say so where the sentence was shown, and to whoever asked."""
        self.stop()
        await self.bot.services.registration.discard(self._draft)
        await replace_answer(self._shown_by, sentence)
        if self._ended is not None:
            await self._ended(elsewhere or sentence)

    def _withdrawn(self) -> None:
        self.stop()
        self.bot.interactions.spawn(self.end(WITHDRAWN), name="a clip that is gone")

    def stop(self) -> None:
        self._stop_listening()
        super().stop()

    def _stop_listening(self) -> None:
        self.bot.remove_listener(self._on_message, "on_message")


class RecordingForm(Form):
    """Takes the file."""

    def __init__(self, panel: StatementPanel) -> None:
        # At most 45 characters.
        super().__init__(gettext("Your recording"), panel.owner_id, timeout_s=panel.timeout or 0.0)
        self._panel = panel
        self._file: ui.FileUpload[Any] = ui.FileUpload()
        self.add_item(ui.Label(text=gettext("Recording of the sentence"), component=self._file))

    async def on_submit(self, interaction: discord.Interaction) -> None:
        await interaction.response.defer()
        await self._panel.take(interaction.user.id, self._file.values[0])
