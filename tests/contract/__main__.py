"""`python -m tests.contract`: how many of the published operations are served as published."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.contract.comparison import contract, differences, name_of
from tests.contract.description import description


def main() -> int:
    """Prints every difference, then `N of 71`; 1 unless all are served."""
    published = contract()
    with tempfile.TemporaryDirectory() as folder:
        ours = description(Path(folder))
    found = {name_of(one): differences(one, published, ours) for one in published.operations}
    for name, faults in found.items():
        for fault in faults:
            print(f"{name}: {fault}")
    served = sum(1 for faults in found.values() if not faults)
    print(f"{served} of {len(found)}")
    return 0 if served == len(found) else 1


if __name__ == "__main__":
    sys.exit(main())
