"""The display documents of an installation: those that ship with the engine, those of installed packages (entry points
`drac.displays`), then the facility's folders. A file that changes is in force with the next request."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from importlib.metadata import entry_points
from pathlib import Path
from threading import Lock

from displays.check import Finding, check
from displays.errors import DocumentError, Fault
from displays.library import Library, stock_documents
from drac_plugins.core.definitions import extended_by, files_of, texts_of
from drac_plugins.core.settings import Facility, Settings, SettingsError
from icat_schema.parameters import Vocabulary
from icat_schema.techniques import techniques

GROUP = "drac.displays"
"""Entry points of packages whose `*.yaml` files are display documents."""
_FOLDERS, _PARAMETERS = "displays.folders", "facility.parameters"
_log = logging.getLogger(__name__)

Texts = Mapping[str, str]
Fingerprint = tuple[tuple[str, int, int, int], ...]


@dataclass(frozen=True, slots=True)
class Places:
    """Everything that decides what the documents of an installation are."""

    folders: tuple[Path, ...]
    facility: Facility
    aliases: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, settings: Settings, more: Sequence[Path] = ()) -> Places:
        """Those of the settings; `more` folders or files come on top, each place once."""
        folders = dict.fromkeys(path.resolve() for path in (*settings.displays.folders, *more))
        return cls(tuple(folders), settings.facility, tuple(sorted(settings.ingest.beamline_aliases.items())))

    def fingerprint(self) -> Fingerprint:
        """Changes whenever a file is changed, added or taken away."""
        files = [*files_of(self.folders, _FOLDERS), *files_of(self.facility.parameters, _PARAMETERS)]
        return tuple((str(file), *_version(file)) for file in files)

    def documents(self) -> Texts:
        """Source name -> text; a document takes the place of an earlier one of the same id."""
        return dict([*stock_documents(), *_installed(), *texts_of(self.folders, _FOLDERS)])

    def vocabulary(self) -> Vocabulary:
        """The definitions in force, read anew."""
        return extended_by(texts_of(self.facility.parameters, _PARAMETERS))

    def library(self, documents: Texts, vocabulary: Vocabulary) -> Library:
        """Raises DocumentError with every fault of every document."""
        return Library.load(documents.items(), vocabulary, techniques(), self.facility.timezone, dict(self.aliases))


def _version(file: Path) -> tuple[int, int, int]:
    try:
        known = file.stat()
    except OSError:  # taken away since it was listed
        return 0, 0, 0
    return known.st_mtime_ns, known.st_size, known.st_ino


def _installed() -> Iterator[tuple[str, str]]:
    """Documents of installed packages, by the name of their entry point."""
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        try:
            folder = resources.files(point.value)
            files = sorted((f for f in folder.iterdir() if f.name.endswith(".yaml")), key=lambda file: file.name)
            found = [(f"{point.name}/{file.name}", file.read_text(encoding="utf-8")) for file in files]
        except (ImportError, OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"display documents of {point.name} ({point.value}) cannot be read: {error}") from error
        yield from found


@dataclass(frozen=True, slots=True)
class _State:
    fingerprint: Fingerprint | None
    library: Library
    documents: Texts
    faults: tuple[Fault, ...] = ()


class LiveLibrary:
    """The library of an installation, read again as soon as a file changes. What cannot be used is left as it was when
    it last could be, document by document, and named in `faults`. Raises SettingsError when made of broken documents:
    nothing starts with them."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._lock = Lock()
        fingerprint, documents = places.fingerprint(), places.documents()
        try:
            library = places.library(documents, places.vocabulary())
        except DocumentError as error:
            raise SettingsError(f"display documents: {error}") from error
        self._state = _State(fingerprint, library, documents)

    @property
    def faults(self) -> tuple[Fault, ...]:
        """What is wrong with the files as they are now; empty if everything is in force."""
        self.current()
        return self._state.faults

    def current(self) -> Library:
        """The library in force. Looks at the files' dates; one caller reads what has changed, others do not wait."""
        fingerprint = self._fingerprint()
        if fingerprint == self._state.fingerprint or not self._lock.acquire(blocking=False):
            return self._state.library
        try:
            if fingerprint != self._state.fingerprint:
                self._state = self._read_again(fingerprint)
                for fault in self._state.faults:
                    _log.error("display documents: %s; what was in force before stays", fault)
        finally:
            self._lock.release()
        return self._state.library

    def _fingerprint(self) -> Fingerprint | None:
        try:
            return self._places.fingerprint()
        except (SettingsError, OSError):  # said by _read_again
            return None

    def _read_again(self, fingerprint: Fingerprint | None) -> _State:
        before = self._state
        try:
            documents = self._places.documents()
            vocabulary = self._places.vocabulary()
        except (SettingsError, OSError) as error:
            return _State(fingerprint, before.library, before.documents, (Fault(_FOLDERS, 1, str(error)),))
        faults: dict[Fault, None] = {}
        while True:
            try:
                library = self._places.library(documents, vocabulary)
            except DocumentError as error:
                faults.update(dict.fromkeys(error.faults))
                mended = _as_before(documents, before.documents, error.faults)
                if mended == documents:
                    return _State(fingerprint, before.library, before.documents, tuple(sorted(faults)))
                documents = mended
            else:
                return _State(fingerprint, library, documents, tuple(sorted(faults)))


def _as_before(documents: Texts, before: Texts, faults: Iterable[Fault]) -> Texts:
    """The documents with those that have faults as they were, or left out if they are new."""
    faulty = {fault.source for fault in faults}
    kept = {source: before.get(source) if source in faulty else text for source, text in documents.items()}
    return {source: text for source, text in kept.items() if text is not None}


def live(settings: Settings) -> LiveLibrary:
    """The one live library of this process under these settings. Raises SettingsError with every fault of every
    document: file, line and what to do."""
    return _live(Places.of(settings))


def library_of(settings: Settings) -> Library:
    """The library in force under these settings. Raises SettingsError as `live` does."""
    return live(settings).current()


def load(settings: Settings, more: Sequence[Path] = ()) -> Library:
    """The library as it would be with more folders or files on top. Raises SettingsError for what cannot be read, and
    the engine's DocumentError with every fault of every document."""
    places = Places.of(settings, more)
    return places.library(places.documents(), places.vocabulary())


def lint_of(settings: Settings, in_force: Library, written: Sequence[tuple[str, str]]) -> list[Finding]:
    """What would be wrong if these (source name, text) pairs were added: faults of theirs, and what they do to others.
    Findings that are there without them are left out."""
    places = Places.of(settings)
    try:
        library = places.library({**places.documents(), **dict(written)}, in_force.vocabulary)
    except DocumentError as error:
        return [Finding(fault.source, fault.line, "error", fault.text) for fault in error.faults]
    known = set(check(in_force))
    return [finding for finding in check(library) if finding not in known]


@lru_cache(maxsize=8)
def _live(places: Places) -> LiveLibrary:
    return LiveLibrary(places)
