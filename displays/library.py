"""All documents of an installation, and the one that applies to a dataset."""

from __future__ import annotations

import hashlib
import json
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from importlib import resources
from threading import Lock

from displays.document import Display, Written, read
from displays.errors import DocumentError, Fault
from displays.facts import gather
from displays.inheritance import Family, complete
from displays.precedence import Candidate
from displays.records import Dataset, as_instant
from displays.resolution import Considered, Resolution, by_merit
from displays.selector import Selector, normalise_instrument
from icat_schema.parameters import Vocabulary
from icat_schema.techniques import Techniques

_REMEMBERED = 4096
"""Signatures kept per library; a session of thousands of datasets has a handful."""


def stock_documents() -> list[tuple[str, str]]:
    """(source name, text) of every document that ships with the engine, in alphabetical order."""
    folder = resources.files("displays").joinpath("stock")
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".yaml")), key=lambda file: file.name)
    return [(f"stock/{file.name}", file.read_text(encoding="utf-8")) for file in files]


@dataclass(frozen=True)
class Group:
    """Datasets that one display applies to, in the order given. `resolution` is that of the first of them."""

    display: Display
    dataset_ids: tuple[int, ...]
    resolution: Resolution


class Library:
    """Immutable set of displays; make a new one when documents change. Use `Library.load`."""

    def __init__(
        self,
        written: Sequence[Written],
        family: Family,
        displays: Mapping[str, Display],
        vocabulary: Vocabulary,
        techniques: Techniques,
        zone: tzinfo,
        aliases: Mapping[str, str],
    ) -> None:
        self.written = tuple(written)
        self.vocabulary = vocabulary
        self.techniques = techniques
        self.zone = zone
        self._aliases = aliases
        self._displays = displays
        self._parents = {head.display.id: frozenset(family.chain(head)) for head in family.heads()}
        self.candidates = tuple(Candidate(d, vocabulary, techniques, zone, aliases) for d in displays.values())
        ends = {end for c in self.candidates for end in (c.start, c.until) if end is not None}
        self._period_ends = sorted(ends)
        self.tested: tuple[str, ...] = tuple(dict.fromkeys(name for c in self.candidates for name in c.tested))
        self._chosen: OrderedDict[Hashable, str] = OrderedDict()
        self._lock = Lock()

    @classmethod
    def load(
        cls,
        documents: Iterable[tuple[str, str]],
        vocabulary: Vocabulary,
        techniques: Techniques,
        zone: tzinfo,
        instrument_aliases: Mapping[str, str] | None = None,
    ) -> Library:
        """Read (source name, text) pairs; a later document replaces an earlier one of the same id and may extend it
        under that id. `instrument_aliases` maps other names of beamlines to theirs. Raises DocumentError with every
        fault of every document; nothing is half loaded."""
        aliases = {
            normalise_instrument(other, {}): normalise_instrument(name, {})
            for other, name in (instrument_aliases or {}).items()
        }
        written, faults = _read_all(documents)
        family = Family(written)
        displays: dict[str, Display] = {}
        for head in family.heads():
            try:
                displays[head.display.id] = complete(head, family.merged(head))
            except DocumentError as error:
                faults.extend(fault for fault in error.faults if fault not in faults)
        if not faults and not any(display.selector == Selector() for display in displays.values()):
            faults.append(Fault("documents", 1, "no display has an empty selector, so some datasets would have none"))
        if faults:
            raise DocumentError(faults)
        return cls(written, family, displays, vocabulary, techniques, zone, aliases)

    def __iter__(self) -> Iterator[Display]:
        return iter(self._displays.values())

    def get(self, display_id: str) -> Display | None:
        """The whole display (inherited parts included) of this id."""
        return self._displays.get(display_id)

    @property
    def fallback(self) -> Display:
        """The display that applies to anything; also for showing a dataset whose own display cannot be evaluated."""
        return next(display for display in self._displays.values() if display.selector == Selector())

    def parents(self, display_id: str) -> frozenset[str]:
        """Ids of everything that a display inherits from."""
        return self._parents.get(display_id, frozenset())

    def written_for(self, display_id: str) -> Written:
        """The document in force for an id, as its author wrote it. KeyError if there is none."""
        for document in reversed(self.written):
            if document.display.id == display_id:
                return document
        raise KeyError(display_id)

    def etag(self, display: Display) -> str:
        """Changes with the merged document, the parameter definitions and the ontology; nothing else."""
        content = json.dumps(display.model_dump(mode="json", by_alias=True, exclude_defaults=True), sort_keys=True)
        versions = f"{self.vocabulary.version}|{self.techniques.version}"
        return hashlib.sha256(f"{content}|{versions}".encode()).hexdigest()[:32]

    def resolve(self, dataset: Dataset, pinned: str | None = None) -> Resolution:
        """The display of one dataset with everything that was considered. `pinned` is the id of a display chosen by
        hand; an unknown id is ignored and noted."""
        facts = gather(dataset, self.techniques, self.zone, self._aliases)
        considered = [
            Considered(c.display, c.match(dataset, facts, pinned=c.display.id == pinned)) for c in self.candidates
        ]
        notes = facts.notes
        if pinned is not None and pinned not in self._displays:
            notes = (*notes, f"The display {pinned!r} that was chosen by hand does not exist any more.")
        ranked = by_merit(considered)
        return Resolution(dataset, ranked[0].display, tuple(ranked), notes, self._beside(ranked))

    def _beside(self, ranked: Sequence[Considered]) -> tuple[Display, ...]:
        """Displays of other techniques of the same dataset, whose cards belong below the winner's: not its parents, not
        those whose technique includes or is included in one already shown."""
        winner = ranked[0]
        techniques = [winner.match.technique]
        shown: list[Display] = []
        for other in ranked[1:]:
            technique = other.match.technique
            if technique is None or not other.match.holds or other.display.id in self.parents(winner.display.id):
                continue
            if not any(known and self._akin(technique, known) for known in techniques):
                shown.append(other.display)
                techniques.append(technique)
        return tuple(shown)

    def _akin(self, one: str, other: str) -> bool:
        return self.techniques.is_a(one, other) or self.techniques.is_a(other, one)

    def choose(self, dataset: Dataset, pinned: str | None = None) -> Display:
        """The display alone, remembered by what the choice can depend on (`signature`): the fast way for lists."""
        if pinned in self._displays:
            return self._displays[str(pinned)]
        key = self.signature(dataset)
        with self._lock:
            if key in self._chosen:
                self._chosen.move_to_end(key)
                return self._displays[self._chosen[key]]
        display = self.resolve(dataset).display
        with self._lock:
            self._chosen[key] = display.id
            if len(self._chosen) > _REMEMBERED:
                self._chosen.popitem(last=False)
        return display

    def resolve_many(self, datasets: Iterable[Dataset], pinned: str | None = None) -> tuple[Group, ...]:
        """Datasets by display, in order of first appearance; each distinct signature is decided once."""
        members: dict[str, list[Dataset]] = {}
        for dataset in datasets:
            members.setdefault(self.choose(dataset, pinned).id, []).append(dataset)
        return tuple(
            Group(self._displays[display_id], tuple(d.id for d in found), self.resolve(found[0], pinned))
            for display_id, found in members.items()
        )

    def signature(self, dataset: Dataset) -> Hashable:
        """Two datasets with equal signatures get the same display: every fact that some selector looks at, dates
        reduced to the stretch between two ends of periods."""
        tested = tuple(dataset.parameters.get(name) for name in self.tested)
        return (
            dataset.text("actualInstrument") or dataset.instrument or dataset.investigation_instrument,
            dataset.techniques,
            dataset.text("technique_pid"),
            dataset.text("definition"),
            dataset.type,
            dataset.scan_type,
            dataset.text("Project_name"),
            dataset.text("Process_program"),
            dataset.text("content_schemas"),
            self._stretch(dataset.start),
            self._stretch(dataset.acquired or dataset.start),
            tested,
        )

    def _stretch(self, moment: datetime | None) -> int:
        if moment is None:
            return -1
        return bisect_right(self._period_ends, as_instant(moment, self.zone)) if self._period_ends else 0


def _read_all(documents: Iterable[tuple[str, str]]) -> tuple[list[Written], list[Fault]]:
    written: list[Written] = []
    faults: list[Fault] = []
    for source, text in documents:
        try:
            found = read(source, text)
        except DocumentError as error:
            faults.extend(error.faults)
            continue
        ids: set[str] = set()
        for document in found:
            if document.display.id in ids:
                faults.append(
                    Fault(source, document.line(("id",)), f"a second display {document.display.id!r} in one file")
                )
            ids.add(document.display.id)
        written.extend(found)
    return written, faults
