"""The voice that a request names, as both networks want it."""

import pickle
from pathlib import Path
from types import SimpleNamespace

import torch

from engine.chatterbox.utterance import EnrolledVoice
from engine.enrolment import Conditionals, Enrolment
from engine.speech import StockVoice, Voice
from engine.weights import checkpoint
from engine.weights.models import Family

BUILTIN_VOICE = "default"


class EnrolledVoices:
    """Members' voices, which enrolment knows, and the one that comes with the checkpoint."""

    def __init__(
        self,
        builtin_voice: Path,
        enrolment: Enrolment,
        family: Family,
        prompt_tokens: int | None = None,
    ) -> None:
        """The waveform decoder is given up to `prompt_tokens` of a voice's prompt, None for all.

        Raises `WeightsError`.
        """
        self._prompt_tokens = prompt_tokens
        self._builtin = self._shortened(read_builtin_voice(builtin_voice, family))
        self.enrolment = enrolment

    def find(self, voice: Voice) -> EnrolledVoice:
        """The voice that speaks for `voice`; one that is not known yet is enrolled.

        Raises as `Enrolment.conditionals`.
        """
        if not isinstance(voice, StockVoice):
            conditionals = self._shortened(self.enrolment.conditionals(voice))
            return EnrolledVoice(self.enrolment.key(voice.identity), conditionals)
        substitution = None
        if voice.name not in ("", BUILTIN_VOICE):
            substitution = f"Chatterbox's own voice is speaking: it has none called {voice.name}."
        return EnrolledVoice(BUILTIN_VOICE, self._builtin, substitution)

    def recall(self, most: int) -> list[EnrolledVoice]:
        """The members' voices that were used last, read from disk; the latest is the last."""
        recalled = self.enrolment.recall(most)
        return [EnrolledVoice(key, self._shortened(found)) for key, found in recalled]

    def _shortened(self, conditionals: Conditionals) -> Conditionals:
        if self._prompt_tokens is None:
            return conditionals
        return conditionals.with_prompt_of(self._prompt_tokens)


def read_builtin_voice(file: Path, family: Family) -> Conditionals:
    """Read upstream's `conds.pt` without its classes, and without unpickling code.

    Raises `WeightsError`.
    """
    try:
        stored = torch.load(file, map_location="cpu", weights_only=True)
        t3 = SimpleNamespace(**stored["t3"])
        return Conditionals.from_upstream(SimpleNamespace(t3=t3, gen=stored["gen"]), family)
    except (OSError, RuntimeError, EOFError, ValueError, TypeError, KeyError) as error:
        raise checkpoint.WeightsError(f"{file} cannot be read as a voice.") from error
    except pickle.UnpicklingError as error:
        raise checkpoint.WeightsError(f"{file} is cut off or holds more than tensors.") from error
