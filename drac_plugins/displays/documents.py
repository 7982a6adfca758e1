"""The display documents of an installation: those that ship with the engine, then the facility's folders."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from displays.errors import DocumentError
from displays.library import Library, stock_documents
from drac_plugins.core.settings import Facility, Settings, SettingsError
from icat_schema.parameters import vocabulary
from icat_schema.techniques import techniques


def library_of(settings: Settings) -> Library:
    """The library under these settings, read once per process. Raises SettingsError with every fault of every
    document: file, line and what to do."""
    aliases = tuple(sorted(settings.ingest.beamline_aliases.items()))
    return _library(settings.displays.folders, settings.facility, aliases)


def texts(folders: tuple[Path, ...]) -> Iterator[tuple[str, str]]:
    """(source name, text) of every document; a later one of the same id replaces an earlier one."""
    yield from stock_documents()
    for folder in folders:
        if not folder.is_dir():
            raise SettingsError(f"displays.folders: {folder} is not a folder")
        for path in sorted(folder.glob("*.yaml")):
            try:
                yield str(path), path.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                raise SettingsError(f"{path}: cannot be read: {error}") from error


@lru_cache(maxsize=8)
def _library(folders: tuple[Path, ...], facility: Facility, aliases: tuple[tuple[str, str], ...]) -> Library:
    try:
        return Library.load(texts(folders), vocabulary(), techniques(), facility.timezone, dict(aliases))
    except DocumentError as error:
        raise SettingsError(f"display documents: {error}") from error
