"""Which display wins: a total order, whatever the documents and the dataset."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import pairwise

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from displays.library import Library, stock_documents
from displays.precedence import Rank
from displays.records import Dataset
from displays.resolution import first_difference
from icat_schema.parameters import vocabulary
from icat_schema.techniques import techniques
from tests.displays.datasets import ESRFET, PARIS, dataset, integration, mx_raw

TECHNIQUES = ["MX", "SSX", "XRCT", "HiP-CT", "SAXS", "XRF", "CRYO-ET"]
WORDS = ["mesh", "datacollection"]
DAYS = st.dates(date(2023, 1, 1), date(2025, 12, 31))


@st.composite
def selectors(draw: st.DrawFn) -> dict[str, object]:
    """A selector with any of its keys."""
    start, length = draw(DAYS), draw(st.integers(1, 600))
    period = {"from": start, "until": start + timedelta(days=length)}
    optional = {
        "instruments": st.lists(st.sampled_from(["ID30A-1", "CM01"]), min_size=1, max_size=2),
        "techniques": st.lists(st.sampled_from([f"esrfet:{t}" for t in TECHNIQUES]), min_size=1, max_size=2),
        "scan_types": st.lists(st.sampled_from(WORDS), min_size=1, max_size=2),
        "dataset_types": st.just(["acquisition"]),
        "valid": st.just(period),
        "parameters": st.just([{"name": "MX_transmission", "op": "gt", "value": 50}]),
    }
    keys = draw(st.sets(st.sampled_from(sorted(optional))))
    return {key: draw(optional[key]) for key in sorted(keys)}


@st.composite
def libraries(draw: st.DrawFn) -> Library:
    """The generic display and up to five others."""
    found = draw(st.lists(st.tuples(selectors(), st.integers(0, 1)), max_size=5))
    texts = [
        yaml.safe_dump({"display": {"id": f"d{i}", "title": "T", "selector": selector, "priority": priority}})
        for i, (selector, priority) in enumerate(found)
    ]
    generic = next(one for one in stock_documents() if one[0] == "stock/generic.yaml")
    documents = [generic, *((f"d{i}.yaml", text) for i, text in enumerate(texts))]
    return Library.load(documents, vocabulary(), techniques(), PARIS)


@st.composite
def datasets(draw: st.DrawFn) -> Dataset:
    """A dataset that some of these selectors fit."""
    values = {"scanType": draw(st.sampled_from(WORDS)), "MX_transmission": draw(st.sampled_from(["10", "80", "x"]))}
    return dataset(
        draw(st.integers(1, 10**6)),
        "d",
        values,
        start=datetime.combine(draw(DAYS), datetime.min.time(), PARIS),
        instrument=draw(st.sampled_from(["ID30A-1", "id30a1", "CM01", None])),
        techniques=tuple(f"{ESRFET}{t}" for t in draw(st.sets(st.sampled_from(TECHNIQUES)))),
        type=draw(st.sampled_from(["acquisition", "processed"])),
    )


@settings(max_examples=60, deadline=None)
@given(libraries(), datasets())
def test_the_answer_is_definite_complete_and_explained(library: Library, one: Dataset) -> None:
    resolution = library.resolve(one)
    assert {c.display.id for c in resolution.considered} == {display.id for display in library}
    applying = [c for c in resolution.considered if c.match.rank is not None]
    for better, worse in pairwise(applying):
        assert better.match.rank is not None
        assert worse.match.rank is not None
        ordered = (better.match.rank, worse.display.id) >= (worse.match.rank, better.display.id)
        assert ordered
        assert first_difference(better.match.rank, worse.match.rank) in (*Rank._fields, "id")
    assert all(check.holds for check in resolution.considered[0].match.checks)
    assert resolution.explain().text()


@settings(max_examples=40, deadline=None)
@given(libraries(), st.lists(datasets(), max_size=12))
def test_equal_signatures_get_equal_displays_and_many_agree_with_one(library: Library, some: list[Dataset]) -> None:
    by_signature: dict[object, str] = {}
    for one in some:
        display = library.resolve(one).display.id
        assert by_signature.setdefault(library.signature(one), display) == display
    groups = library.resolve_many(some)
    assert sorted(i for group in groups for i in group.dataset_ids) == sorted(one.id for one in some)
    for group in groups:
        for one in some:
            if one.id in group.dataset_ids and sum(other.id == one.id for other in some) == 1:
                assert library.resolve(one).display.id == group.display.id


def test_a_pinned_display_applies_whatever_its_selector_says(stock: Library) -> None:
    resolution = stock.resolve(mx_raw(1, "run1"), pinned="tomo")
    assert resolution.display.id == "tomo"
    assert "it was chosen by hand" in resolution.explain().text()
    assert stock.choose(mx_raw(1, "run1"), pinned="tomo").id == "tomo"


def test_a_pinned_display_that_is_gone_is_ignored_and_said(stock: Library) -> None:
    resolution = stock.resolve(mx_raw(1, "run1"), pinned="gone")
    assert resolution.display.id == "mx"
    assert "does not exist any more" in resolution.explain().text()


@pytest.mark.parametrize("name", ["ID30A-1", "id30a1", "ID30A 1", "id30a_1", "MASSIF-1"])
def test_beamline_names_are_compared_without_dashes_and_through_aliases(name: str) -> None:
    text = "display: {id: m1, title: M, selector: {instruments: [ID30A-1]}}"
    documents = [*stock_documents(), ("m1.yaml", text)]
    library = Library.load(documents, vocabulary(), techniques(), PARIS, {"Massif-1": "ID30A-1"})
    assert library.resolve(dataset(1, "d", instrument=name)).display.id == "m1"


def test_the_actual_instrument_counts_more_than_the_scheduled_one(stock: Library) -> None:
    moved = dataset(1, "d", {"actualInstrument": "CM01"}, instrument="ID30A-1", techniques=(f"{ESRFET}CRYO-ET",))
    assert stock.resolve(moved).display.id == "cm01-tomo"
    session_only = dataset(1, "d", instrument=None, investigation_instrument="CM01", techniques=(f"{ESRFET}CRYO-ET",))
    assert stock.resolve(session_only).display.id == "cm01-tomo"


def test_an_mx_session_of_2023_gets_the_older_display_even_when_reprocessed_later(stock: Library) -> None:
    start = datetime(2023, 11, 20, 9, 0, tzinfo=PARIS)
    assert stock.resolve(mx_raw(1, "run1", start=start)).display.id == "mx-legacy"
    again = integration(2, "autoPROC", {}, start=datetime(2027, 1, 1, tzinfo=PARIS), acquired=start)
    resolution = stock.resolve(again)
    assert resolution.display.id == "mx-legacy"
    assert "mx is for data from 2024-01-01 (these: 2023-11-20 09:00)" in resolution.explain().text()


def test_kinds_of_a_technique_are_included_unless_only_it_is_meant() -> None:
    text = "display: {id: exact, title: E, selector: {techniques: [esrfet:MX], techniques_exact: true}}"
    library = Library.load([*stock_documents(), ("e.yaml", text)], vocabulary(), techniques(), PARIS)
    timed = dataset(1, "d", techniques=(f"{ESRFET}TR-MX",))
    assert library.resolve(timed).display.id == "mx"


def test_kinds_of_a_technique_of_panet_are_included() -> None:
    text = "display: {id: scattering, title: S, extends: generic, selector: {techniques: ['panet:PaNET01124']}}"
    library = Library.load([*stock_documents(), ("s.yaml", text)], vocabulary(), techniques(), PARIS)
    kind = next(t for t in techniques() if "PaNET" in t.iri and techniques().depth(t.iri) > 3
                and techniques().is_a(t.iri, "panet:PaNET01124"))  # fmt: skip
    assert library.resolve(dataset(1, "d", techniques=(kind.iri,))).display.id == "scattering"
    assert kind.iri != techniques().expand("panet:PaNET01124")


def test_a_spectrum_of_a_crystal_is_no_map(stock: Library) -> None:
    both = tuple(f"{ESRFET}{name}" for name in ("XRAYS", "MX", "XRF"))
    spectrum = dataset(1, "d", {"scanType": "xrf", "MX_scanType": "xrf"}, techniques=both)
    assert stock.resolve(spectrum).display.id == "mx"


def test_conditions_on_parameters_compare_after_conversion() -> None:
    selector = "{parameters: [{name: EM_voltage, op: gteq, value: 250000, unit: V}]}"
    text = f"display: {{id: high, title: H, selector: {selector}}}"
    library = Library.load([*stock_documents(), ("h.yaml", text)], vocabulary(), techniques(), PARIS)
    assert library.resolve(dataset(1, "d", {"EM_voltage": "300"})).display.id == "high"
    assert library.resolve(dataset(1, "d", {"EM_voltage": "200"})).display.id == "generic"
    assert library.resolve(dataset(1, "d", {"EM_voltage": "high"})).display.id == "generic"


def test_the_explanation_is_plain_data_for_json(stock: Library) -> None:
    data = stock.resolve(mx_raw(1, "run1")).explain().as_dict()
    assert data["display"] == "mx"
    assert data["reasons"][0] == "the technique is MX"
    generic = next(c for c in data["candidates"] if c["display"] == "generic")
    assert generic["beatenBy"] == "technique_depth"
    assert generic["rank"]["narrowness"] is None
