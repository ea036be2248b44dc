"""Weights that were never trained but behave: finite, audible, and sensitive to every input.

Freshly initialised networks hide mistakes. Their logits are flat, their attention uniform, their
norms and biases neutral, their speech tokens all equal, their pitch zero and their sound silent.
Here each of these is drawn or scaled so that an error anywhere changes the output. None of it
sounds like speech: such weights prove speed and numerical parity, nothing else.
"""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from engine.upstream.package import T3Cond

GUIDANCE, TEMPERATURE = 0.5, 0.8  # upstream's defaults, at which the entropy is set
ENTROPY_BITS = 3.0
SPEECH_CODES = 6561  # ids from here on are start, stop and unused


#: Positions before a GPT-2's first speech token: speaker, the tokens of a clip of 8 s, some text.
_GPT2_PREFIX = 220


def draw_t3(t3: Any, stop_after: int | None) -> None:
    """Draw every weight of a T3 in place, for a residual stream of about unit scale.

    Attention scores get a standard deviation near one, positions a third of a token's share, and
    each layer an even part of the stream. With `stop_after`, a ramp in the speech positions and a
    matching row of the head make the stop token win after about that many tokens; with a GPT-2,
    whose positions are the whole stream's, that holds for a clip of about eight seconds.
    """
    if t3.is_gpt:
        _draw_gpt2(t3)
    else:
        _draw_llama(t3)
    t3.speech_head.weight[SPEECH_CODES:] *= 0.3  # a trained model hardly ever says one of these
    if stop_after is not None:
        _teach_to_stop(t3, stop_after)


def _draw_llama(t3: nn.Module) -> None:
    layers = sum(name.endswith("mlp.down_proj.weight") for name, _ in t3.named_parameters())
    branch = 1.5 / math.sqrt(layers)
    gains = {
        "embed_tokens.weight": 0.02,
        "q_proj.weight": 1.1,
        "k_proj.weight": 1.1,
        "o_proj.weight": branch,
        "down_proj.weight": 2 * branch,
        "emb.emb.weight": 0.3,
        "speech_emb.weight": 0.9,
        "text_emb.weight": 0.9,
        "spkr_enc.weight": 16.0,  # its input has unit length, not unit variance
        "pre_attention_query": 0.5,
        "emotion_adv_fc.weight": 0.7,
    }
    lookup = ("emb", "query")
    for name, weight in t3.named_parameters():
        gain = next((g for ending, g in gains.items() if name.endswith(ending)), 1.0)
        if weight.ndim == 1:
            neutral = 1.0 if "norm" in name and name.endswith("weight") else 0.0
            weight.copy_(neutral + 0.1 * torch.randn_like(weight))
        elif any(part in name for part in lookup) and "_fc" not in name:
            weight.copy_(gain * torch.randn_like(weight))
        else:
            weight.copy_(gain / math.sqrt(weight.shape[1]) * torch.randn_like(weight))


def _draw_gpt2(t3: Any) -> None:
    branch = 1.2 / math.sqrt(len(t3.tfmr.h))
    gains = {
        "attn.c_proj.weight": branch,
        "mlp.c_proj.weight": 2 * branch,
        "spkr_enc.weight": 16.0,  # its input has unit length, not unit variance
        "emb.weight": 0.9,
        "wte.weight": 0.9,
        "wpe.weight": 0.3,
    }
    for name, weight in t3.named_parameters():
        gain = next((g for ending, g in gains.items() if name.endswith(ending)), 1.1)
        if weight.ndim == 1:
            neutral = 1.0 if "ln_" in name and name.endswith("weight") else 0.0
            weight.copy_(neutral + 0.1 * torch.randn_like(weight))
        elif name.endswith(("emb.weight", "wte.weight", "wpe.weight")):
            weight.copy_(gain * torch.randn_like(weight))
        else:
            inputs = weight.shape[0 if ".c_" in name else 1]  # these matrices lie (in, out)
            weight.copy_(gain / math.sqrt(inputs) * torch.randn_like(weight))


def _teach_to_stop(t3: Any, stop_after: int) -> None:
    positions = t3.tfmr.wpe.weight if t3.is_gpt else t3.speech_pos_emb.emb.weight
    width = positions.shape[1]
    direction = torch.nn.functional.normalize(torch.randn(width), dim=0)
    spoken = torch.arange(len(positions)) - (_GPT2_PREFIX if t3.is_gpt else 0)
    ramp = (1.6 * spoken / stop_after - 0.8).clamp(min=-0.8, max=1.5)
    positions += 0.5 * math.sqrt(width) * ramp[:, None] * direction
    t3.speech_head.weight[t3.hp.stop_speech_token] = 70.0 / math.sqrt(width) * direction


def set_t3_entropy(t3: Any, cond: T3Cond, text_tokens: Tensor) -> None:
    """Scale the speech head until the next-token distribution has `ENTROPY_BITS` on average.

    Measured over random speech tokens, after guidance, where the model has it, and temperature at
    their defaults, which is where sampling looks. `text_tokens` is (1, length) int64, with what the
    model wants at its ends.
    """
    rows = 1 if t3.is_gpt else 2
    speech_tokens = torch.randint(0, SPEECH_CODES, (1, 64))
    speech_tokens[0, 0] = t3.hp.start_speech_token
    embeds, _ = t3.prepare_input_embeds(
        t3_cond=cond,
        text_tokens=text_tokens.expand(rows, -1),
        speech_tokens=speech_tokens.expand(rows, -1),
        cfg_weight=0.0 if t3.is_gpt else GUIDANCE,
    )
    hidden = t3.tfmr(inputs_embeds=embeds).last_hidden_state[:, -64:]
    ordinary = torch.arange(len(t3.speech_head.weight)) != t3.hp.stop_speech_token
    logits = t3.speech_head(hidden)[..., ordinary]
    guided = (logits[0] + GUIDANCE * (logits[0] - logits[-1])) / TEMPERATURE
    low, high = 0.1, 20.0
    for _ in range(30):
        gain = math.sqrt(low * high)
        if entropy_bits(gain * guided).mean() > ENTROPY_BITS:
            low = gain
        else:
            high = gain
    for parameter in t3.speech_head.parameters():
        parameter[ordinary] *= gain


def entropy_bits(logits: Tensor) -> Tensor:
    """Shannon entropy of softmax over the last axis, in bits."""
    log_p = logits.float().log_softmax(-1)
    return -(log_p.exp() * log_p.clamp(min=-1e4)).sum(-1) / math.log(2)


def perturb_neutral(module: nn.Module) -> None:
    """Move parameters and statistics that were initialised to one constant off that constant."""
    for weight in module.parameters():
        flat = weight.view(-1)
        # Ends first: the whole of a large matrix is looked at only if it may be constant.
        if len(flat) > 1 and flat[0] == flat[-1] and flat.min() == flat.max():
            weight.add_(0.05 * torch.randn_like(weight))
    for name, statistic in module.named_buffers():
        if name.endswith("running_mean"):
            statistic.add_(0.05 * torch.randn_like(statistic))
        elif name.endswith("running_var"):
            statistic.mul_((0.1 * torch.randn_like(statistic)).exp())


@contextmanager
def outputs_of(module: nn.Module) -> Iterator[list[Tensor]]:
    """Collect what `module` returns while the block runs."""
    seen: list[Tensor] = []
    hook = module.register_forward_hook(lambda _m, _i, output: seen.append(output.detach()))
    try:
        yield seen
    finally:
        hook.remove()


def standardise(
    layer: Any, outputs: Sequence[Tensor], *, mean: float = 0.0, std: float = 1.0
) -> None:
    """Shift and scale a linear layer so that these `outputs` of it would have had this statistic.

    Each output feature gets the mean, all of them together the standard deviation.
    """
    values = torch.cat([output.reshape(-1, output.shape[-1]) for output in outputs])
    centre = values.mean(0)
    scale = std / (values - centre).std()
    layer.weight *= scale
    layer.bias.copy_(scale * (layer.bias - centre) + mean)


def draw_vocoder(mel2wav: Any) -> None:
    """Draw the vocoder's convolutions, for signals of about unit scale.

    `original0` is a convolution's norm, so that one keeps the variance; a transposed one is normed
    over its outputs, of which `stride` share each sample.
    """
    for name, module in mel2wav.named_modules():
        if not hasattr(module, "parametrizations"):
            continue
        gain = 1.0
        if isinstance(module, nn.ConvTranspose1d):
            gain = math.sqrt(module.out_channels * module.stride[0] / module.in_channels)
        elif "convs2" in name:
            gain = 0.4
        elif "conv_pre" in name or "condnet.0" in name:
            gain = 0.2  # log-mels are near -5
        norm = module.parametrizations.weight.original0
        norm.copy_(gain * (1 + 0.1 * torch.randn_like(norm)))
        direction = module.parametrizations.weight.original1
        direction.copy_(torch.randn_like(direction))
    for convolution in mel2wav.source_downs:
        weight = convolution.weight
        # A gain that makes the pitch heard.
        weight.copy_(math.sqrt(3 / weight[0].numel()) * torch.randn_like(weight))


def set_loudness(mel2wav: Any, mel: Tensor, rms: float = 0.1) -> None:
    """Set the vocoder's output level: its last bias is the logarithm of a spectrum's magnitude."""
    magnitudes = mel2wav.istft_params["n_fft"] // 2 + 1
    for _ in range(2):  # the output is clipped, so one step may overshoot
        wav, _source = mel2wav.inference(speech_feat=mel)
        mel2wav.conv_post.bias[:magnitudes] += math.log(rms / float(wav.square().mean().sqrt()))


def takes_watermark(watermarker: Any, wav: Tensor, sample_rate: int) -> bool:
    """Whether Perth's mark can be put into `wav` (1, samples) and is not seen there before.

    It hides below what is loud in speech, so there are noises that cannot carry it.
    """
    unmarked = wav.squeeze(0).numpy()
    marked = watermarker.apply_watermark(unmarked, sample_rate=sample_rate)
    confidence = [
        watermarker.get_watermark(pcm, sample_rate=sample_rate, round=False).mean()
        for pcm in (unmarked, marked)
    ]
    return bool(confidence[0] < 0.1 and confidence[1] > 0.98)
