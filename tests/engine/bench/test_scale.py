"""The simulation of many servers: what it must never get wrong, whatever is assumed."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.bench.scale.assumptions import ASSUMED, Assumptions
from engine.bench.scale.cluster import Cluster, Messages, draw_messages
from engine.bench.scale.report import main
from engine.bench.scale.sizing import Simulation

ROOT = Path(__file__).parents[3]
GIVEN = Assumptions()
#: Round figures: a step of one stream 1 ms, of two 2 ms; 30 ms for one waveform, 60 for four.
ROUND = replace(
    GIVEN,
    t3_step_ms=((1, 1.0), (2, 2.0)),
    prefill_ms=5.0,
    one_ms=((50, 30.0), (500, 30.0)),
    four_ms=((50, 60.0), (500, 60.0)),
    sharing=0.5,
    worker_ms=0.0,
    enrolment_ms=100.0,
    speech_s_per_character=0.04,  # a token a character
)


def _written(at: list[float], characters: list[int], *, known: bool = True) -> Messages:
    voices = np.zeros(len(at), int)
    return Messages(np.array(at), np.array(characters), voices, frozenset([0] if known else []))


@pytest.mark.parametrize(
    ("messages", "first_sound_ms"),
    [
        # Prefill 5, 20 steps of 1 ms, one waveform of 30.
        (_written([0.0], [20]), [55]),
        # The voice first, 100.
        (_written([0.0], [20], known=False), [155]),
        # A prefill for each, 40 steps of 2 ms, one batch: two are a third of the way to 60.
        (_written([0.0, 0.001], [40, 40]), [5 + 5 + 80 + 40, 129]),
    ],
    ids=["one", "a new voice", "two"],
)
def test_a_case_that_is_worked_out_by_hand(messages: Messages, first_sound_ms: list[float]) -> None:
    heard = Cluster(ROUND, 1).run(messages)
    assert (1e3 * heard.first_sound_s).tolist() == pytest.approx(first_sound_ms)


def test_every_chunk_is_spoken_once_and_every_message_has_a_first_sound() -> None:
    messages = draw_messages(GIVEN, 30_000, 21, 6.0, seed=3)
    heard = Cluster(GIVEN, 2).run(messages)  # far too few: queues are long
    chunks = [GIVEN.chunks(int(characters)) for characters in messages.characters]
    assert heard.asked == heard.spoken == sum(map(len, chunks))
    assert heard.sound_s == pytest.approx(messages.characters.sum() * GIVEN.speech_s_per_character)
    assert not np.isnan(heard.first_sound_s).any()
    assert heard.percentile_ms(95) > 600


def test_more_cards_are_never_later() -> None:
    messages = draw_messages(GIVEN, 12_000, 21, 8.0, seed=5)
    p95 = [Cluster(GIVEN, cards).run(messages).percentile_ms(95) for cards in (1, 2, 4, 8)]
    assert p95 == sorted(p95, reverse=True)
    assert p95[0] > 2 * p95[-1]


def test_the_fewest_cards_are_found() -> None:
    simulation = Simulation(GIVEN, seconds=8.0)
    cards = simulation.cards_for(16_000)
    assert cards > 1
    assert simulation.meets(16_000, cards)
    assert not simulation.meets(16_000, cards - 1)


def test_a_first_chunk_goes_before_later_ones_that_wait() -> None:
    # The long message's second chunk is asked for while the card's one place is taken.
    one_place = replace(ROUND, streams=1)
    heard = Cluster(one_place, 1).run(_written([0.0, 0.05], [120, 60]))
    # The second message waits for the first chunk alone, 5 + 60 + 30 ms, then takes as long.
    assert 1e3 * heard.first_sound_s[1] == pytest.approx(2 * 95 - 50)


def test_evenings_bring_as_many_messages_as_the_day_says() -> None:
    counts = [len(draw_messages(GIVEN, 50_000, hour, 60.0, seed=1).at) for hour in (5, 21)]
    assert counts[0] / counts[1] == pytest.approx(GIVEN.day[5] / GIVEN.day[21], rel=0.1)


def test_chunks_are_the_whole_text_and_keep_their_limits() -> None:
    for characters in (1, 60, 61, 600):
        chunks = GIVEN.chunks(characters)
        assert sum(chunks) == characters
        assert chunks[0] <= GIVEN.first_chunk
        assert max(chunks) <= GIVEN.max_chunk


def test_every_assumption_names_a_file_or_is_called_one() -> None:
    sources = {row.source for row in GIVEN.rows()}
    assert not [each for each in sources - {ASSUMED} if not (ROOT / each).is_file()]


def test_the_same_seed_gives_the_same_figures() -> None:
    one, two = (Simulation(GIVEN, seed=4).load(4000, 1, 21, 3.0) for _ in range(2))
    assert one == two != Simulation(GIVEN, seed=5).load(4000, 1, 21, 3.0)


def test_the_command_leaves_a_page_figures_and_a_picture(tmp_path: Path) -> None:
    assert main(["--out", str(tmp_path), "--servers", "1000", "--seconds", "2"]) == 0
    assert "| **cards** | **1** |" in (tmp_path / "scale.md").read_text("utf-8")
    figures = json.loads((tmp_path / "scale.json").read_text("utf-8"))
    assert figures["sizes"][0]["cards"] == 1
    assert (tmp_path / "scale.png").read_bytes().startswith(b"\x89PNG")
