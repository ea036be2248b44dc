"""How an utterance ends once its speech tokens are decoded: each model has its own way."""

from dataclasses import dataclass

import torch

from engine.chatterbox.utterance import Utterance

#: Upstream's id of dead air (`chatterbox.models.s3gen.const.S3GEN_SIL`).
_SILENCE = 4299
#: Upstream lets Turbo's and Nano's utterances die away for 120 ms.
_SILENCE_AFTER_MEAN_FLOW = 3


@dataclass(frozen=True, slots=True)
class Ending:
    """`silence` tokens of dead air come after the last word; the last `cut` are not heard.

    Upstream cuts Multilingual's last token, 40 ms that were often noise.
    """

    silence: int = 0
    cut: int = 0

    @classmethod
    def of(cls, *, mean_flow: bool, cuts_last_token: bool) -> "Ending":
        silence = _SILENCE_AFTER_MEAN_FLOW if mean_flow else 0
        return cls(silence=silence, cut=1 if cuts_last_token else 0)

    def finish(self, utterance: Utterance) -> None:
        """Give `utterance`, which has its speech tokens, this end."""
        if self.silence:
            dead_air = torch.full((self.silence,), _SILENCE)
            utterance.speech_tokens = torch.cat([utterance.speech_tokens, dead_air])
        utterance.cut_tokens = self.cut
