"""View models of realistic datasets, compared with files that a person has read."""

from __future__ import annotations

import json

import pytest

from displays.check import check
from displays.library import Library
from tests.displays.explained import PAGE, page
from tests.displays.golden_views import FOLDER, golden, scenes


@pytest.mark.parametrize("name", sorted(scenes()))
def test_the_view_is_the_one_that_was_read(stock: Library, name: str) -> None:
    scene, dataset_id = scenes()[name]
    kept = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    assert json.loads(json.dumps(golden(scene, dataset_id, stock), allow_nan=False)) == kept


def test_every_golden_file_belongs_to_a_scene() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} == set(scenes())


def test_every_stock_display_but_the_older_ones_is_shown_by_some_scene(stock: Library) -> None:
    used = {stock.resolve(scene.lineage.datasets.get(i) or scene.raw[0]).display.id for scene, i in scenes().values()}
    assert {display.id for display in stock} - used == {"mx-legacy"}


def test_the_check_of_the_stock_documents_is_clean(stock: Library) -> None:
    assert check(stock) == []


def test_the_page_of_explanations_is_what_is_said_today(stock: Library) -> None:
    assert PAGE.read_text(encoding="utf-8") == page(stock), "run: python -m tests.displays.explained"
