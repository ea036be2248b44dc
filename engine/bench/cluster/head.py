"""A Ray cluster of this machine alone, for as long as something is measured or tested on it."""

import json
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
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.host.worker_process import ROOT

_STARTS_WITHIN_S = 120.0
_ENDS_WITHIN_S = 20.0
_STARTED = b"Ray runtime started"
_WHEN = "initialization setup head_setup worker_setup head_start_ray worker_start_ray".split()


@dataclass(frozen=True)
class RayHead:
    """Where it is, and the variables that whoever joins it needs."""

    address: str
    variables: dict[str, str]
    pid: int

    def actors(self) -> list[int]:
        """The processes of the workers on it."""
        found = []
        for folder in Path("/proc").iterdir():
            if not folder.name.isdigit():
                continue
            with suppress(OSError):  # it has ended meanwhile
                name = (folder / "cmdline").read_bytes()
                if name.startswith(b"ray::NodeWorker") and os.getsid(int(folder.name)) == self.pid:
                    found.append(int(folder.name))
        return found


@contextmanager
def ray_head(*, cpus: int, gpus: int = 0, machines_max: int = 0) -> Iterator[RayHead]:
    """Start a head, with a token of its own; its processes end with the block.

    Beside it, Ray's autoscaler starts up to `machines_max` pretended machines of one processor
    each, as they are asked for, and ends them soon after. Raises `RuntimeError` with Ray's last
    line where the head does not start.
    """
    with socket.socket() as free:
        free.bind(("", 0))
        port = free.getsockname()[1]
    host = _address_here()
    folder = Path(tempfile.mkdtemp(prefix="ray-"))  # short: a socket's path has little room
    variables = {
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": secrets.token_hex(32),
        "RAY_USAGE_STATS_ENABLED": "0",
        "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH")))),
    }
    where = f"--head --port={port} --node-ip-address={host} --num-cpus={cpus} --num-gpus={gpus}"
    quiet = f"--include-dashboard=false --disable-usage-stats --block --temp-dir={folder}"
    if machines_max:
        scaling = folder / "autoscaling.yaml"
        scaling.write_text(json.dumps(_autoscaling(f"{host}:{port}", machines_max)), "utf-8")
        quiet += f" --autoscaling-config={scaling}"
        variables |= {"RAY_FAKE_CLUSTER": "1", "AUTOSCALER_UPDATE_INTERVAL_S": "1"}
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
        yield RayHead(f"{host}:{port}", variables, head.pid)
    finally:
        _end(head)
        shutil.rmtree(folder, ignore_errors=True)


def _address_here() -> str:
    try:
        return socket.gethostbyname(socket.gethostname())
    except OSError:  # a machine without a network may not know its own name
        return "127.0.0.1"


def _autoscaling(address: str, machines_max: int) -> dict[str, Any]:
    """The configuration of Ray's own provider for tests; JSON is YAML, too."""
    nothing = {f"{when}_commands": list[str]() for when in _WHEN}
    return {
        "cluster_name": "pretended",
        "max_workers": machines_max,
        "upscaling_speed": 1.0,
        "idle_timeout_minutes": 0.1,
        "provider": {
            "type": "fake_multinode",
            "gcs_address": address,
            "use_node_id_as_ip": True,
            "disable_node_updaters": True,
            "disable_launch_config_check": True,
        },
        "available_node_types": {
            "ray.head.default": {"resources": {"CPU": 0}, "node_config": {}, "max_workers": 0},
            "machine": {
                "resources": {"CPU": 1},
                "node_config": {},
                "min_workers": 0,
                "max_workers": machines_max,
            },
        },
        "head_node_type": "ray.head.default",
        "auth": {},
        "docker": {},
        "file_mounts": {},
        "cluster_synced_files": [],
        "rsync_exclude": [],
        "rsync_filter": [],
        **nothing,
    }


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
    with suppress(ProcessLookupError):  # nothing is left
        os.killpg(head.pid, signal.SIGKILL)
