"""`user`: accounts of the mechanisms simple (a file) and db (a table)."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import click
from sqlalchemy import Connection

from icat_schema.server.authn import Authenticators, UserStore, hash_password
from icat_schema.server.commands.options import F, examples, opened, storage_options, storage_settings
from icat_schema.server.settings import Settings
from icat_schema.server.store.engine import reading, writing

Act = Callable[[Connection, UserStore, str, str], None]
"""Called with the connection, the store, the full name and the name in the store."""


def _password_options(command: F) -> F:
    password = click.option("--password", help="for all of them; others see it in the list of processes")
    from_stdin = click.option(
        "--password-stdin", "stdin", is_flag=True, help="the first line of stdin, for all of them"
    )
    return password(from_stdin(command))


@click.group()
def user() -> None:
    """Accounts, named simple/NAME or db/NAME. Servers that run know of changes at once."""


@user.command("add", epilog=examples("user add simple/ada db/bo", "user add simple/ada --password-stdin < secret"))
@click.argument("names", nargs=-1, required=True)
@storage_options
@_password_options
def user_add(names: tuple[str, ...], database: str, users: Path | None, password: str | None, stdin: bool) -> None:
    """Create accounts, or give them another password. It is asked for unless it is given."""
    settings = storage_settings(database, users)
    hashes = _hashes(names, settings, _given(password, stdin))

    def add(connection: Connection, store: UserStore, full_name: str, name: str) -> None:
        store.put(connection, name, hashes[full_name])

    _for_users(names, settings, add)


@user.command("passwd", epilog=examples("user passwd simple/ada", "user passwd db/bo --password-stdin < secret"))
@click.argument("names", nargs=-1, required=True)
@storage_options
@_password_options
def user_passwd(names: tuple[str, ...], database: str, users: Path | None, password: str | None, stdin: bool) -> None:
    """Give existing accounts another password; sessions that are open stay open."""
    settings = storage_settings(database, users)
    hashes = _hashes(names, settings, _given(password, stdin))

    def change(connection: Connection, store: UserStore, full_name: str, name: str) -> None:
        if store.password_hash(connection, name) is None:
            raise click.ClickException(f"There is no user '{full_name}'")
        store.put(connection, name, hashes[full_name])

    _for_users(names, settings, change)


@user.command("remove", epilog=examples("user remove simple/ada"))
@click.argument("names", nargs=-1, required=True)
@storage_options
def user_remove(names: tuple[str, ...], database: str, users: Path | None) -> None:
    """Delete accounts; sessions that are open stay open."""

    def remove(connection: Connection, store: UserStore, full_name: str, name: str) -> None:
        if not store.remove(connection, name):
            raise click.ClickException(f"There is no user '{full_name}'")

    _for_users(names, storage_settings(database, users), remove)


@user.command("list", epilog=examples("user list"))
@storage_options
def user_list(database: str, users: Path | None) -> None:
    """Show the names of all accounts."""
    with opened(storage_settings(database, users)) as service, reading(service.engine) as connection:
        for mechanism in ("simple", "db"):
            store = service.authenticators.store(mechanism)
            for name in store.names(connection) if store else ():
                click.echo(f"{mechanism}/{name}")


def _given(password: str | None, stdin: bool) -> str | None:
    if not stdin:
        return password
    line = sys.stdin.readline().rstrip("\r\n")
    if not line:
        raise click.UsageError("stdin holds no password")
    return line


def _hashes(names: Iterable[str], settings: Settings, secret: str | None) -> Mapping[str, str]:
    """Hashed passwords by full name, asked for before anything is locked."""
    authenticators = Authenticators(settings)
    for full_name in names:
        _store(authenticators, full_name)
    return {full_name: hash_password(secret or _asked(full_name)) for full_name in names}


def _asked(full_name: str) -> str:
    secret: str = click.prompt(f"Password of {full_name}", hide_input=True, confirmation_prompt=True)
    return secret


def _for_users(names: Iterable[str], settings: Settings, act: Act) -> None:
    """All of them or none."""
    with opened(settings) as service, writing(service.engine) as connection:
        for full_name in names:
            act(connection, *_store(service.authenticators, full_name))


def _store(authenticators: Authenticators, full_name: str) -> tuple[UserStore, str, str]:
    """Where the account is kept, with its full name and its name there."""
    mechanism, _, name = full_name.partition("/")
    store = authenticators.store(mechanism)
    if store is None or not name:
        raise click.ClickException("Name a user as simple/NAME (needs --users FILE) or db/NAME")
    return store, full_name, name
