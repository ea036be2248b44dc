"""The command line: `python -m bot run | demo | say | doctor | cache | ...`.

Parses and dispatches; each command lives in a module of its own, imported only when it is used, so
that `--help` is instant. A mistake of the user's is one line and exit code 2, never a traceback.
"""

import argparse
import asyncio
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from bot import __version__
from bot.commands import PROGRAM


def parser() -> argparse.ArgumentParser:
    root = argparse.ArgumentParser(
        prog=PROGRAM,
        description="A Discord bot that speaks in its members' own voices.",
    )
    root.add_argument("--version", action="version", version=f"Timbre {__version__}")
    commands = root.add_subparsers(dest="command", required=True, metavar="COMMAND")

    run = commands.add_parser("run", help="connect to Discord and speak (needs DISCORD_TOKEN)")
    run.add_argument(
        "--processes",
        type=int,
        metavar="N",
        help="have N bot processes share Discord's shards; SIGHUP restarts one after the other",
    )
    run.add_argument(
        "--shards",
        metavar="A-B/N",
        help="be one of several bot processes, with the shards from A to B of N; with --processes, "
        "have those on this machine and others elsewhere",
    )
    run.add_argument("--taking-over", action="store_true", help=argparse.SUPPRESS)
    run.add_argument("--workers-fd", type=int, help=argparse.SUPPRESS)

    demo = commands.add_parser("demo", help="hear the bot on a Discord of its own, without a token")
    demo.add_argument(
        "--out", type=Path, default=None, help="folder for what was heard (default: var/demo)"
    )

    say = commands.add_parser("say", help="speak a text into a file, without Discord")
    say.add_argument("text")
    say.add_argument(
        "--voice", type=Path, metavar="CLIP", help="recording of the voice to speak in"
    )
    say.add_argument(
        "--language", metavar="NAME", help="language of the text (default: it is detected)"
    )
    say.add_argument("--out", type=Path, required=True, help="file to write: .ogg, .wav or .flac")

    doctor = commands.add_parser("doctor", help="check this machine and say what is missing")
    doctor.add_argument(
        "--health",
        action="store_true",
        help="say whether the running bot is connected to Discord, and nothing else",
    )

    cache = commands.add_parser("cache", help="look after rendered speech and enrolled voices")
    cache.add_argument(
        "action",
        choices=("list", "clear", "verify"),
        help="list what is kept, remove it all, or check it against the files",
    )

    commands.add_parser("statistics", help="show how much was spoken on each of the last 30 days")

    database = commands.add_parser("database", help="move what is stored to another database")
    database.add_argument("action", choices=("move",))
    database.add_argument(
        "to",
        choices=("postgresql", "sqlite"),
        help="to the PostgreSQL that TIMBRE_DATABASE names, or from there into TIMBRE_HOME",
    )

    files = commands.add_parser("files", help="move clips and speech into a bucket, or back")
    files.add_argument("action", choices=("move",))
    files.add_argument(
        "to",
        choices=("bucket", "folder"),
        help="to the bucket that TIMBRE_OBJECTS names, or from there into TIMBRE_HOME",
    )

    languages = commands.add_parser(
        "languages", help="check translations of what the bot says, and keep them current"
    )
    languages.add_argument(
        "action",
        choices=("check", "update", "extract"),
        help="check .po files, bring them to the present template, or make that of the source",
    )
    languages.add_argument(
        "files", nargs="*", type=Path, metavar="FILE", help=".po files (default: the bot's own)"
    )

    commands.add_parser("weights", help="fetch, verify or make up Chatterbox's weights")
    return root


def main(arguments: Sequence[str]) -> int:
    if arguments[:1] == ["weights"]:  # has a grammar of its own
        return _settled(lambda: _weights(arguments[1:]))
    args = parser().parse_args(arguments)
    return _settled(lambda: _run(args))


def _settled(command: Callable[[], int]) -> int:
    from bot.settings import SettingsError  # noqa: PLC0415 - after --help

    try:
        return command()
    except SettingsError as error:
        print(f"timbre: {error}", file=sys.stderr)
        return 2


def _weights(arguments: Sequence[str]) -> int:
    from bot.commands.weights import weights  # noqa: PLC0415

    return weights(arguments)


def _run(args: argparse.Namespace) -> int:
    if args.command == "languages":  # needs no settings
        from bot.commands.languages import languages  # noqa: PLC0415

        return languages(args.action, args.files)

    from bot import settings as settings_module  # noqa: PLC0415

    settings = settings_module.load()
    match args.command:
        case "run":
            from bot.base.shards import Shards  # noqa: PLC0415

            try:
                shards = None if args.shards is None else Shards.parse(args.shards)
            except ValueError as error:
                raise settings_module.SettingsError(f"--shards: {error}") from None
            if args.processes is not None:
                from bot.commands.supervise import supervise  # noqa: PLC0415

                return asyncio.run(supervise(settings, args.processes, shards))
            from bot.commands.run import run  # noqa: PLC0415

            return asyncio.run(
                run(settings, shards, taking_over=args.taking_over, workers_fd=args.workers_fd)
            )
        case "demo":
            from bot.demo.command import demo  # noqa: PLC0415

            return asyncio.run(demo(settings, (args.out or settings.home / "demo").absolute()))
        case "say":
            from bot.commands.say import say  # noqa: PLC0415

            out = args.out.absolute()
            return asyncio.run(say(settings, args.text, args.voice, out, args.language))
        case "cache":
            from bot.commands.caches import caches  # noqa: PLC0415

            return asyncio.run(caches(settings, args.action))
        case "database":
            from bot.commands.database import move_database  # noqa: PLC0415

            return asyncio.run(move_database(settings, args.to))
        case "files":
            from bot.commands.files import move_files  # noqa: PLC0415

            return asyncio.run(move_files(settings, args.to))
        case "statistics":
            from bot.commands.statistics import statistics  # noqa: PLC0415

            return asyncio.run(statistics(settings))
        case "doctor" if args.health:
            from bot.commands.health import health  # noqa: PLC0415

            return health(settings)
        case _:
            from bot.commands.doctor import doctor  # noqa: PLC0415

            return asyncio.run(doctor(settings))
