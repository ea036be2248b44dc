"""`/language`: which language a member writes, or one of their voices speaks."""

from typing import Annotated

import discord
from discord import app_commands
from discord.ext import commands
from discord.utils import escape_markdown

from bot.base.command_mentions import linked
from bot.catalogue import Listing, gettext
from bot.client import TimbreBot
from bot.speech.languages import name_of
from bot.speech.line_languages import cannot_read
from bot.voices.rights import Action
from cogs.asking import person_of
from cogs.engine_facts import languages_read, who_speaks
from cogs.language_options import AnyLanguage, language_of
from cogs.voice_options import voice_to


class LanguageCommands(commands.Cog):
    """Shows and changes languages."""

    def __init__(self, bot: TimbreBot) -> None:
        self.bot = bot
        self.services = bot.services

    @app_commands.command(description="Which language you write here, or a voice of yours speaks")
    @app_commands.describe(
        language="The language; automatic: I find out, line by line",
        voice="A voice of yours that speaks it (default: what you write in this server)",
    )
    @app_commands.guild_only()
    async def language(
        self,
        interaction: discord.Interaction,
        language: AnyLanguage | None = None,
        voice: Annotated[str, voice_to(Action.ADJUST)] | None = None,
    ) -> None:
        await interaction.response.defer(thinking=True, ephemeral=True)
        person, code = person_of(interaction), language_of(language)
        if language is None and voice is None:
            said = await self._as_it_is(interaction)
        elif voice is None:
            await self.services.line_languages.choose(person.user_id, person.guild_id, code)
            said = (
                gettext(
                    "I read what you write in this server as {language}, unless it is clearly in "
                    "another language.",
                    language=name_of(code),
                )
                if code
                else gettext("I find out which language each of your lines is in.")
            )
        elif language is None:
            found = await self.services.voices.find(voice, Action.ADJUST, person)
            code = found.language
            said = _speaks(found.name, code)
        else:
            changed = await self.services.voice_keeping.set_language(voice, code, person)
            said = _speaks(changed.name, code)
        reads = languages_read(self.bot)
        if code and code not in reads:
            said += f" {cannot_read(code, reads)}"
        await interaction.edit_original_response(content=linked(interaction, said))

    async def _as_it_is(self, interaction: discord.Interaction) -> str:
        person = person_of(interaction)
        chosen = await self.services.line_languages.chosen(person.user_id, person.guild_id)
        offered = await self.services.line_languages.offered(
            person.guild_id, languages_read(self.bot)
        )
        read = gettext(
            "Read here: {languages}.",
            languages=Listing(map(name_of, offered), alphabetical=True),
        )
        yours = (
            gettext(
                "You write {language} here. With `/say` you can choose another language for a "
                "line.",
                language=name_of(chosen),
            )
            if chosen
            else gettext(
                "Here I find out the language of each of your lines. With `/say` you can choose "
                "one for a line."
            )
        )
        return f"{who_speaks(self.bot)}\n{read}\n{yours}"


def _speaks(voice: str, code: str | None) -> str:
    """Which language a voice speaks."""
    name = escape_markdown(voice)
    if code is None:
        return gettext(
            "You have not told me which language **{voice}** speaks.",
            voice=name,
        )
    return gettext("**{voice}** speaks {language}.", voice=name, language=name_of(code))


async def setup(bot: TimbreBot) -> None:
    await bot.add_cog(LanguageCommands(bot))
