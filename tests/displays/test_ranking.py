"""The best result: criteria, settings of the reader, cut-offs, states, and the reason in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from displays.library import Library
from displays.ranking import Ranker
from displays.reader import Reader
from displays.readings import Readings
from displays.records import Dataset, Lineage, parameters
from displays.view import build
from displays.view_model import Best
from icat_schema.parameters import vocabulary
from icat_schema.techniques import techniques
from tests.displays.datasets import PARIS, SCALING, integration, mx_raw, statistics


def best(library: Library, reader: Reader, results: list[Dataset], settings: Mapping[str, Any] | None = None) -> Best:
    """The best of some results of one raw dataset."""
    raw = mx_raw(1, "run1")
    lineage = Lineage.of([raw, *results], [(1, result.id) for result in results])
    display = library.get("mx")
    assert display is not None
    found = build(display, raw, lineage, replace(reader, settings=settings or {})).best
    assert found is not None
    return found


def test_higher_symmetry_goes_before_the_statistic_and_the_switch_turns_it_off(stock: Library, reader: Reader) -> None:
    results = [integration(2, "A", statistics(20, 0.05), "P 21 21 21"), integration(3, "B", statistics(10, 0.05))]
    assert best(stock, reader, results).program == "B"
    assert best(stock, reader, results, {"autoProcessingRankingDisableSpaceGroup": True}).program == "A"
    assert (
        "higher symmetry: P 43 21 2 (8 operators); next P 21 21 21 (4 operators) (A)"
        in best(stock, reader, results).reasons[1]
    )


def test_non_anomalous_goes_first(stock: Library, reader: Reader) -> None:
    anomalous = {**statistics(30, 0.05), "MXAutoprocIntegration_anomalous": "True"}
    assert (
        best(stock, reader, [integration(2, "A", anomalous), integration(3, "B", statistics(10, 0.1))]).program == "B"
    )


def test_unticked_pipelines_lose_and_are_named_when_only_they_have_results(stock: Library, reader: Reader) -> None:
    results = [integration(2, "A", statistics(20, 0.05)), integration(3, "B", statistics(10, 0.05))]
    assert best(stock, reader, results, {"pipelines": ["B"]}).program == "B"
    assert best(stock, reader, results, {"pipelines": []}).program == "A"
    only = best(stock, reader, results, {"pipelines": ["C"]})
    assert only.program == "A"
    assert only.reasons[-1] == "Only pipelines that you did not tick have results; this is A."


@pytest.mark.parametrize(
    ("stat", "winner"),
    [("mean_I_over_sigI", "A"), ("r_meas_all_IPlus_IMinus", "B"), ("cc_half", "A"), ("resolution_limit_high", "B")],
)
def test_the_statistic_of_the_reader_decides_in_its_own_direction(
    stock: Library, reader: Reader, stat: str, winner: str
) -> None:
    results = [
        integration(2, "A", statistics(20, 0.08, 0.99, 1.9)),
        integration(3, "B", statistics(10, 0.05, 0.95, 1.5)),
    ]
    assert best(stock, reader, results, {"autoProcessingRankingParameter": stat}).program == winner


def test_the_shell_of_the_reader_counts(stock: Library, reader: Reader) -> None:
    good_outside = {**statistics(10, 0.05), f"{SCALING}_outer_mean_I_over_sigI": "3.0"}
    results = [integration(2, "A", statistics(20, 0.05)), integration(3, "B", good_outside)]
    found = best(stock, reader, results, {"autoProcessingRankingShell": "outer"})
    assert (found.program, found.shell, found.statistic) == ("B", "outer", "mean_I_over_sigI")


def test_settings_of_another_kind_are_ignored(stock: Library, reader: Reader) -> None:
    odd = {
        "autoProcessingRankingShell": "middle",
        "autoProcessingRankingParameter": 7,
        "cutoffs": "all",
        "pipelines": 3,
    }
    assert best(stock, reader, [integration(2, "A", statistics(20, 0.05))], odd).shell == "overall"


def test_a_missing_statistic_comes_last(stock: Library, reader: Reader) -> None:
    without = {f"{SCALING}_overall_completeness": "99"}
    found = best(stock, reader, [integration(2, "A", without), integration(3, "B", statistics(1, 0.5))])
    assert [c.program for c in found.contenders] == ["B", "A"]


@pytest.mark.parametrize(
    ("limits", "winner"),
    [
        ({"mean_I_over_sigI": {"overall": 15}}, "A"),
        ({"r_meas_all_IPlus_IMinus": {"overall": 6}}, "B"),
        ({"r_meas_all_IPlus_IMinus": {"overall": "6.0"}}, "B"),
        ({"resolution_limit_high": {"overall": 1.6}}, "B"),
        ({"cc_half": {"overall": 0.97}}, "A"),
        ({"completeness": {"overall": None}}, "A"),
        ({"completeness": {"elsewhere": 100}}, "A"),
    ],
)
def test_cut_offs_are_minima_or_maxima_in_the_unit_that_is_shown(
    stock: Library, reader: Reader, limits: dict[str, Any], winner: str
) -> None:
    results = [
        integration(2, "A", statistics(20, 0.08, 0.99, 1.9)),
        integration(3, "B", statistics(10, 0.05, 0.95, 1.5)),
    ]
    found = best(stock, reader, results, {"cutoffs": limits})
    assert (found.program, found.below_cutoffs) == (winner, False)


def test_a_missing_statistic_fails_a_cut_off(stock: Library, reader: Reader) -> None:
    found = best(
        stock,
        reader,
        [
            integration(2, "A", statistics(20, 0.05)),
            integration(3, "B", {**statistics(9, 0.1), f"{SCALING}_overall_ccAno": "0.2"}),
        ],
        {"cutoffs": {"cc_ano": {"overall": 10}}},
    )
    assert found.program == "B"
    assert "A (overall ccAno is missing)" in found.reasons[0]


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("FINISHED", "no_results"),
        ("running", "running"),
        ("FAILED", "failed"),
        ("no licence", "not_run"),
        ("", "no_results"),
    ],
)
def test_states_come_after_results(stock: Library, reader: Reader, status: str, state: str) -> None:
    found = best(
        stock, reader, [integration(2, "A", {"Workflow_status": status}), integration(3, "B", statistics(1, 0.5))]
    )
    assert [(c.program, c.state) for c in found.contenders] == [("B", "success"), ("A", state)]
    assert "1 of 2 left out: A" in found.reasons[0]


def test_without_any_success_nothing_is_best_and_the_states_are_said(stock: Library, reader: Reader) -> None:
    found = best(stock, reader, [integration(2, "A", {"Workflow_status": "FAILED"})])
    assert (found.dataset_id, found.reasons) == (None, ("None of 1 results can be shown as best (A: failed).",))


def test_one_result_is_the_only_one(stock: Library, reader: Reader) -> None:
    assert best(stock, reader, [integration(2, "A", statistics(20, 0.05))]).reasons == ("It is the only result.",)


def test_ccano_in_per_cent_and_as_fraction_compare(stock: Library, reader: Reader) -> None:
    results = [
        integration(2, "A", {f"{SCALING}_overall_ccAno": "25"}),
        integration(3, "B", {f"{SCALING}_overall_ccAno": "0.31"}),
        integration(4, "C", {f"{SCALING}_overall_ccAno": "-12"}),
    ]
    found = best(stock, reader, results, {"autoProcessingRankingParameter": "ccAno"})
    assert [c.program for c in found.contenders] == ["B", "A", "C"]


NUMBERS = st.floats(0.01, 50).map(lambda value: round(value, 2))


@given(
    st.lists(st.tuples(NUMBERS, st.sampled_from(["P1", "C2", "P 43 21 2", ""])), min_size=1, max_size=6), st.randoms()
)
def test_the_ranking_does_not_depend_on_the_order_of_the_results(
    stock: Library, results: list[tuple[float, str]], random: Any
) -> None:

    display = stock.get("mx")
    assert display is not None
    assert display.ranking is not None
    ranker = Ranker(display.ranking, Readings(vocabulary(), display.normalise), {}, PARIS)
    made = [integration(i + 2, f"P{i}", statistics(value, 0.1), group) for i, (value, group) in enumerate(results)]
    shuffled = list(made)
    random.shuffle(shuffled)
    assert [c.dataset.id for c in ranker.rank(made).competitors] == [
        c.dataset.id for c in ranker.rank(shuffled).competitors
    ]


@given(st.dictionaries(st.sampled_from([f"{SCALING}_overall_mean_I_over_sigI", "Process_program", "Workflow_status",
    "MXAutoprocIntegration_space_group", "MXAutoprocIntegration_anomalous"]), st.text(max_size=20)))  # fmt: skip
def test_no_text_of_a_producer_breaks_the_ranking(stock: Library, values: dict[str, str]) -> None:

    odd = replace(integration(2, "A", {}), parameters=parameters({**values, "scanType": "integration"}))
    best(stock, Reader(PARIS, vocabulary(), techniques()), [odd, integration(3, "B", statistics(1, 1))])


def test_a_space_group_forced_in_the_plan_leaves_other_candidates_out(stock: Library, reader: Reader) -> None:
    display = stock.get("mx")
    assert display is not None
    assert display.ranking is not None
    forcing = display.ranking.model_copy(update={"forced_space_group": ("Sample_description",)})
    raw = mx_raw(1, "run1", {"Sample_description": "P212121"})
    results = [integration(2, "A", statistics(20, 0.05)), integration(3, "B", statistics(9, 0.1), "P 21 21 21")]
    lineage = Lineage.of([raw, *results], [(1, 2), (1, 3)])
    found = build(display.model_copy(update={"ranking": forcing}), raw, lineage, reader).best
    assert found is not None
    assert found.program == "B"
    assert "A (space group is P 43 21 2, the plan forces P212121)" in found.reasons[0]
