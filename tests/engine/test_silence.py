"""Silence of no use is cut; quiet endings of words, pauses and all that sounds stay."""

import itertools
import logging
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import silence, voice_activity
from engine.messages import Speak
from engine.silence import trim
from engine.speech import FloatArray, SpeechParameters, StockVoice
from engine.stock.engine import SAMPLE_RATE
from tests.recogniser import normalise, words
from tests.stock import stock_engine

LEAD_S, TAIL_S = 0.1, 0.25
FADE = SAMPLE_RATE // 200
#: End in /f/, /θ/, /s/, /ft/, a plosive and vowels; by the word that has to be heard.
ENDINGS = {
    "shelf": "She put the small blue lamp on the shelf.",
    "truth": "I will tell you nothing but the truth.",
    "glasses": "Could you hand me those two glasses?",
    "gift": "Thank you very much for the gift.",
    "lake": "They went for a walk around the lake.",
    "tomorrow": "We are going to leave tomorrow.",
}
Change = Callable[[FloatArray], FloatArray]


@pytest.fixture(scope="module")
def spoken(pytestconfig: pytest.Config) -> list[FloatArray]:
    """`ENDINGS` in three voices, each voice once or, with `--all`, twice."""
    engine = stock_engine()
    jobs = [
        Speak(0, text, StockVoice(voice), SpeechParameters())
        for text, voice in zip(ENDINGS.values(), ["heart", "michael", "puck"] * 2, strict=True)
    ]
    most = None if pytestconfig.getoption("--all") else 3
    return [engine.synthesise(job, lambda: False).pcm for job in jobs[:most]]


def cut(pcm: FloatArray, rate: int = SAMPLE_RATE) -> FloatArray:
    return trim(pcm, rate, lead_s=LEAD_S, tail_s=TAIL_S)


def nothing(seconds: float) -> FloatArray:
    return np.zeros(round(seconds * SAMPLE_RATE), np.float32)


def tone(seconds: float) -> FloatArray:
    return np.cos(np.arange(round(seconds * SAMPLE_RATE)) * 0.1).astype(np.float32) * 0.3


def hiss(seconds: float, db: float) -> FloatArray:
    """White noise, at a level against full scale."""
    drawn = np.random.default_rng(7).standard_normal(round(seconds * SAMPLE_RATE))
    return (drawn * 10 ** (db / 20)).astype(np.float32)


def breathing(seconds: float, db: float) -> FloatArray:
    """A breath every 1.4 s, of the colour that air has in a throat."""
    noise = np.convolve(hiss(seconds, db), np.full(8, 8**-0.5), "same")
    swell = np.sin(np.arange(len(noise)) * (np.pi / (1.4 * SAMPLE_RATE))) ** 2
    return (noise * swell).astype(np.float32)


def falling(pcm: FloatArray) -> FloatArray:
    """By 24 dB in the last 0.6 s."""
    slope = np.interp(np.arange(len(pcm)), [len(pcm) - 14_400, len(pcm)], [0, -24])
    return (pcm * 10 ** (slope / 20)).astype(np.float32)


def quiet_last_word(pcm: FloatArray) -> FloatArray:
    """Its 0.5 s are 22 dB quieter."""
    gain = np.interp(np.arange(len(pcm)), [len(pcm) - 13_000, len(pcm) - 12_000], [0, -22])
    return (pcm * 10 ** (gain / 20)).astype(np.float32)


def far_away(pcm: FloatArray) -> FloatArray:
    return pcm * np.float32(0.03)


#: What follows the speech, and how much of it may be left, in seconds.
TAILS = {
    "silence": (nothing(10), TAIL_S),
    "faint hiss": (hiss(5, -100), TAIL_S),
    "breathing": (np.concatenate((nothing(0.4), breathing(4, -52))), 1.6),
}


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("breathing", quiet_last_word),
        *(
            pytest.param(*case, marks=pytest.mark.slow)
            for case in (
                *(("breathing", np.copy), ("breathing", falling), ("breathing", far_away)),
                *(("silence", np.copy), ("silence", quiet_last_word)),
                *(("faint hiss", falling), ("faint hiss", far_away)),
            )
        ),
    ],
)
def test_a_tail_is_cut_and_the_last_word_is_heard(
    spoken: list[FloatArray], name: str, change: Change
) -> None:
    """The longest that is left, of breath, is cut where voice activity hears no voice in it."""
    tail, left_s = TAILS[name]
    trimmed = []
    for plain in spoken:
        pcm = change(plain)
        after = far_away(tail) if change is far_away else tail
        trimmed.append(cut(np.concatenate((pcm, after))))
        assert len(trimmed[-1]) - len(pcm) <= left_s * SAMPLE_RATE
        intact = trimmed[-1][:-FADE]
        assert np.array_equal(intact[: len(pcm)], pcm[: len(intact)])
    heard = normalise(words(np.concatenate(trimmed) / np.abs(trimmed[0]).max(), SAMPLE_RATE))
    assert set(list(ENDINGS)[: len(spoken)]) <= set(heard.split())


def test_noise_of_the_room_behind_the_last_word_is_cut(spoken: list[FloatArray]) -> None:
    for pcm in spoken:
        long = (
            np.concatenate((pcm, nothing(5)))
            + hiss(len(pcm) / SAMPLE_RATE + 5, -55)[: len(pcm) + 120_000]
        )
        trimmed = cut(long)
        assert len(trimmed) - len(pcm) < 2 * SAMPLE_RATE
        assert np.array_equal(trimmed[: len(pcm)], long[: len(pcm)])


def test_a_word_far_below_the_rest_after_a_pause_is_kept(spoken: list[FloatArray]) -> None:
    """Only voice activity tells it from a breath."""
    aside = spoken[0] * np.float32(10 ** (-30 / 20))
    pcm = np.concatenate((spoken[1], nothing(0.7), aside))
    trimmed = cut(np.concatenate((pcm, nothing(8))))
    assert len(trimmed) > len(pcm) - 0.1 * SAMPLE_RATE
    end = trimmed[len(spoken[1]) :]
    assert "shelf" in words(end / np.abs(end).max(), SAMPLE_RATE)


def test_ordinary_speech_passes_and_voice_activity_is_not_asked(
    spoken: list[FloatArray], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes a hundred times longer than the levels do."""
    monkeypatch.setattr(silence, "_speech_end_s", None)
    for pcm in spoken:
        pausing = np.concatenate((pcm, nothing(1.2), pcm))
        assert cut(pausing) is pausing
        assert len(cut(np.concatenate((pausing, nothing(9))))) < len(pausing) + TAIL_S * SAMPLE_RATE


def test_without_voice_activity_what_is_doubtful_stays(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    voice_activity.loaded.cache_clear()
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    pcm = np.concatenate((tone(1), hiss(3, -45)))
    assert cut(pcm) is pcm
    assert "silero-vad is not installed" in caplog.text
    assert caplog.records[0].levelno == logging.WARNING


@pytest.mark.parametrize("rate", [16_000, 24_000, 48_000])
def test_margins_stay_and_a_stall_becomes_a_pause(rate: int) -> None:
    sound = np.cos(np.arange(rate) * 0.1).astype(np.float32)
    long = np.zeros(6 * rate, np.float32)
    trimmed = cut(np.concatenate((long, sound, long, sound[::-1], long)), rate)
    first, second = round(LEAD_S * rate), round((LEAD_S + 1 + 1.5) * rate)
    assert len(trimmed) == second + round((1 + TAIL_S) * rate)
    assert np.array_equal(trimmed[first : first + rate], sound)
    assert np.array_equal(trimmed[second : second + rate], sound[::-1])


@given(st.lists(st.integers(1, 900), min_size=1, max_size=8), st.booleans())
def test_whatever_pauses_there_are_all_that_sounds_stays_as_it_is(
    lengths: list[int], sounds_first: bool
) -> None:
    """Tones and silence in turn, of so many frames of 5 ms."""
    sounds = itertools.cycle((sounds_first, not sounds_first))
    pieces = [(tone if next(sounds) else nothing)(length * 0.005) for length in lengths]
    pcm = np.concatenate(pieces)
    trimmed = cut(pcm)
    assert np.array_equal(trimmed[trimmed != 0], pcm[pcm != 0])
    places = np.flatnonzero(trimmed)
    if len(places):
        assert places[0] <= LEAD_S * SAMPLE_RATE
        assert len(trimmed) - places[-1] <= TAIL_S * SAMPLE_RATE + 1
        assert np.diff(places).max(initial=0) <= 1.5 * SAMPLE_RATE + 1


def test_where_it_is_cut_it_is_faded() -> None:
    """A step in a faint hum would be a click."""
    hum = np.full(3 * SAMPLE_RATE, 1e-4, np.float32)
    trimmed = cut(np.concatenate((hum, tone(1), hum)))
    assert trimmed[0] == trimmed[-1] == 0.0
    assert 0 < trimmed[FADE // 2] < trimmed[FADE] == np.float32(1e-4)


def test_a_short_sound_is_found_in_long_silence_and_a_click_hides_no_speech() -> None:
    pcm = np.concatenate((nothing(4), tone(0.02), nothing(4)))
    assert len(cut(pcm)) == round((LEAD_S + 0.02 + TAIL_S) * SAMPLE_RATE)
    ending = tone(0.4) * np.float32(10 ** (-40 / 20))
    pcm = np.concatenate((tone(0.5) * 0.1, ending * 0.1))
    pcm[4000:4100] = 0.15
    assert cut(pcm) is pcm


@pytest.mark.parametrize("pcm", [nothing(5), nothing(0), np.zeros(7, np.float32), hiss(5, -90)])
def test_where_nothing_sounds_nothing_is_left(pcm: FloatArray) -> None:
    assert cut(pcm).size == 0
