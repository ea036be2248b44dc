"""Tell Discord which commands there are, when they changed.

Discord allows 200 command creations a day, and restarts are frequent: commands are sent only when
they differ from what was sent last, translations included, or Discord lost them.
"""

import asyncio
import hashlib
import json
import logging
from pathlib import Path

import discord
from discord import app_commands

log = logging.getLogger(__name__)


async def sync_if_changed(
    tree: app_commands.CommandTree[discord.Client], application_id: int | None, record: Path
) -> list[app_commands.AppCommand]:
    """Send the commands of `tree` unless `record`, a file, says that Discord has them.

    Returns them as Discord has them now.
    """
    translator = tree.translator
    commands = [
        await command.get_translated_payload(tree, translator)
        if translator
        else command.to_dict(tree)
        for command in tree.get_commands()
    ]
    payload = json.dumps(commands, sort_keys=True, default=str)
    state = {
        "application": application_id,
        "sha256": hashlib.sha256(payload.encode()).hexdigest(),
    }
    names = {str(command["name"]) for command in commands}
    if await asyncio.to_thread(_recorded, record) == state:
        registered = await registered_commands(tree)
        if {command.name for command in registered} == names:
            log.info("commands unchanged", extra={"commands": len(commands)})
            return registered
    synced = await tree.sync()
    await asyncio.to_thread(record.write_text, json.dumps(state), encoding="utf-8")
    log.info("commands synced", extra={"commands": len(synced)})
    return synced


async def registered_commands(
    tree: app_commands.CommandTree[discord.Client],
) -> list[app_commands.AppCommand]:
    """The commands as Discord has them; none where it does not say."""
    try:
        return await tree.fetch_commands()
    except discord.HTTPException as error:
        log.warning("commands could not be listed", extra={"status": error.status})
        return []


def _recorded(path: Path) -> object:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None  # never synced, or unreadable: sync
