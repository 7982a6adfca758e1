"""`init`: an empty catalogue."""

from __future__ import annotations

from pathlib import Path

import click

from icat_schema.server.commands.options import open_service, storage_options, storage_settings


@click.command()
@storage_options
def init(database: str, users: Path | None) -> None:
    """Create the tables, and the file for the users of simple if there is none."""
    open_service(storage_settings(database, users)).close()
    if users is not None and not users.exists():
        users.parent.mkdir(parents=True, exist_ok=True)
        users.touch(mode=0o600)
    click.echo(f"{database} is ready")
