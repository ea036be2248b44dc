"""Opening a file of tensors, with one sentence for whatever is wrong with it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from engine.weights.checkpoint import WeightsError


@contextmanager
def opened(file: Path) -> Iterator[Any]:
    """A safetensors file, to be read within. Raises `WeightsError` if it cannot be."""
    try:
        with safe_open(file, "pt") as stored:
            yield stored
    except (SafetensorError, OSError) as error:
        raise WeightsError(f"{file} cannot be read as a file of tensors.") from error
