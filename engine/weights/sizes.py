"""How large each network of a checkpoint is, read from tensor shapes alone.

Nothing beside the checkpoint is needed, so a reduced model loads like a real one. What shapes
cannot tell is the same at every size: attention heads are 64 wide in T3, in the flow estimator and
in the speech tokenizer, the perceiver has 4 heads, a mel has 80 bins, a GPT-2 hears at most 375
tokens of a clip, and all kernel sizes, rates and dilations are upstream's.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from engine.weights.models import (
    ENGLISH_VOCABULARY,
    GPT2_VOCABULARY,
    MULTILINGUAL_VOCABULARY,
    ModelName,
)

HEAD_DIM = 64
PERCEIVER_HEADS = 4
MEL_BINS = 80

Shapes = Mapping[str, tuple[int, ...]]


#: Speech tokens that a GPT-2's prefix has at most: 25 a second of the clip's first 15 s.
GPT2_PROMPT_TOKENS = 375


@dataclass(frozen=True)
class T3Sizes:
    """Text and conditioning to speech tokens. The defaults are the released English model's.

    A GPT-2 has no perceiver, and positions of the whole stream instead of the text's and the
    speech's: `text_positions` and `speech_positions` are both their number.
    """

    backbone: Literal["llama", "gpt2"] = "llama"
    layers: int = 30
    hidden: int = 1024
    ffn: int = 4096
    heads: int = 16
    kv_heads: int = 16
    text_vocabulary: int = 704
    speech_vocabulary: int = 8194
    text_positions: int = 2050
    speech_positions: int = 4100
    speaker_embedding: int = 256
    perceiver_queries: int = 32

    @property
    def conditioning_positions(self) -> int:
        """Length of the prefix that a voice makes: speaker, perceiver queries, emotion.

        Of a GPT-2's, speaker and the clip's speech tokens, this is the greatest length.
        """
        if self.backbone == "gpt2":
            return 1 + GPT2_PROMPT_TOKENS
        return 1 + self.perceiver_queries + 1

    @property
    def model(self) -> ModelName:
        """Which model has networks of these sizes. Raises `KeyError` for a strange vocabulary.

        Turbo and Nano differ in nothing but size: 16 heads and 12. Three and its multiples are
        Nano's, at reduced size too.
        """
        if (self.text_vocabulary, self.backbone) == (GPT2_VOCABULARY, "gpt2"):
            return "turbo" if self.heads % 3 else "nano"
        originals: dict[int, ModelName] = {
            ENGLISH_VOCABULARY: "english",
            MULTILINGUAL_VOCABULARY: "multilingual",
        }
        if self.backbone == "gpt2" or self.text_vocabulary not in originals:
            raise KeyError(self.text_vocabulary)
        return originals[self.text_vocabulary]

    @classmethod
    def from_shapes(cls, shapes: Shapes) -> "T3Sizes":
        """Sizes of a T3, of either kind. Raises `KeyError` where a tensor is missing."""
        if "tfmr.wpe.weight" in shapes:
            return cls._of_gpt2(shapes)
        layer = "tfmr.layers.0."
        return cls(
            layers=count(shapes, r"tfmr\.layers\.(\d+)\."),
            hidden=shapes["speech_emb.weight"][1],
            ffn=shapes[layer + "mlp.gate_proj.weight"][0],
            heads=shapes[layer + "self_attn.q_proj.weight"][0] // HEAD_DIM,
            kv_heads=shapes[layer + "self_attn.k_proj.weight"][0] // HEAD_DIM,
            text_vocabulary=shapes["text_emb.weight"][0],
            speech_vocabulary=shapes["speech_emb.weight"][0],
            text_positions=shapes["text_pos_emb.emb.weight"][0],
            speech_positions=shapes["speech_pos_emb.emb.weight"][0],
            speaker_embedding=shapes["cond_enc.spkr_enc.weight"][1],
            perceiver_queries=shapes["cond_enc.perceiver.pre_attention_query"][1],
        )

    @classmethod
    def _of_gpt2(cls, shapes: Shapes) -> "T3Sizes":
        positions, hidden = shapes["tfmr.wpe.weight"]
        heads = shapes["tfmr.h.0.attn.c_proj.weight"][0] // HEAD_DIM
        return cls(
            backbone="gpt2",
            layers=count(shapes, r"tfmr\.h\.(\d+)\."),
            hidden=hidden,
            ffn=shapes["tfmr.h.0.mlp.c_fc.weight"][1],  # these matrices lie (in, out)
            heads=heads,
            kv_heads=heads,
            text_vocabulary=shapes["text_emb.weight"][0],
            speech_vocabulary=shapes["speech_emb.weight"][0],
            text_positions=positions,
            speech_positions=positions,
            speaker_embedding=shapes["cond_enc.spkr_enc.weight"][1],
            perceiver_queries=0,
        )


@dataclass(frozen=True)
class S3GenSizes:
    """Speech tokens to a waveform, and the two enrolment networks stored with it.

    `meanflow`: the flow is told where a step ends, and takes two steps.
    """

    tokenizer_width: int = 1280
    tokenizer_layers: int = 6
    tokenizer_mels: int = 128
    speaker_embedding: int = 192
    speaker_growth: int = 32
    speaker_bottleneck: int = 4
    speaker_channels: int = 128
    vocabulary: int = 6561
    encoder_width: int = 512
    encoder_ffn: int = 2048
    encoder_heads: int = 8
    encoder_layers: int = 6
    encoder_upsampled_layers: int = 4
    estimator_width: int = 256
    estimator_heads: int = 8
    estimator_transformers: int = 4
    estimator_middle_blocks: int = 12
    vocoder_channels: int = 512
    f0_channels: int = 512
    meanflow: bool = False

    @classmethod
    def from_shapes(cls, shapes: Shapes) -> "S3GenSizes":
        """Sizes of an S3Gen. Raises `KeyError` where a tensor is missing."""
        growth = shapes["speaker_encoder.xvector.block1.tdnnd1.cam_layer.linear_local.weight"][0]
        estimator = "flow.decoder.estimator."
        attention = estimator + "down_blocks.0.1.0.attn1.to_q.weight"
        weight = ".parametrizations.weight.original1"
        return cls(
            tokenizer_width=shapes["tokenizer.encoder.conv1.weight"][0],
            tokenizer_layers=count(shapes, r"tokenizer\.encoder\.blocks\.(\d+)\."),
            tokenizer_mels=shapes["tokenizer.encoder.conv1.weight"][1],
            speaker_embedding=shapes["speaker_encoder.xvector.dense.linear.weight"][0],
            speaker_growth=growth,
            speaker_bottleneck=shapes["speaker_encoder.xvector.block1.tdnnd1.linear1.weight"][0]
            // growth,
            speaker_channels=shapes["speaker_encoder.xvector.tdnn.linear.weight"][0],
            vocabulary=shapes["flow.input_embedding.weight"][0],
            encoder_width=shapes["flow.input_embedding.weight"][1],
            encoder_ffn=shapes["flow.encoder.encoders.0.feed_forward.w_1.weight"][0],
            encoder_heads=shapes["flow.encoder.encoders.0.self_attn.pos_bias_u"][0],
            encoder_layers=count(shapes, r"flow\.encoder\.encoders\.(\d+)\."),
            encoder_upsampled_layers=count(shapes, r"flow\.encoder\.up_encoders\.(\d+)\."),
            estimator_width=shapes[estimator + "final_proj.weight"][1],
            estimator_heads=shapes[attention][0] // HEAD_DIM,
            estimator_transformers=count(
                shapes, r"flow\.decoder\.estimator\.down_blocks\.0\.1\.(\d+)\."
            ),
            estimator_middle_blocks=count(shapes, r"flow\.decoder\.estimator\.mid_blocks\.(\d+)\."),
            vocoder_channels=shapes["mel2wav.conv_pre" + weight][0],
            f0_channels=shapes["mel2wav.f0_predictor.condnet.0" + weight][0],
            meanflow=estimator + "time_embed_mixer.weight" in shapes,
        )


@dataclass(frozen=True)
class VoiceEncoderSizes:
    """Reference clip to the speaker embedding of T3."""

    hidden: int = 256
    embedding: int = 256

    @classmethod
    def from_shapes(cls, shapes: Shapes) -> "VoiceEncoderSizes":
        """Sizes of `ve.safetensors`. Raises `KeyError` where a tensor is missing."""
        return cls(
            hidden=shapes["lstm.weight_hh_l0"][1],
            embedding=shapes["proj.weight"][0],
        )


@dataclass(frozen=True)
class ModelSizes:
    """All three networks of one checkpoint."""

    t3: T3Sizes = T3Sizes()
    s3gen: S3GenSizes = S3GenSizes()
    voice_encoder: VoiceEncoderSizes = VoiceEncoderSizes()


#: The reduced English model of the tests: every kind of layer, two at least of what is repeated.
SMALL = ModelSizes(
    t3=T3Sizes(layers=3, hidden=128, ffn=256, heads=2, kv_heads=2),
    s3gen=S3GenSizes(
        tokenizer_width=64,
        tokenizer_layers=2,
        speaker_growth=4,
        speaker_bottleneck=2,
        speaker_channels=16,
        encoder_width=64,
        encoder_ffn=128,
        encoder_heads=2,
        encoder_layers=2,
        encoder_upsampled_layers=2,
        estimator_width=64,
        estimator_heads=2,
        estimator_transformers=1,
        estimator_middle_blocks=2,
        vocoder_channels=64,
        f0_channels=32,
    ),
    voice_encoder=VoiceEncoderSizes(hidden=64),
)
_GPT2 = T3Sizes(
    backbone="gpt2",
    layers=24,
    text_vocabulary=GPT2_VOCABULARY,
    speech_vocabulary=6563,
    text_positions=8196,
    speech_positions=8196,
    perceiver_queries=0,
)
_MEANFLOW = S3GenSizes(meanflow=True)
#: The released models.
RELEASED: dict[ModelName, ModelSizes] = {
    "english": ModelSizes(),
    "multilingual": ModelSizes(t3=T3Sizes(text_vocabulary=MULTILINGUAL_VOCABULARY)),
    "turbo": ModelSizes(t3=_GPT2, s3gen=_MEANFLOW),
    "nano": ModelSizes(
        t3=replace(_GPT2, layers=12, hidden=768, ffn=3072, heads=12, kv_heads=12), s3gen=_MEANFLOW
    ),
}
_SMALL_GPT2 = replace(_GPT2, layers=3, text_positions=2048, speech_positions=2048)
_SMALL_MEANFLOW = replace(SMALL.s3gen, meanflow=True)
#: Their reduced forms for the tests. Nano's width is no power of two, as in the released one.
REDUCED: dict[ModelName, ModelSizes] = {
    "english": SMALL,
    "multilingual": replace(SMALL, t3=replace(SMALL.t3, text_vocabulary=MULTILINGUAL_VOCABULARY)),
    "turbo": replace(
        SMALL,
        t3=replace(_SMALL_GPT2, hidden=128, ffn=512, heads=2, kv_heads=2),
        s3gen=_SMALL_MEANFLOW,
    ),
    "nano": replace(
        SMALL,
        t3=replace(_SMALL_GPT2, hidden=192, ffn=768, heads=3, kv_heads=3),
        s3gen=_SMALL_MEANFLOW,
    ),
}


def count(shapes: Shapes, pattern: str) -> int:
    """One more than the highest index that `pattern`'s group takes in the tensors' names."""
    matched = re.compile(pattern).match
    indices = [int(match[1]) for name in shapes if (match := matched(name))]
    return max(indices, default=-1) + 1
