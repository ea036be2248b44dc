"""Which utterances S3Gen takes together, and which it refuses."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch

from engine.chatterbox.s3gen.config import (
    FRAME_STEP,
    TOKEN_STEP,
    BatchLimits,
    batch_bucket,
    round_up,
)
from engine.chatterbox.utterance import Utterance
from engine.enrolment.conditionals import SPEECH_TOKEN_IDS


def check(utterance: Utterance) -> None:
    """Refuse what would take the whole process down on a GPU."""
    tokens = utterance.speech_tokens
    if tokens.dtype != torch.int64:
        raise ValueError("speech tokens are integer ids, and int64")
    if utterance.frames < 1:
        raise ValueError("an utterance needs at least one frame of speech")
    # As numbers without a sign, those below zero are the greatest.
    if len(tokens) and tokens.numpy().view(np.uint64).max() >= SPEECH_TOKEN_IDS:
        raise ValueError(f"speech tokens are from 0 to {SPEECH_TOKEN_IDS - 1}")


def vocoder_batches(batch: Sequence[Utterance], limits: BatchLimits) -> Iterator[tuple[int, int]]:
    """Neighbours that the vocoder takes together: it fills the device with less, at more memory."""
    first = 0
    for last in range(1, len(batch) + 1):
        some = batch[first : last + 1]
        frames = round_up(max(utterance.frames for utterance in some), FRAME_STEP)
        if last == len(batch) or batch_bucket(len(some)) * frames > limits.frames:
            yield first, last
            first = last


def groups(batch: Sequence[Utterance], limits: BatchLimits) -> Iterator[list[int]]:
    """Indices of utterances that share a padded batch: of like length, and bounded in memory."""
    group: list[int] = []
    for index in sorted(range(len(batch)), key=lambda index: batch[index].total_tokens):
        padded = round_up(batch[index].total_tokens, TOKEN_STEP)
        full = len(group) == limits.items
        if group and (full or batch_bucket(len(group) + 1) * padded > limits.tokens):
            yield group
            group = []
        group.append(index)
    if group:
        yield group
