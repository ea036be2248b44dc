"""Upstream's networks at the sizes found in a checkpoint.

At the released sizes these are upstream's own constructors. Upstream fixes most of S3Gen's sizes
in code, so a reduced S3Gen is assembled here from upstream's classes, part by part as upstream's
constructor does it. Nothing here may alter how a network computes.
"""

import pickle
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers.initialization import no_init_weights

from engine.upstream import package as upstream
from engine.upstream.encoders import (
    build_speaker_encoder,
    build_speech_tokenizer,
    build_voice_encoder,
    load_into,
)
from engine.weights import checkpoint
from engine.weights.models import Model
from engine.weights.sizes import (
    GPT2_PROMPT_TOKENS,
    HEAD_DIM,
    MEL_BINS,
    PERCEIVER_HEADS,
    RELEASED,
    S3GenSizes,
    T3Sizes,
)


def build_t3(sizes: T3Sizes) -> nn.Module:
    """Upstream's T3 of either kind; what is loaded or drawn into it comes after."""
    return _gpt2_t3(sizes) if sizes.backbone == "gpt2" else _llama_t3(sizes)


def _gpt2_t3(sizes: T3Sizes) -> nn.Module:
    """As upstream's `ChatterboxTurboTTS.from_local` sets it up; release 0.1.7 has no Nano."""
    hp = upstream.T3Config(text_tokens_dict_size=sizes.text_vocabulary)
    hp.speech_tokens_dict_size = sizes.speech_vocabulary
    hp.speaker_embed_size = sizes.speaker_embedding
    hp.input_pos_emb = None
    hp.speech_cond_prompt_len = GPT2_PROMPT_TOKENS
    hp.use_perceiver_resampler = False
    hp.emotion_adv = False
    hp.llama_config_name = _named_backbone(
        "GPT2_medium",
        n_layer=sizes.layers,
        n_embd=sizes.hidden,
        hidden_size=sizes.hidden,
        n_inner=sizes.ffn,
        n_head=sizes.heads,
        n_positions=sizes.speech_positions,
        n_ctx=sizes.speech_positions,
    )
    t3: nn.Module = upstream.T3(hp)
    return t3.eval()


def _named_backbone(like: str, **changes: int) -> str:
    """Add a backbone to upstream's table, where it is found by name and nowhere else."""
    name = "_".join([like, *(str(size) for size in changes.values())])
    configs = upstream.llama_configs.LLAMA_CONFIGS
    configs[name] = {**configs[like], **changes}
    return name


def _llama_t3(sizes: T3Sizes) -> nn.Module:
    hp = upstream.T3Config(text_tokens_dict_size=sizes.text_vocabulary)
    hp.speech_tokens_dict_size = sizes.speech_vocabulary
    hp.max_text_tokens = sizes.text_positions - 2
    hp.max_speech_tokens = sizes.speech_positions - 4
    hp.speaker_embed_size = sizes.speaker_embedding
    reduced = replace(sizes, text_vocabulary=T3Sizes().text_vocabulary) != T3Sizes()
    if reduced:
        hp.llama_config_name = _named_backbone(
            "Llama_520M",
            num_hidden_layers=sizes.layers,
            hidden_size=sizes.hidden,
            intermediate_size=sizes.ffn,
            num_attention_heads=sizes.heads,
            num_key_value_heads=sizes.kv_heads,
            head_dim=HEAD_DIM,
        )
    t3: Any = upstream.T3(hp)
    if reduced:
        t3.cond_enc.perceiver = upstream.Perceiver(
            pre_attention_query_token=sizes.perceiver_queries,
            pre_attention_query_size=sizes.hidden,
            embedding_dim=sizes.hidden,
            num_attn_heads=PERCEIVER_HEADS,
        )
    return t3.eval()  # type: ignore[no-any-return]  # upstream is untyped


def build_s3gen(sizes: S3GenSizes) -> nn.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # diffusers, on layers upstream uses
        if sizes in (model.s3gen for model in RELEASED.values()):
            s3gen: nn.Module = upstream.S3Gen(meanflow=sizes.meanflow)
        else:
            s3gen = ReducedS3Gen(sizes)
    return s3gen.eval()


class ReducedS3Gen(upstream.S3Gen):  # type: ignore[misc]  # upstream is untyped
    """Upstream's S3Gen at other sizes; methods are inherited, only the assembly is repeated."""

    def __init__(self, sizes: S3GenSizes) -> None:
        nn.Module.__init__(self)
        module = upstream.s3gen_module
        self.tokenizer = build_speech_tokenizer(sizes)
        self.mel_extractor = module.mel_spectrogram
        self.speaker_encoder = build_speaker_encoder(sizes)
        self.meanflow = sizes.meanflow
        self.flow = module.CausalMaskedDiffWithXvec(
            input_size=sizes.encoder_width,
            output_size=MEL_BINS,
            spk_embed_dim=sizes.speaker_embedding,
            vocab_size=sizes.vocabulary,
            encoder=_conformer(sizes),
            decoder=module.CausalConditionalCFM(
                spk_emb_dim=MEL_BINS,
                cfm_params=module.CFM_PARAMS,
                estimator=module.ConditionalDecoder(
                    in_channels=4 * MEL_BINS,  # noise, encoder output, speaker, prompt
                    out_channels=MEL_BINS,
                    channels=[sizes.estimator_width],
                    attention_head_dim=HEAD_DIM,
                    n_blocks=sizes.estimator_transformers,
                    num_mid_blocks=sizes.estimator_middle_blocks,
                    num_heads=sizes.estimator_heads,
                    meanflow=sizes.meanflow,
                ),
            ),
        )
        self.resamplers: dict[Any, Any] = {}
        self.mel2wav = module.HiFTGenerator(
            base_channels=sizes.vocoder_channels,
            sampling_rate=module.S3GEN_SR,
            upsample_rates=[8, 5, 3],
            upsample_kernel_sizes=[16, 11, 7],
            source_resblock_kernel_sizes=[7, 7, 11],
            source_resblock_dilation_sizes=[[1, 3, 5], [1, 3, 5], [1, 3, 5]],
            f0_predictor=module.ConvRNNF0Predictor(cond_channels=sizes.f0_channels),
        )
        silent = module.S3GEN_SR // 50
        fade_in = (torch.cos(torch.linspace(torch.pi, 0, silent)) + 1) / 2
        trim_fade = torch.cat([torch.zeros(silent), fade_in])
        self.register_buffer("trim_fade", trim_fade, persistent=False)
        self.estimator_dtype = "fp32"


def _conformer(sizes: S3GenSizes) -> nn.Module:
    width = sizes.encoder_width
    encoder = upstream.s3gen_module.UpsampleConformerEncoder(
        input_size=width,
        output_size=width,
        attention_heads=sizes.encoder_heads,
        linear_units=sizes.encoder_ffn,
        num_blocks=sizes.encoder_layers,
    )
    # These are 512 wide, and four layers, whatever the constructor is told.
    encoder.pre_lookahead_layer = upstream.upsample_encoder.PreLookaheadLayer(
        channels=width, pre_lookahead_len=3
    )
    encoder.up_layer = upstream.upsample_encoder.Upsample1D(channels=width, out_channels=width)
    encoder.up_encoders = encoder.up_encoders[: sizes.encoder_upsampled_layers]
    return encoder  # type: ignore[no-any-return]  # upstream is untyped


def load_upstream(folder: Path, model: Model, device: torch.device | str = "cpu") -> Any:
    """Upstream's own class for the model, in fp32, from a checkpoint of the released layout.

    Raises `WeightsError`, one sentence naming the file, for what is missing, cut off or does not
    fit together.
    """
    sizes = checkpoint.read_sizes(folder, model)
    with no_init_weights():  # all are loaded, and drawing them first takes seconds
        t3 = build_t3(sizes.t3)
        s3gen = build_s3gen(sizes.s3gen)
        voice_encoder = build_voice_encoder(sizes.voice_encoder)
    load_into(t3, folder / model.t3)
    load_into(s3gen, folder / model.s3gen)
    load_into(voice_encoder, folder / model.voice_encoder)
    networks = t3.to(device), s3gen.to(device), voice_encoder.to(device)
    voice = load_builtin_voice(folder / model.builtin_voice).to(device)
    return assemble(model, *networks, folder, conds=voice, device=str(device))


def assemble(
    model: Model,
    t3: nn.Module,
    s3gen: nn.Module,
    voice_encoder: nn.Module,
    folder: Path,
    *,
    conds: Any = None,
    device: str = "cpu",
) -> Any:
    """Upstream's class for a model, around its networks and the tokenizer in `folder`."""
    networks = t3, s3gen, voice_encoder
    vocabulary = folder / model.tokenizer[0]
    if model.family == "turbo":
        tokenizer = upstream.gpt2_tokenizer(folder)
        return upstream.ChatterboxTurboTTS(*networks, tokenizer, device, conds=conds)
    if model.tables:
        tokenizer = upstream.multilingual_tokenizer(vocabulary, folder / model.tables[0])
        return upstream.MultilingualTTS(*networks, tokenizer, device, conds=conds)
    tokenizer = upstream.EnTokenizer(str(vocabulary))
    return upstream.ChatterboxTTS(*networks, tokenizer, device, conds=conds)


def load_builtin_voice(path: Path) -> Any:
    """Upstream's `Conditionals` of the voice that comes with the checkpoint, on the CPU.

    Read without unpickling code. Raises `WeightsError`.
    """
    try:
        return upstream.Conditionals.load(path, map_location="cpu")
    except (OSError, RuntimeError, EOFError, ValueError, TypeError, KeyError) as error:
        raise checkpoint.WeightsError(f"{path} cannot be read as a voice.") from error
    except pickle.UnpicklingError as error:
        raise checkpoint.WeightsError(f"{path} is cut off or holds more than tensors.") from error
