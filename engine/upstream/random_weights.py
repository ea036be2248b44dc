"""Write a checkpoint of seeded random weights in the released layout and, unless small, size.

For tests and benchmarks where the released weights are not at hand. It proves speed and numerical
parity and says nothing of how Chatterbox sounds: what comes out of it is noise, not speech.
"""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import torch
from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import nn
from torch.nn.functional import pad
from transformers.initialization import no_init_weights

from engine.speech import FloatArray
from engine.upstream import untrained
from engine.upstream.build import assemble, build_s3gen, build_t3
from engine.upstream.encoders import build_voice_encoder
from engine.upstream.random_tokenizers import write_tokenizer
from engine.weights import checkpoint
from engine.weights.models import ENGLISH, MODELS, Model
from engine.weights.sizes import REDUCED, RELEASED

SOURCE = "random"
_SAMPLE_RATE = 24_000
_VOCODER_DRAWS = 20
_SENTENCE = "the quick brown fox jumps over the lazy dog"


def write_random_checkpoint(
    folder: Path,
    model: Model = ENGLISH,
    *,
    seed: int,
    small: bool,
    stop_after: int | None = 60,
    calibrated: bool = True,
) -> None:
    """Write all files of a model's checkpoint, and its manifest, into `folder`.

    English and Multilingual of one seed have the same files but for T3 and tokenizer, as released.

    Equal arguments give equal weights on one torch version with one number of threads.
    `stop_after` is about how many speech tokens (25 a second) an utterance gets before the stop
    token; None leaves that to chance, which in practice means upstream's limit of 1000. Networks
    that are not `calibrated` have their sizes and shapes and are made sooner, but what they give
    may be of any level and much alike.

    The folder is as it was until all is written, whatever happens on the way. Raises `WeightsError`
    where it holds weights that are not random ones, or no place is left for new ones.
    """
    manifest = checkpoint.read_manifest(folder)
    every = {name for known in MODELS.values() for name in known.fetched}
    occupied = any((folder / name).exists() for name in every)
    if occupied and (manifest is None or manifest.source != SOURCE):
        raise checkpoint.WeightsError(f"{folder} already holds other weights; nothing was written.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as scratch:
        unfinished = Path(scratch) / folder.name
        unfinished.mkdir()
        try:
            _write(
                unfinished,
                model,
                seed,
                small=small,
                stop_after=stop_after,
                calibrated=calibrated,
            )
        except (SafetensorError, RuntimeError) as error:  # how these libraries say "disk full"
            first = str(error).partition("\n")[0]
            raise checkpoint.WeightsError(f"{folder} cannot be written: {first}") from error
        if not folder.exists():
            unfinished.rename(folder)
            return
        # The manifest goes first: what it marks as random may be written over by the next try.
        for name in (checkpoint.MANIFEST, *model.fetched):
            (unfinished / name).replace(folder / name)
        for name in every.difference(model.fetched):
            (folder / name).unlink(missing_ok=True)


def _write(
    folder: Path, model: Model, seed: int, *, small: bool, stop_after: int | None, calibrated: bool
) -> None:
    write_tokenizer(folder, model)
    with torch.inference_mode(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        if model.tables:
            drawn = _draw_multilingual(folder, model, small, stop_after)
        else:
            drawn = _draw(folder, model, small, stop_after, calibrated)
    # Calibration filled in a derived embedding that upstream would then prefer to its own.
    drawn.conds.t3.cond_prompt_speech_emb = None
    for name, network in (
        (model.t3, drawn.t3),
        (model.s3gen, drawn.s3gen),
        (model.voice_encoder, drawn.ve),
    ):
        _save(network, folder / name, strict=model.family == "turbo")
    drawn.conds.save(folder / model.builtin_voice)
    size = ("small" if small else "full") + ("" if calibrated else "-uncalibrated")
    name = "" if model is ENGLISH else f"{model.name}-"
    revision = f"random-{name}{size}-seed-{seed}-stop-{stop_after}"
    checkpoint.write_manifest(folder, model, source=SOURCE, revision=revision)


def _draw(
    folder: Path, model: Model, small: bool, stop_after: int | None, calibrated: bool = True
) -> Any:
    """Upstream's class around networks drawn for it; `folder` has its tokenizer."""
    sizes = (REDUCED if small else RELEASED)[model.name]
    with no_init_weights():
        t3: Any = build_t3(sizes.t3)
    s3gen: Any = build_s3gen(sizes.s3gen)
    voice_encoder: Any = build_voice_encoder(sizes.voice_encoder)
    for network in (s3gen, voice_encoder):
        untrained.perturb_neutral(network)
    untrained.draw_t3(t3, stop_after)
    estimator = s3gen.flow.decoder.estimator
    if sizes.s3gen.meanflow:  # or when a step ends would not matter
        mixer = estimator.time_embed_mixer.weight
        mixer += 0.02 * torch.randn_like(mixer)
    drawn = assemble(model, t3, s3gen, voice_encoder, folder)

    seconds = 8.0 if model.family == "turbo" else 4.0  # Turbo hears nothing below five
    clips = [synthetic_voice(pitch_hz, seconds) for pitch_hz in (105.0, 160.0, 230.0)]
    if calibrated:
        _spread_voices(drawn, clips)
    _enrol(drawn, clips[0])
    if not calibrated:
        return drawn
    untrained.set_t3_entropy(t3, drawn.conds.t3, _text_tokens(drawn, model))

    estimator.final_proj.bias -= 5.0  # the mean of a log-mel
    mel = s3gen.flow_inference(
        torch.randint(0, sizes.s3gen.vocabulary, (1, 25)),
        ref_dict=dict(drawn.conds.gen),
        finalize=True,
        n_cfm_timesteps=2,  # level and spread are those of ten steps, at a fifth of the time
    )
    _draw_vocoder(drawn, mel)
    return drawn


def _draw_multilingual(folder: Path, model: Model, small: bool, stop_after: int | None) -> Any:
    """The English model of this seed with another T3."""
    with tempfile.TemporaryDirectory() as scratch:
        write_tokenizer(Path(scratch), ENGLISH)
        english = _draw(Path(scratch), ENGLISH, small, stop_after)
    with no_init_weights():
        t3: Any = build_t3((REDUCED if small else RELEASED)[model.name].t3)
    untrained.draw_t3(t3, stop_after)
    drawn = assemble(model, t3, english.s3gen, english.ve, folder, conds=english.conds)
    drawn.conds.t3.cond_prompt_speech_emb = None
    untrained.set_t3_entropy(t3, drawn.conds.t3, _text_tokens(drawn, model))
    return drawn


def _text_tokens(drawn: Any, model: Model) -> torch.Tensor:
    """A sentence as the model's T3 wants it."""
    ids: torch.Tensor
    if model.family == "turbo":
        ids = drawn.tokenizer(_SENTENCE, return_tensors="pt").input_ids
    elif model.tables:
        ids = drawn.tokenizer.text_to_tokens(_SENTENCE, language_id="en").long()
        ids = pad(pad(ids, (1, 0), value=255), (0, 1), value=0)
    else:
        ids = drawn.tokenizer.text_to_tokens(f"[START] {_SENTENCE} [STOP]").long()
    return ids


def _draw_vocoder(model: Any, mel: torch.Tensor) -> None:
    """Draw vocoders until one makes sound that can be watermarked, as speech can: most do."""
    vocoder = model.s3gen.mel2wav
    pitch = vocoder.f0_predictor
    for _ in range(_VOCODER_DRAWS):
        untrained.draw_vocoder(vocoder)
        with untrained.outputs_of(pitch.classifier) as pitches:
            pitch(mel)
        untrained.standardise(pitch.classifier, pitches, mean=120.0, std=60.0)
        untrained.set_loudness(vocoder, mel)
        wav, _source = vocoder.inference(speech_feat=mel)
        if untrained.takes_watermark(model.watermarker, wav, model.sr):
            return
    raise checkpoint.WeightsError("No vocoder that can be watermarked was drawn; try another seed.")


def _spread_voices(model: Any, clips: list[FloatArray]) -> None:
    """Make the enrolment networks tell voices and moments apart, as trained ones do."""
    quantiser = model.s3gen.tokenizer.get_submodule("quantizer._codebook.project_down")
    embedder = model.s3gen.speaker_encoder.xvector.dense
    with (
        untrained.outputs_of(quantiser) as codes,
        untrained.outputs_of(embedder.linear) as x_vectors,
        untrained.outputs_of(model.ve.proj) as speakers,
    ):
        for clip in clips:
            _enrol(model, clip)
    untrained.standardise(quantiser, codes)
    untrained.standardise(model.ve.proj, speakers)
    values = torch.cat(x_vectors).squeeze(-1)
    embedder.nonlinear.batchnorm.running_mean.copy_(values.mean(0))
    embedder.nonlinear.batchnorm.running_var.copy_(values.var(0))


def _enrol(model: Any, clip: FloatArray) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clip.wav"
        soundfile.write(path, clip, _SAMPLE_RATE)
        model.prepare_conditionals(str(path))


def synthetic_voice(pitch_hz: float, seconds: float = 4.0, seed: int = 0) -> FloatArray:
    """A buzz with vibrato, syllables and breath that stands in for a person's clip, at 24 kHz.

    Mono float32, peak about 0.3. Not speech.
    """
    time = np.arange(int(seconds * _SAMPLE_RATE)) / _SAMPLE_RATE
    rng = np.random.default_rng([seed, int(pitch_hz)])
    pitch = pitch_hz * (1 + 0.15 * np.sin(2 * np.pi * 0.8 * time))
    phase = 2 * np.pi * np.cumsum(pitch) / _SAMPLE_RATE
    strengths = rng.uniform(0.2, 1.0, 20) / np.arange(1, 21)
    buzz = sum(s * np.sin(k * phase) for k, s in enumerate(strengths, start=1))
    syllables = 0.55 + 0.45 * np.sin(2 * np.pi * rng.uniform(2.5, 4.0) * time)
    voice = 0.3 * buzz * syllables / np.abs(buzz).max()
    samples: FloatArray = (voice + 0.003 * rng.standard_normal(len(time))).astype(np.float32)
    return samples


def _save(network: nn.Module, path: Path, *, strict: bool) -> None:
    state = {name: tensor.contiguous() for name, tensor in network.state_dict().items()}
    if not strict:
        state.pop("tokenizer.window", None)  # the released file leaves it to the constructor
    save_file(state, path)
