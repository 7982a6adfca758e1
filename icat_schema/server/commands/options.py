"""Options that several commands have, and how a command opens the catalogue."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from icat_schema.server.caller import Caller
from icat_schema.server.service import Service
from icat_schema.server.settings import Settings

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


def open_service(settings: Settings) -> Service:
    """Open the catalogue; tables and the folder of an SQLite file are made if need be."""
    try:
        url = make_url(settings.database)
        if url.get_backend_name() == "sqlite" and url.database:
            Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        return Service(settings)
    except (ValueError, ArgumentError) as error:
        raise click.ClickException(str(error)) from error


@contextmanager
def opened(settings: Settings) -> Iterator[Service]:
    """The catalogue for the time of one command."""
    service = open_service(settings)
    try:
        yield service
    finally:
        service.close()


def operator(service: Service) -> Caller:
    return Caller(OPERATOR, is_root=True, now=service.now())
