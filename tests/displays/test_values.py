"""Units, formats, expressions, conditions: small pieces, tried with everything."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from displays.conditions import compare, like_pattern
from displays.expressions import FUNCTIONS, parse
from displays.formats import duration, number, size, written
from displays.parts import DateTimeFormat, Format, NumberFormat
from displays.quantities import convert, is_unit, parse_unit, same_dimension, symbol
from displays.readings import is_null, split_error
from displays.symmetry import operators
from icat_schema.parameters import vocabulary
from icat_schema.techniques import techniques
from tests.displays.datasets import PARIS

FORMATS: TypeAdapter[Format] = TypeAdapter(Format)
KINDS = st.sampled_from(["number", "pm", "range", "datetime", "bytes", "bool", "list", "iri", "duration"])


def test_every_unit_of_the_definitions_is_understood_and_has_a_symbol() -> None:
    for definition in vocabulary():
        if definition.units:
            assert is_unit(definition.units), definition.name
            assert symbol(definition.units)


@pytest.mark.parametrize(
    ("value", "source", "target", "result"),
    [
        (8720.0, "Å", "micrometer", 0.872),
        (5400.0, "s", "min", 90.0),
        (300000.0, "V", "kV", 300.0),
        (20.0, "°C", "K", 293.15),
        (0.05, None, "percent", 5.0),
        (5.0, "%", "NA", 0.05),
        (1.0, "\u00b5m", "\u03bcm", 1.0),
        (1.0, "\u212b", "\u00c5", 1.0),
        (2.0, "photons/s", "photon/ms", 0.002),
        (1.5, "electrons/Å²", "electrons/angstrom**2", 1.5),
        (1.0, "e-/Å²", "electrons/Å²", 1.0),
    ],
)
def test_conversions(value: float, source: str | None, target: str | None, result: float) -> None:
    assert convert(value, source, target) == pytest.approx(result, abs=0, rel=1e-14)


@pytest.mark.parametrize(("source", "target"), [("mm", "s"), ("mm", None), ("nonsense", "mm"), ("mm", "non sense")])
def test_what_does_not_convert_gives_none(source: str | None, target: str | None) -> None:
    assert convert(1.0, source, target) is None
    assert not same_dimension(source, target)


@pytest.mark.parametrize(
    "text", ["9**9**9", "m**99", "1e999", "__import__('os')", "m" * 500, "m;m", "3", "m**(2)", "[m]"]
)
def test_what_is_no_unit_is_refused_at_once(text: str) -> None:
    with pytest.raises(ValueError, match="is not a unit"):
        parse_unit(text)


@given(st.text(max_size=30), st.text(max_size=30), st.floats(allow_nan=False))
def test_no_text_of_a_producer_breaks_a_conversion(source: str, target: str, value: float) -> None:
    convert(value, source, target)
    symbol(source)


@given(
    KINDS,
    st.text(max_size=40),
    st.none() | st.floats(),
    st.integers(0, 15),
    st.sampled_from(["fixed", "sig", "sci", "si"]),
)
@example("number", "x", 1e300, 15, "fixed")
@example("number", "x", 5e-324, 15, "sig")
@example("number", "x", 9.5e27, 0, "sig")
@example("datetime", "0001-01-01T00:00:00+23:00", None, 0, "fixed")
def test_formats_never_raise(kind: str, raw: str, value: float | None, digits: int, style: str) -> None:
    extra = {"number": {"digits": digits, "style": style}, "pm": {"digits": digits}}.get(kind, {})
    form = FORMATS.validate_python({"kind": kind, **extra})
    finite = value if value is not None and math.isfinite(value) else None
    assert isinstance(written(form, raw, finite, PARIS, techniques()), str)


@given(st.floats(), st.floats(allow_nan=False))
def test_sizes_and_durations_never_raise(some: float, other: float) -> None:
    if math.isfinite(some):
        size(some)
        duration(some)
    split_error(f"{some}±{other}")


@pytest.mark.parametrize(
    ("value", "form", "text"),
    [
        (2.345, {"digits": 2}, "2.34"),
        (2.355, {"digits": 2}, "2.36"),
        (1.999, {"digits": 2, "rounding": "truncate"}, "1.99"),
        (-1.999, {"digits": 2, "rounding": "truncate"}, "-1.99"),
        (-0.001, {"digits": 2}, "0.00"),
        (25.08, {"digits": 3, "style": "sig"}, "25.1"),
        (0.6512, {"digits": 3, "style": "sig"}, "0.651"),
        (123456.0, {"digits": 3, "style": "sig"}, "123000"),
        (1.12e12, {"digits": 2, "style": "sci"}, "1.12e12"),
        (9.999, {"digits": 2, "style": "sci"}, "1.00e1"),
        (0.0, {"digits": 2, "style": "sci"}, "0.00e0"),
        (12300.0, {"digits": 1, "style": "si"}, "12.3 k"),
        (0.0021, {"digits": 1, "style": "si"}, "2.1 m"),
        (1800.0, {}, "1800"),
        (0.1, {}, "0.1"),
        (1e30, {"digits": 2}, "1.00e30"),
    ],
)
def test_numbers(value: float, form: dict[str, object], text: str) -> None:
    assert number(value, NumberFormat.model_validate(form)) == text


@pytest.mark.parametrize(
    ("kind", "raw", "value", "text"),
    [
        ("range", "12-118", None, "12–118"),
        ("range", "all of them", None, "all of them"),
        ("bool", "True", None, "yes"),
        ("bool", "0", None, "no"),
        ("bool", "perhaps", None, "perhaps"),
        ("list", "a b  c", None, "a, b, c"),
        ("bytes", "999", 999.0, "999 B"),
        ("bytes", "8123456789", 8123456789.0, "8.12 GB"),
        ("bytes", "999999", 999999.0, "1 MB"),
        ("duration", "7500", 7500.0, "2 h 05 min"),
        ("duration", "90061", 90061.0, "1 d 01 h"),
        ("duration", "61", 61.0, "1 min 01 s"),
        ("duration", "0.5", 0.5, "0.5 s"),
        ("iri", "https://w3id.org/PaN/ESRFET#MX urn:x", None, "MX, urn:x"),
        ("datetime", "2024-03-12T08:00:00Z", None, "2024-03-12 09:00:00"),
        ("datetime", "yesterday", None, "yesterday"),
    ],
)
def test_other_formats(kind: str, raw: str, value: float | None, text: str) -> None:
    assert written(FORMATS.validate_python({"kind": kind}), raw, value, PARIS, techniques()) == text


def test_utc_is_said() -> None:
    form = DateTimeFormat(kind="datetime", zone="utc")
    assert written(form, datetime(2024, 3, 12, 8, tzinfo=UTC).isoformat(), None, PARIS, techniques()) == (
        "2024-03-12 08:00:00 UTC"
    )


@pytest.mark.parametrize(
    ("text", "values", "result"),
    [
        ("a * b + 2", {"a": 3.0, "b": 4.0}, 14.0),
        ("(a − b) × 2 ÷ 4", {"a": 3.0, "b": 1.0}, 1.0),
        ("abs(a - b) / ((a + b) / 2)", {"a": 2.0, "b": 4.0}, 2 / 3),
        ("max(a, b, 9)", {"a": 1.0, "b": 2.0}, 9.0),
        ("coalesce(a, b)", {"a": None, "b": 2.0}, 2.0),
        ("min(a, b)", {"a": None, "b": 2.0}, None),
        ("a / b", {"a": 1.0, "b": 0.0}, None),
        ("a * b", {"a": 1e300, "b": 1e300}, None),
        ("-a", {"a": 2.0}, -2.0),
        ("round(a, 1)", {"a": 2.345}, 2.3),
        ("__volume / 2", {"__volume": 8.0}, 4.0),
    ],
)
def test_expressions(text: str, values: dict[str, float | None], result: float | None) -> None:
    assert parse(text).compute(values) == (pytest.approx(result) if result is not None else None)


@pytest.mark.parametrize(
    "text",
    [
        "open('x')",
        "a.b",
        "a[0]",
        "a ** b",
        "a % b",
        "a if b else c",
        "lambda: 1",
        "[a for a in b]",
        "'text'",
        "True",
        "a and b",
        "a < b",
        "min(*a)",
        "min(a, key=b)",
        "abs()",
        "round(a, b)",
        "f'{a}'",
        "a := 1",
        "1j",
        "-" * 400 + "(",
        "a +",
        "",
        "9" * 400,
        "a" * 501,
    ],
)
def test_anything_but_arithmetic_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse(text)


@given(st.text(alphabet="ab()[]{}.,+-*/ '\"_=:1e%×÷", max_size=40))
def test_no_text_is_ever_evaluated(text: str) -> None:
    try:
        expression = parse(text)
    except ValueError:
        return
    result = expression.compute(dict.fromkeys(expression.names, 2.0))
    assert result is None or isinstance(result, float)


@given(st.from_regex(r"[a-z]{3,8}\(a\)", fullmatch=True))
def test_only_five_functions_can_be_called(text: str) -> None:
    if text.split("(")[0] in FUNCTIONS:
        return
    with pytest.raises(ValueError, match="is not allowed"):
        parse(text)


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        ("%_MotionCor", "001_MotionCor", True),
        ("%_MotionCor", "001xMotionCor", False),
        ("autoPROC*", "autoproc_staraniso", True),
        ("a?c", "abc", True),
        ("100%", "100 percent", True),
        ("a.c", "abc", False),
    ],
)
def test_patterns(pattern: str, text: str, fits: bool) -> None:
    assert bool(like_pattern(pattern).fullmatch(text)) is fits


def test_a_hostile_pattern_takes_no_time() -> None:
    assert not like_pattern("%a" * 12 + "%b").fullmatch("a" * 60)


def test_what_cannot_be_compared_does_not_hold() -> None:
    assert not compare("gt", "room temperature", None, 5)
    assert not compare("eq", None, None, "x")
    assert compare("absent", None, None, None)
    assert compare("in", "2.0", 2.0, (1, 2))
    assert compare("eq", "True", None, True)


@given(st.text())
def test_null_texts_are_decided_for_any_text(text: str) -> None:
    assert is_null(text) == (text.strip().casefold() in {"", "none", "nan", "n/a", "na", "null"})


@pytest.mark.parametrize(
    ("group", "count"),
    [
        ("P1", 1), ("P 1", 1), ("C 1 2 1", 2), ("P1211", 2), ("P 21 21 21", 4), ("C2221", 4), ("R3", 3), ("H32", 6),
        ("R32:H", 6), ("P 43 21 2", 8), ("P43212", 8), ("P6522", 12), ("I23", 12), ("I4132", 24), ("P432", 24),
        ("96", 8), ("19", 4), ("1", 1), ("unknown", 0), ("", 0), ("Pnma", 0), ("999", 0), ("p 2(1) 2(1) 2(1)", 4),
    ],
)  # fmt: skip
def test_symmetry_operators_without_centring(group: str, count: int) -> None:
    assert operators(group) == count
