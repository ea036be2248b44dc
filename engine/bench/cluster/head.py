"""A Ray cluster of this machine alone, for as long as something is measured or tested on it."""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.host.worker_process import ROOT

_STARTS_WITHIN_S = 120.0
_ENDS_WITHIN_S = 20.0
_STARTED = b"Ray runtime started"


@contextmanager
def ray_head(*, cpus: int) -> Iterator[tuple[str, dict[str, str]]]:
    """Start a head, with a token of its own; its processes end with the block.

    Yields its address and the variables that whoever joins it needs. Raises `RuntimeError` with
    Ray's last line where it does not start.
    """
    with socket.socket() as free:
        free.bind(("", 0))
        port = free.getsockname()[1]
    host = socket.gethostbyname(socket.gethostname())
    folder = Path(tempfile.mkdtemp(prefix="ray-"))  # short: a socket's path has little room
    variables = {
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": secrets.token_hex(32),
        "RAY_USAGE_STATS_ENABLED": "0",
        "PYTHONPATH": str(ROOT),
    }
    where = f"--head --port={port} --node-ip-address={host} --num-cpus={cpus} --num-gpus=0"
    quiet = f"--include-dashboard=false --disable-usage-stats --block --temp-dir={folder}"
    command = [sys.executable, "-m", "ray.scripts.scripts", "start", *f"{where} {quiet}".split()]
    log = folder / "head.log"
    with log.open("wb") as out:
        head = subprocess.Popen(
            command,
            env={**os.environ, **variables},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    try:
        _wait_for_start(head, log)
        yield f"{host}:{port}", variables
    finally:
        _end(head)
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for_start(head: "subprocess.Popen[bytes]", log: Path) -> None:
    until = time.monotonic() + _STARTS_WITHIN_S
    while _STARTED not in (said := log.read_bytes()):
        if head.poll() is not None or time.monotonic() > until:
            last = said.strip().rpartition(b"\n")[2].decode("utf-8", "replace")
            raise RuntimeError(f"Ray's head did not start: {last}")
        time.sleep(0.1)


def _end(head: "subprocess.Popen[bytes]") -> None:
    """It ends what it started; what is left of its group is killed."""
    head.terminate()
    try:
        head.wait(_ENDS_WITHIN_S)
    except subprocess.TimeoutExpired:
        head.kill()
        head.wait()
    try:
        os.killpg(head.pid, signal.SIGKILL)
    except ProcessLookupError:
        return  # nothing is left
