"""Random T3 checkpoints with upstream's network beside them, and utterances to decode."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from engine.bench.t3 import some_text, some_voice
from engine.chatterbox.t3.scheduler import Scheduler
from engine.chatterbox.utterance import EnrolledVoice, Utterance, UtteranceStatus
from engine.speech import Priority, SpeechParameters
from engine.upstream.build import build_t3
from engine.upstream.package import T3Cond
from engine.upstream.untrained import draw_t3, set_t3_entropy
from engine.weights.sizes import T3Sizes
from tests.engine.chatterbox.utterances import again, to_decode

torch.backends.cuda.matmul.allow_tf32 = False

NewScheduler = Callable[..., Scheduler]


def some_utterance(
    index: int,
    cap: int = 40,
    priority: Priority = Priority.FIRST_SOUND,
    voice: EnrolledVoice | None = None,
) -> Utterance:
    parameters = SpeechParameters(
        cfg_weight=(0.5, 0.0, 1.1)[index % 3],
        temperature=0.6 + 0.2 * (index % 4),
        min_p=(0.05, 0.0)[index % 2],
        top_p=(1.0, 0.8)[index % 2],
        repetition_penalty=1.1 + 0.1 * (index % 3),
        exaggeration=0.5 + 0.25 * (index % 2),
        seed=10_000_000_000 * index + 1,
    )
    voice = voice if voice is not None else some_voice(index % 3)
    return to_decode(some_text(8 + 9 * index), voice, parameters, cap + index, priority)


@torch.inference_mode()
def finish(scheduler: Scheduler, utterances: Iterable[Utterance] = ()) -> list[Utterance]:
    for utterance in utterances:
        scheduler.submit(utterance)
    ended = []
    while scheduler.busy:
        ended += scheduler.advance()
    return ended


def tokens(utterance: Utterance) -> list[int]:
    assert utterance.status is UtteranceStatus.DECODED
    return utterance.speech_tokens.tolist()


@dataclass(frozen=True)
class Checkpoint:
    """Upstream's network, and the file that it was saved to."""

    upstream: Any
    file: Path
    sizes: T3Sizes
    device: torch.device

    def condition(self, voice: EnrolledVoice, exaggeration: float) -> T3Cond:
        return T3Cond(
            speaker_emb=voice.conditionals.speaker.to(self.device),
            cond_prompt_speech_tokens=voice.conditionals.t3_prompt_tokens.to(self.device),
            emotion_adv=exaggeration * torch.ones(1, 1, 1, device=self.device),
        )


@torch.inference_mode()
def make_checkpoint(
    folder: Path, sizes: T3Sizes, device: torch.device, seed: int = 0
) -> Checkpoint:
    """Seeded random weights with about three bits of entropy a token, never stopping by design."""
    torch.manual_seed(seed)
    with device:
        network: Any = build_t3(sizes)
        draw_t3(network, stop_after=None)
    checkpoint = Checkpoint(network, folder / "t3_cfg.safetensors", sizes, device)
    voice, text = some_voice(), some_text(20)[None].to(device)
    with device:
        set_t3_entropy(network, checkpoint.condition(voice, 0.5), text)
    state = {name: tensor.cpu().contiguous() for name, tensor in network.state_dict().items()}
    save_file(state, checkpoint.file)
    return checkpoint


def assert_as_alone(new_scheduler: NewScheduler, *utterances: Utterance) -> None:
    for utterance in utterances:
        (alone,) = finish(new_scheduler(slots=1), [again(utterance)])
        assert tokens(utterance) == tokens(alone)
