"""Where the time of a first chunk goes, as it is printed."""

import sys

import pytest

from engine.bench import timeline


def test_moments_are_medians_in_order_with_what_lies_between() -> None:
    moments: timeline.Moments = {}
    for asked in (100.0, 200.0, 300.0):
        marks = [("stale", asked - 1), ("read", asked + 0.001), ("step", asked + 0.003)]
        marks += [("step", asked + 0.005), ("done", asked + asked / 1e5)]
        timeline._keep(moments, [*marks, *([("rare", asked)] if asked == 100 else [])], asked)
    lines = [line.split(maxsplit=2) for line in timeline.table(moments).splitlines()[1:]]
    assert [(name, ms) for ms, _, name in lines] == [
        ("read", "1.00"),
        ("done", "2.00"),
        ("step", "3.00"),
        ("step, the last of 2 times", "5.00"),
    ]
    assert [later for _, later, _ in lines] == ["+1.000", "+1.000", "+1.000", "+2.000"]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="two processes share no clock")
def test_a_small_run_notes_every_step_on_the_way(capsys: pytest.CaptureFixture[str]) -> None:
    assert timeline.main(["--small", "--requests", "2"]) == 0
    printed = capsys.readouterr().out
    order = [
        *("the worker has read it", "text and voice are known", "the prefill is queued"),
        *("its last token is heard", "the flow is queued", "the sound is there"),
        *("the bot has read it", "it is answered", "Stages, ms: "),
    ]
    assert sorted(order, key=printed.index) == order
