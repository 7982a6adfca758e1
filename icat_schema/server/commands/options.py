"""Options that several commands have, and how a command opens the catalogue."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click
from sqlalchemy import Engine, inspect
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from icat_schema.server.authn import UsersFileError
from icat_schema.server.caller import Caller
from icat_schema.server.dump.records import DumpError
from icat_schema.server.errors import IcatError
from icat_schema.server.service import Service
from icat_schema.server.settings import Settings
from icat_schema.server.store.engine import open_engine

F = TypeVar("F", bound=Callable[..., Any])

DEFAULTS = Settings()
ENVIRONMENT = "DRAC_CATALOGUE_"
OPERATOR = "server/operator"
"""Who creates the objects that are made on the command line."""


def option(flag: str, variable: str, **settings: Any) -> Callable[[F], F]:
    """An option that the environment variable DRAC_CATALOGUE_<variable> sets as well."""
    return click.option(flag, envvar=ENVIRONMENT + variable, show_default=True, show_envvar=True, **settings)


def storage_options(command: F) -> F:
    """Where the catalogue is: what every command needs."""
    users = option(
        "--users", "USERS", type=click.Path(path_type=Path), default=DEFAULTS.users_file, help="users of simple"
    )
    database = option("--database", "DATABASE", default=DEFAULTS.database, help="sqlite:///file or postgresql://…")
    return database(users(command))


def storage_settings(database: str, users: Path | None, **more: Any) -> Settings:
    return Settings(database=database, users_file=users, **more)


def zone_named(_context: click.Context, _parameter: click.Parameter, value: str) -> ZoneInfo:
    """Callback of options for time zones."""
    try:
        return ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise click.BadParameter(f"'{value}' is not a time zone such as Europe/Paris") from error


def examples(*lines: str) -> str:
    """The end of a command's help: how it is called."""
    return "\b\nExamples:\n" + "\n".join(f"  drac catalogue {line}" for line in lines)


def open_service(settings: Settings, *, existing: bool = False) -> Service:
    """Open the catalogue; tables and the folder of an SQLite file are made if need be, unless it must exist."""
    with _refusals():
        if existing:
            _existing_engine(settings).dispose()
        _make_folder(settings)
        return Service(settings)


@contextmanager
def opened(settings: Settings, *, existing: bool = False) -> Iterator[Service]:
    """The catalogue for the time of one command. Failures end the command with their text."""
    service = open_service(settings, existing=existing)
    try:
        with _refusals():
            yield service
    finally:
        service.close()


@contextmanager
def opened_engine(settings: Settings) -> Iterator[Engine]:
    """The database of an existing catalogue as it is: nothing is added that is missing."""
    with _refusals():
        engine = _existing_engine(settings)
        try:
            yield engine
        finally:
            engine.dispose()


@contextmanager
def _refusals() -> Iterator[None]:
    """What can go wrong with a catalogue, in the words of a command."""
    try:
        yield
    except (DumpError, UsersFileError, ArgumentError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    except IcatError as error:
        raise click.ClickException(error.message) from error
    except SQLAlchemyError as error:
        # Without the statement: it may hold what is nobody's business.
        reason = str(error.orig if isinstance(error, DBAPIError) else error).strip() or type(error).__name__
        raise click.ClickException(f"The database refuses: {reason}") from error


def _make_folder(settings: Settings) -> None:
    url = make_url(settings.database)
    if url.get_backend_name() == "sqlite" and url.database:
        try:
            Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise click.ClickException(f"The folder of {url.database} cannot be made: {error.strerror}") from error


def _existing_engine(settings: Settings) -> Engine:
    engine = open_engine(settings.database)
    url = engine.url
    lost = url.get_backend_name() == "sqlite" and not Path(str(url.database)).exists()
    if lost or not inspect(engine).has_table("Facility"):
        engine.dispose()
        shown = url.render_as_string(hide_password=True)
        raise click.ClickException(f"There is no catalogue in {shown}: make one with init or load")
    return engine


def operator(service: Service) -> Caller:
    return Caller(OPERATOR, is_root=True, now=service.now())
