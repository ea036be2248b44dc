"""`/status`: which engine speaks, how busy it is, and how quickly."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.base.metrics import Latencies
from bot.catalogue import Listing, Sentence, gettext, ngettext
from bot.client import TimbreBot
from bot.speech.languages import name_of
from cogs.asking import manages, moderates
from cogs.engine_facts import who_speaks, who_speaks_here

#: A field of an embed holds 1,024 characters.
_WORKERS_SHOWN = 16
_STARTING = Sentence("My speech engine is starting.")
#: By the executor's state.
_HOW_IT_IS = {
    "ready": Sentence("I am ready to speak."),
    "restarting": Sentence("My speech engine broke down. I am starting it again."),
    "unavailable": Sentence("I cannot speak at the moment: my speech engine does not start."),
}


_STATES = {
    "starting": Sentence("starting"),
    "ready": Sentence("ready"),
    "restarting": Sentence("restarting"),
    "unavailable": Sentence("unavailable"),
    "closed": Sentence("stopped"),
}


class StatusCommands(commands.Cog):
    """Shows how the bot is doing."""

    def __init__(self, bot: TimbreBot) -> None:
        self.bot = bot

    @app_commands.command(
        description="Whether I can speak; for moderators also how busy and how quick I am"
    )
    async def status(self, interaction: discord.Interaction) -> None:
        await interaction.response.defer(thinking=True, ephemeral=True)
        executor = self.bot.services.executor.status()
        metrics = self.bot.services.metrics
        runs_the_bot = await self.bot.is_owner(interaction.user)
        models = ""
        if executor.engine and executor.engine.others and interaction.guild_id:
            chosen = await self.bot.services.server_settings.of(interaction.guild_id)
            models = " " + who_speaks_here(executor.engine, chosen.model_preference)
        if not (runs_the_bot or manages(interaction) or moderates(interaction)):
            said = f"{_HOW_IT_IS.get(executor.state, _STARTING)}\n{who_speaks(self.bot)}{models}"
            await interaction.edit_original_response(content=said)
            return
        fields = {}
        if engine := executor.engine:
            how = gettext(
                "{name}: {model} on {device}, {precision}",
                name=engine.name,
                model=engine.model,
                device=engine.device,
                precision=engine.precision,
            )
            fields[gettext("Engine")] = f"{how}\n" + _in_its_words(engine.reason)
            fields[gettext("Reads")] = str(Listing(map(name_of, engine.reads), alphabetical=True))
        if models:
            fields[gettext("Models")] = models.strip()
        worker = str(_STATES.get(executor.state, executor.state))
        # Why there is none may name files of the machine.
        if executor.state != "unavailable" or runs_the_bot:
            worker += "\n" + _in_its_words(executor.detail)
        fields[gettext("Worker")] = worker
        if len(executor.workers) > 1:
            fields[gettext("Workers")] = "\n".join(
                gettext(
                    "{name}: {state}, {running} of {streams} running",
                    name=each.name,
                    state=_STATES.get(each.state, each.state),
                    running=each.running,
                    streams=each.streams,
                )
                for each in executor.workers[:_WORKERS_SHOWN]
            )
        fields[gettext("Queue")] = ngettext(
            "{waiting} waiting, {running} running, {count} restart",
            "{waiting} waiting, {running} running, {count} restarts",
            executor.restarts,
            waiting=executor.queued,
            running=executor.running,
        )
        if runs_the_bot:  # they count what all servers do, which is none of another's business
            hits = metrics.cache_hits
            looked_up = hits + metrics.cache_misses
            share = f" ({hits / looked_up:.0%})" if looked_up else ""
            if shards := self.bot.services.peers.shards:
                fields[gettext("Process")] = gettext(
                    "This process has the shards {shards}. What follows is about this process "
                    "alone:",
                    shards=str(shards),
                )
            fields |= {
                gettext("Cache"): ngettext(
                    "{hits} of {count} piece", "{hits} of {count} pieces", looked_up, hits=hits
                )
                + share,
                gettext("Clips analysed since I started"): str(metrics.enrolments),
                gettext("From a command to its first sound"): _percentiles(metrics.first_sound),
                gettext("Synthesis"): _percentiles(metrics.synthesis),
            }
        fields[gettext("Event loop lag")] = _percentiles(metrics.loop_lag)
        embed = discord.Embed(title="Timbre")
        for name, value in fields.items():
            embed.add_field(name=name, value=value, inline=False)
        await interaction.edit_original_response(embed=embed)


def _in_its_words(said: str) -> str:
    """What the engine says of itself, as it is in the log: for who knows machines, in English."""
    return f"> {said}"


def _percentiles(latencies: Latencies) -> str:
    values = [(percent, latencies.percentile(percent)) for percent in (50, 95, 99)]
    said = " · ".join(
        f"p{percent} {value:.0f} ms" for percent, value in values if value is not None
    )
    if not said:
        return gettext("nothing measured yet")
    return ngettext(
        "{times} over the last measurement",
        "{times} over the last {count} measurements",
        len(latencies),
        times=said,
    )


async def setup(bot: TimbreBot) -> None:
    await bot.add_cog(StatusCommands(bot))
