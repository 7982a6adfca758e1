"""The parameter vocabulary of an installation: that of the installed package, and the facility's own files on top."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from drac_plugins.core.settings import Settings, SettingsError
from icat_schema.parameters import ParameterDefinition, Vocabulary, read_additions, vocabulary

_SUFFIXES = (".yaml", ".yml", ".json")


def definitions_of(settings: Settings) -> Vocabulary:
    """The vocabulary under these settings. Raises SettingsError that names the file and the parameter."""
    return extended_by(texts_of(settings.facility.parameters, "facility.parameters"))


def extended_by(texts: Iterable[tuple[str, str]]) -> Vocabulary:
    """The vocabulary with the definitions of (source name, text) pairs on top; later ones win. Raises SettingsError."""
    texts = tuple(texts)
    if not texts:
        return vocabulary()
    additions: list[ParameterDefinition] = []
    digest = hashlib.sha256()
    for source, text in texts:
        try:
            additions += read_additions(source, text)
        except ValueError as error:
            raise SettingsError(str(error)) from error
        digest.update(text.encode())
    return vocabulary().extended(additions, digest.hexdigest()[:16])


def files_of(places: Iterable[Path], setting: str) -> list[Path]:
    """The YAML and JSON files that a setting names, itself or by their folder, each once: in the order of the setting,
    those of a folder by name. Raises SettingsError for a place that is not there."""
    found: dict[Path, None] = {}
    for place in places:
        if place.is_dir():
            found.update(dict.fromkeys(sorted(file for file in place.iterdir() if file.suffix in _SUFFIXES)))
        elif place.is_file():
            found[place] = None
        else:
            raise SettingsError(f"{setting}: {place} is neither a folder nor a file")
    return list(found)


def texts_of(places: Iterable[Path], setting: str) -> list[tuple[str, str]]:
    """(path, content) of these files. Raises SettingsError for what cannot be read as text."""
    return [(str(path), _text(path)) for path in files_of(places, setting)]


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: cannot be read: {error}") from error
