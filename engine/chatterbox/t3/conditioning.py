"""The positions that a voice puts before the text: speaker, perceiver over its prompt, emotion.

Upstream's `T3CondEnc`, computed in fp32 once per voice and emotion. Token ids stay int64: in half
precision most ids above 256 would be other ids.
"""

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from engine.chatterbox.t3.weights import T3Weights
from engine.weights.sizes import PERCEIVER_HEADS

#: Six seconds, the most that upstream gives T3 of a clip.
PROMPT_TOKENS = 150


class PrefixInputs(NamedTuple):
    """What a conditioning prefix is computed from, on the decoder's device.

    `speaker` (1, speaker_embedding) fp32, `prompt_tokens` (n,) int64, padded to the length that
    nearly all voices have, `used` (n,) bool: which of them are no padding, `exaggeration` (1, 1)
    fp32.
    """

    speaker: Tensor
    prompt_tokens: Tensor
    used: Tensor
    exaggeration: Tensor

    @classmethod
    def of(
        cls, speaker: Tensor, prompt_tokens: Tensor, exaggeration: float, device: torch.device
    ) -> "PrefixInputs":
        """Upload a voice's `speaker` and `t3_prompt_tokens`, as `Conditionals` has them."""
        tokens = prompt_tokens.view(-1)
        padded = torch.zeros(max(len(tokens), PROMPT_TOKENS), dtype=torch.int64)
        padded[: len(tokens)] = tokens
        return cls(
            speaker.to(device, torch.float32).view(1, -1),
            padded.to(device),
            (torch.arange(len(padded)) < len(tokens)).to(device),
            torch.full((1, 1), exaggeration, device=device),
        )


def conditioning_prefix(weights: T3Weights, inputs: PrefixInputs) -> Tensor:
    """Embeddings of the conditioning positions: fp32 (positions, hidden)."""
    named, tokens = weights.conditioning, inputs.prompt_tokens
    speaker = functional.linear(inputs.speaker, named["spkr_enc.weight"], named["spkr_enc.bias"])
    prompt = weights.speech_embedding[tokens].float()
    prompt += weights.speech_position[: len(tokens)].float()
    emotion = named["emotion_adv_fc.weight"].view(1, -1) * inputs.exaggeration
    return torch.cat([speaker, _perceive(named, prompt, inputs.used), emotion])


def _perceive(named: Mapping[str, Tensor], prompt: Tensor, used: Tensor) -> Tensor:
    """Upstream's Perceiver: learned queries attend to the prompt, then to one another."""
    queries = named["perceiver.pre_attention_query"][0]
    attended = _attention_block(named, queries, prompt, used)
    return _attention_block(named, attended, attended, None)


def _attention_block(
    named: Mapping[str, Tensor], queries: Tensor, keys: Tensor, used: Tensor | None
) -> Tensor:
    prefix = "perceiver.attn."

    def project(name: str, value: Tensor) -> Tensor:
        return functional.linear(
            value, named[f"{prefix}{name}.weight"], named[f"{prefix}{name}.bias"]
        )

    def split(value: Tensor) -> Tensor:
        return value.view(1, len(value), PERCEIVER_HEADS, -1).transpose(1, 2)

    def normed(value: Tensor) -> Tensor:
        gain, bias = named[prefix + "norm.weight"], named[prefix + "norm.bias"]
        return functional.layer_norm(value, gain.shape, gain, bias)

    normed_keys = normed(keys)
    mixed = functional.scaled_dot_product_attention(
        split(project("to_q", normed(queries))),
        split(project("to_k", normed_keys)),
        split(project("to_v", normed_keys)),
        attn_mask=None if used is None else used[None],
    )
    mixed = mixed.transpose(1, 2).reshape(queries.shape)
    return queries + project("proj_out", mixed)
