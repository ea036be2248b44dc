"""What it costs a CPU to make sound of speech tokens, by precision, length and prompt.

`python -m engine.bench.sound_on_cpu S3GEN_FILE --out FILE`. Processor seconds of one thread, which
others on the machine disturb less than they do the clock.
"""

import argparse
import platform
import time
from collections.abc import Callable, Sequence
from itertools import product
from pathlib import Path

import msgspec
import torch

from engine.bench.setting import RANDOM_WEIGHTS, TOKENS_PER_SECOND
from engine.chatterbox.s3gen import WaveformDecoder
from engine.chatterbox.t3.config import DTYPES
from engine.chatterbox.utterance import EnrolledVoice, Utterance
from engine.enrolment import Conditionals
from engine.enrolment.conditionals import SPEECH_TOKEN_IDS
from engine.messages import Speak
from engine.speech import SpeechParameters, StockVoice

AUDIO_S = (2, 5)
PROMPTS_S = (5, 10)


class Cost(msgspec.Struct, frozen=True):
    """Processor seconds of one utterance; the flow's has the prompt in it."""

    precision: str
    audio_s: int
    prompt_s: int
    flow_s: float
    vocoder_s: float


def utterance_of(audio_s: int, prompt_s: int) -> Utterance:
    """Random speech tokens in a random voice."""
    random = torch.Generator().manual_seed(audio_s)
    prompt = prompt_s * TOKENS_PER_SECOND
    conditionals = Conditionals(
        speaker=torch.zeros(1, 1),  # T3's, as the next
        t3_prompt_tokens=torch.zeros(1, 1, dtype=torch.int64),
        prompt_tokens=torch.randint(0, SPEECH_TOKEN_IDS, (1, prompt), generator=random),
        prompt_mel=torch.randn(1, 2 * prompt, 80, generator=random) - 5,
        x_vector=torch.randn(1, 192, generator=random),
    )
    utterance = Utterance(Speak(0, "", StockVoice(), SpeechParameters()))
    count = audio_s * TOKENS_PER_SECOND
    utterance.speech_tokens = torch.randint(0, SPEECH_TOKEN_IDS, (count,), generator=random)
    utterance.voice = EnrolledVoice("random", conditionals)
    return utterance


def measure(
    s3gen: Path,
    precisions: Sequence[str],
    *,
    audio_s: Sequence[int] = AUDIO_S,
    prompts_s: Sequence[int] = PROMPTS_S,
    repeats: int = 3,
) -> list[Cost]:
    """The least of `repeats`, after one that is not counted. Raises `WeightsError`."""
    costs = []
    for precision in precisions:
        decoder = WaveformDecoder(s3gen, "cpu", DTYPES[precision])
        decoder.decode([utterance_of(audio_s[0], prompts_s[0])])
        for audio, prompt in product(audio_s, prompts_s):
            batch = [utterance_of(audio, prompt)]
            flow_s = min(_seconds(decoder.mel, batch) for _ in range(repeats))
            whole_s = min(_seconds(decoder.decode, batch) for _ in range(repeats))
            costs.append(Cost(precision, audio, prompt, flow_s, whole_s - flow_s))
    return costs


def _seconds(work: Callable[[list[Utterance]], object], batch: list[Utterance]) -> float:
    began = time.process_time()
    work(batch)
    return time.process_time() - began


def main() -> None:
    parser = argparse.ArgumentParser(description="What sound costs a CPU.")
    parser.add_argument("s3gen", type=Path, help="S3Gen's file, such as s3gen_meanflow.safetensors")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--precisions", nargs="+", choices=sorted(DTYPES), default=["fp32", "bf16"])
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    torch.set_num_threads(1)
    costs = measure(options.s3gen, options.precisions, repeats=options.repeats)
    found = {
        "note": RANDOM_WEIGHTS,
        "cpu": torch.backends.cpu.get_cpu_capability(),
        "machine": platform.machine(),
        "torch": str(torch.__version__),
        "threads": 1,
        "costs": costs,
    }
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_bytes(msgspec.json.format(msgspec.json.encode(found), indent=1))


if __name__ == "__main__":
    main()
