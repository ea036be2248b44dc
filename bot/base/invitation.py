"""The link with which somebody adds the bot to a server."""

import base64

import discord

#: What the bot needs in a server, and nothing else. On a stage it asks to speak, and is let up.
NEEDED = discord.Permissions(
    view_channel=True,
    send_messages=True,
    send_messages_in_threads=True,
    embed_links=True,
    attach_files=True,
    read_message_history=True,
    connect=True,
    speak=True,
    request_to_speak=True,
)


def invite_link(application_id: int) -> str:
    """The link for an application, with the permissions that it needs."""
    return discord.utils.oauth_url(
        application_id, permissions=NEEDED, scopes=("bot", "applications.commands")
    )


def application_of(token: str) -> int | None:
    """The id of the application that a token is for, None where the token does not tell.

    A token's first part is the bot's id in base64, which is its application's, too, for all that
    were made since 2016.
    """
    first = token.partition(".")[0]
    try:
        decoded = base64.b64decode(first + "=" * (-len(first) % 4), validate=True).decode()
    except ValueError:  # no base64, or no text in it
        return None
    is_id = decoded.isascii() and decoded.isdecimal() and 17 <= len(decoded) <= 20
    return int(decoded) if is_id else None
