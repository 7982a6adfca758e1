"""`check`: is the catalogue sound?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import click
from sqlalchemy import Engine

from icat_schema.server.commands.options import examples, opened_engine, storage_options, storage_settings
from icat_schema.server.integrity.examine import CONTENT, STRUCTURE
from icat_schema.server.integrity.findings import Check, Finding
from icat_schema.server.store.engine import reading, writing


@click.command(epilog=examples("check", "check --repair", "check --quiet --database postgresql://icat@db/icat"))
@storage_options
@click.option("--repair", is_flag=True, help="derive anew what can be derived: counts, indexes, counters of ids")
@click.option("--quiet", is_flag=True, help="print only faults")
def check(database: str, users: Path | None, repair: bool, quiet: bool) -> None:
    """Look for everything that a catalogue should not be. Exit status 1 if faults remain.

    It reads one state of the data and disturbs nobody; repairing locks writers out for its time.
    """
    with opened_engine(storage_settings(database, users)) as engine:
        remaining = _examine(engine, STRUCTURE, repair=repair, quiet=quiet)
        if not remaining:
            remaining = _examine(engine, CONTENT, repair=repair, quiet=quiet)
    if remaining:
        raise click.ClickException(f"{remaining} fault{'s' if remaining > 1 else ''} in {_shown(engine)}")
    if not quiet:
        click.echo("no faults")


def _examine(engine: Engine, checks: Iterable[Check], *, repair: bool, quiet: bool) -> int:
    """Print what is found, repair what can be repaired, and return the number of faults that remain."""
    remaining = 0
    with reading(engine) as connection:
        findings = [(check, list(check.find(connection))) for check in checks]
    for check, found in findings:
        repaired = _repair(engine, found) if repair else set[str]()
        remaining += sum(one.fault and one.text not in repaired for one in found)
        for line in _lines(check, found, repaired, quiet=quiet):
            click.echo(line)
    return remaining


def _repair(engine: Engine, found: Iterable[Finding]) -> set[str]:
    """The texts of what was repaired, in one transaction."""
    repairable = [one for one in found if one.repair is not None]
    if repairable:
        with writing(engine) as connection:
            for one in repairable:
                assert one.repair is not None
                one.repair(connection)
    return {one.text for one in repairable}


def _lines(check: Check, found: list[Finding], repaired: set[str], *, quiet: bool) -> Iterator[str]:
    if not found and not quiet:
        yield f"ok        {check.name}"
    for one in found:
        if one.text in repaired:
            yield f"repaired  {one.text}"
        elif one.fault:
            yield f"FAULT     {one.text}"
        elif not quiet:
            yield f"note      {one.text}"


def _shown(engine: Engine) -> str:
    return engine.url.render_as_string(hide_password=True)
