"""Which folders can be the folder of one dataset."""

from __future__ import annotations

from collections.abc import Collection

from ingest.names import place

TYPE_FOLDERS = frozenset(
    ["RAW_DATA", "PROCESSED_DATA", "NOBACKUP", "SCRIPTS", "GALLERY", "NOTES", "raw", "processed", "_nobackup"]
)
"""Folders of a session in which the datasets of one kind lie."""


def holds_many(location: str, roots: Collection[str]) -> bool:
    """Whether a location is a root, a proposal, a session, or a folder of a session for one kind of data. What lies
    there belongs to many datasets, and every unknown input path in it would be taken for a part of this one."""
    bare = location.rstrip("/")
    where = place(bare, roots)
    if where is None or bare in {root.rstrip("/") for root in roots}:
        return True
    if where.session is not None:
        before, _, last = bare.rpartition("/")
        return bare == where.session or (before == where.session and last in TYPE_FOLDERS)
    return any(bare.endswith(f"/{kind}/{where.proposal}") for kind in ("visitor", "inhouse"))
