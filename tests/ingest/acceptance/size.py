"""How large the acceptance tests are: small in the gate, as specified with DRAC_TEST_ACCEPTANCE=full."""

from __future__ import annotations

import os

FULL = os.environ.get("DRAC_TEST_ACCEPTANCE") == "full"


def size(gate: int, full: int) -> int:
    return full if FULL else gate
