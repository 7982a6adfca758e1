"""Pictures and small files of a dataset that stay online: kept in our own store, named in two parameters."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from drac_plugins.core import resources
from drac_plugins.core.links import linktable
from drac_plugins.core.links.lists import LONGEST_VALUE
from drac_plugins.core.links.records import Located
from ingest import memory
from ingest.dataset_stage import DatasetStage
from ingest.names import normalise_location, place, proposal_key
from ingest.plan import GALLERY_IDS, GALLERY_PATHS

logger = logging.getLogger(__name__)


class GalleryStage(DatasetStage):
    """Keeps the gallery of a dataset; the same files keep their ids."""

    step = "gallery"

    def run(self, dataset_id: int) -> None:
        """Keep the files and write the two parameters. Raises NotYet when announced files are not there (yet)."""
        with self._store.read() as connection:
            here = linktable.located(connection, [dataset_id]).get(dataset_id)
            origin = memory.origin_of(connection, dataset_id)
        if here is None:
            return
        announced = self._announced(origin.gallery if origin else None)
        paths = [p for p in announced if self._admitted(p, here)] if announced else self._discovered(here)
        kept = self._keep(dataset_id, paths[: self._settings.ingest.gallery_max_files])
        if kept:
            self._show(dataset_id, kept)
        missing = [path for path in announced if path in paths and path not in {p for p, _ in kept}]
        if missing:
            raise self._not_there(dataset_id, f"Gallery file {missing[0]} is not there")

    def _announced(self, text: str | None) -> list[str]:
        prefixes = self._settings.ingest.mount_prefixes
        return [normalise_location(part.strip(), prefixes) for part in (text or "").split(",") if part.strip()]

    def _admitted(self, path: str, here: Located) -> bool:
        """Only files of the same proposal are shown with a dataset."""
        roots = self._settings.ingest.data_roots
        there, mine = place(path, roots), place(here.location, roots)
        same = (
            there is not None
            and mine is not None
            and proposal_key(there.proposal or "") == proposal_key(mine.proposal or "")
        )
        if not same:
            logger.warning("gallery file %s does not belong to the proposal of %s; left out", path, here.location)
        return same

    def _reach(self, path: str) -> str | None:
        """The folder of the proposal: a link in it must not show its reader what lies with another proposal."""
        found = place(path, self._settings.ingest.data_roots)
        if found is None or found.proposal is None:
            return None
        before, proposal, _ = path.partition(f"/{found.proposal}/")
        return before + proposal

    def _discovered(self, here: Located) -> list[str]:
        folder = self._disk.folder(f"{here.location}/gallery")
        if folder is None:
            return []
        accepted = {extension.casefold() for extension in self._settings.ingest.gallery_extensions}
        return sorted(
            f"{here.location}/gallery/{file.name}"
            for file in self._disk.walk(folder, ())
            if "/" not in file.name and file.name.rsplit(".", 1)[-1].casefold() in accepted
        )

    def _keep(self, dataset_id: int, paths: Sequence[str]) -> list[tuple[str, str]]:
        """Path and resource id of every file that could be read, in order."""
        kept: list[tuple[str, str]] = []
        for path in dict.fromkeys(paths):
            content = self._disk.read(path, self._settings.ingest.gallery_max_bytes, inside=self._reach(path))
            if content is not None:
                with self._store.begin() as connection:
                    kept.append((path, resources.put(connection, dataset_id, path, content)))
        while kept and max(len(text) for text in _texts(kept)) > LONGEST_VALUE:
            kept.pop()
        return kept

    def _show(self, dataset_id: int, kept: list[tuple[str, str]]) -> None:
        paths, ids = _texts(kept)
        writes = self._parameter_writes(dataset_id, {GALLERY_IDS: ids, GALLERY_PATHS: paths})
        if writes:
            self._session.write(writes)


def _texts(kept: Sequence[tuple[str, str]]) -> tuple[str, str]:
    return ",".join(path for path, _ in kept), " ".join(id_ for _, id_ in kept)
