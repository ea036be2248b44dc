"""`python -m engine.worker`: claims the pipes before a library can print into them, then serves."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from engine.worker.pipes import claim

if TYPE_CHECKING:
    from engine.messages import EngineConfig, WorkerReport
    from engine.protocol import Engine


def _load(config: "EngineConfig", report: "Callable[[WorkerReport], None]") -> "Engine":
    # Imported while the heartbeat beats already: this may take half a minute.
    from engine.worker.selection import load  # noqa: PLC0415

    return load(config, report)


def _main() -> None:
    stdin, stdout = claim()
    from engine.worker.loop import run  # noqa: PLC0415 - numpy comes with it, after `claim`

    run(_load, stdin, stdout)


if __name__ == "__main__":
    _main()
