"""What the waveform decoder is given: speech tokens, a voice, and the noise to start from.

Noise belongs to the utterance, never to the batch: the same seed on the same device gives the same
audio whoever shares the batch.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from engine.chatterbox.s3gen.config import (
    FRAMES_PER_TOKEN,
    HARMONICS,
    MEL_BINS,
    SAMPLES_PER_FRAME,
    SPEECH_TOKEN_IDS,
)


@dataclass(frozen=True, slots=True)
class VoiceConditionals:
    """S3Gen's part of a voice's conditionals, on the CPU; 160 KB for a ten-second clip.

    `prompt_token` is (tokens,) int64, `prompt_feat` (frames, 80) float32 log-mels, `embedding`
    (192,) float32. Leading axes of length one, as upstream keeps them, are dropped. Token ids stay
    integers: bf16 would corrupt most ids above 256.
    """

    prompt_token: Tensor
    prompt_feat: Tensor
    embedding: Tensor

    def __post_init__(self) -> None:
        object.__setattr__(self, "prompt_token", _ids(self.prompt_token))
        object.__setattr__(self, "prompt_feat", self.prompt_feat.reshape(-1, MEL_BINS).float())
        object.__setattr__(self, "embedding", self.embedding.reshape(-1).float())


@dataclass(frozen=True, slots=True)
class Noise:
    """Everything random in one utterance, in upstream's layouts.

    `mel` is (80, frames of prompt and speech), standard normal: where the ODE starts. `phase` is
    (9,), uniform in [-pi, pi) and zero for the fundamental; `source` is (9, samples), standard
    normal: the harmonic source's.
    """

    mel: Tensor
    phase: Tensor
    source: Tensor

    @classmethod
    def draw(cls, seed: int, frames: int, samples: int, device: torch.device) -> "Noise":
        """Draw from `seed` alone, in the order in which upstream draws."""
        generator = torch.Generator(device).manual_seed(seed)
        mel = torch.randn(MEL_BINS, frames, generator=generator, device=device)
        phase = (torch.rand(HARMONICS, generator=generator, device=device) * 2 - 1) * torch.pi
        phase[0] = 0
        source = torch.randn(HARMONICS, samples, generator=generator, device=device)
        return cls(mel, phase, source)


@dataclass(frozen=True, slots=True)
class Utterance:
    """One chunk of speech to be turned into sound.

    `speech_tokens` is (tokens,) integer, at least one, ids of 6561 and more already dropped; one
    that is left raises `ValueError`, because on a GPU it would take the whole process down.
    `noise` replaces what `seed` would draw; parity tests inject upstream's.
    """

    speech_tokens: Tensor
    voice: VoiceConditionals
    seed: int = 0
    noise: Noise | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "speech_tokens", _ids(self.speech_tokens))
        if self.frames < 1:
            raise ValueError("an utterance needs at least one frame of speech")

    @property
    def total_tokens(self) -> int:
        """Prompt and speech together: the length that the flow works on."""
        return len(self.voice.prompt_token) + len(self.speech_tokens)

    @property
    def total_frames(self) -> int:
        """Mel frames of prompt and speech together."""
        return self.total_tokens * FRAMES_PER_TOKEN

    @property
    def frames(self) -> int:
        """Mel frames that become sound: all but the prompt's, as upstream counts them."""
        return self.total_frames - len(self.voice.prompt_feat)

    @property
    def samples(self) -> int:
        """Length of the waveform."""
        return self.frames * SAMPLES_PER_FRAME

    def draw_noise(self, device: torch.device) -> Noise:
        """The injected noise, or the seed's, on `device`."""
        if self.noise is None:
            return Noise.draw(self.seed, self.total_frames, self.samples, device)
        given = self.noise
        return Noise(given.mel.to(device), given.phase.to(device), given.source.to(device))


def _ids(tokens: Tensor) -> Tensor:
    """Speech token ids as (tokens,) int64 on the CPU."""
    if tokens.dtype.is_floating_point:
        raise TypeError("speech tokens are integer ids, not floating point")
    ids = tokens.reshape(-1).long().cpu()
    if len(ids) and not 0 <= int(ids.min()) <= int(ids.max()) < SPEECH_TOKEN_IDS:
        raise ValueError(f"speech tokens are from 0 to {SPEECH_TOKEN_IDS - 1}")
    return ids
