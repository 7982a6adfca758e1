"""Pictures and small files of a dataset: which, in which order, under which caption."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import translate
from functools import lru_cache

from displays.parts import Gallery
from displays.records import Dataset

_KINDS = {
    "image": (".png", ".jpg", ".jpeg", ".gif", ".webp", ".svg", ".bmp"),
    "molecule": (".pdb", ".cif", ".mmcif", ".mtz", ".map", ".mrc", ".ccp4"),
    "html": (".html", ".htm"),
}
_DIGITS = re.compile(r"(\d+)")


@dataclass(frozen=True, slots=True)
class Picture:
    """One gallery file. `filename` is None when the catalogue holds fewer names than ids."""

    resource_id: str
    filename: str | None
    path: str | None
    kind: str
    caption: str


def resources(dataset: Dataset) -> list[tuple[str, str | None]]:
    """(resource id, original path): paired by position up to the shorter list, further ids without a name."""
    ids = re.split(r"[\s,]+", (dataset.text("ResourcesGallery") or "").strip())
    paths = [path.strip() for path in (dataset.text("ResourcesGalleryFilePaths") or "").split(",")]
    found = [one for one in ids if one]
    return [(one, (paths[i] or None) if i < len(paths) else None) for i, one in enumerate(found)]


def pictures(dataset: Dataset, gallery: Gallery) -> list[Picture]:
    """What the gallery of a display shows of a dataset, in order."""
    chosen = [_picture(one, path, gallery) for one, path in resources(dataset)]
    shown = [picture for picture in chosen if picture.kind in gallery.kinds and _included(picture, gallery)]
    return sorted(shown, key=lambda picture: _place(picture, gallery))[: gallery.max]


def matching(dataset: Dataset, globs: tuple[str, ...]) -> Picture | None:
    """The first picture that fits the first glob that fits any; without globs the first picture."""
    images = pictures(dataset, Gallery(order=("given",), max=1000))
    if not globs:
        return images[0] if images else None
    return next((p for glob in globs for p in images if p.filename and _glob(glob).match(p.filename)), None)


def _picture(resource_id: str, path: str | None, gallery: Gallery) -> Picture:
    name = path.rstrip("/").rpartition("/")[2] if path else None
    suffix = "." + name.rpartition(".")[2].lower() if name else ""
    kind = next((kind for kind, suffixes in _KINDS.items() if suffix in suffixes), "image" if name is None else "file")
    return Picture(resource_id, name, path, kind, _caption(name, gallery))


def _caption(name: str | None, gallery: Gallery) -> str:
    if name is None:
        return ""
    lowered = name.casefold()
    return next((text for word, text in gallery.captions.items() if word.casefold() in lowered), name)


def _included(picture: Picture, gallery: Gallery) -> bool:
    if not gallery.include:
        return True
    return picture.filename is not None and any(_glob(g).match(picture.filename) for g in gallery.include)


def _place(picture: Picture, gallery: Gallery) -> tuple[int, list[tuple[int, str | int]]]:
    if gallery.order == ("given",):
        return 0, []
    name = (picture.filename or "").casefold()
    words = [word.casefold() for word in gallery.order if word != "name"]
    position = next((i for i, word in enumerate(words) if word in name), len(words))
    return position + (picture.filename is None), natural(name)


def natural(text: str) -> list[tuple[int, str | int]]:
    """Sort key in which picture 2 comes before picture 10."""
    return [
        (0, int(part)) if part.isdecimal() and len(part) < 19 else (1, part) for part in _DIGITS.split(text) if part
    ]


@lru_cache(maxsize=512)
def _glob(pattern: str) -> re.Pattern[str]:
    return re.compile(translate(pattern), re.IGNORECASE)
