"""MX actions and what is drawn of them: bundles, states, statistics, phasing, containers, summary."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from displays.colours import Ends
from displays.library import Library
from displays.mx_actions import Action, actions
from displays.mx_alternatives import alternatives
from displays.mx_characterisation import Indexing, characterisations
from displays.mx_containers import Place, SampleMark, containers, disc, whole
from displays.mx_phasing import phasing
from displays.mx_scales import Choice, scale_view
from displays.mx_summary import Judged, summary
from displays.mx_views import action_row, action_view, pipeline_states
from displays.reader import Reader
from displays.records import Dataset, Lineage
from displays.values import Evaluator
from tests.displays.datasets import PARIS, dataset, integration, mx_raw, mx_scene, statistics


def evaluator_of(stock: Library, reader: Reader, lineage: Lineage, **settings: Any) -> Evaluator:
    display = stock.get("mx")
    assert display is not None
    return Evaluator(display, lineage, replace(reader, settings=settings))


def of_kinds(*scans: tuple[str, dict[str, str]]) -> list[tuple[str, ...]]:
    """Kinds of scan per action, for scans of one sample in this order."""
    raw = [mx_raw(i, f"d{i}", {"scanType": kind, **values}) for i, (kind, values) in enumerate(scans, start=1)]
    return [tuple(d.scan_type or "" for d in action.datasets) for action in actions(raw, PARIS)]


FLOW = {"Workflow_id": "w1"}


@pytest.mark.parametrize(
    ("scans", "bundles"),
    [
        (
            [("mesh", {}), ("line", {}), ("characterisation", {}), ("datacollection", {}), ("datacollection", {})],
            [("mesh", "line", "characterisation", "datacollection"), ("datacollection",)],
        ),
        ([("datacollection", FLOW), ("datacollection", FLOW)], [("datacollection", "datacollection")]),
        ([("mesh", FLOW), ("mesh", {})], [("mesh",), ("mesh",)]),
        ([("mesh", {"MX_positionName": "a"}), ("line", {"MX_positionName": "b"})], [("mesh",), ("line",)]),
        (
            [("mesh", {**FLOW, "MX_positionName": "a"}), ("line", {**FLOW, "MX_positionName": "b"})],
            [("mesh", "line")],
        ),
        ([("energy_scan", FLOW), ("xrf", FLOW)], [("energy_scan",), ("xrf",)]),
        ([("energy_scan", {}), ("mesh", {})], [("energy_scan", "mesh")]),
        ([("energy_scan", {}), ("mesh", FLOW)], [("energy_scan",), ("mesh",)]),
        ([("Helical", {}), ("mesh", {})], [("Helical",), ("mesh",)]),
    ],
)
def test_raw_datasets_are_bundled_as_the_facility_does(
    scans: list[tuple[str, dict[str, str]]], bundles: list[tuple[str, ...]]
) -> None:
    assert of_kinds(*scans) == bundles


@given(st.lists(st.sampled_from(["mesh", "datacollection", "xrf", "line"]), max_size=12))
def test_every_raw_dataset_is_in_exactly_one_action(kinds: list[str]) -> None:
    found = of_kinds(*((kind, {}) for kind in kinds))
    assert [kind for bundle in found for kind in bundle] == kinds
    assert all(bundle for bundle in found)


def test_datasets_of_two_samples_are_never_in_one_action() -> None:
    raw = [mx_raw(1, "a", sample_id=1), mx_raw(2, "b", sample_id=2), mx_raw(3, "c", {"scanType": "mesh"}, sample_id=1)]
    assert [[d.id for d in action.datasets] for action in actions(raw, PARIS)] == [[1], [2], [3]]


def test_32_a_merge_competes_once_in_an_action_of_all_its_inputs(stock: Library, reader: Reader) -> None:
    scene = mx_scene()
    evaluator = evaluator_of(stock, reader, scene.lineage)
    row = action_row(Action(scene.raw), evaluator, None, None)
    assert row.results == 13
    assert row.best is not None
    assert [c.dataset_id for c in row.best.contenders].count(900) == 1
    assert row.best.program == "XIA2_DIALS_merge"


def test_23_of_what_a_pipeline_made_of_the_same_inputs_the_latest_counts(stock: Library, reader: Reader) -> None:
    raws = [mx_raw(1, "a"), mx_raw(2, "b")]
    made = [
        integration(3, "XIA2_DIALS", statistics(14, 0.08)),
        integration(4, "XIA2_DIALS", {"Workflow_status": "failed"}),
        integration(5, "XIA2_DIALS", {"Workflow_status": "running", "Process_sequence_index": "2"}),
    ]
    lineage = Lineage.of([*raws, *made], [(1, 3), (2, 4), (2, 5)])
    row = action_row(Action(tuple(raws)), evaluator_of(stock, reader, lineage), None, None)
    (state,) = row.pipelines
    assert (state.program, state.sign, state.counts) == ("XIA2_DIALS", "✓", (("success", 1), ("running", 1)))


def test_states_are_told_by_words_and_signs(stock: Library, reader: Reader) -> None:
    raw = mx_raw(1, "a")
    said = {"A": "failed", "B": "running", "C": "finished", "D": "no licence"}
    made = [integration(i, p, {"Workflow_status": s}) for i, (p, s) in enumerate(said.items(), start=2)]
    lineage = Lineage.of([raw, *made], [(1, one.id) for one in made])
    row = action_row(Action((raw,)), evaluator_of(stock, reader, lineage), None, None)
    assert row.best is not None
    found = {one.program: (one.state, one.sign) for one in pipeline_states(row.best.contenders)}
    assert found == {"A": ("failed", "✗"), "B": ("running", "…"), "C": ("no_results", "○"), "D": ("not_run", "–")}


def test_the_statistics_are_three_lines_per_result_with_both_units_as_one(stock: Library, reader: Reader) -> None:
    scene = mx_scene()
    view = action_view(Action(scene.raw[:1]), evaluator_of(stock, reader, scene.lineage), None, None)
    assert view.table is not None
    labels = [column.label for column in view.table.columns]
    assert labels == ["Resolution", "I/sigma", "Rmeas", "CC half", "Completeness"]
    r_meas = labels.index("Rmeas")
    by_program = {block.contender.program: block for block in view.table.blocks}
    overall = {p: next(line for line in b.lines if line.shell == "overall") for p, b in by_program.items()}
    assert overall["autoPROC"].cells[r_meas].text == "7.4"
    assert overall["XIA2_DIALS"].cells[r_meas].text == "8.1"
    assert [block.best for block in view.table.blocks] == [True, False, False, False, False]
    assert by_program["autoPROC"].lengths == ("78.54", "—", "—")


def test_an_anomalous_result_is_told_by_what_its_flag_says_not_by_its_presence(stock: Library, reader: Reader) -> None:
    raw = mx_raw(1, "a")
    made = [
        integration(2, "A", statistics(9, 0.1)),
        integration(3, "B", {**statistics(12, 0.1), "MXAutoprocIntegration_anomalous": "True"}),
    ]
    lineage = Lineage.of([raw, *made], [(1, 2), (1, 3)])
    view = action_view(Action((raw,)), evaluator_of(stock, reader, lineage), None, None)
    assert view.table is not None
    assert [(b.contender.program, b.anomalous) for b in view.table.blocks] == [("A", False), ("B", True)]


def test_what_would_win_if_agrees_with_choosing_it(stock: Library, reader: Reader) -> None:
    scene = mx_scene()
    evaluator = evaluator_of(stock, reader, scene.lineage, cutoffs={"cc_half": {"overall": 0.99}})
    found = alternatives(evaluator, scene.raw)
    assert {one.label for one in found} >= {"Rmeas, overall shell", "I/sigma, inner shell", "without your cut-offs"}
    for one in found:
        chosen = evaluator_of(stock, reader, scene.lineage, **{**evaluator.reader.settings, **one.changes})
        ranked = chosen.ranked_together(scene.raw)
        assert ranked is not None
        assert ranked.best is not None
        assert ranked.best.id == one.dataset_id


def test_25_the_scale_shrinks_to_the_data_and_moved_ends_stay_where_they_are(stock: Library) -> None:
    display = stock.get("mx")
    assert display is not None
    choice = Choice.of(display, {})
    assert choice is not None
    assert (choice.scale.worst, choice.scale.best) == (5, 10) if choice.scale else False
    free = scale_view(choice, [6.0, 8.0])
    assert (free.ends, free.moved, free.low, free.high) == (Ends(6.0, 8.0), False, 5, 10)
    moved = scale_view(choice, [6.0, 8.0], Ends(2.0, 30.0))
    assert (moved.ends, moved.initial, moved.low, moved.high) == (Ends(2.0, 30.0), Ends(6.0, 8.0), 2.0, 30.0)
    assert scale_view(choice, []).ends == Ends(5, 10)
    low_is_better = Choice.of(display, {"autoProcessingRankingParameter": "resolution_limit_high"})
    assert low_is_better is not None
    assert scale_view(low_is_better, [1.8, 2.4, 0.0]).ends == Ends(2.4, 0.0)


@pytest.mark.parametrize("shell", ["inner", "outer", "overall"])
@pytest.mark.parametrize(
    ("stat", "ends"),
    [
        ("r_merge", {"inner": (15, 5), "outer": (50, 30), "overall": (15, 10)}),
        ("mean_I_over_sigI", {"inner": (5, 10), "outer": (0.5, 1.5), "overall": (5, 10)}),
        ("cc_half", {"inner": (0.9, 0.99), "outer": (0.1, 0.4), "overall": (0.9, 0.95)}),
        ("ccAno", {"inner": (30, 80), "outer": (0, 10), "overall": (0, 30)}),
    ],
)
def test_each_statistic_has_its_scale_in_each_shell(
    stock: Library, shell: str, stat: str, ends: dict[str, tuple[float, float]]
) -> None:
    display = stock.get("mx")
    assert display is not None
    choice = Choice.of(display, {"autoProcessingRankingShell": shell, "autoProcessingRankingParameter": stat})
    assert choice is not None
    assert choice.scale is not None
    assert (choice.scale.worst, choice.scale.best) == ends[shell]


def mr(number: int, r_free: str | None, status: str = "", **values: str) -> Dataset:
    given = {"scanType": "MR", "Workflow_status": status, "MXMR_step": f"step{number}", **values}
    return dataset(
        number, f"mr{number}", {**given, **({"MXMRRefinement_R_free": r_free} if r_free else {})}, type="processed"
    )


def test_the_best_path_of_molecular_replacement_ends_at_the_lowest_free_r() -> None:
    raw, result = mx_raw(1, "a"), integration(2, "XIA2", statistics(9, 0.1))
    steps = [mr(3, None), mr(4, "0.31"), mr(5, "0.22"), mr(6, None), mr(7, None, "failed")]
    lineage = Lineage.of([raw, result, *steps], [(1, 2), (2, 3), (3, 4), (3, 5), (2, 6), (6, 7)])
    (found,) = phasing([raw], lineage, PARIS)
    assert (found.best_id, found.summary) == (5, "MR: step5 R free 0.22")
    assert [(s.dataset_id, s.level, s.good, s.on_best_path) for s in found.steps] == [
        (3, 1, True, True),
        (5, 2, True, True),
        (4, 2, True, False),
        (6, 1, False, False),
        (7, 2, False, False),
    ]


def test_sad_with_long_fragments_is_believed_before_a_higher_correlation() -> None:
    raw = mx_raw(1, "a")

    def sad(number: int, cc: str, fragment: str) -> Dataset:
        values = {"MXSAD_cc_partial_model": cc, "MXSAD_average_fragment_length": fragment}
        return dataset(number, f"sad{number}", values, type="processed")

    solutions = [sad(2, "48", "7"), sad(3, "35", "14"), sad(4, "41", "12")]
    (found,) = phasing([raw], Lineage.of([raw, *solutions], [(1, 2), (1, 3), (1, 4)]), PARIS)
    assert [step.dataset_id for step in found.steps] == [4, 3, 2]


@given(st.lists(st.tuples(st.integers(2, 12), st.integers(2, 12)), max_size=30))
def test_steps_of_phasing_are_shown_once_whatever_their_links_are(links: list[tuple[int, int]]) -> None:
    raw, steps = mx_raw(1, "a"), [mr(number, "0.3") for number in range(2, 13)]
    lineage = Lineage.of([raw, *steps], [*((1, one.id) for one in steps), *links])
    (found,) = phasing([raw], lineage, PARIS)
    assert sorted(step.dataset_id for step in found.steps) == list(range(2, 13))


def test_a_characterisation_grows_until_its_last_wedge_and_shows_what_nobody_declared(
    stock: Library, reader: Reader
) -> None:
    values = {"scanType": "characterisation", "MX_characterisation_id": "4", "MX_numberOfImages": "10"}
    wedges = [mx_raw(1, "w1", values), mx_raw(2, "w2", values, complete=False)]
    outcome = integration(
        3,
        "EDNA",
        {"scanType": "characterisation", "MXStrategy_total_range": "90", "MXCharacterisation_mosaicity": "0.3"},
    )
    lineage = Lineage.of([*wedges, outcome], [(1, 3), (2, 3)])
    (found,) = characterisations(wedges, evaluator_of(stock, reader, lineage))
    assert (found.id, found.wedges, found.images, found.growing) == ("4", (1, 2), 20, True)
    assert (found.indexed, found.strategy) == (True, True)
    assert found.card is not None
    assert {(c.label, c.text) for c in found.card.cells} >= {("range", "90"), ("mosaicity", "0.3")}


def test_an_indexing_solution_is_scored_only_when_every_part_is_known() -> None:
    whole_one = Indexing(100, 1.0, 40, 0, 0, 0)
    assert whole_one.score == pytest.approx(100)
    assert Indexing(90, 0.9, 10, 10, 0.5, 20).score == pytest.approx(13.5 + 22.5 + 10 + 13.5 + 7.5 + 8)
    assert replace(whole_one, misfits=None).score is None


def mark(sample: str, position: str | None, **place: Any) -> SampleMark:
    where = {"shipment": None, "parcel": None, "container": "C", "type": None, "capacity": None, **place}
    return SampleMark(
        sample,
        None,
        Place(position=whole(position), position_text=position, **where),
        True,
        False,
        False,
        False,
        1,
        None,
        None,
        1,
    )


@pytest.mark.parametrize(
    ("largest", "kind", "capacity", "guessed"),
    [
        ("10", None, 10, True),
        ("11", None, 16, True),
        ("17", None, 96, True),
        ("3", "UNIPUCK", 16, False),
        ("12", "Spine puck", 16, True),
    ],
)
def test_a_container_of_unknown_size_is_the_smallest_that_holds_its_largest_position(
    largest: str, kind: str | None, capacity: int, guessed: bool
) -> None:
    (found,) = containers([mark("a", largest, type=kind)])
    assert (found.capacity, found.guessed, len(found.positions)) == (capacity, guessed, capacity)


@pytest.mark.parametrize("capacity", [10, 16, 96])
def test_the_discs_of_a_container_do_not_touch_and_stay_inside(capacity: int) -> None:
    height = 1.0 if capacity <= 16 else 8 / 12
    discs = [disc(number, capacity) for number in range(1, capacity + 1)]
    for i, (x, y, r) in enumerate(discs):
        assert r <= x <= 1 - r
        assert r <= y <= height - r
        assert all(math.hypot(x - a, y - b) >= r + s for a, b, s in discs[i + 1 :])


@pytest.mark.parametrize(
    ("text", "position"),
    [("3.0", 3), ("16", 16), ("A1", 1), ("h12", 96), ("0", None), ("inf", None), ("2.5", None), ("x", None)],
)
def test_positions_are_whole_numbers_or_wells_of_a_plate(text: str, position: int | None) -> None:
    assert whole(text) == position


def test_samples_without_a_position_are_listed_beside_the_drawing() -> None:
    with_place, without = containers([mark("a", "2"), mark("b", None), mark("c", "1", container=None)])
    assert [m.sample for m in with_place.unplaced] == ["b"]
    assert (without.capacity, [m.sample for m in without.unplaced]) == (0, ["c"])


def test_the_summary_counts_actions_by_target_and_takes_the_best_of_each(stock: Library, reader: Reader) -> None:
    scene = mx_scene()
    other = mx_raw(500, "x", {"SampleProtein_acronym": "INS", "Sample_name": "ins-1", "scanType": "mesh"}, sample_id=9)
    lineage = Lineage.of(
        [*scene.lineage.datasets.values(), other],
        [(source, key) for source, keys in scene.lineage.outputs.items() for key in keys],
    )
    evaluator = evaluator_of(stock, reader, lineage)
    choice = Choice.of(evaluator.display, {})
    judged = []
    for action in actions([*scene.raw, other], PARIS):
        ranked = evaluator.ranked_together(action.datasets)
        best = ranked.best if ranked else None
        value = choice.cell(evaluator, best) if choice is not None and best is not None else None
        judged.append(Judged(action, ranked, value))
    found = summary(judged, evaluator, choice)
    assert [(t.protein, t.counters.datasets, t.best_program) for t in found.targets] == [
        ("INS", 0, None),
        ("LYSO", 3, "XIA2_DIALS_merge"),
    ]
    assert (found.counters.results, found.counters.merges, found.counters.samples) == (13, 1, 2)
