"""`python -m bot weights fetch | verify | random`: get, check or make up a Chatterbox's weights.

Each takes a model's name and a folder, in this order. Without a folder `fetch` and `verify` take
the one that the bot loads from; only then are the settings read, and without a name they say which
model. Exit codes: 0 done, 1 the weights are not right (one sentence on stderr), 2 wrong
usage, 130 interrupted.
"""

import argparse
import difflib
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from bot import settings as settings_module
from bot.base.home import prepare_home
from bot.commands import PROGRAM
from engine.command import INTERRUPTED
from engine.device import NoGpu, card_environment, detect
from engine.messages import EngineConfig
from engine.weights import checkpoint
from engine.weights.checkpoint import WeightsError
from engine.weights.models import ENGLISH, MODELS, Model
from engine.weights.revisions import wanted

_RECORDED = " The SHA-256 of its files were not known before: they are recorded as they came."
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
    model, folder = options.what
    try:
        match options.command:
            case "fetch":
                wanted_ones = [model] if model or folder else _named_by_the_bot()
                said = " ".join(_fetch(each, folder, options.revision) for each in wanted_ones)
            case "verify":
                said = _verify(model, folder)
            case _:
                said = _random(model or ENGLISH, folder, options)
        say(said, markup=False)
    except WeightsError as error:
        complain(str(error), markup=False)
        return 1
    except OSError as error:
        complain(f"{error.filename or folder}: {error.strerror or error}.", markup=False)
        return 1
    except KeyboardInterrupt:
        complain(f"Interrupted; {_AFTER_CTRL_C[options.command]}")
        return INTERRUPTED
    return 0


def _fetch(named: Model | None, folder: Path | None, revision: str | None) -> str:
    from engine.weights import hub  # noqa: PLC0415 - `verify` and `random` need no hub client

    if folder is not None:
        model = named or ENGLISH
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
        model = named or _model_of_the_bot(config)
        of_the_bot = wanted(config, model)
        at = revision or of_the_bot
        folder, revision = hub.place(config.weights_folder, model, revision=at)
        if folder.parent != config.weights_folder:
            checkpoint.check(folder, model)
            return f"{model.title} at {revision} is in {folder} already."
        use = "" if at == of_the_bot else " TIMBRE_WEIGHTS_REVISION makes the bot use it."
    with _progress_bar() as progress:
        commit = hub.fetch(folder, model, revision=revision, progress=progress)
    recorded = "" if commit == model.repository.revision else _RECORDED
    return f"{model.title} at {commit} is in {folder}.{recorded}{use}"


def _verify(named: Model | None, folder: Path | None) -> str:
    if folder is not None:
        models: Sequence[Model] = [named] if named else checkpoint.models_in(folder)
    else:
        model, folder = _place_of_the_bot(named)
        models = [model]
    with _progress_bar() as progress:
        said = [checkpoint.verify(folder, model, progress) for model in models]
    return f"{folder}: {' '.join(said)}"


def _place_of_the_bot(named: Model | None) -> tuple[Model, Path]:
    """Raises `WeightsError` where nothing is in it."""
    config = settings_module.load().engine
    if config.weights:
        model = named or _model_of_the_bot(config)
        return model, checkpoint.folder_of(config.weights, model)
    from engine.weights import hub  # noqa: PLC0415 - not where a folder is given

    model = named or _model_of_the_bot(config)
    folder, _ = hub.place(config.weights_folder, model, revision=wanted(config, model))
    if not folder.is_dir():
        fetch = f"{PROGRAM} weights fetch {model.name}"
        raise WeightsError(f"No weights are in {folder} yet; `{fetch}` downloads them.")
    return model, folder


def _named_by_the_bot() -> Sequence[Model | None]:
    """The models that the settings name; none in particular where they name none."""
    names = settings_module.load().engine.models
    return [MODELS[name] for name in names] or [None]


def _model_of_the_bot(config: EngineConfig) -> Model:
    """The model that the settings name, or the one that suits this machine."""
    from engine.worker import choosing  # noqa: PLC0415 - not where a model is named

    os.environ.update(card_environment(config.device, os.environ))  # before the driver is asked
    gpu = NoGpu("the settings ask for the CPU") if config.device == "cpu" else detect()
    return choosing.usual(config, gpu).model


def _random(model: Model, folder: Path, options: argparse.Namespace) -> str:
    with _progress_bar() as progress:
        progress("Drawing random weights", None)
        with redirect_stdout(sys.stderr):  # the libraries print
            from engine.upstream import random_weights  # noqa: PLC0415 - only this needs torch

            random_weights.write_random_checkpoint(
                folder,
                model,
                seed=options.seed,
                small=options.small,
                stop_after=options.stop_after,
            )
    return (
        f"{folder} holds random weights of {model.title}: good for measuring speed and for "
        "comparing implementations. What they speak is noise, and says nothing of how it sounds."
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"{PROGRAM} weights", description="Chatterbox's weights.")
    commands = parser.add_subparsers(dest="command", required=True)

    fetch = commands.add_parser("fetch", help="download the released weights, or resume that")
    fetch.add_argument("--revision", help="commit, branch or tag; default: the pinned commit")

    verify = commands.add_parser("verify", help="check every byte of a folder's weights")

    random = commands.add_parser("random", help="write untrained weights for tests, benchmarks")
    random.add_argument("--seed", type=_whole(0, 2**63 - 1), required=True)
    random.add_argument("--small", action="store_true", help="a reduced model, not one of GB")
    random.add_argument(
        "--stop-after",
        type=_whole(1, 1000),
        default=60,
        metavar="TOKENS",
        help="about how long an utterance gets, 25 tokens a second (default: 60)",
    )
    for command, folder in ((fetch, "[DIR]"), (verify, "[DIR]"), (random, "DIR")):
        command.add_argument(
            "what",
            nargs="+" if command is random else "*",
            action=_ModelAndFolder,
            default=(None, None),
            metavar=f"[{'|'.join(MODELS)}] {folder}",
            help="default: the model and the folder that the bot uses",
        )
    return parser


class _ModelAndFolder(argparse.Action):
    """A model's name, a folder, or both: "turbo" is the model, "./turbo" the folder."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: object,
        _option: str | None = None,
    ) -> None:
        words = list(values) if isinstance(values, list) else []
        model = MODELS.get(words[0]) if words else None
        folders = words[1:] if model else words
        if len(folders) > 1:
            parser.error(f"unrecognized arguments: {' '.join(folders[1:])}")
        if not model and folders and not Path(folders[0]).exists():
            near = difflib.get_close_matches(folders[0].lower(), MODELS, n=1, cutoff=0.8)
            if near:  # gigabytes of another model would be fetched into a folder of that name
                parser.error(
                    f"{folders[0]} is no model; is {near[0]} meant? (a folder: ./{folders[0]})"
                )
        if self.nargs == "+" and not folders:
            parser.error("the following arguments are required: DIR")
        setattr(namespace, self.dest, (model, Path(folders[0]) if folders else None))


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
