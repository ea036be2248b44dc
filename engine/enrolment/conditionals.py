"""What Chatterbox keeps of a voice: small tensors on the CPU, and their form on disk.

How strongly a voice is to be spoken (exaggeration) is no part of it: that belongs to a request.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from engine.weights.models import Family

#: Speech tokens are below this; ids from here on are start, stop and unused.
SPEECH_TOKEN_IDS = 6561
_MEL_BINS = 80
_DIGEST, _FAMILY = "sha256", "family"


class Damaged(ValueError):
    """Bytes that are not the conditionals that were once written."""


@dataclass(frozen=True)
class Conditionals:
    """A voice's conditionals on the CPU, each with the leading axis of one that upstream keeps.

    `speaker` is (1, 256) float32, the voice encoder's embedding; `t3_prompt_tokens` (1, up to 150)
    int64, the clip's first six seconds in speech tokens, for Turbo and Nano (1, up to 375) and
    fifteen seconds. Of the first ten seconds: `prompt_tokens` (1, n) int64, `prompt_mel` (1, 2 n)
    log-mel frames of 80 bins, float32, and `x_vector` (1, 192) float32. About 165 KB for ten
    seconds. They serve all models of one `family`.
    """

    speaker: Tensor
    t3_prompt_tokens: Tensor
    prompt_tokens: Tensor
    prompt_mel: Tensor
    x_vector: Tensor
    family: Family = "original"

    def __post_init__(self) -> None:
        floats = (self.speaker, self.prompt_mel, self.x_vector)
        ids = (self.t3_prompt_tokens, self.prompt_tokens)
        well_formed = (
            all(t.dtype == torch.float32 and _finite(t) for t in floats)
            and all(t.dtype == torch.int64 and t.ndim == 2 for t in ids)
            and all(t.shape[0] == 1 and t.numel() for t in (*floats, *ids))
            and self.speaker.ndim == self.x_vector.ndim == 2
            and self.prompt_mel.ndim == 3
            and self.prompt_mel.shape[2] == _MEL_BINS
            and _are_speech(self.prompt_tokens)
        )
        if not well_formed:
            raise ValueError("these tensors are not a voice's conditionals")

    @property
    def tensors(self) -> dict[str, Tensor]:
        """All of them by name."""
        return {
            each.name: getattr(self, each.name) for each in fields(self) if each.name != _FAMILY
        }

    @classmethod
    def from_upstream(cls, conditionals: Any, family: Family = "original") -> "Conditionals":
        t3, gen = conditionals.t3, conditionals.gen
        of_gen = gen["prompt_token"], gen["prompt_feat"], gen["embedding"]
        return cls.of(t3.speaker_emb, t3.cond_prompt_speech_tokens, *of_gen, family=family)

    @classmethod
    def of(
        cls,
        speaker: Tensor,
        t3_prompt_tokens: Tensor,
        prompt_tokens: Tensor,
        prompt_mel: Tensor,
        x_vector: Tensor,
        *,
        family: Family = "original",
    ) -> "Conditionals":
        """Compact copies of tensors as networks give them, on any device.

        Raises `ValueError` where they are not a voice's.
        """
        return cls(
            speaker=_compact(speaker, torch.float32).reshape(1, -1),
            t3_prompt_tokens=_compact(t3_prompt_tokens, torch.int64).reshape(1, -1),
            prompt_tokens=_compact(prompt_tokens, torch.int64).reshape(1, -1),
            prompt_mel=_compact(prompt_mel, torch.float32),
            x_vector=_compact(x_vector, torch.float32).reshape(1, -1),
            family=family,
        )

    def with_prompt_of(self, tokens: int) -> "Conditionals":
        """These with no more than the S3Gen prompt's first `tokens`, 25 to a second."""
        return replace(
            self,
            prompt_tokens=self.prompt_tokens[:, :tokens],
            prompt_mel=self.prompt_mel[:, : 2 * tokens],
        )

    def to_bytes(self) -> bytes:
        """Safetensors, with the family and a digest of all as two more tensors."""
        name = torch.frombuffer(bytearray(self.family.encode()), dtype=torch.uint8)
        stored = {**self.tensors, _FAMILY: name}
        return save({**stored, _DIGEST: _digest(stored)})

    @classmethod
    def from_bytes(cls, content: bytes, family: Family = "original") -> "Conditionals":
        """Read what `to_bytes` made for a family. Raises `Damaged`."""
        try:
            stored = load(content)
            if not stored.pop(_DIGEST).equal(_digest(stored)):
                raise Damaged("the content is not what its digest says")
            found = stored.pop(_FAMILY).numpy().tobytes().decode()
            if found != family:
                raise Damaged(f"it is for the {found} family of models, not the {family}")
            return cls(**stored, family=family)
        except Damaged:
            raise
        except (SafetensorError, TypeError, ValueError, KeyError) as error:
            raise Damaged(str(error)) from error


def _finite(tensor: Tensor) -> bool:
    # Not torch's: it spreads this over all cores, which then take 10 ms to wake up.
    return bool(np.isfinite(tensor.numpy()).all())


def _are_speech(tokens: Tensor) -> bool:
    # Any other id would take the whole process down on a GPU.
    ids = tokens.numpy()
    return bool(0 <= ids.min() <= ids.max() < SPEECH_TOKEN_IDS)


def _compact(tensor: Tensor, dtype: torch.dtype) -> Tensor:
    """A copy on the CPU that shares memory with nothing larger."""
    return tensor.detach().to("cpu", dtype, copy=True).contiguous()


def _digest(tensors: Mapping[str, Tensor]) -> Tensor:
    digest = hashlib.sha256()
    for name in sorted(tensors):
        digest.update(f"{name}{tuple(tensors[name].shape)}{tensors[name].dtype}".encode())
        digest.update(tensors[name].contiguous().numpy().tobytes())
    return torch.frombuffer(bytearray(digest.digest()), dtype=torch.uint8)
