"""`python -m engine.weights fetch | verify | random`: get, check or make up Chatterbox's weights.

Exit codes: 0 done, 1 the weights are not right (one sentence on stderr), 2 wrong usage, 130
interrupted.
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from engine.weights import checkpoint
from engine.weights.checkpoint import WeightsError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    options = _parser().parse_args(arguments)
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
        complain("Interrupted; the next fetch resumes where this one stopped.")
        return 130
    return 0


def _fetch(options: argparse.Namespace) -> str:
    from engine.weights import hub  # noqa: PLC0415  # `verify` and `random` need no hub client

    with _progress_bar() as progress:
        commit = hub.fetch(options.folder, revision=options.revision, progress=progress)
    return f"{checkpoint.REPOSITORY} at {commit} is in {options.folder}."


def _verify(options: argparse.Namespace) -> str:
    with _progress_bar() as progress:
        return checkpoint.verify(options.folder, progress)


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


def _parser() -> argparse.ArgumentParser:
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
    for command in (fetch, verify, random):
        command.add_argument("folder", type=Path, metavar="DIR")
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
