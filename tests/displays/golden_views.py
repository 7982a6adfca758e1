"""Writes and reads the golden view models. `python -m tests.displays.golden_views` writes them anew; read the
difference before committing it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from displays.library import Library, stock_documents
from displays.listing import build_list
from displays.plots import plot_data
from displays.reader import Reader
from displays.records import Dataset
from displays.view import build
from displays.view_model import as_json
from icat_schema.parameters import vocabulary
from icat_schema.techniques import techniques
from tests.displays import techniques_scenes
from tests.displays.datasets import PARIS, Scene, biosaxs, dataset, mx_scene, tilt_series, tomography

FOLDER = Path(__file__).with_name("golden")


def scenes() -> dict[str, tuple[Scene, int]]:
    """Scene and id of the dataset shown, by name of the golden file."""
    mx, em, tomo, saxs = mx_scene(), tilt_series(), tomography(), biosaxs()
    return {
        "mx-raw": (mx, 100),
        "mx-merge": (mx, 900),
        "cm01-raw": (em, 50),
        "cm01-ctf": (em, 52),
        "tomo-raw": (tomo, 500),
        "hoa-reconstruction": (tomo, 501),
        "bm29-sample": (saxs, 700),
        "ssx": (techniques_scenes.serial(), 1000),
        "ssx-result": (techniques_scenes.serial(), 1001),
        "tomo-by-definition": (techniques_scenes.organ(), 1010),
        "holotomography": (techniques_scenes.holograms(), 1020),
        "ptychography": (techniques_scenes.ptychogram(), 1030),
        "cm01-grid": (techniques_scenes.grid_square(), 1040),
        "cryo-em": (techniques_scenes.particles(), 1050),
        "fluorescence": (techniques_scenes.pigment(), 1060),
        "xas": (techniques_scenes.absorption(), 1070),
        "powder": (techniques_scenes.powder(), 1080),
        "single-crystal": (techniques_scenes.crystal(), 1090),
        "bm29-announced": (techniques_scenes.solution(), 1100),
        "bm29-result-2025": (techniques_scenes.solution_of_2025(), 1111),
        "generic": (Scene((dataset(1, "anything"),), tomo.lineage), 1),
    }


def library() -> Library:
    """The stock documents, read once more so that no cache of another test is used."""
    return Library.load(stock_documents(), vocabulary(), techniques(), PARIS)


def golden(scene: Scene, dataset_id: int, displays: Library) -> dict[str, Any]:
    """What is kept of one scene: explanation, view, list and plots of its raw datasets."""
    reader = Reader(PARIS, vocabulary(), techniques())
    shown: Dataset = scene.lineage.datasets.get(dataset_id) or scene.raw[0]
    resolution = displays.resolve(shown)
    display = resolution.display
    whole: dict[str, Any] = {
        "explanation": [line for line in resolution.explain().text().splitlines() if not line.startswith("Others")],
        "view": as_json(build(display, shown, scene.lineage, reader, resolution.beside)),
        "list": as_json(build_list(display, scene.raw, scene.lineage, reader)),
        "plots": as_json(plot_data(display, scene.raw, scene.lineage, reader)),
    }
    kept: dict[str, Any] = _without_empty(whole)
    return kept


def _without_empty(part: Any) -> Any:
    """Without keys that say nothing, so that a file can be read."""
    if isinstance(part, dict):
        return {k: _without_empty(v) for k, v in part.items() if v not in (None, False, [], "")}
    return [_without_empty(item) for item in part] if isinstance(part, list) else part


def dense(part: Any, indent: str = "") -> str:
    """JSON for readers: what has no lists inside on one line."""
    plain = json.dumps(part, ensure_ascii=False, allow_nan=False)
    if len(plain) < 100 or not _holds_lists(part):
        return plain
    inner = indent + " "
    if isinstance(part, dict):
        lines = [f"{inner}{json.dumps(key)}: {dense(value, inner)}" for key, value in part.items()]
        return "{\n" + ",\n".join(lines) + f"\n{indent}}}"
    return "[\n" + ",\n".join(f"{inner}{dense(item, inner)}" for item in part) + f"\n{indent}]"


def _holds_lists(part: Any) -> bool:
    values = part.values() if isinstance(part, dict) else ()
    return isinstance(part, list) or any(isinstance(value, list) or _holds_lists(value) for value in values)


if __name__ == "__main__":
    everything = library()
    for name, (scene, dataset_id) in scenes().items():
        (FOLDER / f"{name}.json").write_text(dense(golden(scene, dataset_id, everything)) + "\n", encoding="utf-8")
