"""No watermark, no speech: whatever is wrong with it is found before the first word."""

import subprocess
import sys
from typing import Any

import numpy as np
import perth
import pytest

from engine.errors import WatermarkMissing
from engine.reference import watermark


@pytest.fixture(scope="module")
def perth_watermarker() -> Any:
    return perth.PerthImplicitWatermarker()


def test_upstreams_watermarker_passes(perth_watermarker: Any) -> None:
    watermark.verify(perth_watermarker, 24_000)


def test_perths_dummy_is_refused() -> None:
    with pytest.raises(WatermarkMissing, match="DummyWatermarker puts no watermark"):
        watermark.verify(perth.DummyWatermarker(), 24_000)


def test_a_watermarker_that_leaves_no_mark_is_refused(perth_watermarker: Any) -> None:
    class Forgetful:
        perth_net = perth_watermarker.perth_net
        get_watermark = staticmethod(perth_watermarker.get_watermark)

        @staticmethod
        def apply_watermark(signal: np.ndarray, **_: object) -> np.ndarray:
            return signal

    with pytest.raises(WatermarkMissing, match="not found again"):
        watermark.verify(Forgetful(), 24_000)


def test_a_detector_that_always_says_yes_is_refused(perth_watermarker: Any) -> None:
    class Credulous:
        perth_net = perth_watermarker.perth_net
        apply_watermark = staticmethod(perth_watermarker.apply_watermark)

        @staticmethod
        def get_watermark(*_: object, **__: object) -> np.ndarray:
            return np.ones(32)

    with pytest.raises(WatermarkMissing, match="where there is none"):
        watermark.verify(Credulous(), 24_000)


def test_perths_silent_import_failure_is_loud_here() -> None:
    """Without pkg_resources, as under setuptools 82, perth hides that it cannot be imported."""
    program = (
        "import sys; sys.modules['pkg_resources'] = None\n"
        "from engine.errors import WorkerUnavailable\n"
        "try:\n    import engine.upstream.package\n"
        "except WorkerUnavailable as error:\n    print(type(error).__name__, error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.stdout.startswith("WatermarkMissing"), done.stdout + done.stderr
    assert "setuptools<82" in done.stdout
