"""All that is imported of upstream Chatterbox beside its encoders, with the repairs that it needs.

resemble-perth hides a failed import and leaves the watermarker `None`: that is an error here.
Nothing in this module may change what upstream computes.
"""

import os
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from engine.errors import WatermarkMissing
from engine.upstream import encoders  # noqa: F401 - torchaudio is repaired there


def _without_progress_bar(iterable: Iterable[Any], **_: object) -> Iterable[Any]:
    return iterable


os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
with warnings.catch_warnings():
    # Deprecations inside third-party packages: an operator can do nothing about them.
    warnings.simplefilter("ignore")
    import perth

    if perth.PerthImplicitWatermarker is None:
        raise WatermarkMissing(
            "The Perth watermarker cannot be imported (resemble-perth needs pkg_resources, which "
            "setuptools 82 dropped); install 'setuptools<82'."
        )

    from chatterbox.models.s3gen import S3Gen
    from chatterbox.models.s3gen import flow_matching as flow_module
    from chatterbox.models.s3gen import s3gen as s3gen_module
    from chatterbox.models.s3gen.transformer import upsample_encoder
    from chatterbox.models.t3 import T3, llama_configs
    from chatterbox.models.t3 import t3 as t3_module
    from chatterbox.models.t3.modules.cond_enc import T3Cond
    from chatterbox.models.t3.modules.perceiver import Perceiver
    from chatterbox.models.t3.modules.t3_config import T3Config
    from chatterbox.models.tokenizers import EnTokenizer, MTLTokenizer
    from chatterbox.models.tokenizers import tokenizer as tokenizer_module
    from chatterbox.mtl_tts import ChatterboxMultilingualTTS
    from chatterbox.mtl_tts import punc_norm as multilingual_punc_norm
    from chatterbox.tts import ChatterboxTTS, Conditionals, punc_norm
    from chatterbox.tts_turbo import ChatterboxTurboTTS
    from chatterbox.tts_turbo import punc_norm as turbo_punc_norm
    from transformers import AutoTokenizer

# Said once a call by a layer that upstream still uses, on every device.
warnings.filterwarnings("ignore", r".*torch\.backends\.cuda\.sdp_kernel", FutureWarning)

# The decoding loops draw a bar on stderr for every utterance, which in a worker is the log.
t3_module.tqdm = flow_module.tqdm = _without_progress_bar

_SAMPLES_PER_TOKEN = 960  # 40 ms at 24 kHz
_norm_loudness = ChatterboxTurboTTS.norm_loudness


def _norm_loudness_in_fp32(self: Any, wav: Any, sr: int, *rest: Any) -> Any:
    """Numpy 2 makes float64 of float32 times a float64 gain, which the next network refuses."""
    return _norm_loudness(self, wav, sr, *rest).astype("float32")


ChatterboxTurboTTS.norm_loudness = _norm_loudness_in_fp32


class MultilingualTTS(ChatterboxMultilingualTTS):  # type: ignore[misc]  # upstream is untyped
    """Upstream's as its master has it, which release 0.1.7 is older than (3f35dfc, 2026-05-01).

    No alignment analyser ends an utterance, and the 40 ms of its last token are not heard.
    """

    def __init__(self, *positional: Any, **named: Any) -> None:
        super().__init__(*positional, **named)
        self.t3.hp.__class__ = _WithoutAnalyser
        inference = self.s3gen.inference

        def without_last_token(speech_tokens: Any, **options: Any) -> Any:
            wav, source = inference(speech_tokens=speech_tokens, **options)
            return wav[..., : max(1, speech_tokens.shape[-1] - 1) * _SAMPLES_PER_TOKEN], source

        self.s3gen.inference = without_last_token

    def generate(self, *positional: Any, repetition_penalty: float = 1.2, **named: Any) -> Any:
        return super().generate(*positional, repetition_penalty=repetition_penalty, **named)


class _WithoutAnalyser(T3Config):  # type: ignore[misc]  # upstream is untyped
    is_multilingual = False


def multilingual_tokenizer(vocabulary: Path, cangjie: Path) -> Any:
    """Upstream's `MTLTokenizer`, whose constructor would fetch a table that is here already.

    Words are joined as where its segmenter is not installed: not at all.
    """
    tokenizer_module.hf_hub_download = lambda **_: str(cangjie)
    return MTLTokenizer(str(vocabulary))


def gpt2_tokenizer(folder: Path) -> Any:
    """Turbo's and Nano's, as `ChatterboxTurboTTS.from_local` makes it."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token
    return tokenizer


__all__ = [
    "T3",
    "ChatterboxTTS",
    "ChatterboxTurboTTS",
    "Conditionals",
    "EnTokenizer",
    "MultilingualTTS",
    "Perceiver",
    "S3Gen",
    "T3Cond",
    "T3Config",
    "gpt2_tokenizer",
    "llama_configs",
    "multilingual_punc_norm",
    "multilingual_tokenizer",
    "perth",
    "punc_norm",
    "s3gen_module",
    "turbo_punc_norm",
    "upsample_encoder",
]
