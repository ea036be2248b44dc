"""Tell Discord which commands there are, when they changed.

Discord allows 200 command creations a day, and restarts are frequent: commands are sent only when
they differ from what was sent last, or Discord lost them.
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
) -> None:
    """Send the commands of `tree` unless `record`, a file, says that Discord has them."""
    commands = [command.to_dict(tree) for command in tree.get_commands()]
    payload = json.dumps(commands, sort_keys=True, default=str)
    state = {
        "application": application_id,
        "sha256": hashlib.sha256(payload.encode()).hexdigest(),
    }
    names = {str(command["name"]) for command in commands}
    if await asyncio.to_thread(_recorded, record) == state and await _registered(tree) == names:
        log.info("commands unchanged", extra={"commands": len(commands)})
        return
    synced = await tree.sync()
    await asyncio.to_thread(record.write_text, json.dumps(state), encoding="utf-8")
    log.info("commands synced", extra={"commands": len(synced)})


async def _registered(tree: app_commands.CommandTree[discord.Client]) -> set[str]:
    try:
        return {command.name for command in await tree.fetch_commands()}
    except discord.HTTPException as error:
        log.warning("commands could not be listed", extra={"status": error.status})
        return set()


def _recorded(path: Path) -> object:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None  # never synced, or unreadable: sync
