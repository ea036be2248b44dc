"""`python -m bot weights fetch | verify | random`: get, check or make up Chatterbox's weights.

Without a folder `fetch` and `verify` take the one that the bot loads from; only then are the
settings read. Exit codes: 0 done, 1 the weights are not right (one sentence on stderr), 2 wrong
usage, 130 interrupted.
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from bot import settings as settings_module
from bot.base.home import prepare_home
from engine.command import INTERRUPTED
from engine.weights import checkpoint
from engine.weights.checkpoint import WeightsError

_AFTER_CTRL_C = {
    "fetch": "the same command resumes where this one stopped.",
    "verify": "nothing was changed.",
    "random": "nothing was written.",
}


def weights(arguments: Sequence[str]) -> int:
    """Run one command; returns the exit code. Raises `SettingsError`."""
    options = _parser().parse_args(arguments)
    say = Console(soft_wrap=True, highlight=False).print
    complain = Console(stderr=True, soft_wrap=True, highlight=False).print
    try:
        match options.command:
            case "fetch":
                said = _fetch(options.folder, options.revision)
            case "verify":
                folder = options.folder or _folder_of_the_bot()
                with _progress_bar() as progress:
                    said = f"{folder}: {checkpoint.verify(folder, progress)}"
            case _:
                said = _random(options)
        say(said, markup=False)
    except WeightsError as error:
        complain(str(error), markup=False)
        return 1
    except OSError as error:
        complain(f"{error.filename or options.folder}: {error.strerror or error}.", markup=False)
        return 1
    except KeyboardInterrupt:
        complain(f"Interrupted; {_AFTER_CTRL_C[options.command]}")
        return INTERRUPTED
    return 0


def _fetch(folder: Path | None, revision: str | None) -> str:
    from engine.weights import hub  # noqa: PLC0415 - `verify` and `random` need no hub client

    if folder is not None:
        use = f" TIMBRE_WEIGHTS={folder} makes the bot load it."
    else:
        settings = settings_module.load()
        prepare_home(settings.home)
        config = settings.engine
        if config.weights:
            raise WeightsError(
                f"TIMBRE_WEIGHTS makes the bot load {config.weights}; name a folder to fetch "
                "into, or unset it."
            )
        wanted = revision or config.revision
        folder, revision = hub.place(config.weights_folder, revision=wanted)
        if folder.parent != config.weights_folder:
            checkpoint.check(folder)
            return f"{checkpoint.REPOSITORY} at {revision} is in {folder} already."
        use = "" if wanted == config.revision else " TIMBRE_WEIGHTS_REVISION makes the bot use it."
    with _progress_bar() as progress:
        commit = hub.fetch(folder, revision=revision, progress=progress)
    return f"{checkpoint.REPOSITORY} at {commit} is in {folder}.{use}"


def _folder_of_the_bot() -> Path:
    """Raises `WeightsError` where nothing is in it."""
    config = settings_module.load().engine
    if config.weights:
        return Path(config.weights)
    from engine.weights import hub  # noqa: PLC0415 - not where a folder is given

    folder, _ = hub.place(config.weights_folder, revision=config.revision)
    if not folder.is_dir():
        raise WeightsError(f"No weights are in {folder} yet; `weights fetch` downloads them.")
    return folder


def _random(options: argparse.Namespace) -> str:
    with _progress_bar() as progress:
        progress("Drawing random weights", None)
        with redirect_stdout(sys.stderr):  # the libraries print
            from engine.upstream import random_weights  # noqa: PLC0415 - only this needs torch

            random_weights.write_random_checkpoint(
                options.folder,
                seed=options.seed,
                small=options.small,
                stop_after=options.stop_after,
            )
    return (
        f"{options.folder} holds random weights: good for measuring speed and for comparing "
        "implementations. What they speak is noise, and says nothing of how Chatterbox sounds."
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="timbre.py weights", description="Chatterbox's weights.")
    commands = parser.add_subparsers(dest="command", required=True)

    fetch = commands.add_parser("fetch", help="download the released weights, or resume that")
    fetch.add_argument("--revision", help="commit, branch or tag; default: the pinned commit")

    verify = commands.add_parser("verify", help="check every byte of a folder's weights")

    random = commands.add_parser("random", help="write untrained weights for tests, benchmarks")
    random.add_argument("--seed", type=_whole(0, 2**63 - 1), required=True)
    random.add_argument("--small", action="store_true", help="a reduced model, 24 MB, not 3.2 GB")
    random.add_argument(
        "--stop-after",
        type=_whole(1, 1000),
        default=60,
        metavar="TOKENS",
        help="about how long an utterance gets, 25 tokens a second (default: 60)",
    )
    the_bots = "default: the folder that the bot uses"
    for command in (fetch, verify):
        command.add_argument("folder", type=Path, metavar="DIR", nargs="?", help=the_bots)
    random.add_argument("folder", type=Path, metavar="DIR")
    return parser


def _whole(least: int, most: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = least - 1
        if not least <= number <= most:
            raise argparse.ArgumentTypeError(f"{text!r} is no whole number from {least} to {most}")
        return number

    return parse


@contextmanager
def _progress_bar() -> Iterator[checkpoint.OnProgress]:
    """A bar on stderr that is gone when the command ends."""
    text, elapsed = TextColumn("{task.description}"), TimeElapsedColumn()
    columns = (text, BarColumn(), TaskProgressColumn(), elapsed)
    console = Console(stderr=True)
    hidden = not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=hidden) as bar:
        task = bar.add_task("", total=None)

        def report(activity: str, fraction: float | None) -> None:
            total = None if fraction is None else 1.0
            bar.update(task, description=activity, completed=fraction or 0.0, total=total)

        yield report
