"""Multilingual's T3, which is English's with more words, against upstream's.

Upstream's master is what is compared with: release 0.1.7 has an analyser beside the decoder, which
stops it early and was taken out since.
"""

import pytest
import torch

from engine.bench.t3 import some_voice
from engine.chatterbox.t3.config import START_OF_TEXT, STOP_OF_TEXT
from engine.chatterbox.utterance import Utterance
from engine.speech import SpeechParameters
from engine.upstream.package import T3Config
from engine.weights.sizes import REDUCED, RELEASED
from tests.engine.chatterbox.t3.t3_checkpoint import Checkpoint, make_checkpoint
from tests.engine.chatterbox.t3.test_parity import (
    decode_with_noise,
    exponential_noise,
    fp32_decoder,
    our_logits,
    upstream_logits,
    upstream_tokens,
)
from tests.engine.chatterbox.utterances import to_decode

VOCABULARY = 2454


class _WithoutAnalyser(T3Config):  # type: ignore[misc]
    is_multilingual = False


@pytest.fixture(scope="module")
def multilingual(device: torch.device, tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    sizes = (RELEASED if device.type == "cuda" else REDUCED)["multilingual"].t3
    made = make_checkpoint(tmp_path_factory.mktemp("multilingual"), sizes, device, seed=4)
    assert made.upstream.hp.is_multilingual
    made.upstream.hp.__class__ = _WithoutAnalyser
    return made


def _asked(parameters: SpeechParameters, length: int) -> Utterance:
    """With words that English has not."""
    words = torch.randint(3, VOCABULARY, (length,), generator=torch.Generator().manual_seed(length))
    words[0], words[1], words[-1] = START_OF_TEXT, VOCABULARY - 1, STOP_OF_TEXT
    return to_decode(words, some_voice(1), parameters, cap=260)


@pytest.mark.parametrize("length", [5, 70])
def test_teacher_forced_logits_are_upstreams(multilingual: Checkpoint, length: int) -> None:
    """Relative error at most 1e-4 in fp32, in both rows."""
    asked = _asked(SpeechParameters(), length)
    speech = torch.randint(0, 6561, (20,), generator=torch.Generator().manual_seed(1)).tolist()
    decoder = fp32_decoder(multilingual)
    assert decoder.sizes.text_vocabulary == VOCABULARY
    expected = upstream_logits(multilingual, asked, speech)
    got = our_logits(decoder, asked, speech)
    for row in range(2):
        assert (got[row] - expected[row]).norm() / expected[row].norm() <= 1e-4
    assert (expected[0] - expected[1]).norm() / expected[0].norm() > 0.05  # the text is heard


def test_sampled_tokens_are_upstreams_under_the_same_noise(multilingual: Checkpoint) -> None:
    asked = _asked(SpeechParameters(), 25)
    expected = upstream_tokens(multilingual, asked, seed=3, steps=200)
    decoder = fp32_decoder(multilingual)
    width = decoder.sizes.speech_vocabulary
    noise = exponential_noise(3, len(expected), width, multilingual.device)
    assert decode_with_noise(decoder, decoder.reserve(asked, 0), noise) == expected
    assert len(expected) >= 200
