"""`/status`: which engine speaks, how busy it is, and how quickly."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.base.metrics import Latencies
from bot.client import TimbreBot
from bot.speech.languages import name_of
from cogs.asking import manages, moderates, who_speaks

#: A field of an embed holds 1,024 characters.
_WORKERS_SHOWN = 16
_STARTING = "My speech engine is starting."
#: By the executor's state.
_HOW_IT_IS = {
    "ready": "I am ready to speak.",
    "restarting": "My speech engine broke down. I am starting it again.",
    "unavailable": "I cannot speak at the moment: my speech engine does not start.",
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
        if not (runs_the_bot or manages(interaction) or moderates(interaction)):
            said = f"{_HOW_IT_IS.get(executor.state, _STARTING)}\n{who_speaks(self.bot)}"
            await interaction.edit_original_response(content=said)
            return
        fields = {}
        if engine := executor.engine:
            how = f"{engine.name}: {engine.model} on {engine.device}, {engine.precision}"
            fields["Engine"] = f"{how}\n{engine.reason}"
            fields["Reads"] = ", ".join(sorted(map(name_of, engine.languages)))
        worker = executor.state
        # Why there is none may name files of the machine.
        if worker != "unavailable" or runs_the_bot:
            worker += f": {executor.detail}"
        restarts = "1 restart" if executor.restarts == 1 else f"{executor.restarts} restarts"
        fields["Worker"] = worker
        if len(executor.workers) > 1:
            fields["Workers"] = "\n".join(
                f"{each.name}: {each.state}, {each.running} of {each.streams} running"
                for each in executor.workers[:_WORKERS_SHOWN]
            )
        fields["Queue"] = f"{executor.queued} waiting, {executor.running} running, {restarts}"
        if runs_the_bot:  # they count what all servers do, which is none of another's business
            looked_up = metrics.cache_hits + metrics.cache_misses
            share = f" ({metrics.cache_hits / looked_up:.0%})" if looked_up else ""
            fields |= {
                "Cache": f"{metrics.cache_hits} of {looked_up} pieces{share}",
                "Clips analysed since I started": str(metrics.enrolments),
                "Interaction to first sound": _percentiles(metrics.first_sound),
                "Synthesis": _percentiles(metrics.synthesis),
            }
        fields["Event loop lag"] = _percentiles(metrics.loop_lag)
        embed = discord.Embed(title="Timbre")
        for name, value in fields.items():
            embed.add_field(name=name, value=value, inline=False)
        await interaction.edit_original_response(embed=embed)


def _percentiles(latencies: Latencies) -> str:
    values = [(percent, latencies.percentile(percent)) for percent in (50, 95, 99)]
    said = ", ".join(f"p{percent} {value:.0f} ms" for percent, value in values if value is not None)
    return f"{said} over the last {len(latencies)}" if said else "nothing measured yet"


async def setup(bot: TimbreBot) -> None:
    await bot.add_cog(StatusCommands(bot))
