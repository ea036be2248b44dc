"""How each family of models draws its tokens, as upstream's two decoding loops do it."""

from dataclasses import dataclass

from engine.speech import SpeechParameters


@dataclass(frozen=True)
class SamplingRules:
    """One family's filters, their defaults, and when an utterance ends.

    A filter that a family does not have is None. With `penalty_last` the repetition penalty acts
    on what the filters left, so it revives no token; the start of speech counts as said at the
    first token only; and stop, which another token follows then, ends nothing as the first.
    """

    guided: bool
    penalty_last: bool
    most_tokens: int
    min_p: float | None
    top_p: float
    top_k: int | None
    repetition_penalty: float = 1.2

    def rows(self, parameters: SpeechParameters) -> int:
        """One, and one more where guidance is known and wanted."""
        return 2 if self.guided and parameters.cfg_weight > 0 else 1

    def resolved(self, asked: SpeechParameters) -> SpeechParameters:
        """`asked` with a number everywhere: what is unknown here filters nothing."""

        def known(given: float | None, default: float | None) -> float:
            if default is None:
                return 0
            return default if given is None else given

        penalty = asked.repetition_penalty
        return SpeechParameters(
            exaggeration=asked.exaggeration,
            cfg_weight=asked.cfg_weight if self.guided else 0.0,
            temperature=asked.temperature,
            min_p=known(asked.min_p, self.min_p),
            top_p=known(asked.top_p, self.top_p),
            top_k=int(known(asked.top_k, self.top_k)),
            repetition_penalty=self.repetition_penalty if penalty is None else penalty,
            seed=asked.seed,
        )


#: `T3.inference` and `ChatterboxTTS.generate`, English and Multilingual. 1000 tokens are 40 s.
ORIGINAL = SamplingRules(
    guided=True, penalty_last=False, most_tokens=1000, min_p=0.05, top_p=1.0, top_k=None
)
#: `T3.inference_turbo` and `ChatterboxTurboTTS.generate`, Turbo and Nano.
TURBO = SamplingRules(
    guided=False, penalty_last=True, most_tokens=1001, min_p=None, top_p=0.95, top_k=1000
)
