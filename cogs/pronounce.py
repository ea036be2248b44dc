"""`/pronounce`: how words are said, for oneself or, by moderators, for the server."""

import asyncio
import io
from itertools import pairwise
from typing import Literal, TypedDict

import discord
from discord import app_commands
from discord.ext import commands

from bot.base.errors import UserError
from bot.catalogue import Joined, Sentence, gettext, ngettext
from bot.client import TimbreBot
from bot.speech.pronouncing import Imported, Pronouncing
from bot.text.pronunciation_files import from_csv, from_json, to_csv, to_json
from bot.text.pronunciations import EntryRefused
from cogs.asking import require_moderator
from cogs.engine_facts import languages_read
from cogs.panels import Panel

Whose = Literal["me", "server"]
_LONGEST_REPLY = 1900
_STEPS_TIMEOUT_S = 10 * 60.0
_MERGING_TIMEOUT_S = 5 * 60.0
_NOTHING_CHANGED = Sentence("I changed nothing.")


class _Owner(TypedDict, total=False):
    guild_id: int
    user_id: int


@app_commands.guild_only()
class PronounceCommands(
    commands.GroupCog, group_name="pronounce", group_description="Choose how words are said"
):
    """Keeps and shows pronunciations. One's own win over the server's."""

    def __init__(self, bot: TimbreBot) -> None:
        self.bot = bot
        self.pronouncing = bot.services.pronouncing

    @app_commands.command(description="Say a word in another way")
    @app_commands.describe(
        word="As it is written", say="As it is said", whose="For you (default) or for everybody"
    )
    async def add(
        self,
        interaction: discord.Interaction,
        word: app_commands.Range[str, 1, 100],
        say: app_commands.Range[str, 1, 400],
        whose: Whose = "me",
    ) -> None:
        word, say = await self.pronouncing.add(word, say, **_owner(interaction, whose))
        await _reply(interaction, gettext("I will say “{word}” as “{say}”.", word=word, say=say))

    @app_commands.command(description="Say a word as usual again")
    @app_commands.describe(
        word="The word", whose="From your entries (default) or from the server's"
    )
    async def remove(
        self,
        interaction: discord.Interaction,
        word: app_commands.Range[str, 1, 100],
        whose: Whose = "me",
    ) -> None:
        await self.pronouncing.remove(word, **_owner(interaction, whose))
        await _reply(interaction, gettext("I will say “{word}” as usual again.", word=word))

    @app_commands.command(name="list", description="Show how words are said")
    @app_commands.describe(whose="Your entries (default) or the server's")
    async def show(self, interaction: discord.Interaction, whose: Whose = "me") -> None:
        entries = await self.pronouncing.entries(**_owner(interaction, whose, reading=True))
        if not entries:
            raise UserError("There are no entries yet. `/pronounce add` makes one.")
        await _reply(interaction, "\n".join(f"{word} → {say}" for word, say in entries.items()))

    @app_commands.command(description="Show how a text is read")
    @app_commands.describe(text="What to read")
    async def test(
        self, interaction: discord.Interaction, text: app_commands.Range[str, 1, 1000]
    ) -> None:
        assert interaction.guild is not None  # guild_only
        pronunciations = await self.pronouncing.of(interaction.guild.id, interaction.user.id)
        line = await self.bot.services.line_languages.of(
            text,
            languages_read(self.bot),
            user_id=interaction.user.id,
            guild_id=interaction.guild.id,
        )
        names, _ = await self.bot.services.sayings.called.names_in(text, interaction.guild)
        steps = await asyncio.to_thread(
            self.bot.services.reader.explain,
            text,
            names,
            pronunciations,
            language=line.language,
            sounds=self.bot.services.sayings.sounds or (),
        )
        said = steps[-1][1]
        result = gettext("I say: {text}", text=said) if said else gettext("I say nothing.")
        changes = "\n".join(
            f"{step}: {after}"
            for (_, before), (step, after) in pairwise([("", text), *steps])
            if after != before
        )
        panel = _Steps(interaction.user.id, f"{result}\n\n{changes}")
        await interaction.response.send_message(_shown(result), view=panel, ephemeral=True)

    @app_commands.command(name="import", description="Take entries from a file")
    @app_commands.describe(
        file="A .json, .csv or .tsv file", whose="Your entries (default) or the server's"
    )
    async def take(
        self, interaction: discord.Interaction, file: discord.Attachment, whose: Whose = "me"
    ) -> None:
        owner = _owner(interaction, whose)
        await interaction.response.defer(thinking=True, ephemeral=True)
        limits = self.pronouncing.limits
        if file.size > limits.max_file_bytes:
            raise UserError(
                "The file is larger than {most:,} bytes.",
                most=limits.max_file_bytes,
            )
        data = await file.read()
        read = from_csv if file.filename.lower().endswith((".csv", ".tsv")) else from_json
        try:
            entries = await asyncio.to_thread(read, data, limits)
        except EntryRefused as error:
            raise UserError(error.sentence) from None
        here = await self.pronouncing.entries(**owner)
        if not here:
            said = _imported(await self.pronouncing.replace(entries, **owner))
            await interaction.edit_original_response(content=said)
            return
        panel = _MergeOrReplace(self.pronouncing, interaction, owner, entries)
        await interaction.edit_original_response(
            content=gettext(
                "The file has {new}; there are already {old}. Shall I add those of the file, or "
                "replace all with them?",
                new=_entries(len(entries)),
                old=_entries(len(here)),
            ),
            view=panel,
        )

    @app_commands.command(name="export", description="Get all entries as a file")
    @app_commands.describe(
        whose="Your entries (default) or the server's", kind="Which kind of file"
    )
    async def give(
        self,
        interaction: discord.Interaction,
        whose: Whose = "me",
        kind: Literal["json", "csv"] = "json",
    ) -> None:
        entries = await self.pronouncing.entries(**_owner(interaction, whose, reading=True))
        written = to_csv(entries) if kind == "csv" else to_json(entries)
        file = discord.File(io.BytesIO(written.encode()), filename=f"pronunciations.{kind}")
        await interaction.response.send_message(file=file, ephemeral=True)


def _owner(interaction: discord.Interaction, whose: Whose, *, reading: bool = False) -> _Owner:
    assert interaction.guild_id is not None  # guild_only
    if whose == "me":
        return {"user_id": interaction.user.id}
    if not reading:
        require_moderator(
            interaction,
            Sentence("Only members who may mute others can change the server's entries."),
        )
    return {"guild_id": interaction.guild_id}


class _MergeOrReplace(Panel):
    """Asks what to do with the entries that there are."""

    refusal = Sentence("This file is somebody else's.")

    def __init__(
        self,
        pronouncing: Pronouncing,
        shown_by: discord.Interaction,
        owner: _Owner,
        entries: dict[str, str],
    ) -> None:
        super().__init__(shown_by.user.id, timeout_s=_MERGING_TIMEOUT_S)
        self._pronouncing = pronouncing
        self._shown_by = shown_by
        self._owner = owner
        self._entries = entries

    @discord.ui.button(label="Add", style=discord.ButtonStyle.primary)
    async def add(
        self, interaction: discord.Interaction, _: "discord.ui.Button[_MergeOrReplace]"
    ) -> None:
        self._require_right(interaction)
        merged = await self._pronouncing.merge(self._entries, **self._owner)
        await self._end(interaction, _imported(merged))

    @discord.ui.button(label="Replace all", style=discord.ButtonStyle.danger)
    async def replace(
        self, interaction: discord.Interaction, _: "discord.ui.Button[_MergeOrReplace]"
    ) -> None:
        self._require_right(interaction)
        replaced = await self._pronouncing.replace(self._entries, **self._owner)
        await self._end(interaction, _imported(replaced))

    @discord.ui.button(label="Cancel")
    async def cancel(
        self, interaction: discord.Interaction, _: "discord.ui.Button[_MergeOrReplace]"
    ) -> None:
        await self._end(interaction, str(_NOTHING_CHANGED))

    async def on_timeout(self) -> None:
        await self._shown_by.edit_original_response(
            content=_NOTHING_CHANGED.for_locale(self._shown_by.locale), view=None
        )

    def _require_right(self, interaction: discord.Interaction) -> None:
        """Who asked may be no moderator any more."""
        _owner(interaction, "server" if "guild_id" in self._owner else "me")

    async def _end(self, interaction: discord.Interaction, said: str) -> None:
        self.stop()
        await interaction.response.edit_message(content=said, view=None)


class _Steps(Panel):
    """Below what a text is read as: the steps on the way there, for those who want them."""

    refusal = Sentence("This text is somebody else's. `/pronounce test` shows yours.")

    def __init__(self, owner_id: int, explained: str) -> None:
        super().__init__(owner_id, timeout_s=_STEPS_TIMEOUT_S)
        self._explained = explained

    @discord.ui.button(label="Show the steps")
    async def show(self, interaction: discord.Interaction, _: "discord.ui.Button[_Steps]") -> None:
        await interaction.response.edit_message(content=_shown(self._explained), view=None)
        self.stop()


def _entries(count: int) -> Sentence:
    return Sentence.counted("{count} entry", "{count:,} entries", count)


def _imported(what: Imported) -> str:
    parts = (
        (what.new, Sentence.counted("{count:,} new", "{count:,} new", what.new)),
        (what.changed, Sentence.counted("{count:,} changed", "{count:,} changed", what.changed)),
        (what.removed, Sentence.counted("{count:,} removed", "{count:,} removed", what.removed)),
    )
    told = tuple(part for count, part in parts if count)
    return ngettext(
        "There is {count} entry now: {changes}.",
        "There are {count:,} entries now: {changes}.",
        what.now,
        changes=Joined(told, by=", ") if told else Sentence("nothing changed"),
    )


def _shown(text: str) -> str:
    shown = text if len(text) <= _LONGEST_REPLY else text[:_LONGEST_REPLY] + "\n…"
    return discord.utils.escape_markdown(shown)[:2000]


async def _reply(interaction: discord.Interaction, text: str) -> None:
    await interaction.response.send_message(_shown(text), ephemeral=True)


async def setup(bot: TimbreBot) -> None:
    await bot.add_cog(PronounceCommands(bot))
