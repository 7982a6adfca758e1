"""`user`: accounts of the mechanisms simple (a file) and db (a table)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import click
from sqlalchemy import Connection

from icat_schema.server.authn import Authenticators, UsersFileError, UserStore, hash_password
from icat_schema.server.commands.options import open_service, storage_options, storage_settings
from icat_schema.server.settings import Settings
from icat_schema.server.store.engine import reading, writing


@click.group()
def user() -> None:
    """Accounts, named simple/NAME or db/NAME."""


@user.command("add")
@click.argument("names", nargs=-1, required=True)
@storage_options
@click.option("--password", help="for all of them; asked for when it is not given")
def user_add(names: tuple[str, ...], database: str, users: Path | None, password: str | None) -> None:
    """Create accounts, or give them another password."""

    def add(connection: Connection, store: UserStore, name: str) -> None:
        secret = password or click.prompt(f"Password of {name}", hide_input=True, confirmation_prompt=True)
        store.put(connection, name, hash_password(secret))

    _for_users(names, storage_settings(database, users), add)


@user.command("remove")
@click.argument("names", nargs=-1, required=True)
@storage_options
def user_remove(names: tuple[str, ...], database: str, users: Path | None) -> None:
    """Delete accounts; sessions that are open stay open."""

    def remove(connection: Connection, store: UserStore, name: str) -> None:
        if not store.remove(connection, name):
            raise click.ClickException(f"There is no user '{name}'")

    _for_users(names, storage_settings(database, users), remove)


@user.command("list")
@storage_options
def user_list(database: str, users: Path | None) -> None:
    """Show the names of all accounts."""
    service = open_service(storage_settings(database, users))
    with reading(service.engine) as connection:
        for mechanism in ("simple", "db"):
            store = service.authenticators.store(mechanism)
            for name in store.names(connection) if store else ():
                click.echo(f"{mechanism}/{name}")
    service.close()


def _for_users(names: Iterable[str], settings: Settings, act: Callable[[Connection, UserStore, str], None]) -> None:
    service = open_service(settings)
    try:
        with writing(service.engine) as connection:
            for full_name in names:
                mechanism, _, name = full_name.partition("/")
                act(connection, _store(service.authenticators, mechanism, name), name)
    except UsersFileError as error:
        raise click.ClickException(str(error)) from error
    finally:
        service.close()


def _store(authenticators: Authenticators, mechanism: str, name: str) -> UserStore:
    store = authenticators.store(mechanism)
    if store is None or not name:
        raise click.ClickException("Name a user as simple/NAME (needs --users FILE) or db/NAME")
    return store
