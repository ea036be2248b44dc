"""`python -m bot doctor`: look at everything that Timbre needs and say, in order, what is missing.

Changes nothing but the database's folder, which it makes if it is not there.
"""

import asyncio
import importlib
import importlib.metadata
import os
import platform
import shutil
import sqlite3
import sys
import sysconfig
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec
import numpy as np
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.base.invitation import application_of, invite_link
from bot.services import open_store
from bot.settings import (
    SOURCE,
    Settings,
    SettingsError,
    exposed_token,
    settings_file,
    without_secrets,
)
from engine.device import card_environment
from engine.host.local import devices_of
from engine.messages import EngineConfig
from engine.worker.checks import Check

#: A model's weights are 3.2 GB at most; rendered speech is bounded by its own setting.
_FREE_GIB = 5
#: The engine's interpreter imports torch, which takes half a minute on a cold disk.
_ENGINE_TIMEOUT_S = 180
_MARKS = {"ok": "[green]ok[/]", "warning": "[yellow]warning[/]", "error": "[red]error[/]"}


async def doctor(settings: Settings) -> int:
    """Print one line a check. Returns 1 if anything is an error, else 0."""
    console = Console()
    with console.status("Looking around; the engine's packages take a moment"):
        checks = [
            *(_run(name, check) for name, check in _CHECKS),
            _settings(),
            _token(settings),
            *await look_at_home(settings),
            *await _engines(settings),
        ]
    table = Table(show_header=False, box=None)
    for check in checks:
        # As it is: "[Errno 2]" is no mark-up.
        table.add_row(_MARKS[check.state], check.name, Text(check.detail))
    console.print(table)
    if link := _invitation(settings):
        console.print(f"Add the bot to a server: {link}", soft_wrap=True)  # to be copied whole
    errors = sum(check.state == "error" for check in checks)
    if errors:
        console.print(f"[red]{errors} of {len(checks)} checks failed.[/]")
    return 1 if errors else 0


def _run(name: str, check: Callable[[], str]) -> Check:
    try:
        return Check(name, "ok", check())
    except Exception as error:  # a broken package may raise anything
        return Check(name, "error", f"{type(error).__name__}: {error}")


def _python() -> str:
    return f"{platform.python_version()} on {platform.system()} ({sys.executable})"


def _discord() -> str:
    import davey  # noqa: PLC0415 - what is being checked
    import discord  # noqa: PLC0415
    import nacl  # noqa: PLC0415

    return (
        f"discord.py {discord.__version__}, PyNaCl {nacl.__version__}, "
        f"end-to-end encryption (DAVE) version {davey.DAVE_PROTOCOL_VERSION}"
    )


def _audio() -> str:
    import av  # noqa: PLC0415

    from bot.speech.audio import opus  # noqa: PLC0415

    packets, _ = opus.encode(np.zeros(2400, np.float32), 24_000, kbps=64)
    return f"PyAV {av.__version__} encodes Opus ({len(packets)} packets)"


def _statements() -> str:
    # It does not come with a package that pip installed by itself.
    importlib.import_module("pocketsphinx")
    return f"pocketsphinx {importlib.metadata.version('pocketsphinx')} hears what members say"


def _sqlite() -> str:
    return f"SQLite {sqlite3.sqlite_version}"


_CHECKS: list[tuple[str, Callable[[], str]]] = [
    ("Python", _python),
    ("Discord", _discord),
    ("audio", _audio),
    ("statements", _statements),
    ("SQLite", _sqlite),
]


def _settings() -> Check:
    file = settings_file()
    if file is None:
        return Check("settings", "ok", "the environment's alone: TIMBRE_ENV_FILE is empty")
    if file.is_file():
        return Check("settings", "ok", str(file))
    places = (SOURCE, Path(sysconfig.get_path("data"), "share", "timbre"))
    examples = [place / ".env.example" for place in places if (place / ".env.example").is_file()]
    example = f"; an example is {examples[0]}" if examples else ""
    return Check("settings", "ok", f"the environment's alone: {file} is not there{example}")


def _token(settings: Settings) -> Check:
    try:
        settings.discord.require_token()
    except SettingsError as error:
        return Check("token", "warning", str(error))
    if exposed := exposed_token():
        return Check("token", "warning", exposed)
    return Check("token", "ok", "DISCORD_TOKEN is set")


def _invitation(settings: Settings) -> str | None:
    """The link with which the bot is invited, where its token is set and tells whose it is."""
    secret = settings.discord.token
    application_id = application_of(secret.get_secret_value().strip()) if secret else None
    return invite_link(application_id) if application_id else None


async def look_at_home(settings: Settings) -> list[Check]:
    """The database, the bucket if there is one, and the disk."""
    try:
        async with open_store(settings) as store:
            kept, place = len(await store.speech.all()), store.place
    except SettingsError as error:
        about_bucket = "TIMBRE_OBJECTS" in str(error) or str(settings.objects.place) in str(error)
        return [Check("bucket" if about_bucket else "database", "error", str(error))]
    bucket = f"{settings.objects.place}, private and without versions"
    free_gib = shutil.disk_usage(settings.home).free / 2**30
    return [
        Check("database", "ok", f"{place}, {kept} renderings"),
        *([Check("bucket", "ok", bucket)] if settings.objects.place else []),
        Check(
            "disk",
            "ok" if free_gib >= _FREE_GIB else "warning",
            f"{free_gib:.1f} GiB free under {settings.home}",
        ),
    ]


async def _engines(settings: Settings) -> list[Check]:
    """Everything on the first device that an engine is to have, and what the other cards are.

    Of a cluster, its machines.
    """
    if address := settings.executor.cluster:
        return await _cluster(address)
    python = str(settings.engine_python or sys.executable)
    first, *others = dict.fromkeys(await devices_of(settings.engine, python, without_secrets()))
    checks = await _engine(
        python, msgspec.structs.replace(settings.engine, device=first, gpus=None)
    )
    for device in others:
        config = msgspec.structs.replace(settings.engine, device=device, gpus=None)
        found = [check for check in await _engine(python, config) if check.name == "GPU"]
        checks += [msgspec.structs.replace(check, name=f"GPU {device[5:]}") for check in found]
    return checks


async def _cluster(address: str) -> list[Check]:
    return await _asked("cluster", sys.executable, ["engine.cluster", "--check", address], b"", {})


async def _engine(python: str, config: EngineConfig) -> list[Check]:
    card = card_environment(config.device, os.environ)
    asked = msgspec.json.encode(config)
    return await _asked("engine's Python", python, ["engine.worker.checks"], asked, card)


async def _asked(
    what: str, python: str, module: list[str], given: bytes, variables: Mapping[str, str]
) -> list[Check]:
    """The checks that a module prints as JSON; one that names `what` where it prints none."""
    try:
        process = await asyncio.create_subprocess_exec(
            python,
            "-m",
            *module,
            cwd=SOURCE,
            env={**without_secrets(), **variables},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
    except OSError as error:
        return [Check(what, "error", f"{python}: {error.strerror}")]
    try:
        async with asyncio.timeout(_ENGINE_TIMEOUT_S):
            out, err = await process.communicate(given)
        return msgspec.json.decode(out, type=list[Check])
    except TimeoutError:
        process.kill()
        await process.wait()
        return [Check(what, "error", f"{python}: no answer within {_ENGINE_TIMEOUT_S} s")]
    except msgspec.DecodeError:
        last = err.decode("utf-8", "replace").strip().rpartition("\n")[2]
        why = last or f"exit code {process.returncode}"
        return [Check(what, "error", f"{python}: {why}")]
