"""REST: channels and the messages in them."""

from aiohttp import web

from bot.loopback import errors
from bot.loopback.answers import Route, answer, nothing
from bot.loopback.identifiers import timestamp
from bot.loopback.interaction import Interactions, Message
from bot.loopback.messages import MessageRecord
from bot.loopback.payloads import of_channel, of_message
from bot.loopback.uploads import apply, read
from bot.loopback.world import Channel, DirectMessages, VoiceChannel, World


def routes(world: World, interactions: Interactions) -> list[Route]:
    """The routes below /channels."""

    def channel_of(request: web.Request, *needed: str) -> Channel | DirectMessages:
        channel = world.channel(int(request.match_info["channel"]))
        if channel is None:
            raise errors.unknown("Channel")
        if isinstance(channel, Channel):
            bot = channel.guild.bot
            if not channel.allows(bot, "view_channel"):
                raise errors.missing_access()
            if not all(channel.allows(bot, permission) for permission in needed):
                raise errors.missing_permissions()
        return channel

    def message_of(request: web.Request, *needed: str) -> MessageRecord:
        channel = channel_of(request, *needed)
        message = channel.messages.get(int(request.match_info["message"]))
        if message is None:
            raise errors.unknown("Message")
        return message

    async def channel(request: web.Request) -> web.Response:
        return answer(of_channel(channel_of(request)))

    async def delete_channel(request: web.Request) -> web.Response:
        found = channel_of(request, "manage_channels")
        if isinstance(found, Channel):
            await found.delete()
        return answer(of_channel(found))

    async def messages(request: web.Request) -> web.Response:
        found = channel_of(request, "read_message_history")
        before = int(request.query.get("before", 1 << 63))
        after = int(request.query.get("after", 0))
        newest = sorted((m for m in found.messages if after < m < before), reverse=True)
        limit = int(request.query.get("limit", 50))
        return answer([of_message(found.messages[one]) for one in newest[:limit]])

    async def send(request: web.Request) -> web.Response:
        found = channel_of(request, "send_messages")
        upload = await read(request)
        message = Message(found, world.bot_user, interactions=interactions)
        if reference := upload.payload.get("message_reference"):
            if int(reference["message_id"]) in found.messages:
                message.reference = reference
            elif reference.get("fail_if_not_exists", True):
                raise errors.invalid_form("message_reference: Unknown message")
        apply(world.cdn, message, upload)
        message.post()
        return answer(of_message(message))

    async def message(request: web.Request) -> web.Response:
        return answer(of_message(message_of(request, "read_message_history")))

    async def edit(request: web.Request) -> web.Response:
        found = message_of(request)
        if found.author is not world.bot_user:
            raise errors.ApiError(403, 50005, "Cannot edit a message authored by another user")
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

    async def delete_many(request: web.Request) -> web.Response:
        found = channel_of(request, "manage_messages")
        for identifier in (await request.json())["messages"]:
            if one := found.messages.get(int(identifier)):
                await one.delete()
        return nothing()

    async def typing(request: web.Request) -> web.Response:
        channel_of(request, "send_messages")
        return nothing()

    async def react(request: web.Request) -> web.Response:
        message_of(request, "add_reactions").reactions.append(request.match_info["emoji"])
        return nothing()

    async def voice_status(request: web.Request) -> web.Response:
        found = channel_of(request, "set_voice_channel_status")
        if not isinstance(found, VoiceChannel):
            raise errors.unknown("Channel")
        found.status = (await request.json())["status"]
        return nothing()

    one = "/channels/{channel}/messages/{message:\\d+}"
    return [
        ("GET", "/channels/{channel}", channel),
        ("DELETE", "/channels/{channel}", delete_channel),
        ("GET", "/channels/{channel}/messages", messages),
        ("POST", "/channels/{channel}/messages", send),
        ("POST", "/channels/{channel}/messages/bulk-delete", delete_many),
        ("GET", one, message),
        ("PATCH", one, edit),
        ("DELETE", one, delete),
        ("PUT", one + "/reactions/{emoji}/@me", react),
        ("POST", "/channels/{channel}/typing", typing),
        ("PUT", "/channels/{channel}/voice-status", voice_status),
    ]
