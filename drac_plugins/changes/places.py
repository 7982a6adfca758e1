"""Places for streams: each stream keeps a thread, so there are few, and nobody may have all of them."""

from __future__ import annotations

import threading
from collections import Counter


class Places:
    """`total` places of one process, of which one name may have half, rounded up. Thread-safe."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._each = -(-total // 2)
        self._taken: Counter[str] = Counter()
        self._lock = threading.Lock()

    def take(self, name: str) -> bool:
        """Whether there was a place; then it is to be given back."""
        with self._lock:
            if self._taken.total() >= self._total or self._taken[name] >= self._each:
                return False
            self._taken[name] += 1
            return True

    def give_back(self, name: str) -> None:
        with self._lock:
            self._taken[name] -= 1
            self._taken = +self._taken
