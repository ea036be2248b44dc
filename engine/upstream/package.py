"""All that is imported of upstream Chatterbox beside its encoders, with the repairs that it needs.

resemble-perth hides a failed import and leaves the watermarker `None`: that is an error here.
Nothing in this module may change what upstream computes.
"""

import os
import warnings
from collections.abc import Iterable
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
    from chatterbox.models.s3gen import s3gen as s3gen_module
    from chatterbox.models.s3gen.transformer import upsample_encoder
    from chatterbox.models.t3 import T3, llama_configs
    from chatterbox.models.t3 import t3 as t3_module
    from chatterbox.models.t3.modules.cond_enc import T3Cond
    from chatterbox.models.t3.modules.perceiver import Perceiver
    from chatterbox.models.t3.modules.t3_config import T3Config
    from chatterbox.models.tokenizers import EnTokenizer
    from chatterbox.tts import ChatterboxTTS, Conditionals, punc_norm

# Said once a call by a layer that upstream still uses, on every device.
warnings.filterwarnings("ignore", r".*torch\.backends\.cuda\.sdp_kernel", FutureWarning)

# The decoding loop draws a bar on stderr for every utterance, which in a worker is the log.
t3_module.tqdm = _without_progress_bar

__all__ = [
    "T3",
    "ChatterboxTTS",
    "Conditionals",
    "EnTokenizer",
    "Perceiver",
    "S3Gen",
    "T3Cond",
    "T3Config",
    "llama_configs",
    "perth",
    "punc_norm",
    "s3gen_module",
    "upsample_encoder",
]
