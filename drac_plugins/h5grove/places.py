"""From paths in the catalogue to files on this host (settings `ingest.data_roots` and `ingest.path_map`)."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from pathlib import Path, PurePosixPath


class Places:
    """`roots`: what is served lies below one of them; `path_map`: announced prefix -> folder on disk."""

    def __init__(self, roots: Collection[str], path_map: Mapping[str, Path]) -> None:
        self._roots = [PurePosixPath(root) for root in roots]
        known = [(PurePosixPath(prefix), folder) for prefix, folder in path_map.items()]
        self._folders = sorted(known, key=lambda one: -len(one[0].parts))

    def on_disk(self, announced: str) -> str | None:
        """Where the path is: the operator's part of it with all symbolic links followed, the rest as announced, since
        that is in the hands of users. None below no data root."""
        path = PurePosixPath(announced)
        if ".." in path.parts or not any(_is_below(path, root) for root in self._roots):
            return None
        for prefix, folder in [*self._folders, *((root, Path(root)) for root in self._roots)]:
            if path.is_relative_to(prefix):
                return os.path.join(os.path.realpath(folder), path.relative_to(prefix))  # noqa: PTH118 - a text
        return None


def _is_below(path: PurePosixPath, root: PurePosixPath) -> bool:
    return path.is_absolute() and path != root and path.is_relative_to(root)
