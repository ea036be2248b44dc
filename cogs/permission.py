"""The question to a member whose voice somebody else wants to register, and what waits for it."""

import logging

import discord
from discord import ui
from discord.utils import utcnow

from bot.base.command_mentions import linked
from bot.base.errors import UserError, sentence_for
from bot.catalogue import Joined, Said, Sentence, for_reader, gettext
from bot.channel.writing_rights import may_write
from bot.client import TimbreBot
from bot.voices.consent import PERMISSION
from bot.voices.drafts import Draft
from bot.voices.proving import Demand
from cogs.asking import member_of
from cogs.panels import Panel
from cogs.proving import KEPT_FOR_DECIDING_S, WITHDRAWN, OnProven, StatementPanel, replace_answer
from data.rows import VoiceRow

log = logging.getLogger(__name__)


async def require_askable(
    bot: TimbreBot, interaction: discord.Interaction, named: discord.User | discord.Member | None
) -> discord.Member | None:
    """Whom to ask for the voice that the caller wants to register; None where it is theirs.

    Raises `UserError` where that member cannot be asked in this channel.
    """
    caller = member_of(interaction)
    if named is None or named.id == caller.id:
        return None
    if not isinstance(named, discord.Member):
        raise UserError("{member} is no member of this server.", member=named.mention)
    if named.bot:
        raise UserError("{member} is a bot. I cannot ask a bot.", member=named.mention)
    await bot.services.permissions.require_admission(caller.id, named.id, caller.guild.id)
    channel = interaction.channel
    if not isinstance(channel, discord.abc.GuildChannel | discord.Thread):
        raise UserError("I cannot ask anybody in this channel.")
    if not may_write(channel, interaction.permissions):
        raise UserError("You may not write in this channel, so I cannot ask anybody here for you.")
    if not channel.permissions_for(named).view_channel:
        raise UserError(
            "{member} does not see this channel. Please ask where they do.", member=named.mention
        )
    return named


async def giver_of(
    bot: TimbreBot, interaction: discord.Interaction, voice: VoiceRow
) -> discord.Member | None:
    """Whom to ask again before a voice gets another clip; None where it is its owner's own."""
    giver_id = await bot.services.permissions.giver_of(voice)
    if giver_id is None:
        return None
    try:
        giver = await member_of(interaction).guild.fetch_member(giver_id)
    except discord.NotFound:
        raise UserError(
            "{member}, whose voice it is, is no member of this server.", member=f"<@{giver_id}>"
        ) from None
    return await require_askable(bot, interaction, giver)


class QuestionPanel(Panel):
    """For the one whose voice it is, in the channel where it was asked for.

    `steps` are the lines of what was done before; `allowed` is awaited once there is a permission.
    It is put in the language of the server, `locale`.
    """

    refusal = Sentence("Only the member who was asked can decide this.")

    def __init__(
        self,
        bot: TimbreBot,
        draft: Draft,
        asked_by: discord.Interaction,
        steps: str,
        allowed: OnProven,
        *,
        locale: str,
    ) -> None:
        left_s = (asked_by.expires_at - utcnow()).total_seconds() - KEPT_FOR_DECIDING_S
        within_s = min(bot.services.proving.within_s, max(1.0, left_s))
        with for_reader(locale):  # it is read in the channel
            super().__init__(draft.wish.person_id, timeout_s=within_s)
        self.bot = bot
        self._draft = draft
        self._asked_by = asked_by
        self._steps = steps
        self._allowed = allowed
        self._locale = locale
        self._ends = int(utcnow().timestamp() + within_s)
        self._question: discord.WebhookMessage | None = None
        self._statement: StatementPanel | None = None
        self._waiting = WaitingPanel(self, draft.wish.owner_id)

    @property
    def _giver(self) -> str:
        return f"<@{self.owner_id}>"

    async def ask(self) -> None:
        """Put the question. Whoever asked sees what is waited for, and can give up."""
        services = self.bot.services
        services.permissions.ask(self._draft)
        services.registration.drafts.show(self._draft, self._withdrawn)
        await self._asked_by.edit_original_response(
            content=f"{self._steps}\n⏳ "
            + gettext("I asked {member} for permission.", member=self._giver),
            view=self._waiting,
        )
        asked = Sentence(
            "{member}, {owner} wants to register **your voice**. Do you allow that? "
            "You can answer until {time}.",
            member=self._giver,
            owner=f"<@{self._draft.wish.owner_id}>",
            time=f"<t:{self._ends}:t>",
        )
        said: list[Said] = [asked]
        if await services.proving.demand(self._draft.wish.guild_id) is not Demand.OFF:
            said.append(
                Sentence(
                    "If you allow it, I show you a sentence to say aloud, to hear that it is you."
                )
            )
        question = Joined((Joined(tuple(said)), PERMISSION), by="\n")
        self._question = await self._asked_by.followup.send(
            linked(self._asked_by, question.for_locale(self._locale)),
            view=self,
            allowed_mentions=discord.AllowedMentions(users=[discord.Object(self.owner_id)]),
            wait=True,
        )
        if self._draft not in services.registration.drafts:  # given up before it could be seen
            await self._remove_question()

    @ui.button(label="Allow", style=discord.ButtonStyle.success)
    async def allow(self, interaction: discord.Interaction, _: ui.Button["QuestionPanel"]) -> None:
        await interaction.response.defer(thinking=True, ephemeral=True)
        services = self.bot.services
        services.permissions.give(self._draft, interaction.user.id)
        self.stop()

        async def proven() -> None:
            await interaction.edit_original_response(
                content=linked(
                    interaction,
                    gettext(
                        "Thank you. {member} can keep the voice now. With `/privacy info` you see "
                        "what you allowed, and can take it back.",
                        member=f"<@{self._draft.wish.owner_id}>",
                    ),
                ),
                view=None,
            )
            await self._go_on()

        try:
            await self._remove_question()
            if await services.proving.demand(self._draft.wish.guild_id) is Demand.OFF:
                await proven()
                return
            self._statement = StatementPanel(
                self.bot,
                self._draft,
                interaction,
                "",
                proven,
                ended=self._tell,
                until=self._asked_by.expires_at,
            )
            await self._statement.show()
        except Exception as error:  # nothing fails in silence, and nothing waits for ever
            sentence = sentence_for(error)
            await replace_answer(interaction, sentence)
            await self._end(sentence)

    @ui.button(label="Decline", style=discord.ButtonStyle.danger)
    async def decline(
        self, interaction: discord.Interaction, _: ui.Button["QuestionPanel"]
    ) -> None:
        await interaction.response.send_message(
            gettext("You declined, so I delete the clip."), ephemeral=True
        )
        await self.bot.services.permissions.decline(self._draft, interaction.user.id)
        await self._end(Sentence("They declined, so I deleted the clip."))

    async def on_timeout(self) -> None:
        await self._end(Sentence("They did not answer in time, so I deleted the clip."))
        await self.bot.services.permissions.unanswered(self._draft)

    async def give_up(self) -> None:
        """Whoever asked does not want it any more."""
        sentence = Sentence("The clip was taken back, so I deleted it.")
        await (self._statement.end(sentence) if self._statement else self._end(sentence))

    async def _go_on(self) -> None:
        """Have whoever asked decide. Their failures are not the giver's to read."""
        self._waiting.stop()
        try:
            with for_reader(self._asked_by.locale):
                await self._allowed()
        except Exception as error:
            await self._end(sentence_for(error))

    async def _end(self, sentence: Said) -> None:
        self.stop()
        await self.bot.services.registration.discard(self._draft)
        await self._remove_question()
        await self._tell(sentence)

    async def _tell(self, sentence: Said) -> None:
        """Say what came of it where it was asked for."""
        self._waiting.stop()
        asked = Sentence("I asked {member}.", member=self._giver)
        await replace_answer(self._asked_by, Joined((asked, sentence)))

    async def _remove_question(self) -> None:
        question, self._question = self._question, None
        if question is not None:
            try:
                await question.delete()
            except discord.HTTPException as error:
                log.info("a question is gone already", extra={"status": error.status})

    def _withdrawn(self) -> None:
        self.stop()
        self.bot.interactions.spawn(self._end(WITHDRAWN), name="a clip that is gone")


class WaitingPanel(Panel):
    """For whoever asked, until there is an answer."""

    refusal = Sentence("This clip is somebody else's.")

    def __init__(self, question: QuestionPanel, owner_id: int) -> None:
        super().__init__(owner_id, timeout_s=None)
        self._question = question

    @ui.button(label="Delete the clip", style=discord.ButtonStyle.danger)
    async def delete(self, interaction: discord.Interaction, _: ui.Button["WaitingPanel"]) -> None:
        await interaction.response.defer()
        self.stop()
        await self._question.give_up()
