"""The live timeline on the terminal: each step, and how long it took."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table


@dataclass
class Step:
    """One thing that happens. `note` is shown behind it."""

    title: str
    note: str = ""
    begun_s: float = field(default_factory=time.monotonic)
    ended_s: float | None = None
    failed: bool = False

    @property
    def elapsed_ms(self) -> float:
        """Time since it began, or all of it once it has ended, in milliseconds."""
        return ((self.ended_s or time.monotonic()) - self.begun_s) * 1000


class Timeline:
    """`with Timeline(console) as timeline: with timeline.step("/join"): ...`."""

    def __init__(self, console: Console) -> None:
        self._steps: list[Step] = []
        self._spinner = Spinner("dots")
        self._live = Live(console=console, get_renderable=self._table, refresh_per_second=10)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    @contextmanager
    def step(self, title: str) -> Iterator[Step]:
        """Show a step while the body runs; one that an exception ends is marked as failed."""
        step = Step(title)
        self._steps.append(step)
        try:
            yield step
        except BaseException:
            step.failed = True
            raise
        finally:
            step.ended_s = time.monotonic()

    def _table(self) -> Table:
        table = Table(box=None, show_header=False, pad_edge=False)
        table.add_column(width=2)
        table.add_column(justify="right", min_width=9)
        table.add_column()
        table.add_column(style="dim")
        for step in self._steps:
            ended = "[red]✗[/]" if step.failed else "[green]✓[/]"
            mark = ended if step.ended_s else self._spinner
            table.add_row(mark, f"{step.elapsed_ms:,.0f} ms", step.title, step.note)
        return table
