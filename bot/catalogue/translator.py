"""Commands' names and descriptions as Discord shows them to members of each language."""

import discord
from discord import app_commands
from discord.app_commands import TranslationContextLocation as Location

from bot.catalogue.languages import ENGLISH, installed

#: The contexts of entries that Discord has rules for.
COMMAND, MENU, OPTION, CHOICE, DESCRIPTION = "command", "menu", "option", "choice", "description"

_CONTEXTS = {
    Location.command_name: COMMAND,
    Location.group_name: COMMAND,
    Location.parameter_name: OPTION,
    Location.choice_name: CHOICE,
    Location.command_description: DESCRIPTION,
    Location.group_description: DESCRIPTION,
    Location.parameter_description: DESCRIPTION,
}


class CatalogueTranslator(app_commands.Translator):
    """Looks commands' words up in the catalogues."""

    async def translate(
        self,
        string: app_commands.locale_str,
        locale: discord.Locale,
        context: app_commands.TranslationContextTypes,
    ) -> str | None:
        catalogues = installed()
        tag = catalogues.language_of(locale.value)
        kind = _CONTEXTS.get(context.location)
        if kind is None or tag == ENGLISH:
            return None
        if isinstance(context.data, app_commands.ContextMenu):
            kind = MENU
        translated = catalogues.of(tag).pgettext(kind, string.message)
        return None if translated == string.message else translated
