"""The three networks that only enrolment needs: 530 MB that need not stay loaded.

Speech tokenizer, x-vector encoder and voice encoder are upstream's own, and so are the steps,
which are those of its `prepare_conditionals`.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import librosa
import torch
from transformers.initialization import no_init_weights

from engine.enrolment.clip import SAMPLE_RATE
from engine.enrolment.conditionals import Conditionals
from engine.errors import VoiceUnusable
from engine.reference import upstream
from engine.speech import FloatArray
from engine.weights import checkpoint
from engine.weights.build import (
    build_speaker_encoder,
    build_speech_tokenizer,
    build_voice_encoder,
    load_into,
)

_TOKENIZER_RATE = 16_000
_T3_PROMPT_TOKENS = 150
_T3_PROMPT_S = 6
_PROMPT_S = 10


@dataclass(frozen=True)
class EnrolmentNetworks:
    """Upstream's enrolment networks on one device, in fp32.

    The field names are those of S3Gen, whose method `embed_ref` runs on this object.
    """

    tokenizer: Any
    speaker_encoder: Any
    voice_encoder: Any
    device: torch.device
    mel_extractor: Any = upstream.s3gen_module.mel_spectrogram
    dtype: torch.dtype = torch.float32

    @classmethod
    def load(cls, folder: Path, device: torch.device) -> "EnrolmentNetworks":
        """Read them alone from a checkpoint. Raises `WeightsError`."""
        sizes = checkpoint.read_sizes(folder)
        with no_init_weights():
            tokenizer = build_speech_tokenizer(sizes.s3gen)
            speaker_encoder = build_speaker_encoder(sizes.s3gen)
            voice_encoder = build_voice_encoder(sizes.voice_encoder)
        load_into(tokenizer, folder / checkpoint.S3GEN, "tokenizer.")
        load_into(speaker_encoder, folder / checkpoint.S3GEN, "speaker_encoder.")
        load_into(voice_encoder, folder / checkpoint.VOICE_ENCODER)
        return cls(
            tokenizer.to(device), speaker_encoder.to(device), voice_encoder.to(device), device
        )

    @classmethod
    def of(cls, model: Any) -> "EnrolmentNetworks":
        """Use those of a loaded `ChatterboxTTS`."""
        return cls(
            model.s3gen.tokenizer, model.s3gen.speaker_encoder, model.ve, torch.device(model.device)
        )

    def enrol(self, clip: FloatArray) -> Conditionals:
        """Conditionals of a voice from its clip, mono float32 at 24 kHz.

        Raises `VoiceUnusable` where the networks make nothing of it.
        """
        # Beside one another: each is thousands of small launches, and none fills the device.
        with ThreadPoolExecutor(1, "enrolment") as beside:
            t3 = beside.submit(self._of_t3, clip)
            with torch.inference_mode():
                gen = upstream.S3Gen.embed_ref(
                    self, clip[: _PROMPT_S * SAMPLE_RATE], SAMPLE_RATE, device=self.device
                )
        try:
            return Conditionals.from_upstream(upstream.Conditionals(t3.result(), gen))
        except ValueError as error:
            raise VoiceUnusable("Nothing like a voice was found in the clip.") from error

    @torch.inference_mode()
    def _of_t3(self, clip: FloatArray) -> Any:
        """What T3 is told of a voice; on a thread of its own, so inference mode is set here."""
        clip_16k = librosa.resample(clip, orig_sr=SAMPLE_RATE, target_sr=_TOKENIZER_RATE)
        embeddings = self.voice_encoder.embeds_from_wavs([clip_16k], sample_rate=_TOKENIZER_RATE)
        prompt_tokens, _lengths = self.tokenizer.forward(
            [clip_16k[: _T3_PROMPT_S * _TOKENIZER_RATE]], max_len=_T3_PROMPT_TOKENS
        )
        return upstream.T3Cond(
            speaker_emb=torch.from_numpy(embeddings).mean(dim=0, keepdim=True),
            cond_prompt_speech_tokens=prompt_tokens,
        )
