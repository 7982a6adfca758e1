"""How far a long command is, on stderr: only for people who look on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeElapsedColumn
from rich.text import Text

Told = Callable[[int], None]
"""Called with the number of rows of each step."""


class _Rows(ProgressColumn):
    """Done, of how many if that is known, and how fast."""

    def render(self, task: Task) -> Text:
        total = f"/{task.total:,.0f}" if task.total else ""
        speed = task.finished_speed or task.speed or 0
        return Text(f"{task.completed:,.0f}{total} rows, {speed:,.0f} rows/s")


@contextmanager
def progress(what: str, total: int | None, *, quiet: bool) -> Iterator[Told]:
    """A line that moves. Nothing is shown with `quiet` or when stderr is no terminal."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), _Rows(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=quiet or not console.is_terminal) as shown:
        task = shown.add_task(what, total=total)
        yield lambda rows: shown.update(task, advance=rows)
