"""REST: the bot's answers to interactions."""

from typing import TYPE_CHECKING

from aiohttp import web

from bot.loopback import errors
from bot.loopback.answers import Route, answer, nothing
from bot.loopback.uploads import read

if TYPE_CHECKING:
    from bot.loopback.interaction import Interaction
    from bot.loopback.server import LoopbackDiscord


def routes(discord: "LoopbackDiscord") -> list[Route]:
    """The callback, and the webhook that an interaction's token is good for."""

    def interaction_of(request: web.Request) -> "Interaction":
        interaction = discord.interactions.find(request.match_info["token"])
        if interaction is None or int(request.match_info["application"]) != discord.application_id:
            raise errors.unknown("Webhook")
        return interaction

    async def callback(request: web.Request) -> web.Response:
        interaction = discord.interactions.find(request.match_info["token"])
        if interaction is None or interaction.id != int(request.match_info["interaction"]):
            raise errors.unknown("Interaction")
        upload = await read(request)
        kind = upload.payload["type"]
        await interaction.respond(kind, upload.message)
        if request.query.get("with_response") not in ("1", "true"):
            return nothing()
        response = {
            "interaction": {
                "id": str(interaction.id),
                "type": interaction.kind,
                "response_message_loading": kind == 5,
                "response_message_ephemeral": bool(
                    interaction.original and interaction.original.ephemeral
                ),
            }
        }
        if interaction.original is not None and kind in (4, 5, 7):
            message = interaction.original
            response["interaction"]["response_message_id"] = str(message.id)
            response["resource"] = {"type": kind, "message": message.to_json()}
        return answer(response)

    async def follow_up(request: web.Request) -> web.Response:
        message = await interaction_of(request).follow_up(await read(request))
        return answer(message.to_json())

    async def message(request: web.Request) -> web.Response:
        return answer(interaction_of(request).find(request.match_info["message"]).to_json())

    async def edit(request: web.Request) -> web.Response:
        interaction = interaction_of(request)
        found = interaction.find(request.match_info["message"])
        await interaction.edit(found, await read(request))
        return answer(found.to_json())

    async def delete(request: web.Request) -> web.Response:
        interaction = interaction_of(request)
        await interaction.delete(interaction.find(request.match_info["message"]))
        return nothing()

    one = "/webhooks/{application:\\d+}/{token}/messages/{message:@original|\\d+}"
    return [
        ("POST", "/interactions/{interaction:\\d+}/{token}/callback", callback),
        ("POST", "/webhooks/{application:\\d+}/{token}", follow_up),
        ("GET", one, message),
        ("PATCH", one, edit),
        ("DELETE", one, delete),
    ]
