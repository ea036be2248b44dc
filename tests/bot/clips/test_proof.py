"""Whoever says the sentence is heard, and everything else is refused, by the confined child."""

import random
from pathlib import Path

import numpy as np
import pytest

from bot.clips.judge import ClipLimits, ClipRefused, judge, prove
from bot.clips.limits import ProofLimits
from bot.clips.proof import Examiner
from bot.clips.recogniser import right
from bot.clips.statement import DIGITS, WORDS, Statement
from bot.clips.verdict import Unfit
from bot.clips.watermark import WatermarkHearing, WatermarkMarking
from engine.speech import FloatArray
from tests.bot.clips.recordings import RATE, TEXTS, encode, sentences

STATEMENT = Statement(("penguin", "volcano", "library", "coffee"))
OTHER = Statement(("window", "coffee", "library", "wizard"))
LIMITS = ClipLimits()


@pytest.fixture(scope="module")
def spoken() -> dict[str, FloatArray]:
    """The statement, by two people."""
    said = sentences(("bella", "michael"), (STATEMENT.text,))
    return {voice: one for voice, (one,) in said.items()}


@pytest.fixture(scope="module")
def clip() -> FloatArray:
    """Bella's."""
    return np.concatenate(sentences(("bella",), TEXTS[:2])["bella"])


def marked(pcm: FloatArray) -> FloatArray:
    """With Perth's mark, by the engine."""
    import torch  # noqa: PLC0415 - two seconds of a core, in every process of tests

    from engine.chatterbox.s3gen.watermark import HOP, MarkInputs, Watermark  # noqa: PLC0415

    pcm = pcm[: len(pcm) // HOP * HOP]
    inputs = MarkInputs(torch.from_numpy(pcm)[None], torch.tensor([len(pcm)]))
    found: FloatArray = Watermark(torch.device("cpu"))(inputs)[0].numpy()
    return found


def noisy(pcm: FloatArray) -> FloatArray:
    hiss = np.random.default_rng(1).standard_normal(len(pcm)).astype(np.float32)
    return pcm + hiss * np.sqrt(np.mean(np.square(pcm))) * np.float32(10 ** (-15 / 20))


def framed(pcm: FloatArray) -> FloatArray:
    quiet = np.zeros(RATE // 2, np.float32)
    return np.concatenate([quiet, pcm, quiet])


async def test_the_confined_child_hears_who_says_what(
    spoken: dict[str, FloatArray], clip: FloatArray, tmp_path: Path
) -> None:
    upload, judged = tmp_path / "upload", tmp_path / "judged.flac"
    upload.write_bytes(encode(clip, "wav"))
    judged.write_bytes((await judge(upload, LIMITS)).flac)
    upload.write_bytes(encode(framed(spoken["bella"]), "voice message"))
    proven = await prove(upload, judged, STATEMENT, LIMITS)
    assert proven.words_heard == 1
    assert ProofLimits().min_likeness < proven.likeness <= 1
    with pytest.raises(ClipRefused, match="did not hear the words"):
        await prove(upload, judged, OTHER, LIMITS)


def test_the_right_person_with_the_right_words_and_no_other(
    spoken: dict[str, FloatArray], clip: FloatArray
) -> None:
    examiner, bella = Examiner(STATEMENT), spoken["bella"]
    half = len(bella) // 2
    assert examiner.examine(framed(bella), clip, ProofLimits()).words_heard == 1
    for sentence, pcm in {
        "no speech": np.zeros(2 * RATE, np.float32),
        "longer than 45 seconds": np.tile(bella, 10),
        "did not hear the words": bella[:half],
        "not the voice in the clip": spoken["michael"],
        "consist of several": np.concatenate([bella[:half], noisy(bella[half:])]),
        "synthetic": marked(bella),
    }.items():
        with pytest.raises(Unfit, match=sentence):
            examiner.examine(framed(pcm), clip, ProofLimits())


def test_the_watermark_is_heard_as_the_engines_own_detector_hears_it(
    spoken: dict[str, FloatArray],
) -> None:
    import torch  # noqa: PLC0415

    from engine.chatterbox.s3gen.watermark import WatermarkDetector  # noqa: PLC0415

    hearing, detect = WatermarkHearing(), WatermarkDetector()
    for pcm in (spoken["michael"], marked(spoken["michael"])):
        assert hearing.certainty(pcm) == pytest.approx(detect(torch.from_numpy(pcm)), abs=1e-3)


def test_the_mark_that_is_put_in_anew_is_the_engines_own(spoken: dict[str, FloatArray]) -> None:
    pcm = spoken["michael"]
    by_engine = marked(pcm)
    pcm = pcm[: len(by_engine)]
    change = WatermarkMarking().change(pcm)
    assert np.abs(pcm + change - by_engine).max() < 0.05 * np.abs(change).max()


def test_sentences_differ_by_what_is_drawn() -> None:
    source = random.Random(7)
    drawn = [Statement.drawn(source) for _ in range(200)]
    assert len(set(drawn)) == 200
    assert all(len(set(one.words)) == 4 and set(one.words) <= set(WORDS) for one in drawn)
    digits = Statement.drawn(source, digits=True)
    assert len(digits.words) == 8
    assert digits.vocabulary is DIGITS
    assert not set(WORDS) & set(DIGITS)


@pytest.mark.parametrize(
    ("said", "count"),
    [
        ("a b c d", 4),
        ("a b x d", 3),
        ("b a c d", 3),
        ("d c b a", 1),
        ("a b c", 3),
        ("x a b c d", 4),
        ("", 0),
    ],
)
def test_words_count_in_their_order(said: str, count: int) -> None:
    assert right(said.split(), ("a", "b", "c", "d")) == count
