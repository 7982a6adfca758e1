"""`serve`: the server process."""

from __future__ import annotations

import gc
import logging
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from types import FrameType
from typing import Any
from zoneinfo import ZoneInfo

import click
import waitress
from sqlalchemy.exc import SQLAlchemyError

from icat_schema.server.channels import Large, channel_class, taken_in
from icat_schema.server.commands.data import data_options
from icat_schema.server.commands.limits import limit_options
from icat_schema.server.commands.options import (
    DEFAULTS,
    open_service,
    option,
    storage_options,
    storage_settings,
    zone_named,
)
from icat_schema.server.errors import IcatError
from icat_schema.server.ids.routes import DATA_PATH, PUT_PATH, session_of
from icat_schema.server.ids.service import DataService
from icat_schema.server.ids.settings import DataSettings
from icat_schema.server.service import Service
from icat_schema.server.settings import IMPORT_PATH
from icat_schema.server.wsgi import application

CLEANUP_SECONDS = 30
"""How often silent connections are looked for."""
OBJECTS_BETWEEN_COLLECTIONS = 50_000
"""Results are thousands of tuples without cycles: to look through them again and again would only cost time."""
MAX_BUFFERED = 2**40
"""Bytes of an answer that wait for a slow client in a temporary file; below that its thread serves somebody else."""


@click.command()
@storage_options
@option("--host", "HOST", default=DEFAULTS.host, help="address to listen on")
@option("--port", "PORT", default=DEFAULTS.port, type=click.IntRange(0, 65535), help="0: any free one")
@option("--zone", "ZONE", default=DEFAULTS.zone.key, callback=zone_named, help="the server's local time")
@option("--root", "ROOT", multiple=True, default=sorted(DEFAULTS.root_user_names), help="users who may do everything")
@option(
    "--mechanism",
    "MECHANISMS",
    multiple=True,
    type=click.Choice(DEFAULTS.mechanisms),
    default=DEFAULTS.mechanisms,
    help="authenticators that are offered",
)
@option(
    "--lifetime", "LIFETIME", default=DEFAULTS.lifetime_minutes, type=click.IntRange(1), help="minutes of a session"
)
@option("--max-entities", "MAX_ENTITIES", default=DEFAULTS.max_entities, type=click.IntRange(1), help="of one search")
@option(
    "--max-query-seconds",
    "MAX_QUERY_SECONDS",
    default=DEFAULTS.max_query_seconds,
    type=click.FloatRange(0.1),
    help="of the database's work for one search",
)
@option("--threads", "THREADS", default=DEFAULTS.threads, type=click.IntRange(1), help="calls at the same time")
@option("--quiet/--log-calls", "QUIET", default=False, help="leave out the log line of each call")
@limit_options
@data_options
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
    max_query_seconds: float,
    threads: int,
    quiet: bool,
    limits: Mapping[str, Any],
    data: DataSettings | None,
) -> None:
    """Answer clients until SIGTERM or SIGINT; calls in progress are finished."""
    if limits["oidc_issuer"] and not limits["oidc_audiences"]:
        raise click.UsageError("--oidc-issuer needs --oidc-audience: tokens for others must not log in here")
    _start_log(logging.WARNING if quiet else logging.INFO)
    settings = storage_settings(
        database,
        users,
        host=host,
        port=port,
        zone=zone,
        root_user_names=frozenset(root),
        mechanisms=(*mechanism, *(("oidc",) if limits["oidc_issuer"] else ())),
        lifetime_minutes=lifetime,
        max_entities=max_entities,
        max_query_seconds=max_query_seconds,
        threads=threads,
        **limits,
    )
    service = open_service(settings)
    files = DataService(service, data) if data is not None else None
    try:
        _listen(service, files)
    finally:
        if files is not None:
            files.close()
        service.close()


def _start_log(level: int) -> None:
    logging.basicConfig(stream=sys.stderr, level=level, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("waitress").setLevel(logging.WARNING)  # below, it names paths, which hold session ids
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # says only that calls wait for a thread


def _listen(service: Service, files: DataService | None) -> None:
    settings = service.settings
    try:
        server = waitress.create_server(
            application(service, files),
            host=settings.host,
            port=settings.port,
            threads=settings.threads,
            ident=None,
            max_request_body_size=taken_in(settings.max_request_bytes),
            max_request_header_size=settings.max_header_bytes,
            connection_limit=settings.max_connections,
            channel_timeout=settings.idle_seconds,
            cleanup_interval=min(settings.idle_seconds, CLEANUP_SECONDS),
            asyncore_use_poll=True,  # select() ends at 1024 files
            outbuf_high_watermark=MAX_BUFFERED,
            clear_untrusted_proxy_headers=False,
        )
    except OSError as error:
        raise click.ClickException(f"Cannot listen on {settings.host}:{settings.port}: {error.strerror}") from error
    large = {IMPORT_PATH: Large(settings.max_import_bytes)}
    if files is not None:
        large[PUT_PATH] = Large(files.settings.max_upload_bytes, lambda query: _has_session(service, query))
        files.start()
    server.channel_class = channel_class(large, DATA_PATH)
    for number in (signal.SIGTERM, signal.SIGINT):  # a shell that starts us in the background has SIGINT ignored
        signal.signal(number, _stop)
    gc.freeze()
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS, 20, 50)
    click.echo(f"listening on http://{server.effective_host}:{server.effective_port}")
    sys.stdout.flush()
    server.run()
    server.close()


def _has_session(service: Service, query: str) -> bool:
    """Whether the address names a valid session. Asked before a large body is read."""
    try:
        service.user_name(session_of(query))
    except (IcatError, SQLAlchemyError, ValueError):
        return False
    return True


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)  # waitress ends its loop and waits for calls in progress
