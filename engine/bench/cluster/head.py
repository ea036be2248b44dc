"""A Ray cluster on this machine, for as long as something is measured or tested on it."""

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

    def actors(self, kind: str = "NodeWorker") -> list[int]:
        """The processes of the workers on it."""
        name = f"ray::{kind}".encode()
        return [pid for pid, found in _session(self.pid) if found.startswith(name)]


@dataclass(frozen=True)
class RayMachine:
    """One more machine of a cluster, as far as Ray can tell: a daemon and what it starts."""

    pid: int

    def signal(self, number: signal.Signals) -> None:
        """To all of its processes at once, as when the machine itself stops."""
        for pid, _ in _session(self.pid):
            with suppress(ProcessLookupError):
                os.kill(pid, number)


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
    command = _start(f"{where} {quiet}")
    try:
        with _started("head", command, variables, folder) as pid:
            yield RayHead(f"{host}:{port}", variables, pid)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def ray_machine(head: RayHead, *, cpus: int) -> Iterator[RayMachine]:
    """Add a machine to the cluster of `head`; its processes end with the block.

    Raises `RuntimeError` with Ray's last line where it does not join.
    """
    host = head.address.rpartition(":")[0]
    where = f"--address={head.address} --node-ip-address={host} --num-cpus={cpus} --num-gpus=0"
    with (
        tempfile.TemporaryDirectory(prefix="ray-") as folder,
        _started(
            "machine",
            _start(f"{where} --disable-usage-stats --block"),
            head.variables,
            Path(folder),
        ) as pid,
    ):
        yield RayMachine(pid)


def _start(options: str) -> list[str]:
    return [sys.executable, "-m", "ray.scripts.scripts", "start", *options.split()]


@contextmanager
def _started(
    what: str, command: list[str], variables: dict[str, str], folder: Path
) -> Iterator[int]:
    """The process of `command`, which has started Ray and blocks; its session ends with it."""
    log = folder / f"{what}.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            command,
            env={**os.environ, **variables},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    try:
        _wait_for_start(what, process, log)
        yield process.pid
    finally:
        _end(process)


def _session(leader: int) -> list[tuple[int, bytes]]:
    """The processes of a session, with their command lines."""
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        with suppress(OSError):  # it has ended meanwhile
            if os.getsid(int(folder.name)) == leader:
                found.append((int(folder.name), (folder / "cmdline").read_bytes()))
    return found


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


def _wait_for_start(what: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    until = time.monotonic() + _STARTS_WITHIN_S
    while _STARTED not in (said := log.read_bytes()):
        if process.poll() is not None or time.monotonic() > until:
            last = said.strip().rpartition(b"\n")[2].decode("utf-8", "replace")
            raise RuntimeError(f"Ray's {what} did not start: {last}")
        time.sleep(0.1)


def _end(process: "subprocess.Popen[bytes]") -> None:
    """It ends what it started; what is left of its session is killed."""
    process.terminate()
    try:
        process.wait(_ENDS_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for pid, _ in _session(process.pid):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
