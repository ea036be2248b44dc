"""Random checkpoints for tests of what is around them."""

from pathlib import Path

from engine.weights.models import ENGLISH, Model


def random_checkpoint(
    folder: Path, model: Model = ENGLISH, *, seed: int, small: bool, stop_after: int
) -> None:
    """See `write_random_checkpoint`; torch and upstream are imported with the first one."""
    from engine.upstream.random_weights import write_random_checkpoint  # noqa: PLC0415

    write_random_checkpoint(folder, model, seed=seed, small=small, stop_after=stop_after)
