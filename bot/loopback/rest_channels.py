"""REST: channels and the messages in them."""

from aiohttp import web

from bot.loopback.answers import (
    ApiError,
    Route,
    answer,
    invalid_form,
    missing_permissions,
    nothing,
    unknown,
)
from bot.loopback.identifiers import timestamp
from bot.loopback.interaction import Interactions, Message
from bot.loopback.messages import VOICE_MESSAGE, MessageRecord
from bot.loopback.payloads import of_message
from bot.loopback.uploads import apply, read
from bot.loopback.world import Channel, DirectMessages, World


def routes(world: World, interactions: Interactions) -> list[Route]:

    def channel_of(request: web.Request, *needed: str) -> Channel | DirectMessages:
        channel = world.channel(int(request.match_info["channel"]))
        if channel is None:
            raise unknown("Channel")
        if isinstance(channel, Channel):
            bot = channel.guild.bot
            if not channel.allows(bot, "view_channel"):
                raise ApiError(403, 50001, "Missing Access")
            if not all(channel.allows(bot, permission) for permission in needed):
                raise missing_permissions()
        return channel

    def message_of(request: web.Request, *needed: str) -> MessageRecord:
        channel = channel_of(request, *needed)
        message = channel.messages.get(int(request.match_info["message"]))
        if message is None:
            raise unknown("Message")
        return message

    async def send(request: web.Request) -> web.Response:
        found = channel_of(request, "send_messages")
        upload = await read(request)
        message = Message(found, world.bot_user, interactions=interactions)
        if reference := upload.payload.get("message_reference"):
            if int(reference["message_id"]) in found.messages:
                message.reference = reference
            elif reference.get("fail_if_not_exists", True):
                raise invalid_form("message_reference: Unknown message")
        apply(world.cdn, message, upload)
        if message.flags & VOICE_MESSAGE:
            _check_voice_messages(found)
        message.post()
        return answer(of_message(message))

    async def edit(request: web.Request) -> web.Response:
        found = message_of(request)
        if found.author is not world.bot_user:
            raise ApiError(403, 50005, "Cannot edit a message authored by another user")
        apply(world.cdn, found, await read(request))
        found.edits += 1
        found.edited_at = timestamp()
        world.publish("MESSAGE_UPDATE", found)
        return answer(of_message(found))

    async def delete(request: web.Request) -> web.Response:
        found = message_of(request)
        if found.author is not world.bot_user:
            channel_of(request, "manage_messages")
        await found.delete()
        return nothing()

    one = "/channels/{channel}/messages/{message:\\d+}"
    return [
        ("POST", "/channels/{channel}/messages", send),
        ("PATCH", one, edit),
        ("DELETE", one, delete),
    ]


def _check_voice_messages(channel: Channel | DirectMessages) -> None:
    if isinstance(channel, Channel) and not channel.allows(
        channel.guild.bot, "send_voice_messages"
    ):
        raise ApiError(403, 50173, "You cannot send voice messages in this channel")
