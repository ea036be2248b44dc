"""REST: the bot's answers to interactions.

Discord's rules are kept: three seconds to the first answer, one first answer, fifteen minutes for
the rest, and a first follow-up to a deferred answer that takes its place.
"""

import time

from aiohttp import web

from bot.loopback.answers import ApiError, Route, answer, invalid_form, nothing, unknown
from bot.loopback.interaction import (
    AUTOCOMPLETE,
    COMMAND,
    COMPONENT,
    MODAL_SUBMIT,
    Acknowledgement,
    Callback,
    Interaction,
    Interactions,
    Message,
    Modal,
)
from bot.loopback.messages import EPHEMERAL, LOADING
from bot.loopback.payloads import of_message
from bot.loopback.uploads import Upload, apply, read

TOKEN_LASTS_S = 15 * 60.0

_REPLIES = {Callback.REPLY, Callback.DEFER_REPLY}
_UPDATES = {Callback.DEFER_UPDATE, Callback.UPDATE}


def routes(interactions: Interactions, application_id: int) -> list[Route]:
    """The callback, and the webhook that an interaction's token is good for."""

    def interaction_of(request: web.Request) -> Interaction:
        interaction = interactions.find(request.match_info["token"])
        if interaction is None or int(request.match_info["application"]) != application_id:
            raise unknown("Webhook")
        return interaction

    async def callback(request: web.Request) -> web.Response:
        interaction = interactions.find(request.match_info["token"])
        if interaction is None or interaction.id != int(request.match_info["interaction"]):
            raise unknown("Interaction")
        upload = await read(request)
        kind = upload.payload["type"]
        await _respond(interaction, kind, upload.message)
        if request.query.get("with_response") not in ("1", "true"):
            return nothing()
        described = {"id": str(interaction.id), "type": interaction.kind}
        response = {"interaction": described}
        if (message := interaction.original) is not None and kind != Callback.DEFER_UPDATE:
            described |= {
                "response_message_id": str(message.id),
                "response_message_loading": kind == Callback.DEFER_REPLY,
                "response_message_ephemeral": message.ephemeral,
            }
            response["resource"] = {"type": kind, "message": of_message(message)}
        return answer(response)

    async def follow_up(request: web.Request) -> web.Response:
        message = await _follow_up(interaction_of(request), await read(request))
        return answer(of_message(message))

    async def message(request: web.Request) -> web.Response:
        return answer(of_message(_find(interaction_of(request), request.match_info["message"])))

    async def edit(request: web.Request) -> web.Response:
        interaction = interaction_of(request)
        found = _find(interaction, request.match_info["message"])
        await _change(interaction, found, await read(request))
        return answer(of_message(found))

    async def delete(request: web.Request) -> web.Response:
        interaction = interaction_of(request)
        await _find(interaction, request.match_info["message"]).delete()
        await interaction.notify()
        return nothing()

    one = "/webhooks/{application:\\d+}/{token}/messages/{message:@original|\\d+}"
    return [
        ("POST", "/interactions/{interaction:\\d+}/{token}/callback", callback),
        ("POST", "/webhooks/{application:\\d+}/{token}", follow_up),
        ("GET", one, message),
        ("PATCH", one, edit),
        ("DELETE", one, delete),
    ]


async def _respond(interaction: Interaction, kind: int, upload: Upload) -> None:
    """The callback. Raises `ApiError` as Discord refuses."""
    if interaction.acknowledgement is not None:
        raise ApiError(400, 40060, "Interaction has already been acknowledged.")
    seconds = time.monotonic() - interaction.sent_s
    if seconds > interaction.interactions.acknowledge_within_s:
        interaction.too_late_s = seconds
        raise unknown("Interaction")
    _check_kind(interaction, kind)
    data, source = upload.payload, interaction.source
    match kind:
        case Callback.REPLY:
            interaction.original = _post(interaction, _new_message(interaction, upload))
        case Callback.DEFER_REPLY:
            waiting = _new_message(interaction)
            waiting.flags = LOADING | (data.get("flags", 0) & EPHEMERAL)
            interaction.original = _post(interaction, waiting)
        case Callback.DEFER_UPDATE:
            interaction.original = source
        case Callback.UPDATE:
            assert source is not None
            interaction.original = source
            await _change(interaction, source, upload)
        case Callback.CHOICES:
            interaction.choices = data["choices"]
            if len(interaction.choices) > 25:
                raise invalid_form("at most 25 choices")
        case Callback.MODAL:
            interaction.form = Modal(interaction, data)
    interaction.acknowledgement = Acknowledgement(kind, seconds)
    await interaction.notify()


async def _follow_up(interaction: Interaction, upload: Upload) -> Message:
    """A further message; the first after a deferral takes the deferral's place."""
    _check_token(interaction)
    original = interaction.original
    if original is not None and original.flags & LOADING:
        await _change(interaction, original, upload)
        return original
    message = _post(interaction, _new_message(interaction, upload))
    await interaction.notify()
    return message


def _find(interaction: Interaction, message_id: str) -> Message:
    _check_token(interaction)
    if message_id == "@original":
        if interaction.original is None or interaction.original.deleted:
            raise unknown("Message")
        return interaction.original
    for message in interaction.messages:
        if str(message.id) == message_id and not message.deleted:
            return message
    raise unknown("Message")


def _check_kind(interaction: Interaction, kind: int) -> None:
    allowed = {
        COMMAND: {*_REPLIES, Callback.MODAL},
        COMPONENT: {*_REPLIES, *_UPDATES, Callback.MODAL},
        AUTOCOMPLETE: {Callback.CHOICES},
        MODAL_SUBMIT: {*_REPLIES, *(_UPDATES if interaction.source else ())},
    }
    if kind not in allowed[interaction.kind]:
        raise invalid_form(f"an interaction of type {interaction.kind} takes no type {kind}")


def _check_token(interaction: Interaction) -> None:
    if interaction.acknowledgement is None:
        raise unknown("Webhook")
    if interaction.expired or time.monotonic() - interaction.sent_s > TOKEN_LASTS_S:
        raise ApiError(401, 50027, "Invalid Webhook Token")


def _new_message(interaction: Interaction, upload: Upload | None = None) -> Message:
    world = interaction.channel.world
    message = Message(
        interaction.channel,
        world.bot_user,
        interaction=interaction.metadata(),
        interactions=interaction.interactions,
        invoker=interaction.member,
    )
    if upload:
        apply(world.cdn, message, upload)
    return message


def _post(interaction: Interaction, message: Message) -> Message:
    interaction.messages.append(message)
    if not message.ephemeral:
        message.post()
    return message


async def _change(interaction: Interaction, message: Message, upload: Upload) -> None:
    world = interaction.channel.world
    apply(world.cdn, message, upload)
    message.flags &= ~LOADING
    message.edits += 1
    if not message.ephemeral:
        world.publish("MESSAGE_UPDATE", message)
    await interaction.notify()
