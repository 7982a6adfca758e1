"""The cases that a display engine must get right, each under its name. Numbers are those of the specification."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from displays.check import check
from displays.document import Display
from displays.library import Library, stock_documents
from displays.listing import build_list, in_order
from displays.reader import Reader
from displays.records import Dataset, Lineage, parameters
from displays.values import Evaluator
from displays.view import build
from icat_schema.parameters import vocabulary
from icat_schema.techniques import Techniques, techniques
from tests.displays.datasets import (
    ESRFET,
    PARIS,
    dataset,
    integration,
    movie,
    mx_raw,
    statistics,
    tilt_series,
    tomography,
)

GENERIC = ("generic.yaml", dict(stock_documents())["stock/generic.yaml"])


def library(*documents: str, terms: Techniques | None = None) -> Library:
    """The generic display and the given documents."""
    named = [(f"document{i + 1}.yaml", text) for i, text in enumerate(documents)]
    return Library.load([GENERIC, *named], vocabulary(), terms or techniques(), PARIS)


def document(identifier: str, selector: str, body: str = "") -> str:
    """A small display of that selector."""
    return f"display:\n  id: {identifier}\n  title: {identifier}\n  extends: [generic]\n  selector: {selector}\n{body}"


def of_technique(*names: str, number: int = 1, **facts: object) -> Dataset:
    """A dataset with these techniques."""
    return dataset(number, f"d{number}", techniques=tuple(f"{ESRFET}{name}" for name in names), **facts)


def column(display: Display, one: Dataset, reader: Reader, name: str, lineage: Lineage | None = None) -> str:
    """Text of one cell with its unit."""
    view = build(display, one, lineage or Lineage.of([one], []), reader)
    cell = next(cell for cell in view.columns if cell.id == name)
    return f"{cell.text} {cell.unit}" if cell.unit else cell.text


def test_01_of_two_displays_of_one_beamline_with_overlapping_dates_the_shorter_interval_wins() -> None:
    long = document("a-long", "{instruments: [BM29], valid: {from: 2024-01-01, until: 2025-01-01}}")
    short = document("b-short", "{instruments: [BM29], valid: {from: 2024-03-01, until: 2024-04-01}}")
    resolution = library(long, short).resolve(dataset(1, "d", instrument="BM29"))
    assert resolution.display.id == "b-short"
    assert "its period is shorter" in resolution.explain().text()


def test_01_equal_intervals_are_decided_by_priority() -> None:
    one = document("a", "{instruments: [BM29], valid: {from: 2024-01-01, until: 2025-01-01}}")
    two = document("b", "{instruments: [BM29], valid: {from: 2024-01-01, until: 2025-01-01}}", "  priority: 1\n")
    assert library(one, two).resolve(dataset(1, "d", instrument="BM29")).display.id == "b"


def test_01_equal_priority_is_a_lint_error_and_alphabetical() -> None:
    one = document("b", "{instruments: [BM29], valid: {from: 2024-01-01, until: 2025-01-01}}")
    two = document("a", "{instruments: [BM29], valid: {from: 2024-01-01, until: 2025-01-01}}")
    displays = library(one, two)
    resolution = displays.resolve(dataset(1, "d", instrument="BM29"))
    assert resolution.display.id == "a"
    assert resolution.explain().as_dict()["candidates"][1]["beatenBy"] == "id"
    assert any("only the alphabet" in str(finding) for finding in check(displays))


def test_02_a_dataset_starting_exactly_at_until_belongs_to_the_next_display() -> None:
    old = document("old", "{instruments: [BM29], valid: {until: 2025-09-01}}")
    new = document("new", "{instruments: [BM29], valid: {from: 2025-09-01}}")
    start = datetime(2025, 9, 1, tzinfo=PARIS)
    assert library(old, new).resolve(dataset(1, "d", instrument="BM29", start=start)).display.id == "new"
    before = start - timedelta(milliseconds=1)
    assert library(old, new).resolve(dataset(1, "d", instrument="BM29", start=before)).display.id == "old"


def test_03_the_last_evening_of_march_in_california_is_already_april_in_paris() -> None:
    new = document("new", "{valid: {from: 2024-04-01}}")
    start = datetime.fromisoformat("2024-03-31T23:30:00-07:00")
    assert library(new).resolve(dataset(1, "d", start=start)).display.id == "new"


def test_03_a_naive_timestamp_is_facility_time() -> None:
    new = document("new", "{valid: {from: 2024-04-01}}")
    assert library(new).resolve(dataset(1, "d", start=datetime(2024, 4, 1, 0, 0))).display.id == "new"  # noqa: DTZ001
    assert library(new).resolve(dataset(1, "d", start=datetime(2024, 3, 31, 23, 59))).display.id == "generic"  # noqa: DTZ001


def test_04_the_hour_that_occurs_twice_in_autumn_is_ordered_by_instant(stock: Library, reader: Reader) -> None:
    first = dataset(1, "first", start=datetime(2024, 10, 27, 2, 50, tzinfo=PARIS, fold=0))
    second = dataset(2, "second", start=datetime(2024, 10, 27, 2, 10, tzinfo=PARIS, fold=1))
    display = stock.get("generic")
    assert display is not None
    evaluator = Evaluator(display, Lineage.of([first, second], []), reader)
    assert [d.name for d in in_order([second, first], "startDate", evaluator)] == ["first", "second"]


def test_05_xrays_is_ignored_and_sad_alone_selects_no_page_of_its_own(stock: Library) -> None:
    assert stock.resolve(of_technique("XRAYS", "MX", "SAD")).display.id == "mx"
    assert stock.resolve(of_technique("SAD", "XRAYS")).display.id == "generic"
    xrays = library(document("xrays", "{techniques: [esrfet:XRAYS]}"))
    assert xrays.resolve(of_technique("XRAYS")).display.id == "generic"


def test_06_of_mx_and_xrf_the_deeper_wins_and_the_other_adds_its_cards_below(reader: Reader) -> None:
    card = "  cards:\n    - {{id: {0}, label: {0}, rows: [{{label: Name, field: name}}]}}\n"
    mx = document("mx", "{techniques: [esrfet:MX]}", card.format("crystal"))
    xrf = document("xrf", "{techniques: [esrfet:XRF]}", card.format("spectrum"))
    spectrum = of_technique("MX", "XRF")
    resolution = library(mx, xrf).resolve(spectrum)
    assert resolution.display.id == "xrf"
    assert [display.id for display in resolution.beside] == ["mx"]
    view = build(resolution.display, spectrum, Lineage(), reader, resolution.beside)
    assert [panel.id for panel in view.cards] == ["origin", "spectrum", "crystal"]


def test_06_a_display_bound_to_the_instrument_wins_over_a_deeper_technique() -> None:
    mx = document("mx", "{techniques: [esrfet:MX], instruments: [ID30A-1]}")
    xrf = document("xrf", "{techniques: [esrfet:XRF]}")
    assert library(mx, xrf).resolve(of_technique("MX", "XRF")).display.id == "mx"


@pytest.mark.parametrize(
    "iri",
    [
        "http://purl.org/pan-science/ESRFET#MX",
        "https://w3id.org/PaN/ESRFET/v0.1.0/#MX",
        "https://w3id.org/PaN/ESRFET#MX",
    ],
)
def test_07_an_iri_of_the_old_namespace_or_with_a_version_is_the_same_technique(stock: Library, iri: str) -> None:
    assert stock.resolve(dataset(1, "d", techniques=(iri,))).display.id == "mx"
    assert stock.resolve(dataset(1, "d", {"technique_pid": f"{ESRFET}XRAYS {iri}"})).display.id == "mx"


def test_08_a_non_breaking_hyphen_typed_as_an_ascii_one_is_found_and_the_lint_names_the_exact_iri() -> None:
    displays = library(document("fs", "{techniques: ['esrfet:FS-XANES']}"))
    assert displays.resolve(of_technique("FS\u2011XANES")).display.id == "fs"
    assert any(f"{ESRFET}FS\u2011XANES" in finding.text for finding in check(displays))


def test_09_an_ambiguous_alias_is_not_used_silently() -> None:
    displays = library(document("scxrd", "{techniques: [esrfet:SCXRD]}"))
    resolution = displays.resolve(dataset(1, "d", {"definition": "SXRD"}))
    assert resolution.display.id == "generic"
    assert "SXRD is not used: it may mean S-XRD and SCXRD" in resolution.explain().text()
    named = library(document("named", "{techniques: [SXRD]}"))
    assert any("ambiguous" in finding.text for finding in check(named))


def test_10_a_new_parent_in_the_ontology_changes_the_resolution_together_with_the_etag(stock: Library) -> None:
    known = techniques()
    parents = {term.iri: frozenset(known.ancestors(term.iri)) for term in known}
    parents[f"{ESRFET}SAD"] |= {f"{ESRFET}MX"}
    newer = Techniques({term.iri: term for term in known}, parents, "next")
    displays = Library.load(stock_documents(), vocabulary(), newer, PARIS)
    sad = of_technique("SAD")
    assert (stock.resolve(sad).display.id, displays.resolve(sad).display.id) == ("generic", "mx")
    for display in stock:
        assert stock.etag(display) != displays.etag(display)


@pytest.mark.parametrize("text", ["SAXS", "('SAXS',)", "['SAXS']", "XRAYS SAXS", "'SAXS'"])
def test_11_without_technique_the_definition_is_read_and_cleaned(text: str) -> None:
    by_word = library(document("word", "{definitions: [SAXS]}"))
    by_technique = library(document("technique", "{techniques: [esrfet:SAXS]}"))
    old = dataset(1, "d", {"definition": text})
    assert by_word.resolve(old).display.id == "word"
    assert by_technique.resolve(old).display.id == "technique"


def test_12_a_missing_parameter_is_marked_sorted_last_both_ways_and_not_counted(reader: Reader) -> None:
    displays = library(
        document("d", "{instruments: [X]}", "  columns:\n    - {id: t, label: T, param: EM_tilt_angle}\n")
    )
    display = displays.get("d")
    assert display is not None
    rows = [dataset(i, f"d{i}", {"EM_tilt_angle": v} if v else {}) for i, v in ((1, "4"), (2, ""), (3, "10"))]
    lineage = Lineage.of(rows, [])
    evaluator = Evaluator(display, lineage, reader)
    assert [d.id for d in in_order(rows, "EM_tilt_angle", evaluator)] == [1, 3, 2]
    assert [d.id for d in in_order(rows, "-EM_tilt_angle", evaluator)] == [3, 1, 2]
    table = build_list(display, rows, lineage, reader)
    head = next(head for head in table.columns if head.id == "t")
    assert (head.count, head.mean) == (2, 7.0)
    cells = {row.dataset_id: next(c for c in row.cells if c.id == "t") for row in table.rows}
    assert cells[2].missing
    assert cells[2].text == "—"


@pytest.mark.parametrize("raw", ["-1.0", "-1", "None", "nan", "NaN", "N/A", "NA", "", " none "])
def test_13_what_means_missing_is_missing(stock: Library, reader: Reader, raw: str) -> None:
    display = stock.get("cm01-tomo")
    assert display is not None
    movie_of = dataset(1, "m", {"EM_dose_per_frame": raw})
    assert column(display, movie_of, reader, "dose") == "—"


def test_13_zero_is_a_value_unless_listed(stock: Library, reader: Reader) -> None:
    tomo, hoa = stock.get("cm01-tomo"), stock.get("hoa")
    assert tomo is not None
    assert hoa is not None
    assert column(tomo, dataset(1, "m", {"EM_dose_per_frame": "0"}), reader, "dose") == "0.00 e⁻/Å²"
    view = build(hoa, dataset(1, "m", {"SamplePatient_weight": "0", "SamplePatient_age": "0"}), Lineage(), reader)
    donor = {cell.label: cell.text for panel in view.cards if panel.id == "donor" for cell in panel.cells}
    assert (donor["Weight"], donor["Age"]) == ("—", "0")


def test_14_a_text_in_a_numeric_column_is_shown_as_text_and_ignored_by_numeric_filters(reader: Reader) -> None:
    selector = "{parameters: [{name: MX_resolution, op: lt, value: 2}]}"
    displays = library(document("d", selector, "  columns:\n    - {id: r, label: R, param: MX_resolution, unit: nm}\n"))
    display = displays.get("d")
    assert display is not None
    odd = dataset(1, "d", {"MX_resolution": "room temperature"})
    assert displays.resolve(odd).display.id == "generic"
    assert column(display, odd, reader, "r") == "room temperature"
    table = build_list(display, [odd, dataset(2, "e", {"MX_resolution": "1.5"})], Lineage(), reader)
    assert next(head for head in table.columns if head.id == "r").count == 1


def test_15_a_value_with_its_error_is_split_for_sorting_and_export(stock: Library, reader: Reader) -> None:
    display = stock.get("bm29-saxs")
    assert display is not None
    view = build(display, dataset(1, "s", {"SAXS_guinier_rg": "2.34±0.12"}), Lineage(), reader)
    cell = next(cell for cell in view.columns if cell.id == "rg")
    assert (cell.text, cell.unit, cell.value, cell.error) == ("2.34 ± 0.12", "nm", 2.34, 0.12)


def test_15_the_error_is_converted_with_its_value(reader: Reader) -> None:
    rg = "{id: rg, label: Rg, param: SAXS_rg, from_unit: angstrom, unit: nm, format: {kind: pm, digits: 2}}"
    body = f"  columns:\n    - {rg}\n"
    display = library(document("d", "{instruments: [X]}", body)).get("d")
    assert display is not None
    view = build(display, dataset(1, "s", {"SAXS_rg": "23.4 +/- 1.2"}), Lineage(), reader)
    cell = next(cell for cell in view.columns if cell.id == "rg")
    assert (cell.text, cell.value) == ("2.34 ± 0.12", pytest.approx(2.34))
    assert cell.error == pytest.approx(0.12)


def _per_cent_and_fraction() -> tuple[Dataset, Lineage]:
    """autoPROC's R of 5.1 (per cent) is better than EDNA's of 0.094 (a fraction) though the number is larger."""
    raw = mx_raw(1, "raw")
    better = integration(2, "autoPROC", statistics(12.0, 5.1))
    worse = integration(3, "EDNA_proc", statistics(14.0, 0.094))
    return raw, Lineage.of([raw, better, worse], [(1, 2), (1, 3)])


def test_16_per_cent_and_fraction_are_normalised_before_ranking(stock: Library, reader: Reader) -> None:
    display = stock.get("mx")
    assert display is not None
    by_r = replace(
        reader,
        settings={"autoProcessingRankingShell": "overall", "autoProcessingRankingParameter": "r_meas_all_IPlus_IMinus"},
    )
    raw, lineage = _per_cent_and_fraction()
    view = build(display, raw, lineage, by_r)
    assert view.best is not None
    assert view.best.program == "autoPROC"
    assert "0.051 (written as 5.1, percent); next 0.094 (EDNA_proc)" in " ".join(view.best.reasons)
    naive = display.model_copy(update={"normalise": ()})
    flipped = build(naive, raw, lineage, by_r).best
    assert flipped is not None
    assert flipped.program == "EDNA_proc"


def test_16_both_are_shown_in_per_cent(stock: Library, reader: Reader) -> None:
    display = stock.get("mx")
    assert display is not None
    _, lineage = _per_cent_and_fraction()
    shown = {}
    for one in (lineage.datasets[2], lineage.datasets[3]):
        card = next(c for c in build(display, one, lineage, reader).cards if c.id == "own_shells")
        row = next(row for row in card.shell_rows if row.label == "Rmeas")
        shown[one.id] = [f"{cell.text} {cell.unit}" for cell in row.cells][-1]
    assert shown == {2: "5.1 %", 3: "9.4 %"}


def test_17_voltages_in_volts_and_kilovolts_share_a_column_and_a_unit(stock: Library, reader: Reader) -> None:
    display = stock.get("cm01-tomo")
    assert display is not None
    for voltage in ("300000", "300.0", "300"):
        view = build(display, movie(1, "000", 0.0, voltage), Lineage(), reader)
        cell = next(c for panel in view.cards if panel.id == "acquisition" for c in panel.cells if c.label == "Voltage")
        assert (cell.text, cell.unit, cell.raw) == ("300", "kV", voltage)


def test_18_of_an_old_and_a_new_name_the_first_in_the_list_wins_with_a_note(stock: Library, reader: Reader) -> None:
    raw = tomography().raw[0]
    display = stock.choose(raw)
    view = build(display, raw, Lineage(), reader)
    cell = next(cell for cell in view.columns if cell.id == "px")
    assert (cell.value, cell.provenance.name if cell.provenance else None) == (
        25.08,
        "TOMOAcquisition_sample_pixel_size",
    )
    assert "TOMO_pixelSize (25.1) are both given and differ" in view.notes[0]


def test_18_equal_values_in_different_units_are_no_disagreement(stock: Library, reader: Reader) -> None:
    values = parameters(
        {"TOMOAcquisition_sample_pixel_size": "0.65", "TOMO_pixelSize": "650"}, {"TOMO_pixelSize": "nm"}
    )
    display = stock.get("tomo")
    assert display is not None
    assert build(display, Dataset(1, "d", parameters=values), Lineage(), reader).notes == ()


def test_19_a_renamed_parameter_is_redirected_through_the_rename_table() -> None:
    assert vocabulary().renames["MX_crystalPositionName"] == "MX_positionName"
    assert vocabulary().renames["TOMO_pixelSize"] == "TOMOAcquisition_sample_pixel_size"


def test_20_inputs_that_are_not_catalogued_yet_are_named(stock: Library, reader: Reader) -> None:
    orphan = integration(2, "autoPROC", statistics(12.0, 5.1))
    lineage = Lineage.of([orphan], [], awaited_inputs={2: ("/data/visitor/mx1/id30a1/20240312/RAW_DATA/run1",)})
    view = build(stock.choose(orphan), orphan, lineage, reader)
    assert view.related.awaited_inputs == ("/data/visitor/mx1/id30a1/20240312/RAW_DATA/run1",)
    raw = mx_raw(1, "run1")
    repaired = build(stock.choose(orphan), orphan, Lineage.of([raw, orphan], [(1, 2)]), reader)
    assert repaired.related.awaited_inputs == ()


def test_20_a_result_older_than_its_raw_data_is_dated_by_its_acquisition(stock: Library) -> None:
    raw = mx_raw(1, "run1", start=datetime(2024, 1, 2, tzinfo=PARIS))
    result = integration(2, "autoPROC", {}, start=datetime(2023, 12, 30, tzinfo=PARIS))
    dated = Lineage.of([raw, result], [(1, 2)]).with_acquisition(result, PARIS)
    assert stock.resolve(dated).display.id == "mx"


def test_21_hidden_inputs_are_counted_and_never_named(stock: Library, reader: Reader) -> None:
    seen = mx_raw(1, "run1")
    merge = integration(9, "merge", statistics(20.0, 0.05))
    lineage = Lineage.of([seen, merge], [(1, 9), (77, 9)], hidden_inputs={9: 1})
    body = "  columns:\n    - {id: ins, label: Inputs, count: inputs}\n"
    display = library(document("d", "{instruments: [X]}", body)).get("d")
    assert display is not None
    view = build(display, merge, lineage, reader)
    assert next(cell for cell in view.columns if cell.id == "ins").text == "2"
    assert view.related.hidden_inputs == 1
    assert "77" not in repr(view.cards)


def test_22_a_chain_of_three_is_found_without_duplicates_and_cycles_stop(stock: Library, reader: Reader) -> None:
    scene = tilt_series()
    display = stock.choose(scene.raw[0])
    assert column(display, scene.raw[0], reader, "ctf", scene.lineage) == "4.20 Å"
    a, b, c, d = (dataset(i, f"d{i}") for i in (1, 2, 3, 4))
    lineage = Lineage.of([a, b, c, d], [(1, 2), (1, 3), (2, 4), (3, 4), (4, 1)])
    assert [one.id for one in lineage.outputs_of(1, "all")] == [2, 3, 4]
    assert [one.id for one in lineage.outputs_of(1)] == [2, 3]
    assert [one.id for one in lineage.inputs_of(4, "all")] == [2, 3, 1]
