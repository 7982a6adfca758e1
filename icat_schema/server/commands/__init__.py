"""The command line of the embedded catalogue: one module per family of commands."""

from __future__ import annotations

import click

from icat_schema.server.commands.checking import check
from icat_schema.server.commands.dumping import dump, load
from icat_schema.server.commands.initialise import init
from icat_schema.server.commands.rules import rule
from icat_schema.server.commands.serving import serve
from icat_schema.server.commands.users import user

__all__ = ["main"]


@click.group()
def main() -> None:
    """An ICAT 5 catalogue in one process: SOAP and REST over a database of its own."""


for command in (serve, init, load, dump, check, user, rule):
    main.add_command(command)
