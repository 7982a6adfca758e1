"""How long something takes: the median of several runs after one that is not counted."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable


def median_seconds(action: Callable[[], object], runs: int = 5, warm_up: int = 1) -> float:
    for _ in range(warm_up):
        action()
    return statistics.median(_seconds(action) for _ in range(runs))


def _seconds(action: Callable[[], object]) -> float:
    begin = time.perf_counter()
    action()
    return time.perf_counter() - begin


def best_seconds(action: Callable[[], object], runs: int = 5, warm_up: int = 1) -> float:
    """The quickest of several runs: what remains when others leave the machine alone."""
    for _ in range(warm_up):
        action()
    return min(_seconds(action) for _ in range(runs))
