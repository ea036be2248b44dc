"""What is predicted of cards, held against one that was measured and nothing was fitted to."""

import json
from pathlib import Path
from typing import Any

import pytest

from engine.bench import roofline
from engine.bench.report import Results, prediction
from engine.bench.roofline import CARDS, H200_COMMON, H200_HOPPER, CardRates, Measured, Roofline
from engine.bench.t3 import StepTiming

BENCHMARKS = Path(__file__).parents[3] / "docs" / "benchmarks"
#: Of a plain copy and a large product.
H100 = CardRates("H100", bytes_per_s=2.9003e12, flops=762e12, clock_hz=1.98e9)


def measured(run: str) -> Any:
    return json.loads((BENCHMARKS / run).read_text())


def test_an_h100_took_what_an_h200s_figures_say_of_it() -> None:
    """Both runs are of the kernels before NVRTC's, before the form was chosen."""
    there, here = measured("h200/triton.json"), measured("h100/bench.json")
    steps = {step["streams"]: step["ms_per_step"] for step in there["steps"]}
    roof = Roofline(H100, Measured(H200_COMMON.card, steps, {}))
    for step in here["steps"]:
        assert roof.step_ms(step["streams"]) == pytest.approx(step["ms_per_step"], rel=0.05)
    for text in here["by_text"]:
        assert roof.text_ms(text["characters"]) == pytest.approx(text["ours_ms"], rel=0.06)
    for stage in here["stages"]:
        if stage["stage"] == "flow":
            # Twenty seconds take 15 % longer than said: lengths come in buckets.
            within = 0.16 if stage["audio_s"] == 20 else 0.03
            assert roof.flow_ms(stage["audio_s"]) == pytest.approx(stage["ours_ms"], rel=within)


@pytest.mark.parametrize("kernels", [H200_COMMON, H200_HOPPER])
def test_the_card_that_all_is_reckoned_from_takes_what_it_took(kernels: Measured) -> None:
    roof = Roofline(kernels.card)
    for streams, ms in kernels.step_ms.items():
        assert roof.step_ms(streams) == pytest.approx(ms)
    for streams, ms in kernels.int8_step_ms.items():
        assert roof.step_ms(streams, int8=True) == pytest.approx(ms)


def test_an_h200_took_what_is_said_of_it() -> None:
    here, roof = measured("h200/bench.json"), Roofline(H200_HOPPER.card)
    for text in here["by_text"]:
        within = 0.04 if text["characters"] < 200 else 0.12  # a longer context than all is for
        assert roof.text_ms(text["characters"]) == pytest.approx(text["ours_ms"], rel=within)
    said = {"flow": (roof.flow_ms, 0.09), "vocoder": (roof.vocoder_ms, 0.15)}
    for stage in here["stages"]:
        if stage["stage"] in said:
            ms, within = said[stage["stage"]]
            assert ms(stage["audio_s"]) == pytest.approx(stage["ours_ms"], rel=within)


def test_a_card_that_waits_for_its_memory_decodes_almost_twice_as_fast_with_int8() -> None:
    small = Roofline(next(card for card in CARDS if card.name == "RTX 3050, 6 GB"))
    assert 1.85 < small.step_ms(1) / small.step_ms(1, int8=True) < 2


def test_a_card_with_half_the_memory_and_arithmetic_is_at_most_twice_as_slow() -> None:
    whole = H200_COMMON.card
    half = CardRates("half", whole.bytes_per_s / 2, whole.flops / 2, whole.clock_hz)
    for ms in (Roofline.flow_ms, Roofline.vocoder_ms):
        for audio_s in (1.0, 10.0, 40.0):
            assert 1 < ms(Roofline(half), audio_s) / ms(Roofline(whole), audio_s) < 2
    assert 1 < Roofline(half).step_ms(1) / Roofline(whole).step_ms(1) < 2


def test_the_document_has_what_the_command_prints(capsys: pytest.CaptureFixture[str]) -> None:
    roofline.main([])
    printed = capsys.readouterr().out
    assert all(f"| {card.name} |" in printed for card in CARDS)
    assert printed in (BENCHMARKS / "roofline.md").read_text()


def test_what_was_measured_is_said_beside_what_was_predicted() -> None:
    setting = {"device": "NVIDIA H100", "precision": "bf16", "torch": "2.13.0"}
    steps = [StepTiming(n, 350, ms, 0, 0, 0) for n, ms in ((1, 0.5), (32, 2.0))]
    line = prediction(Results(setting, H100, steps=steps), Roofline(H100))
    assert line == (
        "NVIDIA H100, bf16, torch 2.13.0, 2,900 GB/s, 762 TFLOP/s; milliseconds, in brackets "
        f"predicted: 1 streams 0.5 ({Roofline(H100).step_ms(1):.3g})"
    )
