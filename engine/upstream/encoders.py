"""Upstream's three networks that enrolment needs, without the rest of its package.

The package imports all its models, and with them transformers and diffusers, as soon as any part of
it is asked for: seconds, of which these parts need the smaller half. They are imported as they are.
torchaudio's wheel may be linked to another torch build than the one installed; everything that
Chatterbox uses of it is pure Python, so its compiled half is left out where it does not load.
"""

import importlib
import importlib.util
import sys
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


def _import_torchaudio() -> Any:
    try:
        return importlib.import_module("torchaudio")
    except (ImportError, OSError, RuntimeError):
        for name in [n for n in sys.modules if n.split(".")[0] == "torchaudio"]:
            del sys.modules[name]
        sys.modules["torchaudio._extension"] = _extension_without_compiled_half()
        return importlib.import_module("torchaudio")


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


@contextmanager
def _packages_as_folders(*names: str) -> Iterator[None]:
    """Have modules imported from packages whose own `__init__` is not run now, but when asked for.

    `names` are outer packages before inner ones.
    """
    absent = [name for name in names if name not in sys.modules]
    try:
        for name in absent:
            spec = importlib.util.find_spec(name)
            if spec is None:
                raise ModuleNotFoundError(f"No module named {name!r}", name=name)
            folder = types.ModuleType(name)
            folder.__path__ = list(spec.submodule_search_locations or ())
            sys.modules[name] = folder
        yield
    finally:
        for name in absent:
            sys.modules.pop(name, None)


torchaudio = _import_torchaudio()
with _packages_as_folders("chatterbox", "chatterbox.models", "chatterbox.models.s3gen"):
    import s3tokenizer.model_v2
    from chatterbox.models.s3gen.utils.mel import mel_spectrogram
    from chatterbox.models.s3gen.xvector import CAMPPlus
    from chatterbox.models.s3tokenizer import S3_SR, S3Tokenizer
    from chatterbox.models.voice_encoder import VoiceEncConfig, VoiceEncoder

__all__ = [
    "S3_SR",
    "CAMPPlus",
    "S3Tokenizer",
    "VoiceEncConfig",
    "VoiceEncoder",
    "mel_spectrogram",
    "s3tokenizer",
    "torchaudio",
]
