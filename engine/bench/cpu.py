"""How fast Nano speaks on this machine's CPU: `python -m engine.bench.cpu --weights DIR`.

Prints what a new voice, and five and two seconds in it, take through the whole engine, as `auto`
runs it and in fp32; when the pieces of a sentence are there that is said aloud, and whether one of
them comes too late; the most memory that took; the decoder's milliseconds a token in fp32 and in
int8 by the number of threads; and how far int8 is from fp32. With random weights, which `timbre.py
weights random` makes, all of it is speed and nothing sound.
"""

import argparse
import math
import resource
import sys
import tempfile
import time
from itertools import product
from pathlib import Path

import soundfile
import torch
from torch import Tensor

from engine.bench.setting import SAMPLE_RATE, voice_of
from engine.bench.t3 import some_text, some_voice
from engine.chatterbox.engine import ChatterboxEngine
from engine.chatterbox.loading import assemble
from engine.chatterbox.t3.config import CPU_PAGE, DecoderConfig
from engine.chatterbox.t3.gpt2_weights import Gpt2Weights, load_gpt2
from engine.chatterbox.t3.model import T3
from engine.chatterbox.t3.scheduler import Scheduler
from engine.chatterbox.t3.slots import Column
from engine.chatterbox.utterance import Utterance
from engine.messages import Speak
from engine.protocol import Outcome
from engine.speech import Priority, Speech, SpeechParameters, StockVoice, Voice
from engine.upstream.random_weights import synthetic_voice
from engine.weights.models import MODELS, Model

_CPU = torch.device("cpu")
_TOKENS = 125  # five seconds
_TEXT_TOKENS = 20
_BLOCK = 25
_REPEATS = 3
_TEXT = "The library closes early today, so bring your books back before five."
_CLIP_S = 8.0
_FORMS = {"fp32": torch.float32, "int8": torch.float32, "int8-bf16": torch.bfloat16}
#: What is said: its most speech tokens, and how often.
_SAID = (("a new voice", 50, 1), ("five seconds", _TOKENS, _REPEATS), ("two seconds", 50, _REPEATS))
#: The sentence as the bot cuts it for an engine that says how long a chunk takes it.
_PIECES = ("The library closes", "early today,", "so bring your books back", "before five.")
_CHARS_PER_S, _TOKENS_PER_S = 15, 25
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
def ms_a_token(weights: Gpt2Weights) -> tuple[float, float]:
    """By the clock, and of the processors, each of the best block of a few utterances."""
    t3, utterance = said(weights, _TOKENS)
    scheduler, best = Scheduler(t3), (math.inf, math.inf)
    for _ in range(_REPEATS):
        scheduler.submit(utterance)
        scheduler.advance()
        while scheduler.busy:
            began, before = (time.perf_counter(), time.process_time()), utterance.queued
            while scheduler.busy and utterance.queued - before < _BLOCK:
                scheduler.advance()
            if scheduler.busy:
                count = utterance.queued - before
                clock, processors = time.perf_counter() - began[0], time.process_time() - began[1]
                best = min(best[0], 1e3 * clock / count), min(best[1], 1e3 * processors / count)
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
    """A new voice, then the same one warm: a sentence, and a chunk as the first to be heard is."""
    with tempfile.TemporaryDirectory() as home:
        clip = Path(home) / "clip.wav"
        soundfile.write(clip, synthetic_voice(pitch_hz=130, seconds=_CLIP_S), SAMPLE_RATE)
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
        )
        _say(f"{engine.info.precision}, whole engine, {torch.get_num_threads()} threads:")
        for name, tokens, repeats in _SAID:
            engine.max_speech_tokens = tokens
            for seed in range(repeats):
                _say(f"  {name}: {_spoken(engine, voice_of(clip), seed)}")
        for seed in range(_REPEATS):
            _say(f"  a sentence aloud: {_aloud(engine, voice_of(clip), seed)}")
        engine.close()


def _spoken(engine: ChatterboxEngine, voice: Voice, seed: int) -> str:
    """What one text took, by the clock and of the processors, in all and by stage."""
    began, before = time.perf_counter(), time.process_time()
    engine.admit(Speak(0, _TEXT, voice, SpeechParameters(seed=seed)))
    outcomes: list[Outcome] = []
    while engine.busy:
        outcomes += engine.step()
    took, processors = time.perf_counter() - began, time.process_time() - before
    result = outcomes[0].result
    if not isinstance(result, Speech):
        raise result
    seconds = result.duration_s
    stages = ", ".join(f"{name} {ms:.0f} ms" for name, ms in result.stage_ms.items())
    return (
        f"{seconds:.2f} s of speech in {took:.2f} s, real-time factor {took / seconds:.2f}, "
        f"{processors / seconds:.2f} s of processors for each second: {stages}"
    )


def _aloud(engine: ChatterboxEngine, voice: Voice, seed: int) -> str:
    """When each piece of a sentence is there, and how much too late for it to be heard as one.

    All of them are asked for at once, as the bot asks. Each lasts as long as a reader would take.
    """
    parameters, priorities = SpeechParameters(seed=seed), list(Priority)
    began = time.perf_counter()
    for number, text in enumerate(_PIECES):
        engine.max_speech_tokens = round(len(text) / _CHARS_PER_S * _TOKENS_PER_S)
        engine.admit(Speak(number, text, voice, parameters, priority=priorities[number]))
        engine.step()  # it begins, with the length that is set now
    told, said_until = [], math.inf
    while engine.busy:
        for outcome in engine.step():
            speech, at = outcome.result, time.perf_counter() - began
            if not isinstance(speech, Speech):
                raise speech
            late = max(0.0, at - said_until)
            said_until = max(at, 0.0 if math.isinf(said_until) else said_until) + speech.duration_s
            told.append(f"{speech.duration_s:.2f} s at {at:.2f} s, {late:.2f} s late")
    return "; ".join(told)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m engine.bench.cpu", description=__doc__)
    parser.add_argument("--weights", type=Path, required=True, help="a folder with the model's")
    parser.add_argument("--model", choices=["nano", "turbo"], default="nano")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, torch.get_num_threads()])
    options = parser.parse_args()
    model = MODELS[options.model]
    torch.set_num_threads(max(options.threads))
    whole(options.weights, model, "int8")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    _say(f"peak memory of that, loading and the new voice included: {peak:.2f} GiB")
    logits = {}
    for form, dtype in _FORMS.items():
        weights = load_gpt2(options.weights / model.t3, _CPU, dtype, int8=form != "fp32")
        logits[form] = teacher_forced(weights)
        for threads in options.threads:
            torch.set_num_threads(threads)
            clock, processors = ms_a_token(weights)
            took = f"{clock:.1f} ms a token, {processors:.1f} ms of processors"
            _say(f"{form}, {threads} threads: {took}")
    for form, bits in product(["int8", "int8-bf16"], _BITS):
        nats = divergence(logits["fp32"], logits[form], bits)
        _say(f"{form} to fp32 at {bits:.0f} bits: {nats:.4f} nats")
    torch.set_num_threads(max(options.threads))
    whole(options.weights, model, "fp32")


if __name__ == "__main__":
    main()
