"""`/live`: what members write is read aloud; and the events that this needs."""

from functools import partial

import discord
from discord import app_commands
from discord.ext import commands

from bot.base.command_mentions import linked
from bot.base.errors import UserError
from bot.catalogue import Listing, Sentence, gettext, ngettext
from bot.channel.writing_rights import may_write
from bot.client import TimbreBot
from bot.live.guild_reading import Bound, can_see
from bot.live.notices import untold
from cogs.asking import bring, member_of, moderates, require_company, require_moderator, session_of
from cogs.command_list import FOR_MODERATORS
from cogs.moderation_notes import blocked, note, unblocked
from data.live import Exclusion
from data.rows import LiveBinding

_NOT_READING = Sentence("I am not reading any channel aloud in this server.")
_COMES = Sentence("I am not in a voice channel. I come when somebody joins one or writes.")
_COMES_BACK = Sentence(
    "I am not in a voice channel, but I come back by myself. Only members who may mute others can "
    "stop that."
)
_NO_INTENT = (
    "I am not allowed to read messages. Whoever runs me has to switch on “Message Content Intent” "
    "on the Bot page of Discord's developer portal, and start me again."
)

_HERE, _AT_AUTHORS = "here", "authors"
_WHERE = [
    app_commands.Choice(name="The voice channel that you are in", value=_HERE),
    app_commands.Choice(name="The voice channel of each message's author", value=_AT_AUTHORS),
]


@app_commands.guild_only()
class Live(commands.GroupCog, group_name="live", group_description="Read messages aloud"):
    """Starts, stops and follows live reading."""

    def __init__(self, bot: TimbreBot) -> None:
        self.bot = bot

    @app_commands.command(description="Read a text channel aloud where you are")
    @app_commands.describe(
        channel="What to read, also a thread, a post or a whole forum (default: this channel)",
        where="In which voice channel to read it (default: where you are)",
    )
    @app_commands.choices(where=_WHERE)
    async def start(
        self,
        interaction: discord.Interaction,
        channel: discord.TextChannel | discord.ForumChannel | discord.Thread | None = None,
        where: str = _HERE,
    ) -> None:
        await interaction.response.defer(thinking=True, ephemeral=True)
        member = member_of(interaction)
        if not self.bot.intents.message_content:
            raise UserError(_NO_INTENT)
        seat = member.voice.channel if member.voice else None
        if seat is None:
            raise UserError("Join a voice channel first, so that I know where to read.")
        if channel and channel != interaction.channel and not can_see(member, channel):
            raise UserError("You are not allowed to see {channel}.", channel=channel.mention)
        _require_readable(interaction, channel)
        await _require_engine(self.bot)
        text = channel or interaction.channel
        if not isinstance(text, Bound):
            text = seat
        binding = await self.bot.live.bindings.begin(
            text,
            seat,
            partial(bring, interaction, seat),
            approved=moderates(interaction, None if where == _AT_AUTHORS else seat),
            follows_authors=where == _AT_AUTHORS,
        )
        said = _line_of(binding)
        if where == _HERE and text.id != seat.id:
            said = gettext(
                "I read {text} and the chat of {seat} aloud.", text=text.mention, seat=seat.mention
            )
        reading = self.bot.live.bindings.of(member.guild.id)
        others = [f"<#{id_}>" for id_ in (reading.channels if reading else ()) if id_ != text.id]
        if others:
            said += " " + gettext("I still read {channels}.", channels=Listing(others))
        if not may_write(text, text.permissions_for(text.guild.me)):
            said += f" {untold(text)}"
        prefix = (await self.bot.services.server_settings.of(member.guild.id)).unread_prefix
        await interaction.edit_original_response(
            content=f"{said} "
            + gettext("I skip messages that begin with `{prefix}`.", prefix=prefix)
            + _not_yet(self.bot)
        )

    @app_commands.command(description="Stop reading messages aloud")
    @app_commands.describe(channel="What to stop reading (default: everything)")
    async def stop(
        self,
        interaction: discord.Interaction,
        channel: discord.TextChannel | discord.ForumChannel | discord.Thread | None = None,
    ) -> None:
        guild = member_of(interaction).guild
        reading = self.bot.live.bindings.of(guild.id)
        if reading is not None:
            session = session_of(interaction)
            if session.seat is None:
                require_moderator(interaction, _COMES_BACK)
            require_company(interaction, session)
        stopped = await self.bot.live.bindings.stop(guild, channel.id if channel else None)
        if not stopped and (reading is None or channel is None):
            raise UserError(_NOT_READING)
        if channel is None:
            said = gettext("I stopped reading.")
        elif stopped:
            said = gettext("I stopped reading {channel}.", channel=channel.mention)
        else:
            raise UserError("I am not reading {channel} aloud.", channel=channel.mention)
        await interaction.response.send_message(said, ephemeral=True)

    @app_commands.command(description="Show what is being read aloud")
    async def status(self, interaction: discord.Interaction) -> None:
        member = member_of(interaction)
        reading = self.bot.live.bindings.of(member.guild.id)
        if reading is None:
            said = f"{_NOT_READING} {gettext('`/live start` makes me read.')}"
        else:
            lines = [_line_of(binding) for binding in reading.channels.values()]
            seat = session_of(interaction).seat
            there = seat.mention if seat else ""
            if seat is None:
                lines.append(str(_COMES))
            elif seat.id in reading.channels:
                lines.append(gettext("I am in {channel}.", channel=there))
            else:
                said = gettext("I am in {channel}, and read its chat aloud, too.", channel=there)
                lines.append(said)
            lines.append(
                ngettext(
                    "I have read {count} message so far.",
                    "I have read {count:,} messages so far.",
                    reading.read,
                )
                + _not_yet(self.bot)
            )
            said = "\n".join(lines)
        excluded = await self.bot.exclusions.of(member.id, member.guild.id)
        if Exclusion.BLOCKED in excluded:
            said += "\n" + gettext("I do not read your messages: a moderator decided that.")
        elif Exclusion.OPTED_OUT in excluded:
            said += "\n" + gettext(
                "I do not read your messages, as you wished. `/live optin` changes that."
            )
        await interaction.response.send_message(linked(interaction, said)[:2000], ephemeral=True)

    @app_commands.command(description="Do not read my messages aloud in this server")
    async def optout(self, interaction: discord.Interaction) -> None:
        member = member_of(interaction)
        async with self.bot.exclusions.exclude(member.id, member.guild.id, Exclusion.OPTED_OUT):
            await interaction.response.send_message(
                linked(
                    interaction,
                    gettext("I do not read your messages here. `/live optin` undoes that."),
                ),
                ephemeral=True,
            )

    @app_commands.command(description="Read my messages aloud again")
    async def optin(self, interaction: discord.Interaction) -> None:
        member = member_of(interaction)
        await self.bot.exclusions.readmit(member.id, member.guild.id, Exclusion.OPTED_OUT)
        said = gettext("I read your messages here again.")
        if Exclusion.BLOCKED in await self.bot.exclusions.of(member.id, member.guild.id):
            said = gettext(
                "I noted that you want to be read. I still do not read your messages here: a "
                "moderator decided that, and only a moderator can undo it."
            )
        await interaction.response.send_message(said, ephemeral=True)

    @app_commands.command(
        description="Moderators: do not read somebody's messages", extras=FOR_MODERATORS
    )
    @app_commands.describe(member="Whose messages stay unread")
    async def block(self, interaction: discord.Interaction, member: discord.Member) -> None:
        require_moderator(
            interaction, Sentence("Only members who may mute others can block somebody.")
        )
        async with self.bot.exclusions.exclude(member.id, member.guild.id, Exclusion.BLOCKED):
            await interaction.response.send_message(
                gettext("I no longer read what {member} writes.", member=member.mention),
                ephemeral=True,
            )
        await note(interaction, blocked(interaction.user, member))

    @app_commands.command(
        description="Moderators: read somebody's messages again", extras=FOR_MODERATORS
    )
    @app_commands.describe(member="Whose messages are read again")
    async def unblock(self, interaction: discord.Interaction, member: discord.Member) -> None:
        require_moderator(
            interaction, Sentence("Only members who may mute others can unblock somebody.")
        )
        if not await self.bot.exclusions.readmit(member.id, member.guild.id, Exclusion.BLOCKED):
            raise UserError("{member} is not blocked.", member=member.mention)
        await interaction.response.send_message(
            gettext("I read what {member} writes again.", member=member.mention), ephemeral=True
        )
        await note(interaction, unblocked(interaction.user, member))

    @commands.Cog.listener()
    async def on_message(self, message: discord.Message) -> None:
        await self.bot.live.message(message)

    @commands.Cog.listener()
    async def on_raw_message_edit(self, payload: discord.RawMessageUpdateEvent) -> None:
        """Follow an edit: no message is cached, so only the raw event comes."""
        await self.bot.live.edited(payload.message)

    @commands.Cog.listener()
    async def on_raw_message_delete(self, payload: discord.RawMessageDeleteEvent) -> None:
        await self.bot.live.deleted(payload.guild_id, payload.message_id)

    @commands.Cog.listener()
    async def on_raw_bulk_message_delete(self, payload: discord.RawBulkMessageDeleteEvent) -> None:
        for message_id in payload.message_ids:
            await self.bot.live.deleted(payload.guild_id, message_id)

    @commands.Cog.listener()
    async def on_guild_channel_delete(self, channel: discord.abc.GuildChannel) -> None:
        await self.bot.live.bindings.deleted(channel.guild, channel.id)

    @commands.Cog.listener()
    async def on_raw_thread_delete(self, payload: discord.RawThreadDeleteEvent) -> None:
        if guild := self.bot.get_guild(payload.guild_id):
            await self.bot.live.bindings.deleted(guild, payload.thread_id)

    @commands.Cog.listener()
    async def on_voice_state_update(
        self, member: discord.Member, before: discord.VoiceState, after: discord.VoiceState
    ) -> None:
        await self.bot.live.moved(member, before, after)


async def _require_engine(bot: TimbreBot) -> None:
    """Raise `SpeechError` where nothing could be read, because no engine starts."""
    executor = bot.services.executor
    if executor.status().state == "unavailable":
        await executor.engine_info()  # which tries again, if the last time is long enough ago


def _line_of(binding: LiveBinding) -> str:
    text = f"<#{binding.text_channel_id}>"
    if binding.follows_authors:
        return gettext(
            "I read {text} aloud, each message in the voice channel of its author.", text=text
        )
    if binding.text_channel_id == binding.voice_channel_id:
        return gettext("I read the chat of {seat} aloud.", seat=text)
    return gettext(
        "I read {text} aloud in {channel}.", text=text, channel=f"<#{binding.voice_channel_id}>"
    )


def _not_yet(bot: TimbreBot) -> str:
    """What is to be added while there is no engine to read with."""
    if bot.services.executor.status().state == "ready":
        return ""
    said = gettext("My speech engine is still starting, so the first messages have to wait.")
    return f" {said}"


def _require_readable(
    interaction: discord.Interaction,
    channel: discord.TextChannel | discord.ForumChannel | discord.Thread | None,
) -> None:
    """Raise `UserError` where Discord would never show the bot what is written.

    Commands reach it everywhere, messages do not. Without `channel` it is where the command was
    typed.
    """
    here = channel or interaction.channel
    if channel is None:
        visible = interaction.app_permissions.view_channel
    else:
        visible = channel.permissions_for(channel.guild.me).view_channel
    if not visible:
        named = f"<#{here.id}>" if here else Sentence("this channel")
        raise UserError(
            "I may not see {channel}: I am missing the permission View Channel.", channel=named
        )
    if isinstance(here, discord.Thread) and here.is_private() and here.me is None:
        raise UserError("I am not in this thread. Mention me there to let me in.")


async def setup(bot: TimbreBot) -> None:
    await bot.add_cog(Live(bot))
