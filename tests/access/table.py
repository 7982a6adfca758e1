"""The truth table as data: which outcome each caller has in each place."""

from __future__ import annotations

from pathlib import Path

from tests.access.callers import CALLERS

OUTCOMES = {
    "+": "answered: shows the object, or does what was asked",
    "-": "answered: without the object, or nothing has changed",
    "0": "400",
    "1": "401",
    "3": "403",
    "4": "404",
}
PLACES = ("open", "embargoed", "others")
Row = dict[str, str]
"""Caller -> outcomes in the three places; a single one where no place is asked about."""


def table() -> dict[str, Row]:
    """Operation -> its row. A word after `#` tells further rows of the same operation apart."""
    rows: dict[str, Row] = {}
    for line in Path(__file__).with_name("table.txt").read_text(encoding="utf-8").splitlines():
        if not line.strip() or line.startswith(";"):
            continue
        method, path, *cells = line.split()
        operation = f"{method} {path}"
        assert len(cells) == len(CALLERS), f"{operation}: {len(cells)} cells for {len(CALLERS)} callers"
        assert operation not in rows, f"{operation}: two rows"
        assert all(len(cell) in (1, 3) and set(cell) <= set(OUTCOMES) for cell in cells), line
        rows[operation] = dict(zip(CALLERS, cells, strict=True))
    return rows


def operation_of(row: str) -> str:
    return row.partition("#")[0]
