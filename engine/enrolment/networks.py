"""The three networks that only enrolment needs: 530 MB that need not stay loaded.

Speech tokenizer, x-vector encoder and voice encoder are upstream's own, and so are the steps,
which are those of its `prepare_conditionals`. All its models have the same networks; what they are
given of a clip differs by family (`hearing`).
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from engine.enrolment.clip import SAMPLE_RATE
from engine.enrolment.conditionals import Conditionals
from engine.enrolment.hearing import HEARINGS
from engine.errors import VoiceUnusable
from engine.speech import FloatArray
from engine.upstream.acoustics import resample
from engine.upstream.encoders import (
    Undrawn,
    build_speaker_encoder,
    build_speech_tokenizer,
    build_voice_encoder,
    load_into,
    mel_spectrogram,
    torchaudio,
)
from engine.weights import checkpoint
from engine.weights.models import Family, Model

_TOKENIZER_RATE = 16_000
_PROMPT_S = 10


@dataclass(frozen=True)
class EnrolmentNetworks:
    """Upstream's enrolment networks on one device, in fp32."""

    tokenizer: Any
    speaker_encoder: Any
    voice_encoder: Any
    device: torch.device
    family: Family

    @classmethod
    def load(cls, folder: Path, model: Model, device: torch.device) -> "EnrolmentNetworks":
        """Read them alone from a checkpoint. Raises `WeightsError`."""
        sizes = checkpoint.read_sizes(folder, model)
        with Undrawn():
            tokenizer = build_speech_tokenizer(sizes.s3gen)
            speaker_encoder = build_speaker_encoder(sizes.s3gen)
            voice_encoder = build_voice_encoder(sizes.voice_encoder)
        load_into(tokenizer, folder / model.s3gen, "tokenizer.", device)
        load_into(speaker_encoder, folder / model.s3gen, "speaker_encoder.", device)
        load_into(voice_encoder, folder / model.voice_encoder, device=device)
        return cls(tokenizer, speaker_encoder, voice_encoder, device, model.family)

    def enrol(self, clip: FloatArray) -> Conditionals:
        """Conditionals of a voice from its clip, mono float32 at 24 kHz.

        Raises `VoiceUnusable` where the networks make nothing of it.
        """
        clip = HEARINGS[self.family].prepare(clip)
        # Beside one another: each is thousands of small launches, and none fills the device.
        with ThreadPoolExecutor(1, "enrolment") as beside:
            t3 = beside.submit(self._of_t3, clip)
            s3gen = self._of_s3gen(clip[: _PROMPT_S * SAMPLE_RATE])
        try:
            return Conditionals.of(*t3.result(), *s3gen, family=self.family)
        except ValueError as error:
            raise VoiceUnusable("Nothing like a voice was found in the clip.") from error

    @torch.inference_mode()
    def _of_t3(self, clip: FloatArray) -> tuple[Tensor, Tensor]:
        """Speaker embedding and speech tokens; on a thread of its own, so the mode is set here."""
        hearing = HEARINGS[self.family]
        clip_16k = resample(clip, orig_sr=SAMPLE_RATE, target_sr=_TOKENIZER_RATE)
        embeddings = self.voice_encoder.embeds_from_wavs([clip_16k], sample_rate=_TOKENIZER_RATE)
        tokens, _lengths = self.tokenizer.forward(
            [clip_16k[: hearing.t3_prompt_s * _TOKENIZER_RATE]], max_len=hearing.t3_prompt_tokens
        )
        return torch.from_numpy(embeddings).mean(dim=0, keepdim=True), tokens

    @torch.inference_mode()
    def _of_s3gen(self, clip: FloatArray) -> tuple[Tensor, Tensor, Tensor]:
        """Speech tokens, two mel frames for each, and x-vector, as S3Gen's `embed_ref`."""
        wave = torch.from_numpy(clip).to(self.device).unsqueeze(0)
        mel = mel_spectrogram(wave).transpose(1, 2)
        wave_16k = _resampler(self.device)(wave)
        x_vector = self.speaker_encoder.inference(wave_16k)
        tokens, _lengths = self.tokenizer(wave_16k)
        # A clip that is no multiple of 40 ms may give a token more than it has mel for.
        return tokens[:, : mel.shape[1] // 2], mel, x_vector


@lru_cache(maxsize=1)
def _resampler(device: torch.device) -> Any:
    """Its filter is made once."""
    return torchaudio.transforms.Resample(SAMPLE_RATE, _TOKENIZER_RATE).to(device)
