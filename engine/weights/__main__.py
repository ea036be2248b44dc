"""`python -m engine.weights fetch | verify | random`: get, check or make up Chatterbox's weights.

Exit codes: 0 done, 1 the weights are not right (one sentence on stderr), 2 wrong usage, 130
interrupted.
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from engine.weights import checkpoint
from engine.weights.checkpoint import WeightsError


@dataclass(frozen=True)
class Usual:
    """Where an engine looks for weights: in `folder`, or else below `home` for a revision."""

    home: Path
    folder: Path | None = None
    revision: str | None = None


def main(arguments: Sequence[str] | None = None, usual: Usual | None = None) -> int:
    """Run one command, where no folder is named on the usual one; returns the exit code."""
    options = _parser(named=usual is None).parse_args(arguments)
    options.usual = usual
    say = Console(soft_wrap=True, highlight=False).print
    complain = Console(stderr=True, soft_wrap=True, highlight=False).print
    commands: dict[str, Callable[[argparse.Namespace], str]] = {
        "fetch": _fetch,
        "verify": _verify,
        "random": _random,
    }
    try:
        say(commands[options.command](options), markup=False)
    except (WeightsError, OSError) as error:
        complain(str(error), markup=False)
        return 1
    except KeyboardInterrupt:
        resumes = "; the next fetch resumes where this one stopped"
        complain(f"Interrupted{resumes if options.command == 'fetch' else ''}.")
        return 130
    return 0


def _fetch(options: argparse.Namespace) -> str:
    from engine.weights import hub  # noqa: PLC0415  # `verify` and `random` need no hub client

    folder, revision = options.folder, options.revision
    with _progress_bar() as progress:
        if folder is None:
            revision = revision or options.usual.revision
            folder = options.usual.folder
        if folder is None:
            folder, commit = hub.locate(options.usual.home, revision=revision, progress=progress)
        else:
            commit = hub.fetch(folder, revision=revision, progress=progress)
    return f"{checkpoint.REPOSITORY} at {commit} is in {folder}."


def _verify(options: argparse.Namespace) -> str:
    folder = options.folder or (options.usual and options.usual.folder)
    if folder is None:
        from engine.weights import hub  # noqa: PLC0415  # likewise

        folder, _ = hub.place(options.usual.home, revision=options.usual.revision)
    with _progress_bar() as progress:
        return checkpoint.verify(folder, progress)


def _random(options: argparse.Namespace) -> str:
    with _progress_bar() as progress:
        progress("Drawing random weights", None)
        with redirect_stdout(sys.stderr):  # the libraries print
            from engine.weights import random  # noqa: PLC0415  # only this command needs torch

            random.write_random_checkpoint(
                options.folder,
                seed=options.seed,
                small=options.small,
                stop_after=options.stop_after,
            )
    return (
        f"{options.folder} holds random weights: good for measuring speed and for comparing "
        "implementations. What they speak is noise, and says nothing of how Chatterbox sounds."
    )


def _parser(*, named: bool) -> argparse.ArgumentParser:
    """With `named`, every command needs a folder: there is no usual one."""
    parser = argparse.ArgumentParser(prog="weights", description="Chatterbox's weights.")
    commands = parser.add_subparsers(dest="command", required=True)

    fetch = commands.add_parser("fetch", help="download the released weights, or resume that")
    fetch.add_argument("--revision", help="commit, branch or tag; default: the pinned commit")

    verify = commands.add_parser("verify", help="check every byte of a folder's weights")

    random = commands.add_parser("random", help="write untrained weights for tests, benchmarks")
    random.add_argument("--seed", type=int, required=True)
    random.add_argument("--small", action="store_true", help="a reduced model, 24 MB, not 3.2 GB")
    random.add_argument(
        "--stop-after",
        type=int,
        default=60,
        metavar="TOKENS",
        help="about how long an utterance gets, 25 tokens a second (default: 60)",
    )
    for command in (fetch, verify):
        command.add_argument(
            "folder",
            type=Path,
            metavar="DIR",
            nargs=None if named else "?",
            help=None if named else "default: where the bot looks, by the settings",
        )
    random.add_argument("folder", type=Path, metavar="DIR")
    return parser


@contextmanager
def _progress_bar() -> Iterator[checkpoint.Progress]:
    """A bar on stderr that is gone when the command ends."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    console = Console(stderr=True)
    with Progress(
        *columns,
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ) as bar:
        task = bar.add_task("", total=None)

        def report(activity: str, fraction: float | None) -> None:
            total = None if fraction is None else 1.0
            bar.update(task, description=activity, completed=fraction or 0.0, total=total)

        yield report


if __name__ == "__main__":
    sys.exit(main())
