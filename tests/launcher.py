"""A script in the place of the engine's interpreter."""

import os
import shlex
import sys
from pathlib import Path


def launcher(folder: Path, script: str) -> str:
    """Write what CHATTERBOX_PYTHON names, so that the worker that is started is `script`."""
    if os.name == "nt":
        path = folder / "worker.cmd"
        path.write_text(f'@"{sys.executable}" "{script}"\n', encoding="utf-8")
    else:
        path = folder / "worker"
        path.write_text(f"#!/bin/sh\nexec {shlex.join([sys.executable, script])}\n", "utf-8")
        path.chmod(0o700)
    return str(path)
