"""How fast Nano speaks on this machine's CPU: `python -m engine.bench.cpu --weights DIR`.

Prints the decoder's milliseconds a token in fp32 and in int8 by the number of threads, how far int8
is from fp32, and what five seconds of speech take through the whole engine, in a warm voice. With
random weights, which `timbre.py weights random nano` makes, all of it is speed and nothing sound.
"""

import argparse
import math
import resource
import sys
import tempfile
import time
from pathlib import Path

import torch
from torch import Tensor

from engine.bench.t3 import some_text, some_voice
from engine.chatterbox.loading import assemble
from engine.chatterbox.t3.config import CPU_PAGE, DecoderConfig
from engine.chatterbox.t3.gpt2_weights import Gpt2Weights, load_gpt2
from engine.chatterbox.t3.model import T3
from engine.chatterbox.t3.scheduler import Scheduler
from engine.chatterbox.t3.slots import Column
from engine.chatterbox.utterance import Utterance
from engine.messages import Speak
from engine.protocol import Outcome
from engine.speech import Speech, SpeechParameters, StockVoice
from engine.weights.models import MODELS, Model

_CPU = torch.device("cpu")
_TOKENS = 125  # five seconds
_TEXT_TOKENS = 20
_BLOCK = 25
_REPEATS = 4
_TEXT = "The library closes early today, so bring your books back before five."
_COMPARED = 60
_BITS = (1.0, 3.0, 6.0)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def said(weights: Gpt2Weights, cap: int) -> tuple[T3, Utterance]:
    config = DecoderConfig.for_streams(
        1, weights.dtype, voices=2, sizes=weights.sizes, page=CPU_PAGE
    )
    utterance = Utterance(Speak(0, "", StockVoice(), SpeechParameters(seed=1)))
    utterance.text_tokens, utterance.voice = some_text(_TEXT_TOKENS), some_voice()
    utterance.cap = cap
    return T3(weights, config), utterance


@torch.inference_mode()
def ms_a_token(weights: Gpt2Weights) -> float:
    """Of the fastest block of a few utterances: what else the machine does is not asked about."""
    t3, utterance = said(weights, _TOKENS)
    scheduler, best = Scheduler(t3), math.inf
    for _ in range(_REPEATS):
        scheduler.submit(utterance)
        scheduler.advance()
        while scheduler.busy:
            began, before = time.perf_counter(), utterance.queued
            while scheduler.busy and utterance.queued - before < _BLOCK:
                scheduler.advance()
            if scheduler.busy:
                took = time.perf_counter() - began
                best = min(best, 1e3 * took / (utterance.queued - before))
        utterance.queued = 0
    return best


@torch.inference_mode()
def teacher_forced(weights: Gpt2Weights) -> Tensor:
    """Logits (steps, vocabulary) behind given tokens."""
    t3, utterance = said(weights, 2 * _COMPARED)
    t3.prefill([t3.reserve(utterance, 0)])
    batch = t3.buffers.batch(1, guided=False, context=1024)
    t3.buffers.fill(batch, [0])
    logits = []
    for step in range(1, _COMPARED + 1):
        t3.slots.state[0, Column.GENERATED] = step
        t3.slots.state[0, Column.TOKEN] = 97 * step
        t3.step(batch)
        logits.append(batch.logits[0, :6561].clone())
    return torch.stack(logits)


def divergence(exact: Tensor, rough: Tensor, bits: float) -> float:
    """Mean KL divergence in nats, both scaled so that the exact has so many bits of entropy."""
    low, high = 1e-3, 1e3
    for _ in range(40):
        gain = math.sqrt(low * high)
        log_p = (gain * exact).log_softmax(-1)
        entropy = -(log_p.exp() * log_p).sum(-1).mean() / math.log(2)
        low, high = (gain, high) if entropy > bits else (low, gain)
    p, q = (gain * exact).log_softmax(-1), (gain * rough).log_softmax(-1)
    return float((p.exp() * (p - q)).sum(-1).mean())


def whole(folder: Path, model: Model, precision: str) -> None:
    with tempfile.TemporaryDirectory() as home:
        engine = assemble(
            folder,
            model,
            revision="bench",
            device="cpu",
            precision=precision,
            reason="It is measured.",
            home=Path(home),
            report=lambda _: None,
            max_streams=1,
            max_speech_tokens=_TOKENS,
        )
        for repeat in range(_REPEATS):
            began = time.perf_counter()
            engine.admit(Speak(repeat, _TEXT, StockVoice(), SpeechParameters(seed=repeat)))
            outcomes: list[Outcome] = []
            while engine.busy:
                outcomes += engine.step()
            took, result = time.perf_counter() - began, outcomes[0].result
            if not isinstance(result, Speech):
                raise result
            stages = ", ".join(f"{name} {ms:.0f} ms" for name, ms in result.stage_ms.items())
            factor = took / result.duration_s
            _say(f"  {result.duration_s:.2f} s of speech in {took:.2f} s, {factor:.2f}: {stages}")
        engine.close()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m engine.bench.cpu", description=__doc__)
    parser.add_argument("--weights", type=Path, required=True, help="a folder with the model's")
    parser.add_argument("--model", choices=["nano", "turbo"], default="nano")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, torch.get_num_threads()])
    options = parser.parse_args()
    model = MODELS[options.model]
    logits = {}
    for form in ("fp32", "int8"):
        weights = load_gpt2(options.weights / model.t3, _CPU, torch.float32, int8=form == "int8")
        logits[form] = teacher_forced(weights)
        for threads in options.threads:
            torch.set_num_threads(threads)
            _say(f"{form}, {threads} threads: {ms_a_token(weights):.1f} ms a token")
    for bits in _BITS:
        nats = divergence(logits["fp32"], logits["int8"], bits)
        _say(f"int8 to fp32 at {bits:.0f} bits: {nats:.4f} nats")
    for form in ("fp32", "int8"):
        _say(f"{form}, whole engine, {torch.get_num_threads()} threads:")
        whole(options.weights, model, form)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    _say(f"peak memory of all this: {peak:.2f} GiB")


if __name__ == "__main__":
    main()
