"""A process does not pay for imports that it has no use for: they take seconds.

Of enrolment the same is held in `tests/engine/upstream/test_encoders.py`.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

_STOCK_VOICE_WITHOUT_A_DRIVER = """
from engine.device import NoGpu
from engine.messages import EngineConfig
from engine.worker.selection import load
config = EngineConfig(engine="auto", home=sys.argv[1], weights_home=sys.argv[2])
load(config, print, look=lambda: NoGpu("there is none"))
"""


@pytest.mark.parametrize(
    ("code", "unwanted"),
    [
        ("import bot.services, engine.host.cluster", {"torch", "onnxruntime", "ray", "asyncpg"}),
        ("import engine.device; engine.device.detect()", {"torch"}),
        (_STOCK_VOICE_WITHOUT_A_DRIVER, {"torch"}),
    ],
    ids=["the Discord process", "a look for a card", "the stock voice"],
)
def test_what_a_process_does_not_need_is_not_imported(
    tmp_path: Path, code: str, unwanted: set[str]
) -> None:
    program = f"import sys\n{code}\nsys.exit({unwanted} & sys.modules.keys() or 0)"
    command = [sys.executable, "-c", program, tmp_path, os.environ["STOCK_FOR_TESTS"]]
    subprocess.run(command, check=True)
