"""Multilingual's tokenizer files as they are released, with made-up words."""

from pathlib import Path

import pytest

from engine.upstream.random_tokenizers import write_tokenizer
from engine.weights.models import MODELS


@pytest.fixture(scope="session")
def graphemes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tokenizer, with the table of Chinese characters beside it. Shared: do not change it."""
    folder = tmp_path_factory.mktemp("graphemes")
    model = MODELS["multilingual"]
    write_tokenizer(folder, model)
    return folder / model.tokenizer[0]
