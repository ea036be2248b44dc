"""Upstream's three networks that enrolment needs, without the rest of its package, at any size.

Nothing here may alter how they compute. The package imports all its models, and with them
transformers and diffusers, as soon as any part of it is asked for. These parts themselves import
librosa, scipy's signal processing and onnx: seconds, for three functions (`acoustics`) or none, so
that others stand in for those meanwhile. torchaudio's wheel may be linked to another torch build
than the one here; what Chatterbox uses of it is pure Python, so a compiled half that does not load
is left out.
"""

import importlib
import importlib.util
import sys
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from engine.upstream import acoustics
from engine.weights import checkpoint
from engine.weights.sizes import HEAD_DIM, S3GenSizes, VoiceEncoderSizes
from engine.weights.tensors import opened


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


class _Late(types.ModuleType):
    """Stands in for a module that is imported when something is asked for that is not here."""

    def __init__(self, name: str, **functions: Any) -> None:
        super().__init__(name)
        self.__dict__.update(functions)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(importlib.import_module(self.__name__), name)


def _stand_ins() -> dict[str, types.ModuleType]:
    filters = _Late("librosa.filters", mel=acoustics.mel_filters)
    effects = _Late("librosa.effects", trim=acoustics.trim)
    librosa = _Late("librosa", filters=filters, effects=effects, stft=acoustics.stft)
    return {
        each.__name__: each for each in (librosa, filters, _Late("scipy.signal"), _Late("onnx"))
    }


@contextmanager
def _standing_in(others: dict[str, types.ModuleType]) -> Iterator[None]:
    before = {name: sys.modules.get(name) for name in others}
    sys.modules.update(others)
    try:
        yield
    finally:
        for name, module in before.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module


_PACKAGES = ("s3tokenizer", "chatterbox", "chatterbox.models", "chatterbox.models.s3gen")
torchaudio = _import_torchaudio()
with _packages_as_folders(*_PACKAGES), _standing_in(_stand_ins()):
    import s3tokenizer.model_v2
    from chatterbox.models.s3gen.utils.mel import mel_spectrogram as mel_spectrogram  # noqa: PLC0414
    from chatterbox.models.s3gen.xvector import CAMPPlus
    from chatterbox.models.s3tokenizer import S3_SR, S3Tokenizer
    from chatterbox.models.voice_encoder import VoiceEncConfig, VoiceEncoder

_SPEECH_TOKENIZER = "speech_tokenizer_v2_25hz"


class Undrawn(TorchFunctionMode):
    """Networks built within keep the memory they were given: weights follow, and drawing is slow.

    For this thread alone.
    """

    def __torch_function__(
        self,
        func: Any,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Leave out what `torch.nn.init` does."""
        if getattr(func, "__module__", None) == "torch.nn.init":
            return args[0] if args else (kwargs or {})["tensor"]
        return func(*args, **(kwargs or {}))


def build_voice_encoder(sizes: VoiceEncoderSizes) -> nn.Module:
    hp = VoiceEncConfig()
    hp.ve_hidden_size = sizes.hidden
    hp.speaker_embed_size = sizes.embedding
    encoder: nn.Module = VoiceEncoder(hp)
    return encoder.eval()


def build_speech_tokenizer(sizes: S3GenSizes) -> nn.Module:
    if sizes == S3GenSizes():
        tokenizer: nn.Module = S3Tokenizer(_SPEECH_TOKENIZER)
    else:
        tokenizer = ReducedSpeechTokenizer(sizes)
    return tokenizer.eval()


def build_speaker_encoder(sizes: S3GenSizes) -> nn.Module:
    encoder: nn.Module = CAMPPlus(
        memory_efficient=False,
        embedding_size=sizes.speaker_embedding,
        growth_rate=sizes.speaker_growth,
        bn_size=sizes.speaker_bottleneck,
        init_channels=sizes.speaker_channels,
    )
    return encoder.eval()


class ReducedSpeechTokenizer(S3Tokenizer):  # type: ignore[misc]  # untyped
    """Upstream's S3Tokenizer, whose constructor ignores the configuration it is given."""

    def __init__(self, sizes: S3GenSizes) -> None:
        model_v2 = s3tokenizer.model_v2
        config = model_v2.ModelConfig(
            n_mels=sizes.tokenizer_mels,
            n_audio_state=sizes.tokenizer_width,
            n_audio_head=sizes.tokenizer_width // HEAD_DIM,
            n_audio_layer=sizes.tokenizer_layers,
        )
        model_v2.S3TokenizerV2.__init__(self, _SPEECH_TOKENIZER, config)
        # The front end, as upstream's constructor makes it.
        self.n_fft = 400
        filters = acoustics.mel_filters(sr=S3_SR, n_fft=self.n_fft, n_mels=sizes.tokenizer_mels)
        self.register_buffer("_mel_filters", torch.FloatTensor(filters))
        self.register_buffer("window", torch.hann_window(self.n_fft))


def load_into(
    module: nn.Module, path: Path, prefix: str = "", device: torch.device | None = None
) -> None:
    """Copy the tensors of `path` whose names begin with `prefix` into `module`.

    With a `device`, all of `module` is there afterwards, and what is in the file went there in one
    step.

    Tensors that upstream recomputes (its `ignore_state_dict_missing`) may be absent and the file
    may hold others beside; anything else missing raises `WeightsError`, because random weights in
    place of trained ones would be heard only by people.
    """
    with opened(path) as file:
        names = [name for name in file.keys() if name.startswith(prefix)]  # noqa: SIM118 - no dict
        state = {name.removeprefix(prefix): file.get_tensor(name) for name in names}
        if device is not None:
            # Not of the file itself, which would stay mapped.
            kept = module.state_dict()
            state = {
                n: t.to(device, kept[n].dtype, copy=True) for n, t in state.items() if n in kept
            }
    try:
        loaded = module.load_state_dict(state, strict=False, assign=device is not None)
        missing = loaded.missing_keys
    except RuntimeError as error:
        raise checkpoint.WeightsError(f"{path} holds tensors of other shapes.") from error
    missing = [n for n in missing if n.split(".")[-1] not in {"_mel_filters", "window"}]
    if missing:
        raise checkpoint.WeightsError(f"{path} lacks {len(missing)} tensors, {missing[0]} first.")
    if device is not None:
        module.to(device)
