"""`python -m tests.server.crowd [--clients 8] [--creates 5000] [--kills 8] [--seed 1] [--database sqlite]`."""

from __future__ import annotations

import argparse
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from tests.server.crowd.run import Report, Size, run_crowd
from tests.support.postgres import running_postgres


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.server.crowd", description=__doc__)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--creates", type=int, default=5000, help="calls of each client")
    parser.add_argument("--kills", type=int, default=8, help="clients that are killed and started again")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    given = parser.parse_args()
    size = Size(given.clients, given.creates, given.kills, given.seed)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="drac-crowd-")))
        if given.database == "postgresql":
            report = run_crowd(folder, size, stack.enter_context(running_postgres()).new_database, print)
        else:
            report = run_crowd(folder, size, lambda: None, print)
    _show(report, given.database)
    return 1 if report.faults else 0


def _show(report: Report, database: str) -> None:
    print(
        f"\n{database}: {len(report.calls)} calls in {report.seconds:.0f} s, {len(report.calls) / report.seconds:.0f}/s"
    )
    for (kind, outcome), count in sorted(report.outcomes().items()):
        print(f"  {kind:<10} {outcome:<8} {count:>7}")
    shares = ", ".join(f"{share:.1%}: {report.latency(share):.0f} ms" for share in (0.5, 0.99, 0.999, 1))
    print(f"  answered within {shares}")
    print(
        f"  clients killed: {report.kills}; dumps while writing: {len(report.dumps)}, objects in them: {report.dumps}"
    )
    print(f"  stored at the end: {report.stored} datasets and collections")
    for fault in report.faults[:20]:
        print(f"FAULT {fault}")
    print("FAILED" if report.faults else "counts right, nothing half done, the dump loads back equal")


if __name__ == "__main__":
    sys.exit(main())
