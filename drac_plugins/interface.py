"""The command `drac openapi`."""

from __future__ import annotations

import click

from drac_plugins.app import describe
from drac_plugins.core.settings import load


@click.command()
def openapi() -> None:
    """Print the description of the interface (OpenAPI) that the facade would serve with these settings."""
    click.echo(describe(load()))
