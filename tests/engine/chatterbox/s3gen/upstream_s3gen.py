"""Upstream's S3Gen as the slow and obvious path: one utterance, its noise that of our seed.

Randomness is the only thing replaced: what its vocoder draws comes from the utterance's `Noise`.
"""

from dataclasses import dataclass
from typing import Any
from unittest import mock

import torch
from torch import Tensor

from engine.chatterbox.s3gen import Noise, WaveformDecoder
from engine.chatterbox.s3gen.config import tf32_products
from engine.chatterbox.t3.config import DTYPES
from engine.chatterbox.utterance import EnrolledVoice, Utterance
from engine.enrolment import Conditionals
from engine.upstream import untrained
from engine.upstream.build import build_s3gen
from engine.weights.sizes import S3GenSizes
from tests.engine.chatterbox.utterances import decoded

_randn_like, _cumsum = torch.randn_like, torch.cumsum


@dataclass(frozen=True)
class Upstream:
    """A seeded, untrained S3Gen of upstream's that has a pitch, a loudness and no neutral norms."""

    model: Any
    device: torch.device
    state: dict[str, Tensor]

    @classmethod
    def draw(cls, sizes: S3GenSizes, device: torch.device) -> "Upstream":
        """Build and calibrate one, as `engine.upstream.random_weights` does."""
        with torch.inference_mode(), torch.random.fork_rng():
            torch.manual_seed(0)
            model: Any = build_s3gen(sizes)
            untrained.perturb_neutral(model)
            untrained.draw_vocoder(model.mel2wav)
            model = model.to(device)
            estimator = model.flow.decoder.estimator
            estimator.final_proj.bias -= 5.0
            if sizes.meanflow:  # or the end of a step would not matter
                mixer = estimator.time_embed_mixer.weight
                mixer += 0.02 * torch.randn_like(mixer)
            upstream = cls(model, device, {})
            mel = upstream.mel(make_utterance(40, 50)).T[None]
            pitch = model.mel2wav.f0_predictor
            with untrained.outputs_of(pitch.classifier) as pitches:
                pitch(mel)
            untrained.standardise(pitch.classifier, pitches, mean=120.0, std=60.0)
            untrained.set_loudness(model.mel2wav, mel)
            upstream.state.update({n: t.detach().cpu() for n, t in model.state_dict().items()})
            return upstream

    def decoder(self, precision: str = "fp32") -> WaveformDecoder:
        return WaveformDecoder(self.state, self.device, DTYPES[precision])

    @torch.inference_mode()
    def mel(self, utterance: Utterance) -> Tensor:
        """(frames, 80) log-mels of speech, from noise that upstream draws of the request's seed."""
        voice = utterance.voice.conditionals
        reference = {
            "prompt_token": voice.prompt_tokens.to(self.device),
            "prompt_token_len": torch.tensor([voice.prompt_tokens.shape[1]], device=self.device),
            "prompt_feat": voice.prompt_mel.to(self.device),
            "prompt_feat_len": None,
            "embedding": voice.x_vector.to(self.device),
        }
        # By default upstream's convolutions use TF32 on a GPU.
        with tf32_products(False), torch.random.fork_rng():
            torch.manual_seed(utterance.request.parameters.seed)
            mel: Tensor = self.model.flow_inference(
                utterance.speech_tokens[None].to(self.device), ref_dict=reference, finalize=True
            )
        return mel[0].T

    @torch.inference_mode()
    def pitch(self, mel: Tensor) -> Tensor:
        """(frames,) in Hz."""
        with tf32_products(False):
            hertz: Tensor = self.model.mel2wav.f0_predictor(mel.T[None])
        return hertz[0]

    @torch.inference_mode()
    def waveform(
        self, mel: Tensor, utterance: Utterance, pitch: Tensor | None = None, drifting: bool = False
    ) -> Tensor:
        """(samples,) before the watermark, faded in as upstream's `inference` does.

        `pitch` replaces what upstream makes of the mel: a phase is the pitch summed over time, so
        that the last bit of a pitch is the third digit of a waveform a second later.

        Upstream sums the source's cycles in fp32, where a few seconds of a high harmonic lose the
        third digit. `drifting` keeps that; else the same sum is exact.
        """
        noise = Noise(utterance, self.device, mean_flow=self.model.meanflow)

        class Phase:
            def __init__(self, **_: float) -> None: ...

            def sample(self, *, sample_shape: tuple[int, ...]) -> Tensor:
                return noise.phase.view(sample_shape)

        def injected(like: Tensor) -> Tensor:
            return noise.source[None] if like.shape[1] > 1 else _randn_like(like)

        def exactly(values: Tensor, dim: int) -> Tensor:
            return _cumsum(values.double(), dim=dim).frac().float()

        given = self.pitch(mel) if pitch is None else pitch
        hifigan = "chatterbox.models.s3gen.hifigan"
        with (
            tf32_products(False),
            mock.patch.object(self.model.mel2wav.f0_predictor, "forward", return_value=given[None]),
            mock.patch("torch.randn_like", injected),
            mock.patch(f"{hifigan}.Uniform", Phase),
            mock.patch("torch.cumsum", _cumsum if drifting else exactly),
        ):
            wave: Tensor = self.model.hift_inference(mel.T[None])[0]
        faded = min(wave.shape[1], len(self.model.trim_fade))
        wave = wave.clone()
        wave[:, :faded] *= self.model.trim_fade[:faded]
        return wave[0]


def make_utterance(
    tokens: int, prompt_tokens: int, *, seed: int = 0, extra_prompt_frames: int = 0
) -> Utterance:
    """Random ids and a random voice; upstream is given the noise of the same seed."""
    generator = torch.Generator().manual_seed(1000 * seed + tokens + prompt_tokens)
    conditionals = Conditionals(
        speaker=torch.zeros(1, 1),  # T3's, as the next
        t3_prompt_tokens=torch.zeros(1, 1, dtype=torch.int64),
        prompt_tokens=torch.randint(0, 6561, (1, prompt_tokens), generator=generator),
        prompt_mel=torch.randn(1, 2 * prompt_tokens + extra_prompt_frames, 80, generator=generator)
        - 5,
        x_vector=torch.randn(1, 192, generator=generator),
    )
    ids = torch.randint(0, 6561, (tokens,), generator=generator)
    return decoded(ids, EnrolledVoice("random", conditionals), seed=seed)


def relative_error(ours: Tensor, theirs: Tensor) -> float:
    """Norm of the difference over the norm of the reference; shapes have to agree."""
    assert ours.shape == theirs.shape
    difference = (ours.double().cpu() - theirs.double().cpu()).norm()
    return float(difference / theirs.double().cpu().norm())
