"""The one door through which upstream Chatterbox is imported, with the repairs that it needs.

torchaudio's wheel may be linked to another torch build than the one installed; everything that
Chatterbox uses of it is pure Python, so its compiled half is left out where it does not load.
resemble-perth hides a failed import and leaves the watermarker `None`: that is an error here.
Nothing in this module may change what upstream computes.
"""

import importlib
import os
import sys
import types
import warnings
from collections.abc import Callable, Iterable
from typing import Any

from engine.errors import WatermarkMissing


def _import_torchaudio() -> None:
    try:
        importlib.import_module("torchaudio")
    except (ImportError, OSError, RuntimeError):
        for name in [n for n in sys.modules if n.split(".")[0] == "torchaudio"]:
            del sys.modules[name]
        sys.modules["torchaudio._extension"] = _extension_without_compiled_half()
        importlib.import_module("torchaudio")


def _extension_without_compiled_half() -> types.ModuleType:
    def unavailable(*_: object, **__: object) -> bool:
        return False

    def unchanged(function: Callable[..., Any]) -> Callable[..., Any]:
        return function

    extension = types.ModuleType("torchaudio._extension")
    extension.__dict__.update(
        _IS_TORCHAUDIO_EXT_AVAILABLE=False,
        _IS_ALIGN_AVAILABLE=False,
        _load_lib=unavailable,
        _check_cuda_version=unavailable,
        fail_if_no_align=unchanged,
    )
    return extension


def _without_progress_bar(iterable: Iterable[Any], **_: object) -> Iterable[Any]:
    return iterable


os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
_import_torchaudio()
with warnings.catch_warnings():
    # Deprecations inside third-party packages that nobody who runs Timbre can act on.
    warnings.simplefilter("ignore")
    import perth
    import s3tokenizer.model_v2
    from chatterbox.models.s3gen import S3Gen
    from chatterbox.models.s3gen import s3gen as s3gen_module
    from chatterbox.models.s3gen.transformer import upsample_encoder
    from chatterbox.models.s3tokenizer import drop_invalid_tokens
    from chatterbox.models.t3 import T3, llama_configs
    from chatterbox.models.t3 import t3 as t3_module
    from chatterbox.models.t3.modules.cond_enc import T3Cond
    from chatterbox.models.t3.modules.perceiver import Perceiver
    from chatterbox.models.t3.modules.t3_config import T3Config
    from chatterbox.models.tokenizers import EnTokenizer
    from chatterbox.models.voice_encoder import VoiceEncConfig, VoiceEncoder
    from chatterbox.tts import ChatterboxTTS, Conditionals, punc_norm

# Said once a call by a layer that upstream still uses, on every device.
warnings.filterwarnings("ignore", r".*torch\.backends\.cuda\.sdp_kernel", FutureWarning)

# The decoding loop draws a bar on stderr for every utterance, which in a worker is the log.
t3_module.tqdm = _without_progress_bar

if perth.PerthImplicitWatermarker is None:
    raise WatermarkMissing(
        "The Perth watermarker cannot be imported (resemble-perth needs pkg_resources, which "
        "setuptools 82 dropped); install 'setuptools<82'."
    )

__all__ = [
    "T3",
    "ChatterboxTTS",
    "Conditionals",
    "EnTokenizer",
    "Perceiver",
    "S3Gen",
    "T3Cond",
    "T3Config",
    "VoiceEncConfig",
    "VoiceEncoder",
    "drop_invalid_tokens",
    "llama_configs",
    "perth",
    "punc_norm",
    "s3gen_module",
    "s3tokenizer",
    "upsample_encoder",
]
