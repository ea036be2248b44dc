"""Utterances as the stages before would have made them."""

import torch

from engine.chatterbox.utterance import EnrolledVoice, Utterance
from engine.messages import Speak
from engine.speech import Priority, SpeechParameters, StockVoice


def to_decode(
    text_tokens: torch.Tensor,
    voice: EnrolledVoice,
    parameters: SpeechParameters,
    cap: int,
    priority: Priority = Priority.FIRST_SOUND,
) -> Utterance:
    """One that waits for the speech-token decoder."""
    utterance = Utterance(Speak(0, "", StockVoice(), parameters, priority=priority))
    utterance.text_tokens, utterance.voice, utterance.cap = text_tokens, voice, cap
    return utterance


def again(utterance: Utterance) -> Utterance:
    asked = utterance.request
    return to_decode(
        utterance.text_tokens, utterance.voice, asked.parameters, utterance.cap, asked.priority
    )


def decoded(speech_tokens: torch.Tensor, voice: EnrolledVoice, *, seed: int) -> Utterance:
    """One that waits for the waveform decoder."""
    utterance = Utterance(Speak(0, "", StockVoice(), SpeechParameters(seed=seed)))
    utterance.speech_tokens, utterance.voice = speech_tokens, voice
    return utterance
