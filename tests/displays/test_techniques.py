"""What the documents of other techniques than crystallography must get right beyond their golden views."""

from __future__ import annotations

import pytest

from displays.check import check
from displays.library import Library, stock_documents
from displays.listing import build_list
from displays.plots import MOST_POINTS, Point, plot_data, thin
from displays.reader import Reader
from displays.records import Dataset, Lineage, parameters
from displays.view import build
from icat_schema.parameters import vocabulary
from icat_schema.techniques import techniques
from tests.displays.datasets import PARIS, biosaxs, dataset, tilt_series
from tests.displays.techniques_scenes import holograms, serial


def cells(library: Library, one: Dataset, reader: Reader, lineage: Lineage | None = None) -> dict[str, str]:
    """Text and unit of everything shown of a dataset, by label; of several the one in the columns."""
    view = build(library.choose(one), one, lineage or Lineage.of([one], []), reader)
    shown = [*(cell for card in view.cards for cell in card.cells), *view.columns]
    return {cell.label: " ".join(filter(None, (cell.text, cell.unit))) for cell in shown}


def test_the_fields_of_a_jet_are_missing_when_there_is_a_chip(stock: Library, reader: Reader) -> None:
    raw = serial().raw[0]
    with_zeros = {**raw.parameters, **parameters({"SSXJet_speed": "0", "SSXJet_size": "0.0"})}
    shown = cells(stock, Dataset(1, "d", techniques=raw.techniques, parameters=with_zeros), reader)
    assert not {"Jet speed", "Jet size"} & shown.keys()
    assert shown["Horizontal spacing"] == "100 µm"


def test_lists_of_numbers_keep_their_unit(stock: Library, reader: Reader) -> None:
    shown = cells(stock, holograms().raw[0], reader)
    assert shown["Source to sample"] == "13.1, 13.8, 17.7, 32.5 mm"


def test_a_list_with_a_text_in_it_is_shown_as_written(stock: Library, reader: Reader) -> None:
    raw = holograms().raw[0]
    odd = {**raw.parameters, **parameters({"HOLO_source_sample_distances": "13.1,unknown"})}
    shown = cells(stock, Dataset(1, "d", techniques=raw.techniques, parameters=odd), reader)
    assert shown["Source to sample"] == "13.1, unknown"


def test_raw_scattering_data_show_the_values_of_their_latest_result_and_results_their_own(
    stock: Library, reader: Reader
) -> None:
    scene = biosaxs()
    result = scene.lineage.datasets[702]
    for one in (scene.raw[0], result):
        assert cells(stock, one, reader, scene.lineage)["Rg"].startswith("2.7")
    assert cells(stock, scene.raw[0], reader)["Rg"] == "—"


def test_both_defoci_are_series_of_one_plot(stock: Library, reader: Reader) -> None:
    scene = tilt_series()
    plots = {one.id: one for one in plot_data(stock.choose(scene.raw[0]), scene.raw, scene.lineage, reader)}
    defocus = plots["defocus"]
    assert [point.series for point in defocus.points] == ["U"] * 5 + ["V"] * 5
    assert (defocus.y_unit, defocus.points[0].y, defocus.missing) == ("µm", pytest.approx(3.1234), 0)


def test_a_long_series_is_thinned_and_keeps_its_peak() -> None:
    points = [Point(number, float(number), 9999.0 if number == 7777 else number % 5) for number in range(20_000)]
    shown = thin(points, MOST_POINTS)
    assert len(shown) <= MOST_POINTS
    assert 7777 in [point.dataset_id for point in shown]
    assert [point.dataset_id for point in shown] == sorted(point.dataset_id for point in shown)


MAP = """
display:
  id: atlas
  title: Atlas
  extends: [generic]
  selector: {projects: [Atlas]}
  warnings:
    - {when: {param: EM_voltage, lt: 100000, unit: V}, text: Low voltage}
  plots:
    - {id: map, kind: map, x: {param: EM_position_x}, y: {param: EM_position_y}, z: {param: EM_voltage, unit: V}}
"""


def test_a_map_has_a_value_behind_the_colour_and_a_warning_its_own_unit(reader: Reader) -> None:
    library = Library.load([*stock_documents(), ("atlas.yaml", MAP)], vocabulary(), techniques(), PARIS)
    assert check(library) == []
    values = {"Project_name": "Atlas", "EM_position_x": "1", "EM_position_y": "2", "EM_voltage": "80"}
    one = dataset(1, "d", values)
    (plot,) = plot_data(library.choose(one), [one], Lineage(), reader)
    assert (plot.points[0].x, plot.points[0].y, plot.points[0].z, plot.z_unit) == (1.0, 2.0, 80_000.0, "V")
    (row,) = build_list(library.choose(one), [one], Lineage(), reader).rows
    assert [warning.text for warning in row.warnings] == ["Low voltage"]
