"""Which techniques a dataset was measured with, and the Technique rows of the catalogue for them."""

from __future__ import annotations

import re
import threading
from collections.abc import Collection, Mapping

from icat_schema.gateway import New, Select, Session
from icat_schema.gateway.conditions import In
from icat_schema.gateway.errors import ObjectExists
from icat_schema.techniques import techniques

_LONGEST = 255
_ESRFET_NAME = re.compile(r"[#/]([^#/\s]+)$")


def technique_names(pids: str, definition: str, mapped: Mapping[str, str]) -> tuple[str, ...]:
    """Names (as ICAT keeps techniques apart) of the techniques in a `technique_pid`, each once, in order.

    Without it the words of `definition` count: those that the facility mapped to an IRI, and those that are the name of
    exactly one technique of ESRFET; other words mean nothing (`TOMO` is no technique).
    """
    iris = pids.split() or [iri for word in re.split(r"[\s,;]+", definition) if (iri := _defined(word, mapped))]
    return tuple(dict.fromkeys(_name(iri) for iri in iris))


def _defined(word: str, mapped: Mapping[str, str]) -> str | None:
    if word in mapped:
        return mapped[word]
    found = techniques().resolve(word) if word else ()
    return found[0].iri if len(found) == 1 else None


def _name(iri: str) -> str:
    """The acronym; the end of the IRI for a technique that the ontology does not know."""
    known = techniques().get(iri)
    if known:
        return known.acronym[:_LONGEST]
    end = _ESRFET_NAME.search(iri)
    return (end.group(1) if end else iri)[:_LONGEST]


class Techniques:
    """Ids of the catalogue's techniques, looked up and made when first needed."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._ids: dict[str, int] = {}
        self._lock = threading.Lock()

    def ids(self, names: Collection[str], pids: str) -> Mapping[str, int]:
        """Ids by name. `pids`: the text of `technique_pid`, where the IRIs of unknown techniques are."""
        with self._lock:
            missing = [name for name in names if name not in self._ids]
            if missing:
                self._look(missing)
                self._make([name for name in missing if name not in self._ids], pids)
            return {name: self._ids[name] for name in names}

    def _look(self, names: Collection[str]) -> None:
        rows = self._session.rows(Select("Technique", ["name", "id"], where=In("name", sorted(names))))
        self._ids.update(dict(rows))

    def _make(self, names: list[str], pids: str) -> None:
        if not names:
            return
        try:
            made = self._session.write([New("Technique", _fields(name, pids)) for name in names])
        except ObjectExists:
            self._look(names)
        else:
            self._ids.update(zip(names, made, strict=True))


def _fields(name: str, pids: str) -> dict[str, str | None]:
    sent = next((iri for iri in pids.split() if _name(iri) == name), None)
    known = techniques().get(sent) if sent else next(iter(techniques().resolve(name)), None)
    iri = known.iri if known else sent
    return {
        "name": name,
        "pid": iri[:_LONGEST] if iri else None,
        "description": (known.description or known.label)[:_LONGEST] if known else None,
    }
