"""`dump` and `load`: whole catalogues to and from files."""

from __future__ import annotations

import gzip
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Protocol, cast
from zoneinfo import ZoneInfo

import click
from sqlalchemy.engine import make_url

from icat_schema.server.commands.options import (
    DEFAULTS,
    OPERATOR,
    examples,
    opened,
    option,
    storage_options,
    storage_settings,
    zone_named,
)
from icat_schema.server.commands.progress import progress
from icat_schema.server.dates import whole_seconds
from icat_schema.server.dump.loading import Loader, Terms
from icat_schema.server.dump.records import DumpError, Record
from icat_schema.server.dump.snapshot import Snapshot, count_objects
from icat_schema.server.dump.xml_format import XmlWriter, read_xml
from icat_schema.server.dump.yaml_format import YamlWriter, read_yaml
from icat_schema.server.settings import ICAT_VERSION
from icat_schema.server.store.engine import reading, writing

READERS: dict[str, Callable[[IO[bytes]], Iterator[Iterator[Record]]]] = {"xml": read_xml, "yaml": read_yaml}
SUFFIXES = {".xml": "xml", ".yaml": "yaml", ".yml": "yaml"}
GENERATOR = "drac catalogue dump"


class Writer(Protocol):
    def write_chunk(self, records: Iterator[Record]) -> None: ...
    def close(self) -> None: ...


format_option = click.option(
    "--format", "format_", type=click.Choice(sorted(READERS)), help="otherwise what the file's name ends in"
)
quiet_option = click.option("--quiet", is_flag=True, help="show no progress; without a terminal none is shown anyway")


@click.command(
    epilog=examples("dump catalogue.xml.gz", "dump --meta backup.yaml", "dump --format yaml - | less"),
)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True))
@storage_options
@format_option
@click.option("--meta", is_flag=True, help="also createId, createTime, modId, modTime (icatingest refuses these)")
@quiet_option
def dump(file: Path, database: str, users: Path | None, format_: str | None, meta: bool, quiet: bool) -> None:
    """Write the whole catalogue to FILE (- for stdout), as python-icat's icatdump does.

    The file shows one state of the catalogue, however much is written meanwhile. Its name ends in .xml or .yaml, and in
    .gz to be compressed. Passwords and sessions are not part of it.
    """
    kind = _format(file, format_)
    with opened(storage_settings(database, users), existing=True) as service, reading(service.engine) as connection:
        total = count_objects(connection)
        started = time.perf_counter()
        with progress("dump", total, quiet=quiet) as told, _written(file) as out:
            writer = _writer(kind, out, database)
            for chunk in Snapshot(connection, meta=meta, told=told).chunks():
                writer.write_chunk(chunk)
            writer.close()
    _say(f"{total} objects written to {file}", total, started)


@click.command(
    epilog=examples("load catalogue.xml.gz", "load --meta backup.yaml", "init && drac catalogue load - --format yaml"),
)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True))
@storage_options
@format_option
@click.option("--meta", is_flag=True, help="take createId, createTime, modId, modTime from the file")
@click.option("--creator", default=OPERATOR, show_default=True, help="user name for createId and modId")
@option("--zone", "ZONE", default=DEFAULTS.zone.key, callback=zone_named, help="of dates that have no offset")
@quiet_option
def load(
    file: Path,
    database: str,
    users: Path | None,
    format_: str | None,
    meta: bool,
    creator: str,
    zone: ZoneInfo,
    quiet: bool,
) -> None:
    """Put all objects of FILE (- for stdin) into the catalogue: of icatdump, or of the command dump.

    All or nothing: the first object that cannot be stored is named, and nothing of the file stays. On SQLite others
    cannot write until it is done.
    """
    kind = _format(file, format_)
    with opened(storage_settings(database, users, zone=zone)) as service:
        terms = Terms(creator, whole_seconds(datetime.now(UTC)), zone, meta)
        started = time.perf_counter()
        with (
            _read(file) as source,
            progress("load", None, quiet=quiet) as told,
            writing(service.engine) as connection,
        ):
            loader = Loader(connection, terms, told)
            loader.load(READERS[kind](source))
    total = loader.counts.total()
    _say(f"{total} objects loaded from {file}: {_most(loader.counts)}", total, started)


def _format(file: Path, format_: str | None) -> str:
    found = format_ or SUFFIXES.get(_plain_name(file).suffix)
    if found is None:
        raise click.UsageError(f"'{file}' ends neither in .xml nor in .yaml: say --format xml or --format yaml")
    return found


def _plain_name(file: Path) -> Path:
    return file.with_suffix("") if file.suffix == ".gz" else file


def _writer(kind: str, out: IO[bytes], database: str) -> Writer:
    now = datetime.now(UTC)
    service = make_url(database).render_as_string(hide_password=True)
    if kind == "xml":
        header = {"date": now.isoformat(), "service": service, "apiversion": ICAT_VERSION, "generator": GENERATOR}
        return XmlWriter(out, header)
    date = now.strftime("%a, %d %b %Y %H:%M:%S %z")
    header = {"Date": date, "Service": service, "ICAT-API": ICAT_VERSION, "Generator": GENERATOR}
    return YamlWriter(out, header)


@contextmanager
def _written(file: Path) -> Iterator[IO[bytes]]:
    """The file appears when it is complete."""
    if str(file) == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    part = file.with_name(file.name + ".part")
    try:
        with part.open("wb") as plain:
            if file.suffix == ".gz":
                with gzip.GzipFile(filename="", mode="wb", fileobj=plain, compresslevel=6) as packed:
                    yield cast(IO[bytes], packed)
            else:
                yield plain
        part.replace(file)
    except OSError as error:
        raise click.ClickException(f"{file} cannot be written: {error.strerror or error}") from error
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def _read(file: Path) -> Iterator[IO[bytes]]:
    if str(file) == "-":
        yield sys.stdin.buffer
        return
    try:
        with file.open("rb") as plain:
            if file.suffix == ".gz":
                with gzip.GzipFile(fileobj=plain) as packed:
                    yield cast(IO[bytes], packed)
            else:
                yield plain
    except (OSError, EOFError) as error:
        raise DumpError(f"{file} cannot be read: {getattr(error, 'strerror', None) or error}") from error


def _most(counts: Counter[str]) -> str:
    shown = [f"{count} {name}" for name, count in counts.most_common(5)]
    rest = len(counts) - len(shown)
    return ", ".join(shown) + (f" and {rest} more kinds" if rest > 0 else "")


def _say(text: str, total: int, started: float) -> None:
    seconds = time.perf_counter() - started
    click.echo(f"{text} ({seconds:.1f} s, {total / max(seconds, 0.001):.0f}/s)", err=True)
