"""The `parameters` filter as text."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drac_plugins.core.errors import Invalid
from drac_plugins.core.reads.grammar import MAX_FILTERS, OPERATORS, ParameterFilter, number_of, parse, render

NAMES = st.lists(st.text(st.characters(exclude_characters=",;~")).map(str.strip).filter(bool), min_size=1, max_size=4)
VALUES = st.text(st.characters(exclude_characters=","))
ITEMS = st.lists(st.text(st.characters(exclude_characters=",;")), min_size=1, max_size=4)
NUMBERS = st.one_of(st.integers().map(str), st.floats(allow_nan=False, allow_infinity=False).map(repr))


@st.composite
def filters(draw: st.DrawFn) -> ParameterFilter:
    names = tuple(draw(NAMES))
    operator = draw(st.sampled_from([*OPERATORS, "exists"]))
    if operator == "exists":
        return ParameterFilter(names)
    if operator == "in":
        return ParameterFilter(names, "in", tuple(draw(ITEMS)))
    return ParameterFilter(names, operator, (draw(VALUES if operator in ("eq", "like") else NUMBERS),))


@settings(deadline=None)
@given(st.lists(filters(), max_size=5))
def test_filters_survive_being_written_and_read(wanted: list[ParameterFilter]) -> None:
    assert parse(render(wanted)) == tuple(wanted)


@settings(deadline=None)
@given(st.text())
def test_any_text_is_read_or_refused_with_a_sentence(text: str) -> None:
    try:
        found = parse(text)
    except Invalid as error:
        refused = error.message
        found = ()
    else:
        refused = "parameters: "
    assert refused.startswith("parameters: ")
    assert parse(render(found)) == found


def test_the_example_of_the_dossier_is_read() -> None:
    text = "sample_name;sample_description~like~apple,energy~gteq~12.4,scantype~in~fly;step"
    assert parse(text) == (
        ParameterFilter(("sample_name", "sample_description"), "like", ("apple",)),
        ParameterFilter(("energy",), "gteq", ("12.4",)),
        ParameterFilter(("scantype",), "in", ("fly", "step")),
    )


def test_a_filter_without_operator_asks_for_existence() -> None:
    assert parse("definition") == (ParameterFilter(("definition",)),)


def test_operators_are_read_in_any_case_and_empty_parts_are_skipped() -> None:
    assert parse(",energy~GT~1,,") == (ParameterFilter(("energy",), "gt", ("1",)),)


@pytest.mark.parametrize(
    "text",
    ["energy~above~3", "energy~gt", "~eq~3", ";~eq~3", "energy~gt~", "energy~gt~12 keV", "energy~lt~nan", "a~gt~0x1"],
)
def test_what_is_no_filter_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="parameters: "):
        parse(text)


def test_more_filters_than_a_request_may_hold_are_refused() -> None:
    with pytest.raises(Invalid, match="at most"):
        parse(",".join(["a"] * (MAX_FILTERS + 1)))


@pytest.mark.parametrize(("text", "number"), [("12.5", 12.5), (" -1e-3 ", -0.001), (".5", 0.5), ("+7.", 7.0)])
def test_decimal_texts_are_numbers(text: str, number: float) -> None:
    assert number_of(text) == number


@pytest.mark.parametrize("text", ["", "12 keV", "nan", "inf", "1_000", "0x10", "١٢", "12,5"])
def test_other_texts_are_no_numbers(text: str) -> None:
    assert number_of(text) is None


@pytest.mark.parametrize(
    ("filter_", "stored", "expected"),
    [
        ("e~gt~12.4", "13", True),
        ("e~gt~12.4", "9", False),
        ("e~gt~12.4", "12.4", False),
        ("e~gteq~12.4", "12.40", True),
        ("e~lt~12.4", "9", True),
        ("e~lteq~1e1", "10.0", True),
        ("e~gt~1", "12 keV", False),
        ("e~eq~Fly", "fly", False),
        ("e~eq~fly", "fly", True),
        ("e~in~fly;step", "step", True),
        ("e~like~FL", "a fly", True),
        ("e", "", True),
    ],
)
def test_stored_values_are_held_against_the_filter(filter_: str, stored: str, expected: bool) -> None:
    assert parse(filter_)[0].holds(stored) is expected
