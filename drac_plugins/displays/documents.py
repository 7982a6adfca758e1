"""The display documents of an installation: those that ship with the engine, then the facility's folders."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
    try:
        return _library(settings.displays.folders, settings.facility, _aliases(settings))
    except DocumentError as error:
        raise SettingsError(f"display documents: {error}") from error


def load(settings: Settings, more: Sequence[Path] = ()) -> Library:
    """The library as it would be with more folders or files on top. Raises SettingsError for what cannot be read, and
    the engine's DocumentError with every fault of every document."""
    places = dict.fromkeys(path.resolve() for path in (*settings.displays.folders, *more))
    return _read(tuple(places), settings.facility, _aliases(settings))


def texts(places: tuple[Path, ...]) -> Iterator[tuple[str, str]]:
    """(source name, text) of every document; a later one of the same id replaces an earlier one."""
    yield from stock_documents()
    for path in dict.fromkeys(path for place in places for path in _files(place)):
        try:
            yield str(path), path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"{path}: cannot be read: {error}") from error


def _files(place: Path) -> list[Path]:
    if place.is_file():
        return [place]
    if not place.is_dir():
        raise SettingsError(f"displays.folders: {place} is not a folder")
    return sorted(place.glob("*.yaml"))


def _aliases(settings: Settings) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(settings.ingest.beamline_aliases.items()))


@lru_cache(maxsize=8)
def _library(places: tuple[Path, ...], facility: Facility, aliases: tuple[tuple[str, str], ...]) -> Library:
    return _read(places, facility, aliases)


def _read(places: tuple[Path, ...], facility: Facility, aliases: tuple[tuple[str, str], ...]) -> Library:
    return Library.load(texts(places), vocabulary(), techniques(), facility.timezone, dict(aliases))
