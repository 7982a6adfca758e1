"""What changed documents would do to the datasets of a period, in windows of bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from displays.library import Library
from displays.preview import Change, changes
from drac_plugins.core.reads.criteria import DatasetCriteria, Window
from drac_plugins.core.reads.view import View
from drac_plugins.displays.families import family

WINDOW = 500
NAMES_SHOWN = 5


@dataclass(slots=True)
class Kind:
    """Datasets that change from one document to another. `differences` counts in how many of them each occurs, without
    values; `example` is the first that shows something else."""

    before: str
    after: str
    names: list[str] = field(default_factory=list)
    count: int = 0
    differences: dict[str, int] = field(default_factory=dict)
    example: Change | None = None


@dataclass(slots=True)
class Preview:
    """`examined` datasets, and those that change by the documents before and after."""

    examined: int = 0
    kinds: dict[tuple[str, str], Kind] = field(default_factory=dict)

    @property
    def changed(self) -> int:
        return sum(kind.count for kind in self.kinds.values())

    def add(self, change: Change) -> None:
        before, after = (f"{d.id}, version {d.version}" for d in (change.before, change.after))
        kind = self.kinds.setdefault((before, after), Kind(before, after))
        kind.count += 1
        if len(kind.names) < NAMES_SHOWN:
            kind.names.append(f"{change.dataset.name} ({change.dataset.id})")
        for difference in dict.fromkeys(_without_values(text) for text in change.differences):
            kind.differences[difference] = kind.differences.get(difference, 0) + 1
        if kind.example is None and change.differences:
            kind.example = change


def _without_values(difference: str) -> str:
    """`column Pixel: 25.1 µm → 25.08 µm` and `column Range is new: 360 °` without what belongs to one dataset."""
    head, colon, _ = difference.partition(": ")
    return f"{head} differs" if colon and not head.endswith(" is new") else head


def preview(view: View, before: Library, after: Library, criteria: DatasetCriteria) -> Preview:
    """Compare two libraries over the datasets that fulfil the criteria and that the caller may read."""
    found = Preview()
    for window in _windows():
        part = family(view, criteria, window)
        for change in changes(before, after, part.datasets, part.lineage):
            found.add(change)
        found.examined += len(part.datasets)
        if window.skip + WINDOW >= part.total:
            return found
    return found


def _windows() -> Iterator[Window]:
    skip = 0
    while True:
        yield Window(WINDOW, skip, "STARTDATE")
        skip += WINDOW


def sentences(preview: Preview) -> Iterator[str]:
    """The preview for a person, line by line."""
    yield f"{preview.examined} datasets, {preview.changed} of which change."
    for kind in sorted(preview.kinds.values(), key=lambda kind: -kind.count):
        yield ""
        arrow = kind.before if kind.before == kind.after else f"{kind.before} → {kind.after}"
        yield f"{arrow}: {kind.count} dataset{'s' if kind.count > 1 else ''}"
        more = f" and {kind.count - len(kind.names)} more" if kind.count > len(kind.names) else ""
        yield f"  {', '.join(kind.names)}{more}"
        if not kind.differences:
            yield "  They look the same as before."
        for text, count in kind.differences.items():
            yield f"  - {text}" + (f" ({count} of {kind.count})" if count < kind.count else "")
        if kind.example is not None:
            yield f"  For example {kind.example.dataset.name}:"
            yield from (f"    {text}" for text in kind.example.differences)
