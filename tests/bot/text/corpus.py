"""The corpus: what people write, and what they would say; how a reading is compared with it."""

import re
import tomllib
import unicodedata
from itertools import product
from pathlib import Path

_TABLES = tomllib.loads(Path(__file__).with_name("corpus.toml").read_text("utf-8"))
LINES: list[tuple[str, str]] = [
    (typed, said) for table in _TABLES.values() for typed, said in table
]
_CHOICE = re.compile(r"\[([^\]]*)\]")


def readings(said: str) -> list[str]:
    """Return every reading that the notation `[a|b|]` of the corpus stands for."""
    parts = _CHOICE.split(said)
    options = [part.split("|") if at % 2 else [part] for at, part in enumerate(parts)]
    return ["".join(chosen) for chosen in product(*options)]


def heard(reading: str) -> str:
    """Return a reading as it is compared: letters and spaces, with nothing that sounds the same."""
    plain = unicodedata.normalize("NFKD", reading.lower())
    words = re.sub(r"['’\u0300-\u036f]", "", plain)
    words = re.sub(r"(?<=\w\w)\.(?= [a-z])", " full stop ", words)  # heard inside a sentence
    words = re.sub(r"[^\w\s]|_", " ", words)
    words = re.sub(r"\b(hundred|thousand|million) and\b", r"\1", words)
    return " ".join(words.split())
