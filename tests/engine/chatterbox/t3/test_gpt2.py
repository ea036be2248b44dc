"""Turbo's and Nano's decoder against upstream's, on the same weights, and against itself.

Longer than most files: all of it needs the same checkpoints and what upstream says of them.
"""

import math
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from engine.bench.t3 import some_text, some_voice
from engine.chatterbox.t3.config import CPU_PAGE, PAGE, START_OF_SPEECH, DecoderConfig
from engine.chatterbox.t3.gpt2_weights import int8_runs
from engine.chatterbox.t3.kernels.reference import ReferenceT3Kernels
from engine.chatterbox.t3.loading import load_weights
from engine.chatterbox.t3.model import T3
from engine.chatterbox.t3.rules import TURBO
from engine.chatterbox.t3.scheduler import Scheduler
from engine.chatterbox.utterance import EnrolledVoice, Utterance, UtteranceStatus
from engine.speech import SpeechParameters
from engine.upstream.untrained import entropy_bits
from engine.weights.sizes import REDUCED, RELEASED
from tests.engine.chatterbox.t3.t3_checkpoint import Checkpoint, finish, make_checkpoint, tokens
from tests.engine.chatterbox.t3.test_kernels import compiled, trace
from tests.engine.chatterbox.t3.test_parity import (
    decode_with_noise,
    exponential_noise,
    our_logits,
)
from tests.engine.chatterbox.utterances import again, to_decode

#: Those that the order of the filters, top-k alone, top-p alone and no filter at all would show in.
PARAMETER_SETS = {
    "upstream's defaults": SpeechParameters(),
    "few, much penalised": SpeechParameters(
        top_k=12, top_p=0.8, temperature=1.0, repetition_penalty=1.9
    ),
    "top-k alone, hot": SpeechParameters(
        top_k=40, top_p=1.0, temperature=1.4, repetition_penalty=1.05
    ),
    "nucleus, cold": SpeechParameters(top_k=0, top_p=0.7, temperature=0.5),
    "no filter": SpeechParameters(top_k=0, top_p=1.0, min_p=0.9, repetition_penalty=1.0),
}
#: In them every filter acts.
QUICK = ("upstream's defaults", "few, much penalised")
NewT3 = Callable[..., T3]


@pytest.fixture(scope="session", params=["turbo", pytest.param("nano", marks=pytest.mark.slow)])
def gpt2(
    request: pytest.FixtureRequest, device: torch.device, tmp_path_factory: pytest.TempPathFactory
) -> Checkpoint:
    sizes = (RELEASED if device.type == "cuda" else REDUCED)[request.param].t3
    return make_checkpoint(tmp_path_factory.mktemp(request.param), sizes, device)


#: What the sizes of the network change nothing of is held with one.
of_any_size = pytest.mark.parametrize("gpt2", ["turbo"], indirect=True)


def decoder(
    checkpoint: Checkpoint,
    slots: int = 1,
    *,
    page: int | None = None,
    positions: int | None = None,
    dtype: torch.dtype = torch.float32,
    int8: bool = False,
    kernels: ReferenceT3Kernels | None = None,
) -> T3:
    """In pages of its device, unless they are said."""
    if page is None:
        page = PAGE if checkpoint.device.type == "cuda" else CPU_PAGE
    weights = load_weights(checkpoint.file, checkpoint.device, dtype, int8=int8)
    config = DecoderConfig.for_streams(
        slots, dtype, positions, voices=4, sizes=weights.sizes, page=page
    )
    return T3(weights, config, kernels)


def voice_of(prompt: int, seed: int = 0) -> EnrolledVoice:
    """A voice whose clip has so many speech tokens."""
    voice = some_voice(seed)
    random = torch.Generator().manual_seed(1000 * seed + prompt)
    heard = torch.randint(0, 6561, (1, prompt), generator=random)
    conditionals = replace(voice.conditionals, t3_prompt_tokens=heard)
    return EnrolledVoice(f"{voice.identity}-{prompt}", conditionals)


def asked(
    parameters: SpeechParameters | None = None,
    *,
    text: int = 30,
    prompt: int = 150,
    seed: int = 0,
    cap: int = 260,
) -> Utterance:
    parameters = SpeechParameters() if parameters is None else parameters
    return to_decode(some_text(text), voice_of(prompt, seed), parameters, cap)


@torch.inference_mode()
def upstream_logits(checkpoint: Checkpoint, said: Utterance, speech: list[int]) -> Tensor:
    """Teacher-forced logits (len(speech) + 1, vocabulary)."""
    t3, device = checkpoint.upstream, checkpoint.device
    embeds, _ = t3.prepare_input_embeds(
        t3_cond=checkpoint.condition(said.voice, 0.5),
        text_tokens=said.text_tokens[None].to(device),
        speech_tokens=torch.tensor([[START_OF_SPEECH, *speech]], device=device),
    )
    hidden = t3.tfmr(inputs_embeds=embeds).last_hidden_state[0, -len(speech) - 1 :]
    return t3.speech_head(hidden)


@torch.inference_mode()
def upstream_tokens(checkpoint: Checkpoint, said: Utterance, seed: int, steps: int) -> list[int]:
    """With the stop token, if it was drawn."""
    p = TURBO.resolved(said.request.parameters)
    drawn: list[Tensor] = []
    multinomial = torch.multinomial

    def noted(*args: Tensor, **kwargs: int) -> Tensor:
        drawn.append(multinomial(*args, **kwargs))
        return drawn[-1]

    torch.manual_seed(seed)
    torch.multinomial = noted
    try:
        checkpoint.upstream.inference_turbo(
            t3_cond=checkpoint.condition(said.voice, 0.5),
            text_tokens=said.text_tokens[None].to(checkpoint.device),
            temperature=p.temperature,
            top_k=p.top_k,
            top_p=p.top_p,
            repetition_penalty=p.repetition_penalty,
            max_gen_len=steps - 1,
        )
    finally:
        torch.multinomial = multinomial
    return torch.cat(drawn, dim=1)[0].tolist()


def our_tokens(t3: T3, said: Utterance, seed: int, steps: int) -> list[int]:
    noise = exponential_noise(seed, steps, t3.sizes.speech_vocabulary, t3.device)
    return decode_with_noise(t3, t3.reserve(said, 0), noise)


@pytest.mark.parametrize(
    ("prompt", "text", "steps"), [(375, 30, 20), (1, 33, 3), (31, 64, 3), (32, 7, 3), (201, 513, 3)]
)
def test_teacher_forced_logits_are_upstreams(
    gpt2: Checkpoint, prompt: int, text: int, steps: int
) -> None:
    """Relative error at most 1e-4 in fp32, whatever the length of the prefix."""
    said = asked(text=text, prompt=prompt)
    speech = torch.randint(0, 6561, (steps,), generator=torch.Generator().manual_seed(1)).tolist()
    expected = upstream_logits(gpt2, said, speech)
    for page in {PAGE, decoder(gpt2).config.page}:
        got = our_logits(decoder(gpt2, page=page), said, speech)[0]
        assert (got - expected).norm() / expected.norm() <= 1e-4
    assert 1 <= entropy_bits(expected / 0.8).mean() <= 6


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    "name",
    [
        name if name in QUICK else pytest.param(name, marks=pytest.mark.slow)
        for name in PARAMETER_SETS
    ],
)
def test_sampled_tokens_are_upstreams_under_the_same_noise(
    gpt2: Checkpoint, name: str, seed: int
) -> None:
    said = asked(PARAMETER_SETS[name], text=12 + 7 * seed, prompt=60 * seed, seed=seed)
    expected = upstream_tokens(gpt2, said, seed, steps=70)
    assert our_tokens(decoder(gpt2), said, seed, len(expected)) == expected
    assert len(expected) == 70
    assert len(set(expected)) > 20


@of_any_size
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_start_and_stop_are_drawn_as_upstream_draws_them(gpt2: Checkpoint, seed: int) -> None:
    """Start counts as said at the first token alone; a stop that is drawn first ends nothing."""
    said = asked(text=9, prompt=20, seed=seed)
    t3 = decoder(gpt2)
    both = gpt2.upstream.speech_head.bias, t3.weights.speech_head.bias
    raised = upstream_logits(gpt2, said, [])[0].topk(3).values.mean()
    with torch.inference_mode():
        for bias in both:
            bias[START_OF_SPEECH:] += raised
        try:
            expected = upstream_tokens(gpt2, said, seed, steps=60)
        finally:
            both[0][START_OF_SPEECH:] -= raised
    assert our_tokens(t3, said, seed, 60) == expected
    stop = START_OF_SPEECH + 1
    assert {START_OF_SPEECH, stop} & set(expected)
    assert len(expected) < 60 or stop not in expected[1:]


def test_a_mixed_batch_gives_each_the_tokens_it_gets_alone(
    gpt2: Checkpoint, pytestconfig: pytest.Config
) -> None:
    """Prefixes, texts and parameters of every kind; the third joins when another has ended."""
    parameters = list(PARAMETER_SETS.values())
    said = [
        asked(
            parameters[n], text=8 + 9 * n, prompt=(1, 375, 64, 33, 150)[n], seed=n, cap=20 + 7 * n
        )
        for n in range(5)
    ]
    pages = {decoder(gpt2).config.page}
    if pytestconfig.getoption("--all"):
        pages.add(PAGE)
    for page in pages:
        together = [again(each) for each in said]
        finish(Scheduler(decoder(gpt2, 4, page=page)), together)
        for each, other in zip(said, together, strict=True):
            (alone,) = finish(Scheduler(decoder(gpt2)), [again(each)])
            assert tokens(other) == tokens(alone)
    assert len({tuple(tokens(each)) for each in together}) == 5


@pytest.mark.usefixtures("cuda")
@pytest.mark.parametrize("count", [1, 2, 5])
def test_compiled_steps_compute_what_plain_torch_computes(gpt2: Checkpoint, count: int) -> None:
    """Few rows and many, every kind of parameters, an utterance that ends, and idle places."""
    parameters = list(PARAMETER_SETS.values())
    said = [
        asked(parameters[n], text=9 + 7 * n, seed=n % 3, cap=6 if n == 2 else 260)
        for n in range(count)
    ]
    expected = trace(gpt2, ReferenceT3Kernels(), said, 10, 256)
    got = trace(gpt2, compiled(gpt2), said, 10, 256)
    rows = [slot for slot in range(count) if slot != 2]
    error = (got[0][:, rows] - expected[0][:, rows]).norm() / expected[0][:, rows].norm()
    assert error <= 2e-5
    assert torch.equal(got[1][:count], expected[1][:count])
    assert torch.equal(got[2][:count], expected[2][:count])


@pytest.mark.usefixtures("cuda")
@pytest.mark.parametrize("half", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("count", [1, 8, 16, 20])
def test_steps_in_half_precision_are_as_near_to_fp32_as_plain_torch(
    gpt2: Checkpoint, count: int, half: torch.dtype
) -> None:
    said = [asked(text=20 + 3 * n, prompt=375, seed=n % 3) for n in range(count)]
    exact = trace(gpt2, ReferenceT3Kernels(), said, 8, 512)[0]
    plain = trace(gpt2, ReferenceT3Kernels(), said, 8, 512, dtype=half)[0]
    got = trace(gpt2, compiled(gpt2, half), said, 8, 512, dtype=half)[0]
    assert 0 < (got - exact).norm() <= 1.1 * (plain - exact).norm()
    for row in range(count):
        assert (got - exact)[:, row].norm() <= 1.5 * (plain - exact)[:, row].norm()


@pytest.mark.usefixtures("cuda")
@of_any_size
@pytest.mark.parametrize("count", [1, 8, 16, 20])
def test_steps_of_int8_are_as_near_to_fp32_of_the_same_as_plain_torch(
    gpt2: Checkpoint, count: int
) -> None:
    form, half = torch.int8, torch.bfloat16
    said = [asked(text=20 + 3 * n, prompt=375, seed=n % 3) for n in range(count)]
    exact = trace(gpt2, ReferenceT3Kernels(), said, 8, 512, form=form)[0]
    plain = trace(gpt2, ReferenceT3Kernels(), said, 8, 512, dtype=half, form=form)[0]
    got = trace(gpt2, compiled(gpt2, half, form), said, 8, 512, dtype=half, form=form)[0]
    assert 0 < (got - exact).norm() <= 1.1 * (plain - exact).norm()


def test_on_a_cpu_a_row_of_several_pages_gets_the_tokens_of_plain_torch(gpt2: Checkpoint) -> None:
    if gpt2.device.type != "cpu":
        pytest.skip("it is about CPUs")
    got = []
    for kernels in (None, ReferenceT3Kernels()):
        said = asked(text=20, prompt=100, cap=90)
        finish(Scheduler(decoder(gpt2, page=64, kernels=kernels)), [said])
        got.append(tokens(said))
    assert got[0] == got[1]
    assert len(got[0]) > 80


@of_any_size
def test_a_voice_is_kept_for_every_exaggeration_and_given_up_for_another(gpt2: Checkpoint) -> None:
    t3 = decoder(gpt2, 1)
    free = t3.pool.free
    for exaggeration in (0.5, 1.5):
        t3.prepare_voice(voice_of(40), exaggeration)
    assert len(t3.prefixes._kept) == 1
    for prompt in (375, 33, 5, 90):  # one more than there is room for
        (said,) = finish(Scheduler(t3), [asked(prompt=prompt, cap=5)])
        (alone,) = finish(Scheduler(decoder(gpt2)), [again(said)])
        assert tokens(said) == tokens(alone)
    t3.prefixes.forget()
    assert t3.pool.free == free
    assert not t3.prefixes.storage.any()


def test_what_does_not_fit_the_positions_is_refused(gpt2: Checkpoint) -> None:
    most = decoder(gpt2).network.text_positions
    t3 = decoder(gpt2, positions=most + 500)  # released, that is longer than a cache usually is
    assert t3.fits(asked(text=most, prompt=375, cap=100))
    assert not t3.fits(asked(text=most + 1, prompt=1, cap=100))
    with pytest.raises(ValueError, match="longer than the cache"):
        Scheduler(t3).submit(asked(text=most + 1))


@of_any_size
@pytest.mark.slow
def test_an_utterance_has_at_most_1001_tokens(gpt2: Checkpoint) -> None:
    said = asked(SpeechParameters(top_k=5), text=5, prompt=5, cap=TURBO.most_tokens)
    t3 = decoder(gpt2)
    with torch.no_grad():
        t3.weights.speech_head.bias[START_OF_SPEECH:] = -1e4
    (ended,) = finish(Scheduler(t3), [said])
    assert ended.status is UtteranceStatus.DECODED
    assert ended.capped
    assert len(ended.speech_tokens) == 1001


def divergence(exact: Tensor, rough: Tensor) -> float:
    """Mean KL divergence in nats at the default temperature."""
    p, q = ((logits / 0.8).log_softmax(-1) for logits in (exact, rough))
    return float((p.exp() * (p - q)).sum(-1).mean())


@pytest.mark.parametrize("form", ["bf16", "int8", "int8-bf16"])
def test_rounded_weights_stay_near_the_fp32_distribution(gpt2: Checkpoint, form: str) -> None:
    """Mean KL divergence at most 5e-3 in bf16; in int8, which is for CPUs, 5e-2."""
    if form != "bf16" and (gpt2.device.type != "cpu" or not int8_runs()):
        pytest.skip("there is no int8 here")
    said = asked()
    speech = list(range(1, 6000, 100))
    exact = upstream_logits(gpt2, said, speech)
    dtype = torch.float32 if form == "int8" else torch.bfloat16
    t3 = decoder(gpt2, dtype=dtype, int8=form != "bf16")
    rough = divergence(exact, our_logits(t3, said, speech)[0])
    assert math.isfinite(rough)
    assert 0 < rough <= (5e-3 if form == "bf16" else 5e-2)


@pytest.mark.skipif(not int8_runs(), reason="there is no int8 here")
def test_in_int8_companions_change_nothing(gpt2: Checkpoint) -> None:
    if gpt2.device.type != "cpu":
        pytest.skip("it is about CPUs")
    said = [asked(text=9 + 4 * n, prompt=20 + n, seed=n, cap=25 + n) for n in range(3)]
    together = [again(each) for each in said]
    finish(Scheduler(decoder(gpt2, 4, int8=True)), together)
    for each, other in zip(said, together, strict=True):
        (alone,) = finish(Scheduler(decoder(gpt2, int8=True)), [again(each)])
        assert tokens(other) == tokens(alone)
