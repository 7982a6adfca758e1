"""The command `drac`. Its own sub-commands run and check the facade; others come from the entry points `drac.commands`
and are loaded only when they are called."""

from __future__ import annotations

import gc
import os
import sys
from importlib.metadata import EntryPoint, entry_points, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from drac_plugins.core import logs
from drac_plugins.core.errors import DracError
from drac_plugins.core.settings import Settings, SettingsError, load
from icat_schema.gateway.errors import CatalogueError

if TYPE_CHECKING:  # what takes long to load is loaded by the command that needs it
    from drac_plugins.core.doctor import Finding
    from drac_plugins.core.storage import Store

GROUP = "drac.commands"
APP = "drac_plugins.app:create_configured_app()"
_COLOURS = {"ok": "green", "warning": "yellow", "failed": "red"}


class Commands(click.Group):
    """Own commands plus those of the entry points; failures in the house's words end without a traceback."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *(point.name for point in entry_points(group=GROUP))})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        own = super().get_command(ctx, cmd_name)
        if own is not None:
            return own
        point = next((point for point in entry_points(group=GROUP) if point.name == cmd_name), None)
        return _loaded(point) if point else None

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (DracError, CatalogueError) as error:
            raise click.ClickException(error.message) from error
        except SettingsError as error:
            raise click.ClickException(f"settings: {error}") from error


def _loaded(point: EntryPoint) -> click.Command:
    """The command; one that cannot be loaded says so when it is called, and does not spoil the others."""
    try:
        command = point.load()
    except (ImportError, AttributeError) as error:
        return _broken(point.name, f"{point.value} cannot be loaded: {error}")
    if not isinstance(command, click.Command):
        return _broken(point.name, f"{point.value} is no click command")
    return command


def _broken(name: str, text: str) -> click.Command:
    def complain(**_: Any) -> None:
        raise click.ClickException(f"{name}: {text}")

    options = {"ignore_unknown_options": True, "allow_extra_args": True}
    return click.Command(name, callback=complain, short_help=f"(broken: {text})", context_settings=options)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version("drac-plugins"), prog_name="drac")
@click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Settings file (TOML). Default: the variable DRAC_CONFIG, else the built-in defaults.",
)
@click.option(
    "--log-level",
    type=click.Choice(["debug", "info", "warning", "error"]),
    default="info",
    show_default=True,
    help="How much goes to stderr.",
)
def main(config: Path | None, log_level: str) -> None:
    """Processed data for an ICAT 5 catalogue: facade, ingester, displays."""
    if config is not None:
        os.environ["DRAC_CONFIG"] = str(config.absolute())
    logs.start(log_level)


@main.command()
@click.option("--host", help="Address to listen on. Default: setting web.host.")
@click.option("--port", type=click.IntRange(0, 65535), help="0: any free one. Default: setting web.port.")
def serve(host: str | None, port: int | None) -> None:
    """Run the facade until Ctrl-C."""
    gc.disable()  # until everything is loaded: all of that stays
    from drac_plugins.core.web.server import serve as run

    given = {"host": host, "port": port}
    settings = load()
    logs.write_as(settings.logs.format)
    web = settings.web.model_copy(update={name: value for name, value in given.items() if value is not None})
    run(APP, web)


@main.command()
def doctor() -> None:
    """Check settings, store, catalogue, accounts, folders and ports, and say what to do."""
    from drac_plugins.core.doctor import examine

    settings = load()
    click.echo(f"settings from {os.environ.get('DRAC_CONFIG') or 'the defaults'} and the environment")
    failed = 0
    for finding in examine(settings):
        _show(finding)
        failed += finding.state == "failed"
    if failed:
        raise click.ClickException(f"{failed} thing{'s' if failed > 1 else ''} to repair")
    click.echo("nothing to repair")


def _show(finding: Finding) -> None:
    state = click.style(f"{finding.state:<8}", fg=_COLOURS[finding.state])
    click.echo(f"{state} {finding.what}{': ' if finding.text else ''}{finding.text}")


@main.group()
def db() -> None:
    """The facade's own store."""


@db.command()
def upgrade() -> None:
    """Bring the tables up to date."""
    from drac_plugins.core import storage

    store = _store(load())
    storage.upgrade(store)
    click.echo(f"{store.engine.url.render_as_string(hide_password=True)} is up to date")


@db.command(hidden=True)
@click.argument("message")
def revision(message: str) -> None:
    """Write the next migration from the difference between the tables and the store (for developers)."""
    from drac_plugins.core import storage, tables

    store = _store(load())
    storage.upgrade(store)
    click.echo(f"comparing with the tables of {', '.join(tables.load_all())}")
    storage.revise(store, message)


def _store(settings: Settings) -> Store:
    from drac_plugins.core.storage import Store

    return Store(settings.store.url)


@main.command(
    add_help_option=False, context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False}
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def catalogue(arguments: tuple[str, ...]) -> None:
    """The embedded ICAT 5 server: serve, init, user, rule, load, dump, check."""
    command = [sys.executable, "-m", "icat_schema.server", *arguments]
    sys.stdout.flush()
    os.execv(sys.executable, command)  # noqa: S606 - the server takes our place, with our signals and exit status


if __name__ == "__main__":
    main()
