"""Writes the page of explanations: `python -m tests.displays.explained`. Read it before committing it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from displays.library import Library
from displays.records import Dataset
from tests.displays.datasets import ESRFET, PARIS, dataset, integration, mx_raw, tilt_series, tomography
from tests.displays.golden_views import library
from tests.displays.techniques_scenes import grid_square, holograms, organ, serial

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "explanations.md"
_HEAD = """\
# Why a dataset is shown as it is: ten examples

What `drac displays explain` (and “Why this view?” on a page) says of ten datasets under the documents that ship with
drac-plugins. The page is made by `python -m tests.displays.explained`, and a test compares it with what is said today.

Each explanation names the display, the conditions that hold, the displays that would have applied too with the first
thing that told them apart, those that nearly apply with what is missing, and what was left out of account.
"""


def examples() -> list[tuple[str, Dataset]]:
    """A sentence about each dataset, and the dataset."""
    of_2023 = datetime(2023, 11, 20, 9, 0, tzinfo=PARIS)
    spectrum = tuple(f"{ESRFET}{name}" for name in ("XRAYS", "MX", "XRF"))
    return [
        ("A collection from a crystal. It carries the default technique XRAYS, and SAD like all of them.",
         mx_raw(1, "lyso-1_run1")),
        ("A reprocessing in 2027 of data from 2023: the date of acquisition counts.",
         integration(2, "autoPROC", {}, start=datetime(2027, 1, 12, 10, 0, tzinfo=PARIS), acquired=of_2023)),
        ("A fluorescence spectrum of a crystal. It has the technique of the maps, but is none.",
         dataset(3, "spectrum_1", {"scanType": "xrf", "MX_scanType": "xrf"}, techniques=spectrum)),
        ("Crystals on a chip: serial crystallography is a kind of crystallography, and has a display of its own.",
         serial().raw[0]),
        ("A movie of a tilt series.", tilt_series().raw[0]),
        ("A grid square from the same microscope without any technique but the default one.", grid_square().raw[0]),
        ("A reconstruction for the organ atlas.", tomography().lineage.datasets[501]),
        ("A scan that was announced without technique; the word in its definition is read.", organ().raw[0]),
        ("Nano-holotomography: neither technique nor beamline has a document, but it is a kind of something that has.",
         holograms().raw[0]),
        ("A name that two techniques share is not used.",
         dataset(10, "ruby_0001", {"definition": "SXRD"}, instrument="ID15B")),
    ]  # fmt: skip


def page(displays: Library) -> str:
    """The text of the page."""
    parts = [_HEAD]
    for number, (about, one) in enumerate(examples(), start=1):
        text = displays.resolve(one).explain().text()
        parts.append(f"## {number}. {one.name}\n\n{about}\n\n```text\n{text}\n```\n")
    return "\n".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page(library()), encoding="utf-8")
