"""The command line of the embedded catalogue: one module per family of commands."""

from __future__ import annotations

from importlib import import_module

import click

__all__ = ["main"]

_MODULES = {
    "serve": "serving",
    "init": "initialise",
    "load": "dumping",
    "dump": "dumping",
    "check": "checking",
    "user": "users",
    "rule": "rules",
}


class _Commands(click.Group):
    """Loads what the wanted command needs, and nothing for the others."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return sorted(_MODULES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _MODULES:
            return None
        module = import_module(f"{__name__}.{_MODULES[cmd_name]}")
        command: click.Command = getattr(module, cmd_name)
        return command


@click.group(cls=_Commands)
def main() -> None:
    """An ICAT 5 catalogue in one process: SOAP and REST over a database of its own."""
