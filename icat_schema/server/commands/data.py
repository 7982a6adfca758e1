"""Options of the data service."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from icat_schema.server.commands.options import option
from icat_schema.server.ids.settings import DataSettings

DEFAULTS = DataSettings()


def _roots(_context: click.Context, _parameter: click.Parameter, values: tuple[str, ...]) -> list[tuple[str, Path]]:
    roots = []
    for value in values:
        prefix, equals, folder = value.partition("=")
        if not equals or not folder or not prefix.startswith("/") or ".." in prefix.split("/"):
            raise click.BadParameter(f"'{value}' is not like /data/visitor=./var/data/visitor")
        roots.append((prefix, Path(folder)))
    return roots


def data_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command all options of the data service, and their values as one argument: `data`, None without it."""

    @functools.wraps(command)
    def with_data(*arguments: Any, ids: bool, **values: Any) -> Any:
        chosen = {name: values.pop(name) for name in NAMES}
        data = DataSettings(**chosen) if ids else None
        return command(*arguments, data=data, **values)

    decorated: Callable[..., Any] = with_data
    for decorate in reversed(OPTIONS):
        decorated = decorate(decorated)
    return decorated


def _folder(flag: str, variable: str, text: str) -> Callable[[Any], Any]:
    return option(flag, variable, type=click.Path(path_type=Path, file_okay=False), help=text)


NAMES = ("roots", "uploads", "archive", "links", "read_only", "max_upload_bytes")

OPTIONS = (
    option("--ids/--no-ids", "IDS", default=True, help="offer the ICAT Data Service at /ids"),
    click.option(
        "--data",
        "roots",
        envvar="DRAC_CATALOGUE_DATA",
        show_envvar=True,
        multiple=True,
        callback=_roots,
        metavar="PREFIX=FOLDER",
        help="where the files are whose locations begin with PREFIX; may be given several times",
    ),
    _folder("--uploads", "UPLOADS", "folder for files that clients put; without it the service is read-only"),
    _folder("--archive", "ARCHIVE", "second level of storage; without it there is only one"),
    _folder("--links", "LINKS", "folder for getLink; without it there is no getLink"),
    option("--read-only/--read-write", "READ_ONLY", default=DEFAULTS.read_only, help="refuse put and delete"),
    option(
        "--max-upload-bytes",
        "MAX_UPLOAD_BYTES",
        type=click.IntRange(1),
        default=DEFAULTS.max_upload_bytes,
        help="of one file",
    ),
)
