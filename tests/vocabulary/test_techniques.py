"""Descent of techniques: ours to keep, checked against the terms of the ontology package."""

from __future__ import annotations

import json
from importlib import resources

import pytest
from esrf_ontologies.db import load_techniques
from hypothesis import given
from hypothesis import strategies as st

from icat_schema.techniques import techniques
from icat_schema.techniques.techniques import kept_by_hand

ALL = techniques()
E = "https://w3id.org/PaN/ESRFET#"
IRIS = [term["iri"] for ontology in ("ESRFET", "PaNET") for term in load_techniques(ontology)]


def _table() -> dict[str, dict[str, dict[str, list[str]]]]:
    text = resources.files("icat_schema.techniques").joinpath("descent.json").read_text(encoding="utf-8")
    return dict(json.loads(text))


def test_every_named_iri_of_the_table_is_a_term_of_the_package_and_none_is_missing() -> None:
    assert {ALL.expand(curie) for curie in _table()["named"]} == set(IRIS)


def test_unnamed_nodes_are_really_not_in_the_package_and_only_one_esrfet_branch_needs_them() -> None:
    unnamed = _table()["unnamed"]
    assert not {ALL.expand(curie) for curie in unnamed} & set(IRIS)
    assert {c for c in unnamed if c.startswith("esrfet:")} == {"esrfet:experimental_technique", "esrfet:FPDI"}


def test_every_parent_has_a_row_of_its_own() -> None:
    rows = {**_table()["named"], **_table()["unnamed"]}
    for curie, row in rows.items():
        for other in [*row["parents"], *row.get("equivalent", [])]:
            assert other in rows, curie


def test_the_table_belongs_to_the_ontology_version_of_the_package() -> None:
    versions = {term["ontology_version"] for term in load_techniques("ESRFET")}
    assert versions == {f"v{_table()['esrfet_version']}"}


def test_rows_kept_by_hand_name_known_techniques_say_why_and_are_not_inferred_already() -> None:
    named = _table()["named"]
    for row in kept_by_hand():
        assert row["technique"] in named
        assert len(row["reason"]) > 20
        for parent in row["of"]:
            assert parent in named
            assert parent not in named[str(row["technique"])]["parents"]


@pytest.mark.parametrize(
    ("child", "ancestor"),
    [
        ("SSX", "MX"),
        ("SMX", "MX"),
        ("TR-MX", "MX"),
        ("TR-SSX", "MX"),
        ("CRYO-ET", "EM"),
        ("HiP-CT", "XRCT"),
        ("BioSAXS", "SAXS"),
        ("PFY-XAS", "TFY-XAS"),
        ("MX", "MX"),
    ],
)
def test_descent(child: str, ancestor: str) -> None:
    assert ALL.is_a(E + child, E + ancestor)


@pytest.mark.parametrize(
    ("one", "other"), [("MX", "SSX"), ("SAD", "MX"), ("CRYO-ET", "XRCT"), ("CRYO-EM", "CRYO-ET"), ("MX", "XRAYS")]
)
def test_no_descent(one: str, other: str) -> None:
    assert not ALL.is_a(E + one, E + other)


def test_panet_descends_through_nodes_that_the_package_does_not_list() -> None:
    assert ALL.is_a("panet:PaNET01207", "http://purl.org/pan-science/PaNET/PaNET00100")


@pytest.mark.parametrize(
    ("spelling", "state"),
    [
        (f"{E}MX", "current"),
        ("esrfet:MX", "current"),
        ("http://purl.org/pan-science/ESRFET#MX", "old namespace"),
        ("https://w3id.org/PaN/ESRFET/v0.1.0/#MX", "versioned"),
        ("http://w3id.org/PaN/ESRFET#MX", "other spelling"),
        ("esrfet:mx", "other spelling"),
    ],
)
def test_all_spellings_of_an_iri_are_one_technique(spelling: str, state: str) -> None:
    assert ALL.canonical(spelling) == f"{E}MX"
    assert ALL.state(spelling) == state


@pytest.mark.parametrize("typed", ["FS-XANES", "FS\u2011XANES", "FS%E2%80%91XANES"])
def test_a_non_breaking_hyphen_may_be_typed_as_an_ascii_one(typed: str) -> None:
    assert ALL.canonical(E + typed) == f"{E}FS\u2011XANES"


@pytest.mark.parametrize("typed", ["XM\u03c7D", "XMchiD", "XMxD", "XM%CF%87D"])
def test_a_greek_chi_may_be_typed_in_latin(typed: str) -> None:
    assert ALL.canonical(E + typed) == f"{E}XM\u03c7D"


@pytest.mark.parametrize(
    "text", ["", "MX", "esrfet:", "esrfet:NOPE", "https://example.org/#MX", "mailto:x", "ESRFET#MX"]
)
def test_what_is_no_identifier_has_no_canonical_form(text: str) -> None:
    assert ALL.canonical(text) is None


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("SXRD", ["S-XRD", "SCXRD"]),
        ("CXDI", ["CXDI", "CDI"]),
        ("Phase-contrast X-ray imaging", ["PCI", "XPCI"]),
        ("x-ray excited optical luminescence", ["S-XEOL", "XEOL"]),
        ("SAXS", ["SAXS"]),
        ("Macromolecular crystallography", ["MX"]),
        ("nothing of the kind", []),
    ],
)
def test_names_resolve_and_ambiguity_is_reported(name: str, meant: list[str]) -> None:
    assert [term.acronym for term in ALL.resolve(name)] == meant


def test_expand_refuses_an_unknown_prefix() -> None:
    with pytest.raises(ValueError, match="esrfet:NAME"):
        ALL.expand("foo:MX")


def test_deeper_is_more_specific_and_equivalents_are_equally_deep() -> None:
    assert ALL.depth("esrfet:HiP-CT") > ALL.depth("esrfet:XRCT") > ALL.depth("esrfet:XRAYS")
    assert ALL.depth("esrfet:PFY-XAS") == ALL.depth("esrfet:TFY-XAS") > 0


@given(st.sampled_from(IRIS), st.sampled_from(IRIS))
def test_descent_goes_one_way_except_between_equivalents(one: str, other: str) -> None:
    if one != other and ALL.is_a(one, other) and ALL.is_a(other, one):
        assert ALL.depth(one) == ALL.depth(other)
    elif one != other and ALL.is_a(one, other):
        assert ALL.depth(one) > ALL.depth(other)


@given(st.text())
def test_no_text_breaks_the_lookup(text: str) -> None:
    ALL.canonical(text)
    ALL.resolve(text)
    ALL.state(text)
