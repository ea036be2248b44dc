"""Upstream's networks for enrolment at the sizes found in a checkpoint, and tensors into networks.

At the released sizes these are upstream's own constructors. Nothing here may alter how a network
computes.
"""

from pathlib import Path
from typing import Any

import torch
from librosa.filters import mel as mel_filters
from safetensors import safe_open
from torch import nn
from torch.overrides import TorchFunctionMode

from engine.upstream import encoders
from engine.weights import checkpoint
from engine.weights.sizes import HEAD_DIM, S3GenSizes, VoiceEncoderSizes

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
    """Upstream's VoiceEncoder with untrained weights."""
    hp = encoders.VoiceEncConfig()
    hp.ve_hidden_size = sizes.hidden
    hp.speaker_embed_size = sizes.embedding
    encoder: nn.Module = encoders.VoiceEncoder(hp)
    return encoder.eval()


def build_speech_tokenizer(sizes: S3GenSizes) -> nn.Module:
    """The S3 speech tokenizer alone, as enrolment needs it."""
    if sizes == S3GenSizes():
        tokenizer: nn.Module = encoders.S3Tokenizer(_SPEECH_TOKENIZER)
    else:
        tokenizer = ReducedSpeechTokenizer(sizes)
    return tokenizer.eval()


def build_speaker_encoder(sizes: S3GenSizes) -> nn.Module:
    """The CAMPPlus speaker encoder alone, as enrolment needs it."""
    encoder: nn.Module = encoders.CAMPPlus(
        memory_efficient=False,
        embedding_size=sizes.speaker_embedding,
        growth_rate=sizes.speaker_growth,
        bn_size=sizes.speaker_bottleneck,
        init_channels=sizes.speaker_channels,
    )
    return encoder.eval()


class ReducedSpeechTokenizer(encoders.S3Tokenizer):  # type: ignore[misc]  # untyped
    """Upstream's S3Tokenizer, whose constructor ignores the configuration it is given."""

    def __init__(self, sizes: S3GenSizes) -> None:
        model_v2 = encoders.s3tokenizer.model_v2
        config = model_v2.ModelConfig(
            n_mels=sizes.tokenizer_mels,
            n_audio_state=sizes.tokenizer_width,
            n_audio_head=sizes.tokenizer_width // HEAD_DIM,
            n_audio_layer=sizes.tokenizer_layers,
        )
        model_v2.S3TokenizerV2.__init__(self, _SPEECH_TOKENIZER, config)
        # The front end, as upstream's constructor makes it.
        self.n_fft = 400
        filters = mel_filters(sr=encoders.S3_SR, n_fft=self.n_fft, n_mels=sizes.tokenizer_mels)
        self.register_buffer("_mel_filters", torch.FloatTensor(filters))
        self.register_buffer("window", torch.hann_window(self.n_fft))


def load_into(module: nn.Module, path: Path, prefix: str = "") -> None:
    """Copy the tensors of `path` whose names begin with `prefix` into `module`.

    Tensors that upstream recomputes (its `ignore_state_dict_missing`) may be absent and the file
    may hold others beside; anything else missing raises `WeightsError`, because random weights in
    place of trained ones would be heard only by people.
    """
    with safe_open(path, "pt") as file:
        names = [name for name in file.keys() if name.startswith(prefix)]  # noqa: SIM118 - no dict
        state = {name.removeprefix(prefix): file.get_tensor(name) for name in names}
    try:
        missing = module.load_state_dict(state, strict=False).missing_keys
    except RuntimeError as error:
        raise checkpoint.WeightsError(f"{path} holds tensors of other shapes.") from error
    missing = [n for n in missing if n.split(".")[-1] not in {"_mel_filters", "window"}]
    if missing:
        raise checkpoint.WeightsError(f"{path} lacks {len(missing)} tensors, {missing[0]} first.")
