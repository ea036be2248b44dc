"""What there is to know about a voice, as `/voice info` shows it."""

import discord
from discord.utils import escape_markdown

from bot.speech.languages import name_of
from bot.voices.place import Place
from data.rows import VoiceRow


def facts(voice: VoiceRow, place: Place, giver_id: int | None) -> discord.Embed:
    """What a person may know of a voice in a server. `giver_id` is whose it is by permission."""
    embed = discord.Embed(title=escape_markdown(voice.name))
    embed.add_field(name="Whose", value=f"<@{voice.owner_id}>")
    embed.add_field(name="Clip", value=f"{voice.duration_s:.1f} s")
    shared, disabled = place.is_shared(voice), place.is_disabled(voice)
    embed.add_field(name="Shared with this server", value="yes" if shared else "no")
    embed.add_field(name="Disabled here", value="yes" if disabled else "no")
    embed.add_field(name="Speaks with", value=settings_of(voice), inline=False)
    if voice.language:
        embed.add_field(name="Language", value=name_of(voice.language))
    own = voice.owner_id == place.person.user_id
    if giver_id is not None and (own or place.person.moderates):
        embed.add_field(name="With the permission of", value=f"<@{giver_id}>")
    if own:
        agreed = f"<t:{voice.consented_at:.0f}>"
        embed.add_field(
            name="Your consent", value=f"text {voice.consent_version}, {agreed}", inline=False
        )
    return embed


def settings_of(voice: VoiceRow) -> str:
    return (
        f"exaggeration {voice.exaggeration:g}, pace {voice.cfg_weight:g}, "
        f"temperature {voice.temperature:g}, seed {voice.seed}"
    )
