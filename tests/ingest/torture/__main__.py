"""`python -m tests.ingest.torture`: the whole campaign, with progress and figures."""

from __future__ import annotations

import shutil
import signal
import sys
import tempfile
from pathlib import Path
from typing import Literal

import click

from tests.ingest.torture.campaign import Campaign, Size


@click.command()
@click.option("--messages", default=10_000, show_default=True)
@click.option("--seed", default=1, show_default=True, help="Makes the run reproducible.")
@click.option("--broker", type=click.Choice(["own", "activemq"]), default="own", show_default=True)
@click.option("--kills", default=20, show_default=True, help="How often each process is killed.")
@click.option("--parameters", default=20, show_default=True)
@click.option("--files", default=2, show_default=True)
def main(messages: int, seed: int, broker: Literal["own", "activemq"], kills: int, parameters: int, files: int) -> None:
    """Kill broker, ingester, catalogue and facade at random while messages arrive; exit code 1 when anything is wrong
    (the folder with logs and databases is kept then)."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))  # so that the processes are stopped too
    folder = Path(tempfile.mkdtemp(prefix="drac-torture-"))
    report = Campaign(Size(messages, seed, broker, kills, parameters, files), folder, click.echo).run()
    click.echo(str(report))
    if report.verdict is None or not report.verdict.good:
        click.echo(f"logs and databases: {folder}")
        sys.exit(1)
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
