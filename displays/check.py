"""The lint of display documents: everything that can be told without a catalogue."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from displays.check_names import NameLints
from displays.check_selection import SelectionLints
from displays.findings import Finding
from displays.library import Library

__all__ = ["Finding", "check"]


def check(library: Library, workflows: Collection[str] | None = None) -> list[Finding]:
    """Findings over all documents in force, by file and line. `workflows` are the ids of existing reprocessing
    workflows; without it actions are not checked. An empty list means: nothing to complain about."""
    found: set[Finding] = set(SelectionLints(library).findings())
    for display in library:
        written = library.written_for(display.id)
        found.update(NameLints(written, display, library.vocabulary, library.techniques).findings())
    if workflows is not None:
        found.update(_actions(library, workflows))
    return sorted(found)


def _actions(library: Library, workflows: Collection[str]) -> Iterator[Finding]:
    for display in library:
        written = library.written_for(display.id)
        for index, action in enumerate(written.display.actions):
            if action not in workflows:
                line = written.line(("actions", index))
                yield Finding(written.source, line, "error", f"there is no workflow {action!r}")
