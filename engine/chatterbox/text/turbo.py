"""Turbo's and Nano's front end: punctuation evened out, then GPT-2's tokenizer with tags.

A tag, such as "[laugh]", is one token. No letter is changed, and nothing is put before or after.
"""

from pathlib import Path

import msgspec
import torch
from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers
from torch import Tensor

from engine.chatterbox.text.punctuation import FEWER, even_out_punctuation
from engine.weights.checkpoint import WeightsError

_VOCABULARY, _MERGES, _TAGS = "vocab.json", "merges.txt", "added_tokens.json"
_END_OF_TEXT = "<|endoftext|>"
#: GPT-2's 50257 and upstream's 19 tags; T3 embeds neither more nor fewer.
_SIZE = 50_276


class TurboTokenizer:
    """The `TextTokenizer` of Turbo and Nano, which read a text of any language as English."""

    def __init__(self, folder: Path) -> None:
        """Read the checkpoint's `vocab.json`, `merges.txt` and `added_tokens.json`.

        Raises `WeightsError`.
        """
        try:
            bpe = models.BPE.from_file(str(folder / _VOCABULARY), str(folder / _MERGES))
            tags = msgspec.json.decode((folder / _TAGS).read_bytes(), type=dict[str, int])
        except (OSError, msgspec.DecodeError) as error:
            raise WeightsError(f"{folder / _TAGS} cannot be read.") from error
        except Exception as error:  # the library raises this class itself
            raise WeightsError(f"{folder} has no vocabulary that can be read.") from error
        self._tokenizer = Tokenizer(bpe)
        self._tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        self._tokenizer.add_special_tokens([_END_OF_TEXT])
        # An id is given by the order.
        self._tokenizer.add_tokens(
            [AddedToken(tag, normalized=False) for tag in sorted(tags, key=lambda tag: tags[tag])]
        )
        ids = {tag: self._tokenizer.token_to_id(tag) for tag in tags}
        if ids != tags or self._tokenizer.get_vocab_size() != _SIZE:
            raise WeightsError(f"{folder} holds another vocabulary than T3's {_SIZE:,} tokens.")

    def __call__(self, text: str, _language: str, /) -> Tensor:
        """Text tokens (n,) int64, without start and stop."""
        evened = even_out_punctuation(text, replacements=FEWER)
        return torch.tensor(self._tokenizer.encode(evened).ids, dtype=torch.int64)
