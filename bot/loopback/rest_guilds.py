"""REST: guilds, their members and roles, and where the bot is in voice."""

from aiohttp import web

from bot.loopback.answers import Route, answer, nothing
from bot.loopback.errors import ApiError, invalid_form, missing_permissions, unknown
from bot.loopback.messages import Json
from bot.loopback.payloads import of_channel, of_guild, of_member, of_role, of_voice_state
from bot.loopback.permissions import flag
from bot.loopback.world import GuildRecord, MemberRecord, StageChannel, VoiceChannel, World


def routes(world: World) -> list[Route]:
    """The routes below /guilds."""

    def guild_of(request: web.Request) -> GuildRecord:
        guild = world.guilds.get(int(request.match_info["guild"]))
        if guild is None:
            raise unknown("Guild")
        return guild

    def member_of(request: web.Request) -> MemberRecord:
        guild = guild_of(request)
        wanted = request.match_info.get("member", "@me")
        member = guild.bot if wanted == "@me" else guild.members.get(int(wanted))
        if member is None:
            raise unknown("Member")
        return member

    async def guild(request: web.Request) -> web.Response:
        found = guild_of(request)
        counts = {"approximate_member_count": len(found.members), "approximate_presence_count": 0}
        return answer(of_guild(found) | counts)

    async def leave(request: web.Request) -> web.Response:
        await guild_of(request).delete()
        return nothing()

    async def channels(request: web.Request) -> web.Response:
        return answer([of_channel(channel) for channel in guild_of(request).channels.values()])

    async def roles(request: web.Request) -> web.Response:
        return answer([of_role(role) for role in guild_of(request).roles.values()])

    async def members(request: web.Request) -> web.Response:
        after, limit = int(request.query.get("after", 0)), int(request.query.get("limit", 1))
        found = sorted(guild_of(request).members.values(), key=lambda member: member.id)
        return answer([of_member(member) for member in found if member.id > after][:limit])

    async def member(request: web.Request) -> web.Response:
        return answer(of_member(member_of(request)))

    async def edit_member(request: web.Request) -> web.Response:
        target = member_of(request)
        await _edit_member(target, await request.json())
        return answer(of_member(target))

    async def voice_state(request: web.Request) -> web.Response:
        target = member_of(request)
        state = target.guild.voice_states.get(target.id)
        if state is None:
            raise ApiError(404, 10065, "Unknown Voice State")
        return answer(of_voice_state(state))

    async def edit_voice_state(request: web.Request) -> web.Response:
        guild, body = guild_of(request), await request.json()
        state = guild.voice_states.get(guild.bot.id)
        if state is None or not isinstance(state.channel, StageChannel):
            raise ApiError(404, 10065, "Unknown Voice State")
        needed = "mute_members" if body.get("suppress") is False else "request_to_speak"
        if not state.channel.allows(guild.bot, needed):
            raise missing_permissions()
        if "suppress" in body:
            guild.suppress_bot(body["suppress"])
        return nothing()

    one_member = "/guilds/{guild}/members/{member:@me|\\d+}"
    return [
        ("GET", "/guilds/{guild}", guild),
        ("DELETE", "/users/@me/guilds/{guild}", leave),
        ("GET", "/guilds/{guild}/channels", channels),
        ("GET", "/guilds/{guild}/roles", roles),
        ("GET", "/guilds/{guild}/members", members),
        ("GET", one_member, member),
        ("PATCH", one_member, edit_member),
        ("GET", "/guilds/{guild}/voice-states/{member:@me|\\d+}", voice_state),
        ("PATCH", "/guilds/{guild}/voice-states/@me", edit_voice_state),
    ]


async def _edit_member(target: MemberRecord, body: Json) -> None:
    """Nickname and voice channel: what a bot that speaks changes of members."""
    guild = target.guild
    if unsupported := body.keys() - {"nick", "channel_id"}:
        raise invalid_form(f"{sorted(unsupported)} cannot be changed here")
    if "nick" in body:
        needed = "change_nickname" if target is guild.bot else "manage_nicknames"
        if not guild.bot.guild_permissions & flag(needed):
            raise missing_permissions()
        target.nick = body["nick"] or None
        guild.world.publish("GUILD_MEMBER_UPDATE", target)
    if "channel_id" in body:
        if not guild.bot.guild_permissions & flag("move_members"):
            raise missing_permissions()
        if target.voice_channel is None:
            raise ApiError(400, 40032, "Target user is not connected to voice.")
        if body["channel_id"] is None:
            guild.world.place(target, None)
            return
        channel = guild.channels.get(int(body["channel_id"]))
        if not isinstance(channel, VoiceChannel):
            raise unknown("Channel")
        if not channel.admits(target):
            raise missing_permissions()
        guild.world.place(target, channel, guild.voice_states[target.id].session_id)
