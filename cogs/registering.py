"""The form with the consent in it, and the panel on which a new voice is tried out."""

import time
from collections.abc import Sequence
from typing import Any

import discord
from discord import ui
from discord.utils import utcnow

from bot.base.command_mentions import linked, listed
from bot.base.errors import UserError, sentence_for
from bot.catalogue import Said, Sentence, gettext
from bot.client import TimbreBot
from bot.speech.languages import LANGUAGES, language_of_locale, languages_by_name
from bot.voices.consent import CONSENT, CONSENT_LABEL
from bot.voices.drafts import Draft, Wish
from bot.voices.naming import NAME_MAX_CHARS
from bot.voices.proving import Demand
from cogs.engine_facts import languages_read, no_cloning, who_speaks
from cogs.panels import Form, Panel
from cogs.permission import QuestionPanel
from cogs.proving import WITHDRAWN, StatementPanel, fetching, replace_answer
from cogs.registration_steps import DONE, NOT_DONE, preview, refuse, steps
from data.rows import VoiceRow

#: Discord lets the bot change its answer for 15 minutes, of which checking a clip takes some.
_FORM_LASTS_S = 14 * 60.0
_PANEL_LASTS_S = 12 * 60.0
#: So long before those minutes are over, an undecided clip is deleted and that is said.
_SAID_BEFORE_END_S = 30.0

#: At most 100 characters.
_WHICH_CLIP = Sentence(
    "A few seconds of clear speech. For a voice message: right click, Apps, Use as my voice."
)
#: The choice of a language that is not in the list.
_UNSAID = "unsaid"


class ConsentForm(Form):
    """Asks for the consent, the language, and for whatever of name and clip is not known yet."""

    def __init__(
        self,
        bot: TimbreBot,
        asked_by: discord.Interaction,
        *,
        name: str | None = None,
        clip: discord.Attachment | None = None,
        giver_id: int | None = None,
        replaces: VoiceRow | None = None,
        former: "DraftPanel | None" = None,
    ) -> None:
        title = (
            # At most 45 characters.
            gettext("Your voice")
            if giver_id is None
            # At most 45 characters.
            else gettext("Another member's voice")
        )
        super().__init__(title, asked_by.user.id, timeout_s=_FORM_LASTS_S)
        self.bot = bot
        self._giver_id = giver_id
        self._name = name
        self._clip = clip
        self._replaces = replaces
        self._former = former
        self._name_field: ui.TextInput[Any] = ui.TextInput(max_length=NAME_MAX_CHARS)
        self._clip_field: ui.FileUpload[Any] = ui.FileUpload()
        self._agreed: ui.Checkbox[Any] = ui.Checkbox()
        guess = language_of_locale(str(asked_by.locale))
        if former is not None:
            guess = former.language
        elif replaces is not None:
            guess = replaces.language
        self._language_field = _language_menu(languages_read(bot), guess)
        whose = ""
        if giver_id is not None:
            whose = gettext(
                "It is the voice of {member}. I ask them for permission.", member=f"<@{giver_id}>"
            )
            whose += "\n"
        self.add_item(
            ui.TextDisplay(f"{listed(f'{no_cloning(bot)}{whose}{CONSENT}')}\n{who_speaks(bot)}")
        )
        if name is None:
            self.add_item(ui.Label(text=gettext("Name of the voice"), component=self._name_field))
        if clip is None:
            self.add_item(
                ui.Label(
                    text=gettext("Clip"),
                    description=str(_WHICH_CLIP),
                    component=self._clip_field,
                )
            )
        if self._language_field:
            self.add_item(
                ui.Label(text=gettext("Language of the clip"), component=self._language_field)
            )
        self.add_item(ui.Label(text=str(CONSENT_LABEL), component=self._agreed))

    async def on_submit(self, interaction: discord.Interaction) -> None:
        await interaction.response.defer(thinking=True, ephemeral=True)
        clip = self._clip or self._clip_field.values[0]
        wish = Wish(
            owner_id=interaction.user.id,
            guild_id=interaction.guild_id,
            name=self._name or self._name_field.value.strip(),
            agreed=self._agreed.value,
            size_bytes=clip.size,
            giver_id=self._giver_id,
            replaces=self._replaces,
            language=self._chosen_language(),
        )
        try:
            await try_out(self.bot, interaction, wish, clip, self._former)
        except UserError as error:
            # In place of the steps, of which one would seem to be under way for ever.
            await refuse(interaction, error)

    def _chosen_language(self) -> str | None:
        """What is chosen; where there is no choice a voice keeps what it had."""
        if self._language_field is None:
            return self._replaces.language if self._replaces else None
        (chosen,) = self._language_field.values
        return chosen if chosen in LANGUAGES else None


def _language_menu(reads: Sequence[str], guess: str | None) -> "ui.Select[Any] | None":
    """A menu of what the engine reads, None where that is one language."""
    if len(reads) == 1:
        return None
    options = [
        discord.SelectOption(label=one.label, value=one.code, default=one.code == guess)
        for one in languages_by_name(reads)
    ]
    unsaid = discord.SelectOption(
        label=gettext("Another language"), value=_UNSAID, default=guess not in reads
    )
    return ui.Select(options=[*options, unsaid], required=True)


async def try_out(
    bot: TimbreBot,
    interaction: discord.Interaction,
    wish: Wish,
    clip: discord.Attachment,
    former: "DraftPanel | None" = None,
) -> None:
    """Make a draft of `clip`, showing each step, and end with a panel to decide on it.

    The draft on the panel `former` makes room for it.
    """
    services = bot.services

    async def received() -> None:
        await interaction.edit_original_response(content=steps(1, gettext("Received")))

    draft = await services.registration.draft(wish, fetching(clip), received)
    try:
        if former is not None:
            await former.withdraw(Sentence("You chose another clip."))
        said = [
            gettext("Received"),
            gettext("Checked: {seconds:.1f} s of speech", seconds=draft.clip.voiced_s),
        ]
        asked = wish.giver_id is not None
        if not asked and await services.proving.demand(wish.guild_id) is Demand.OFF:
            await _offer(bot, interaction, draft, said)
            return

        async def proven() -> None:
            owner = gettext("Allowed by the member whose voice it is")
            step = owner if asked else gettext("Sentence said")
            await _offer(bot, interaction, draft, [*said, step])

        done = "\n".join(f"{DONE} {name}" for name in said)
        if asked:
            locale = await bot.locale_in(interaction.guild)
            await QuestionPanel(bot, draft, interaction, done, proven, locale=locale).ask()
        else:
            await StatementPanel(bot, draft, interaction, done, proven).show()
    except BaseException:
        await services.registration.discard(draft)
        raise


async def _offer(
    bot: TimbreBot, interaction: discord.Interaction, draft: Draft, said: list[str]
) -> None:
    """Let the draft be heard, and show the panel to decide on it."""
    await interaction.edit_original_response(content=steps(len(said), *said), view=None)
    why_not, files = await preview(bot, draft)
    left_s = (interaction.expires_at - utcnow()).total_seconds() - _SAID_BEFORE_END_S
    panel = DraftPanel(bot, draft, interaction, min(_PANEL_LASTS_S, max(1.0, left_s)))
    enrolled = f"{DONE} " + gettext("Voice learned")
    if why_not:
        enrolled = f"{NOT_DONE} {gettext('Voice not learned yet.')} {why_not}"
    done = "\n".join(f"{DONE} {name}" for name in said)
    bot.services.registration.drafts.show(draft, panel.withdrawn)
    await interaction.edit_original_response(
        content=f"{done}\n{enrolled}\n{DONE} " + gettext("Ready. Do you want to keep it?"),
        attachments=files,
        view=panel,
    )


class DraftPanel(Panel):
    """Keep, try another clip, or delete. A draft that is left undecided is deleted."""

    refusal = Sentence("This clip is somebody else's.")

    def __init__(
        self,
        bot: TimbreBot,
        draft: Draft,
        shown_by: discord.Interaction,
        lasts_s: float = _PANEL_LASTS_S,
    ) -> None:
        super().__init__(draft.wish.owner_id, timeout_s=lasts_s)
        self.bot = bot
        self._draft = draft
        self._shown_by = shown_by
        self._ends_at = time.monotonic() + lasts_s

    @property
    def language(self) -> str | None:
        return self._draft.wish.language

    async def interaction_check(self, interaction: discord.Interaction, /) -> bool:
        """Only the owner, in what time is left: discord.py gives it anew with every press."""
        self.timeout = max(1.0, self._ends_at - time.monotonic())
        return await super().interaction_check(interaction)

    @ui.button(label="Keep", style=discord.ButtonStyle.success)
    async def keep(self, interaction: discord.Interaction, _: ui.Button["DraftPanel"]) -> None:
        await interaction.response.defer()
        self.stop()
        try:
            voice = await self.bot.services.registration.keep(self._draft)
        except Exception as error:  # the clip went with it: no button can do anything any more
            known = error if isinstance(error, UserError) else UserError(sentence_for(error))
            await refuse(interaction, known)
            return
        await interaction.edit_original_response(
            content=linked(
                interaction,
                gettext(
                    "I keep the voice **{voice}**. Try it with `/say`.",
                    voice=discord.utils.escape_markdown(voice.name),
                ),
            ),
            view=None,
        )

    @ui.button(label="Try another clip")
    async def another(self, interaction: discord.Interaction, _: ui.Button["DraftPanel"]) -> None:
        """Ask for another clip; this one is deleted once there is one."""
        wish = self._draft.wish
        await interaction.response.send_modal(
            ConsentForm(
                self.bot,
                interaction,
                name=wish.name,
                giver_id=wish.giver_id,
                replaces=wish.replaces,
                former=self,
            )
        )

    @ui.button(label="Delete", style=discord.ButtonStyle.danger)
    async def delete(self, interaction: discord.Interaction, _: ui.Button["DraftPanel"]) -> None:
        await interaction.response.defer()
        await self.withdraw(Sentence("I deleted the clip and everything made from it."))

    async def withdraw(self, sentence: Said) -> None:
        """Throw the draft away and say so where it was shown, unless it was kept meanwhile."""
        self.stop()
        try:
            if not await self.bot.services.registration.discard(self._draft):
                return
        except Exception as error:  # something is left, which the next tidying removes
            sentence = sentence_for(error)
        await replace_answer(self._shown_by, sentence)

    def withdrawn(self) -> None:
        """Offer nothing any more: the clip went with somebody's data."""
        self.stop()
        telling = replace_answer(self._shown_by, WITHDRAWN)
        self.bot.interactions.spawn(telling, name="a clip that is gone")

    async def on_timeout(self) -> None:
        await self.withdraw(Sentence("You did not keep this voice, so I deleted the clip."))
