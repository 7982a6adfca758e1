"""Which messages of the corpus are applied, which are refused and why, and feeding them."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from ingest.outcome import Refused
from tests.ingest.apply.ground import Ground

APPLIED = (
    *("01", "02", "03", "10", "11", "12", "13", "14", "15", "16", "17", "18", "19", "20", "21", "22", "23", "24"),
    *("25", "26", "27", "28", "40", "41", "42", "43", "44", "45", "46", "47", "48", "49", "50", "51", "52", "53"),
    *("54", "55", "60", "61", "62", "63", "64", "65", "67"),
)
REFUSED = {"90": "schema", "91": "schema", "94": "xml", "95": "xml", "96": "xml"}
EVERYTHING = (*APPLIED, *REFUSED)


def feed(ground: Ground, names: Sequence[str]) -> list[int]:
    """Feed messages one after the other; returns the ids of their datasets."""
    found: dict[int, None] = {}
    for name in names:
        if name in REFUSED:
            with pytest.raises(Refused) as refused:
                ground.feed(name)
            assert refused.value.reason == REFUSED[name]
        elif dataset_id := ground.feed(name).dataset_id:
            found[dataset_id] = None
    return list(found)
