"""REST: members of guilds, and whether the bot may speak on a stage."""

from aiohttp import web

from bot.loopback.answers import ApiError, Route, answer, missing_permissions, nothing, unknown
from bot.loopback.payloads import of_member
from bot.loopback.world import GuildRecord, StageChannel, World


def routes(world: World) -> list[Route]:

    def guild_of(request: web.Request) -> GuildRecord:
        guild = world.guilds.get(int(request.match_info["guild"]))
        if guild is None:
            raise unknown("Guild")
        return guild

    async def member(request: web.Request) -> web.Response:
        found = guild_of(request).members.get(int(request.match_info["member"]))
        if found is None:
            raise unknown("Member")
        return answer(of_member(found))

    async def edit_voice_state(request: web.Request) -> web.Response:
        guild, body = guild_of(request), await request.json()
        state = guild.voice_states.get(guild.bot.id)
        if state is None or not isinstance(state.channel, StageChannel):
            raise ApiError(404, 10065, "Unknown Voice State")
        needed = "mute_members" if body.get("suppress") is False else "request_to_speak"
        if not state.channel.allows(guild.bot, needed):
            raise missing_permissions()
        if "suppress" in body:
            guild.set_voice(guild.bot, suppress=body["suppress"])
        return nothing()

    return [
        ("GET", "/guilds/{guild}/members/{member:\\d+}", member),
        ("PATCH", "/guilds/{guild}/voice-states/@me", edit_voice_state),
    ]
