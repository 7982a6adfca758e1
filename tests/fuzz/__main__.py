"""`python -m tests.fuzz --minutes 10 --seed 1 --target soap`: exit status 0 if nothing was found."""

from __future__ import annotations

import secrets
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import click

from tests.exchanges.cases import users_of
from tests.exchanges.own_server import reference_catalogue
from tests.fuzz.campaign import Report, run
from tests.fuzz.requests import RECORDED
from tests.fuzz.server import Target

TARGETS = ("soap", "rest", "query")
OPTIONS = ("--max-query-seconds", "2", "--max-entities", "2000")
"""A search that is given up after 2 s may not take longer than 5 s to answer."""


def attack(folder: Path, targets: Sequence[str], seed: int, seconds: float) -> list[Report]:
    """One server with the reference content for each target."""
    reports = []
    for name in targets:
        with reference_catalogue(folder / name, users_of(RECORDED), OPTIONS) as catalogue:
            target = Target(catalogue)
            report = run(name, target, seed, seconds, click.echo)
            target.close()
            report.problems += target.unforeseen()
        click.echo(str(report))
        reports.append(report)
    return reports


@click.command()
@click.option("--minutes", default=10.0, show_default=True, help="for each target")
@click.option("--seed", type=int, default=None, help="the same requests again")
@click.option("--target", "targets", type=click.Choice(TARGETS), multiple=True, default=TARGETS, show_default=True)
def main(minutes: float, seed: int | None, targets: Sequence[str]) -> None:
    """Send damaged requests to embedded catalogues and look at what they answer."""
    with tempfile.TemporaryDirectory(prefix="drac-fuzz-") as folder:
        chosen = secrets.randbelow(10**6) if seed is None else seed
        reports = attack(Path(folder), targets, chosen, minutes * 60)
    sys.exit(1 if any(report.problems for report in reports) else 0)


if __name__ == "__main__":
    main()
