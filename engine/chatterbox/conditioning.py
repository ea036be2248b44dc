"""The positions that a voice puts before the text: speaker, perceiver over its prompt, emotion.

Upstream's `T3CondEnc`, computed in fp32 once per voice and emotion. Token ids stay int64: in half
precision most ids above 256 would be other ids.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from engine.chatterbox.weights import T3Weights
from engine.weights.sizes import PERCEIVER_HEADS


@dataclass(frozen=True)
class VoicePrompt:
    """What T3 needs of a voice.

    `identity` distinguishes it from every other voice; `speaker` is (1, speaker_embedding) fp32,
    `prompt_tokens` (1, n) int64.
    """

    identity: str
    speaker: Tensor
    prompt_tokens: Tensor


def conditioning_prefix(weights: T3Weights, voice: VoicePrompt, exaggeration: float) -> Tensor:
    """Embeddings of the conditioning positions: fp32 (positions, hidden)."""
    named, device = weights.conditioning, weights.device
    speaker = functional.linear(
        voice.speaker.to(device, torch.float32).view(1, -1),
        named["spkr_enc.weight"],
        named["spkr_enc.bias"],
    )
    tokens = voice.prompt_tokens.to(device).view(-1)
    prompt = weights.speech_embedding[tokens].float()
    prompt += weights.speech_position[: len(tokens)].float()
    emotion = named["emotion_adv_fc.weight"].view(1, -1) * exaggeration
    return torch.cat([speaker, _perceive(named, prompt), emotion])


def _perceive(named: Mapping[str, Tensor], prompt: Tensor) -> Tensor:
    """Upstream's Perceiver: learned queries attend to the prompt, then to one another."""
    queries = named["perceiver.pre_attention_query"][0]
    attended = _attention_block(named, queries, prompt)
    return _attention_block(named, attended, attended)


def _attention_block(named: Mapping[str, Tensor], queries: Tensor, keys: Tensor) -> Tensor:
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
    )
    mixed = mixed.transpose(1, 2).reshape(queries.shape)
    return queries + project("proj_out", mixed)
