"""`/voice`: register a voice and live with it; "Use as my voice" on one's own message."""

import io
from typing import Annotated

import discord
from discord import app_commands
from discord.ext import commands
from discord.utils import escape_markdown

from bot.base.command_mentions import linked
from bot.base.errors import UserError
from bot.catalogue import Listing, Sentence, gettext
from bot.client import TimbreBot
from bot.voices.moderation import REASON_MAX_CHARS
from bot.voices.naming import NAME_MAX_CHARS
from bot.voices.rights import Action
from cogs.asking import person_of
from cogs.command_list import described
from cogs.lists import and_more
from cogs.moderation_notes import note
from cogs.own_words import OwnWordsCommands
from cogs.permission import giver_of, require_askable
from cogs.proving import may_sound
from cogs.registering import ConsentForm
from cogs.tuning import TuningCommands
from cogs.voice_facts import facts
from cogs.voice_options import SpokenVoice, voice_to
from data.rows import VoiceRow

_LIST_MAX = 20

NewName = app_commands.Range[str, 1, NAME_MAX_CHARS]


class VoiceCommands(
    TuningCommands,
    OwnWordsCommands,
    commands.GroupCog,
    group_name="voice",
    group_description="Your voices",
):
    """Commands for members. Whether they may is decided by the services.

    Discord shows a group in direct messages as a whole or not at all: most of it is refused there.
    """

    def __init__(self, bot: TimbreBot) -> None:
        self.bot = bot
        self.services = bot.services
        self._on_message = app_commands.ContextMenu(
            name="Use as my voice",
            callback=self.use_message,
            extras=described("Make a voice of the sound in a message of your own"),
        )
        self._on_message.guild_only = True

    async def interaction_check(self, interaction: discord.Interaction, /) -> bool:
        """Who left a server, or was banned, still takes their voice back, by direct message."""
        if interaction.guild_id is None and interaction.command not in (self.list, self.unshare):
            raise app_commands.NoPrivateMessage
        return True

    async def cog_load(self) -> None:
        self.bot.tree.add_command(self._on_message)

    async def cog_unload(self) -> None:
        self.bot.tree.remove_command(self._on_message.name, type=self._on_message.type)

    @app_commands.command(description="Get a voice of your own, from a sound file")
    @app_commands.describe(
        name="What to call the voice",
        clip="A sound file with clear speech",
        member="Whose voice it is, if it is not yours: I ask them for permission",
    )
    async def register(
        self,
        interaction: discord.Interaction,
        name: NewName | None = None,
        clip: discord.Attachment | None = None,
        member: discord.User | None = None,
    ) -> None:
        giver = await require_askable(self.bot, interaction, member)
        giver_id = giver.id if giver else None
        await interaction.response.send_modal(
            ConsentForm(self.bot, interaction, name=name, clip=clip, giver_id=giver_id)
        )

    async def use_message(self, interaction: discord.Interaction, message: discord.Message) -> None:
        """Register the sound in a message of one's own."""
        if message.author.id != interaction.user.id:
            raise UserError("You can only take a voice from a message of your own.")
        clip = next((a for a in message.attachments if may_sound(a)), None)
        if clip is None:
            raise UserError("There is no sound in this message.")
        await interaction.response.send_modal(ConsentForm(self.bot, interaction, clip=clip))

    @app_commands.command(description="Give one of your voices another clip")
    @app_commands.describe(voice="Which voice", clip="A sound file with clear speech")
    async def replace(
        self,
        interaction: discord.Interaction,
        voice: Annotated[str, voice_to(Action.REPLACE)],
        clip: discord.Attachment | None = None,
    ) -> None:
        found = await self.services.voices.find(voice, Action.REPLACE, person_of(interaction))
        giver = await giver_of(self.bot, interaction, found)
        form = ConsentForm(
            self.bot,
            interaction,
            name=found.name,
            clip=clip,
            giver_id=giver.id if giver else None,
            replaces=found,
        )
        await interaction.response.send_modal(form)

    @app_commands.command(description="Voices to speak in here, and where yours are shared")
    async def list(self, interaction: discord.Interaction) -> None:
        await interaction.response.defer(thinking=True, ephemeral=True)
        here = await self.services.voices.here(person_of(interaction))
        lines = [gettext("**Your voices**")]
        for voice in here.own:
            marks = []
            if interaction.guild_id and voice.voice_id == here.usual_id:
                marks.append(gettext("you speak in it here"))
            if here.place.is_shared(voice):
                marks.append(gettext("shared with this server"))
            if guild_ids := here.elsewhere.get(voice.voice_id):
                marks.append(
                    gettext("shared with {servers}", servers=Listing(map(self._server, guild_ids)))
                )
            if here.place.is_disabled(voice):
                marks.append(gettext("disabled here"))
            # A dot between them reads the same in every language, and beside a list within one.
            lines.append(f"{_name(voice)}{' — ' if marks else ''}{' · '.join(marks)}")
        if not here.own:
            lines.append(linked(interaction, gettext("None yet. `/voice register` makes one.")))
        if here.chosen_stock:
            lines.append(
                gettext(
                    "You speak in the stock voice **{voice}** here.",
                    voice=escape_markdown(here.chosen_stock),
                )
            )
        if others := here.shared_by_others:
            lines.append(gettext("**Shared with this server**"))
            lines += [
                gettext("{voice} — shared by {owner}", voice=_name(v), owner=f"<@{v.owner_id}>")
                for v in others[:_LIST_MAX]
            ]
            if len(others) > _LIST_MAX:
                lines.append(f"… {and_more(len(others) - _LIST_MAX)}.")
        await interaction.edit_original_response(content="\n".join(lines)[:2000])

    def _server(self, guild_id: int) -> str:
        guild = self.bot.get_guild(guild_id)
        if guild:
            return escape_markdown(guild.name)
        if self.services.peers.owns(guild_id):
            return gettext("a server that I left ({id})", id=str(guild_id))
        return gettext("another server ({id})", id=str(guild_id))  # its process knows the name

    @app_commands.command(description="Speak in this voice from now on, in this server")
    @app_commands.describe(voice="Which voice")
    async def use(self, interaction: discord.Interaction, voice: SpokenVoice) -> None:
        await interaction.response.defer(thinking=True, ephemeral=True)
        person = person_of(interaction)
        await self.services.sounds.require_choice(person)
        name = await self.services.voice_keeping.use(
            voice, person, self.services.executor.status().engine
        )
        await interaction.edit_original_response(
            content=gettext(
                "You speak in **{voice}** in this server from now on.", voice=escape_markdown(name)
            )
        )

    @app_commands.command(description="What there is to know about a voice")
    @app_commands.describe(voice="Which voice")
    async def info(
        self, interaction: discord.Interaction, voice: Annotated[str, voice_to(Action.SEE)]
    ) -> None:
        await interaction.response.defer(thinking=True, ephemeral=True)
        person = person_of(interaction)
        found = await self.services.voices.find(voice, Action.SEE, person)
        place = await self.services.voices.place(person)
        giver_id = await self.services.permissions.giver_of(found)
        embed = facts(found, place, giver_id)
        await interaction.edit_original_response(embed=embed)

    @app_commands.command(description="Hear how a voice sounds")
    @app_commands.describe(voice="Which voice")
    async def preview(
        self, interaction: discord.Interaction, voice: Annotated[str, voice_to(Action.PREVIEW)]
    ) -> None:
        await interaction.response.defer(thinking=True, ephemeral=True)
        person = person_of(interaction)
        found = await self.services.voices.find(voice, Action.PREVIEW, person)
        speaker = self.services.voices.as_speaker(found, person)
        saying = await self.services.sayings.preview(speaker)
        audio = await saying.ogg()
        await interaction.edit_original_response(
            content=str(saying.substitution) if saying.substitution else None,
            attachments=[discord.File(io.BytesIO(audio), filename="preview.ogg")],
        )

    @app_commands.command(description="Give one of your voices another name")
    @app_commands.describe(voice="Which voice", name="Its new name")
    async def rename(
        self,
        interaction: discord.Interaction,
        voice: Annotated[str, voice_to(Action.RENAME)],
        name: NewName,
    ) -> None:
        await interaction.response.defer(thinking=True, ephemeral=True)
        renamed = await self.services.voice_keeping.rename(voice, name, person_of(interaction))
        await interaction.edit_original_response(
            content=gettext("It is called {voice} now.", voice=_name(renamed))
        )

    @app_commands.command(description="Delete one of your voices and everything made from it")
    @app_commands.describe(voice="Which voice")
    async def delete(
        self, interaction: discord.Interaction, voice: Annotated[str, voice_to(Action.DELETE)]
    ) -> None:
        await interaction.response.defer(thinking=True, ephemeral=True)
        deleted = await self.services.voice_keeping.delete(voice, person_of(interaction))
        await interaction.edit_original_response(
            content=gettext(
                "{voice} is deleted, with its clip and everything made from it. If somebody "
                "reported it, moderators still see the report, but not the voice's name.",
                voice=_name(deleted),
            )
        )

    @app_commands.command(description="Let everybody in this server speak in one of your voices")
    @app_commands.describe(voice="Which voice")
    async def share(
        self, interaction: discord.Interaction, voice: Annotated[str, voice_to(Action.SHARE)]
    ) -> None:
        await interaction.response.defer(thinking=True, ephemeral=True)
        shared = await self.services.voice_keeping.share(voice, person_of(interaction))
        said = gettext(
            "Everybody in this server can speak in {voice} now. `/voice unshare` ends that, also "
            "in a direct message to me. It also ends when you leave this server.",
            voice=_name(shared),
        )
        await interaction.edit_original_response(content=linked(interaction, said))

    @app_commands.command(description="Stop sharing a voice of yours with this server, or with all")
    @app_commands.describe(
        voice="Which voice", everywhere="With all servers; in a direct message it is always all"
    )
    async def unshare(
        self,
        interaction: discord.Interaction,
        voice: Annotated[str, voice_to(Action.UNSHARE)],
        *,
        everywhere: bool = False,
    ) -> None:
        await interaction.response.defer(thinking=True, ephemeral=True)
        keeping = self.services.voice_keeping
        if everywhere or interaction.guild_id is None:
            taken, guild_ids = await keeping.unshare_everywhere(voice, interaction.user.id)
            said = gettext(
                "{voice} is not shared with any server any more. It was shared with {servers}.",
                voice=_name(taken),
                servers=Listing(map(self._server, guild_ids)),
            )
        else:
            taken = await keeping.unshare(voice, person_of(interaction))
            said = gettext("{voice} is not shared with this server any more.", voice=_name(taken))
        await interaction.edit_original_response(content=said[:2000])

    @app_commands.command(description="Report a voice to the moderators")
    @app_commands.describe(member="Who speaks in it", reason="What is wrong with it")
    async def report(
        self,
        interaction: discord.Interaction,
        member: discord.Member,
        reason: app_commands.Range[str, 1, REASON_MAX_CHARS],
    ) -> None:
        await interaction.response.defer(thinking=True, ephemeral=True)
        await self.services.voice_moderation.report(member.id, reason, person_of(interaction))
        await interaction.edit_original_response(
            content=gettext("The moderators of this server can read your report now.")
        )
        # Not what is in it, nor whose it is: a message stays when people delete their data.
        await note(
            interaction, Sentence("A member reported a voice. `/voice-admin reports` shows it.")
        )


def _name(voice: VoiceRow) -> str:
    return f"**{escape_markdown(voice.name)}**"


async def setup(bot: TimbreBot) -> None:
    await bot.add_cog(VoiceCommands(bot))
