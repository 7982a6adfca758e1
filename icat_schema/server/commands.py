"""The command line of the embedded catalogue."""

from __future__ import annotations

import json
import logging
import signal
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from types import FrameType
from typing import Any, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click
import waitress
from sqlalchemy import Connection, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from icat_schema.definitions import schema
from icat_schema.server.authn import Authenticators, UsersFileError, UserStore, hash_password
from icat_schema.server.caller import Caller
from icat_schema.server.entities.values import EntityValue
from icat_schema.server.errors import IcatError
from icat_schema.server.service import Service
from icat_schema.server.settings import Settings
from icat_schema.server.store.engine import reading, writing
from icat_schema.server.store.tables import table
from icat_schema.server.wsgi import application

F = TypeVar("F", bound=Callable[..., Any])

DEFAULTS = Settings()
ENVIRONMENT = "DRAC_CATALOGUE_"
OPERATOR = "server/operator"
"""Who creates the objects that are made on the command line."""


def _zone(_context: click.Context, _parameter: click.Parameter, value: str) -> ZoneInfo:
    try:
        return ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise click.BadParameter(f"'{value}' is not a time zone such as Europe/Paris") from error


def _option(flag: str, variable: str, **settings: Any) -> Callable[[F], F]:
    """An option that the environment variable DRAC_CATALOGUE_<variable> sets as well."""
    return click.option(flag, envvar=ENVIRONMENT + variable, show_default=True, show_envvar=True, **settings)


def _storage_options(command: F) -> F:
    """Where the catalogue is: what every command needs."""
    for decorate in (
        _option(
            "--users", "USERS", type=click.Path(path_type=Path), default=DEFAULTS.users_file, help="users of simple"
        ),
        _option("--database", "DATABASE", default=DEFAULTS.database, help="sqlite:///file or postgresql://…"),
    ):
        command = decorate(command)
    return command


def _settings(database: str, users: Path | None, **more: Any) -> Settings:
    return Settings(database=database, users_file=users, **more)


def _service(settings: Settings) -> Service:
    """Open the catalogue; tables and the folder of an SQLite file are made if need be."""
    try:
        url = make_url(settings.database)
        if url.get_backend_name() == "sqlite" and url.database:
            Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        return Service(settings)
    except (ValueError, ArgumentError) as error:
        raise click.ClickException(str(error)) from error


@click.group()
def main() -> None:
    """An ICAT 5 catalogue in one process: SOAP and REST over a database of its own."""


@main.command()
@_storage_options
@_option("--host", "HOST", default=DEFAULTS.host, help="address to listen on")
@_option("--port", "PORT", default=DEFAULTS.port, type=click.IntRange(0, 65535), help="0: any free one")
@_option("--zone", "ZONE", default=DEFAULTS.zone.key, callback=_zone, help="the server's local time")
@_option("--root", "ROOT", multiple=True, default=sorted(DEFAULTS.root_user_names), help="users who may do everything")
@_option(
    "--mechanism",
    "MECHANISMS",
    multiple=True,
    type=click.Choice(DEFAULTS.mechanisms),
    default=DEFAULTS.mechanisms,
    help="authenticators that are offered",
)
@_option(
    "--lifetime", "LIFETIME", default=DEFAULTS.lifetime_minutes, type=click.IntRange(1), help="minutes of a session"
)
@_option("--max-entities", "MAX_ENTITIES", default=DEFAULTS.max_entities, type=click.IntRange(1), help="of one search")
@_option("--threads", "THREADS", default=DEFAULTS.threads, type=click.IntRange(1), help="calls at the same time")
@_option("--quiet/--log-calls", "QUIET", default=False, help="leave out the log line of each call")
def serve(
    database: str,
    users: Path | None,
    host: str,
    port: int,
    zone: ZoneInfo,
    root: tuple[str, ...],
    mechanism: tuple[Any, ...],
    lifetime: int,
    max_entities: int,
    threads: int,
    quiet: bool,
) -> None:
    """Answer clients until SIGTERM or SIGINT; calls in progress are finished."""
    _start_log(logging.WARNING if quiet else logging.INFO)
    settings = _settings(
        database,
        users,
        host=host,
        port=port,
        zone=zone,
        root_user_names=frozenset(root),
        mechanisms=mechanism,
        lifetime_minutes=lifetime,
        max_entities=max_entities,
        threads=threads,
    )
    service = _service(settings)
    try:
        _listen(service)
    finally:
        service.close()


@main.command()
@_storage_options
def init(database: str, users: Path | None) -> None:
    """Create the tables, and the file for the users of simple if there is none."""
    _service(_settings(database, users)).close()
    if users is not None and not users.exists():
        users.parent.mkdir(parents=True, exist_ok=True)
        users.touch(mode=0o600)
    click.echo(f"{database} is ready")


@main.group()
def user() -> None:
    """Accounts, named simple/NAME or db/NAME."""


@user.command("add")
@click.argument("names", nargs=-1, required=True)
@_storage_options
@click.option("--password", help="for all of them; asked for when it is not given")
def user_add(names: tuple[str, ...], database: str, users: Path | None, password: str | None) -> None:
    """Create accounts, or give them another password."""

    def add(connection: Connection, store: UserStore, name: str) -> None:
        secret = password or click.prompt(f"Password of {name}", hide_input=True, confirmation_prompt=True)
        store.put(connection, name, hash_password(secret))

    _for_users(names, _settings(database, users), add)


@user.command("remove")
@click.argument("names", nargs=-1, required=True)
@_storage_options
def user_remove(names: tuple[str, ...], database: str, users: Path | None) -> None:
    """Delete accounts; sessions that are open stay open."""

    def remove(connection: Connection, store: UserStore, name: str) -> None:
        if not store.remove(connection, name):
            raise click.ClickException(f"There is no user '{name}'")

    _for_users(names, _settings(database, users), remove)


@user.command("list")
@_storage_options
def user_list(database: str, users: Path | None) -> None:
    """Show the names of all accounts."""
    service = _service(_settings(database, users))
    with reading(service.engine) as connection:
        for mechanism in ("simple", "db"):
            store = service.authenticators.store(mechanism)
            for name in store.names(connection) if store else ():
                click.echo(f"{mechanism}/{name}")
    service.close()


def _for_users(names: Iterable[str], settings: Settings, act: Callable[[Connection, UserStore, str], None]) -> None:
    service = _service(settings)
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


@main.group()
def rule() -> None:
    """Authorization rules."""


@rule.command("add")
@click.argument("flags")
@click.argument("what")
@click.option("--grouping", help="name of the group it is for; everybody without")
@_storage_options
def rule_add(flags: str, what: str, grouping: str | None, database: str, users: Path | None) -> None:
    """Allow FLAGS (of C, R, U and D) on what the query WHAT selects."""
    value = EntityValue(schema().entities["Rule"], {"crudFlags": flags, "what": what})
    service = _service(_settings(database, users))
    try:
        if grouping is not None:
            value.one["grouping"] = EntityValue(schema().entities["Grouping"], {"id": _grouping_id(service, grouping)})
        click.echo(f"rule {service.create(_operator(service), value)}")
    except IcatError as error:
        raise click.ClickException(error.message) from error
    finally:
        service.close()


@rule.command("list")
@click.option("--json", "as_json", is_flag=True, help="one JSON object per line")
@_storage_options
def rule_list(as_json: bool, database: str, users: Path | None) -> None:
    """Show all rules: flags, group (* for everybody), text."""
    service = _service(_settings(database, users))
    query = "SELECT r.crudFlags, g.name, r.what FROM Rule r LEFT JOIN r.grouping g ORDER BY r.id"
    for flags, grouping, what in _rows(service, query):
        if as_json:
            click.echo(json.dumps({"crudFlags": flags, "grouping": grouping, "what": what}, ensure_ascii=False))
        else:
            click.echo(f"{flags:<4} {grouping or '*'}  {what}")
    service.close()


def _grouping_id(service: Service, name: str) -> int:
    groupings = table("Grouping")
    with reading(service.engine) as connection:
        found = connection.execute(select(groupings.c.id).where(groupings.c.name == name)).scalar()
    if found is None:
        raise click.ClickException(f"There is no Grouping '{name}'")
    return int(found)


def _rows(service: Service, query: str) -> list[Any]:
    with service.search_as(_operator(service), query) as found:
        return list(found.rows)


def _operator(service: Service) -> Caller:
    return Caller(OPERATOR, is_root=True, now=service.now())


def _start_log(level: int) -> None:
    logging.basicConfig(stream=sys.stderr, level=level, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # says only that calls wait for a thread


def _listen(service: Service) -> None:
    settings = service.settings
    try:
        server = waitress.create_server(
            application(service),
            host=settings.host,
            port=settings.port,
            threads=settings.threads,
            ident=None,
            max_request_body_size=2 * settings.max_request_bytes,  # the application refuses earlier, as a fault
            clear_untrusted_proxy_headers=False,
        )
    except OSError as error:
        raise click.ClickException(f"Cannot listen on {settings.host}:{settings.port}: {error.strerror}") from error
    for number in (signal.SIGTERM, signal.SIGINT):  # a shell that starts us in the background has SIGINT ignored
        signal.signal(number, _stop)
    click.echo(f"listening on http://{server.effective_host}:{server.effective_port}")
    sys.stdout.flush()
    server.run()
    server.close()


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)  # waitress ends its loop and waits for calls in progress
