"""What there is to know about a voice, as `/voice info` shows it."""

import discord
from discord.utils import escape_markdown

from bot.catalogue import gettext
from bot.speech.languages import name_of
from bot.voices.place import Place
from data.rows import VoiceRow


def facts(voice: VoiceRow, place: Place, giver_id: int | None) -> discord.Embed:
    """What a person may know of a voice in a server. `giver_id` is whose it is by permission."""
    embed = discord.Embed(title=escape_markdown(voice.name))
    embed.add_field(name=gettext("Registered by"), value=f"<@{voice.owner_id}>")
    embed.add_field(
        name=gettext("Clip"), value=gettext("{seconds:.1f} s", seconds=voice.duration_s)
    )
    shared, disabled = place.is_shared(voice), place.is_disabled(voice)
    embed.add_field(
        name=gettext("Shared with this server"), value=gettext("yes") if shared else gettext("no")
    )
    embed.add_field(
        name=gettext("Disabled here"), value=gettext("yes") if disabled else gettext("no")
    )
    embed.add_field(name=gettext("Speaks with"), value=settings_of(voice), inline=False)
    if voice.language:
        embed.add_field(name=gettext("Language"), value=str(name_of(voice.language)))
    own = voice.owner_id == place.person.user_id
    if giver_id is not None and (own or place.person.moderates):
        embed.add_field(
            name=gettext("With the permission of"),
            value=f"<@{giver_id}>",
        )
    if own:
        agreed = f"<t:{voice.consented_at:.0f}>"
        embed.add_field(
            name=gettext("Your consent"),
            value=gettext(
                "to version {number} of the text, {time}",
                number=voice.consent_version,
                time=agreed,
            ),
            inline=False,
        )
    return embed


def settings_of(voice: VoiceRow) -> str:
    said = gettext(
        "exaggeration {exaggeration:g}, pace {pace:g}, temperature {temperature:g}, seed {seed}",
        exaggeration=voice.exaggeration,
        pace=voice.cfg_weight,
        temperature=voice.temperature,
        seed=voice.seed,
    )
    if voice.model is None:
        return said
    return gettext("{settings}, model {model}", settings=said, model=voice.model)
