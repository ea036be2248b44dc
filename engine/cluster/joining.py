"""Joining a Ray cluster: with a token, without reports home, and never a new one by accident."""

import os
import socket
from typing import Any

from engine.errors import WorkerUnavailable

_CONNECT_S = 2.0
NAMESPACE = "timbre"


def join(address: str) -> Any:
    """The module `ray`, connected. Raises `WorkerUnavailable` with a sentence."""
    # Ray listens on every interface of a machine: without a token, whoever reaches it may run code.
    os.environ["RAY_AUTH_MODE"] = "token"
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ["RAY_ENABLE_AUTO_CONNECT"] = "0"  # else a call after a loss starts a new cluster
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), _CONNECT_S).close()
    except (OSError, UnicodeError) as error:  # UnicodeError: no name of a machine is like that
        why = getattr(error, "strerror", None) or error
        raise WorkerUnavailable(
            f"The Ray cluster at {address} cannot be reached: {why}."
        ) from error
    try:
        import ray  # noqa: PLC0415 - after the variables, which it reads as it is imported
    except ImportError as error:
        raise WorkerUnavailable(
            "Ray is not installed here: pip install ray==2.60.0 installs it."
        ) from error
    try:
        ray.init(
            address,
            namespace=NAMESPACE,
            logging_level="WARNING",
            log_to_driver=False,  # what an engine logs stays on its machine
            configure_logging=False,
        )
    except Exception as error:  # Ray raises of every kind: versions, tokens, no node here
        first = str(error).strip().partition("\n")[0].partition(". ")[0].removesuffix(".")
        raise WorkerUnavailable(
            f"The Ray cluster at {address} does not take this machine: {first}."
        ) from error
    return ray
