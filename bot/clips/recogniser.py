"""Which words of a statement somebody says. Runs in the child process only.

PocketSphinx with a grammar that has one sentence, in which every random word may be any of its
kind: a word is heard rightly by chance once in a hundred times. Its acoustic model comes in its
wheel; how the words sound is in `statement.dict` (see NOTICE).
"""

from pathlib import Path

import numpy as np
from pocketsphinx import Config, Decoder, get_model_path, set_loglevel

from bot.clips.resampling import resample
from bot.clips.statement import LEAD, Statement
from bot.clips.verdict import SAMPLE_RATE
from engine.speech import FloatArray

_RATE = 16_000
_PEAK = 0.7
#: Most states of the search at a time: noise, which sounds like every word a little, would take
#: ten times as long.
_MOST_STATES = 3000


class Recogniser:
    """Hears one statement. To make it opens files; to use it opens none."""

    def __init__(self, statement: Statement) -> None:
        set_loglevel("FATAL")
        self._length = len(statement.words)
        self._decoder = Decoder(
            Config(
                hmm=get_model_path("en-us/en-us"),
                dict=str(Path(__file__).with_name("statement.dict")),
                lm=None,
                maxhmmpf=_MOST_STATES,
            )
        )
        lead = LEAD.lower().replace(",", "")
        self._decoder.add_jsgf_string(
            "statement",
            f"#JSGF V1.0; grammar statement; public <s> = {lead} {'<word> ' * self._length};"
            f"<word> = {' | '.join(statement.vocabulary)};",
        )
        self._decoder.activate_search("statement")

    def hear(self, speech: FloatArray) -> list[str]:
        """The random words in `speech` ((samples,) at `SAMPLE_RATE`), fewer where it breaks off."""
        sound = resample(speech, SAMPLE_RATE, _RATE)
        sound *= _PEAK / max(float(np.abs(sound).max()), 1e-9)
        self._decoder.start_utt()
        self._decoder.process_raw(np.round(sound * 32767).astype("<i2").tobytes(), full_utt=True)
        self._decoder.end_utt()
        heard = self._decoder.hyp()
        words = heard.hypstr.split() if heard else []
        return words[len(LEAD.split()) :]


def right(said: list[str], expected: tuple[str, ...]) -> int:
    """How many of `expected` were said in order: their longest common subsequence."""
    row = [0] * (len(said) + 1)
    for word in expected:
        above = row[:]
        for index, one in enumerate(said):
            row[index + 1] = above[index] + 1 if one == word else max(row[index], above[index + 1])
    return row[-1]
