"""The shapes of queries that clients send, and what they answer."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from icat_schema.definitions import schema
from tests.server.query.conftest import Asking

SHAPES = yaml.safe_load(Path(__file__).with_name("shapes.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape["query"][:60])
def test_query_answers(ask: Asking, shape: dict[str, Any]) -> None:
    found = ask(shape["query"])
    assert [list(row) if isinstance(row, tuple) else row for row in found] == shape["answer"]


@pytest.mark.parametrize(
    ("query", "types"),
    [
        ("SELECT ds FROM Dataset ds", ("Dataset",)),
        ("SELECT i.datasets FROM Investigation i", ("Dataset",)),
        ("SELECT ds.name, ds.id, ds.complete, ds.startDate FROM Dataset ds", ("String", "Long", "Boolean", "Date")),
        ("SELECT COUNT(ds), SUM(ds.fileSize), AVG(ds.fileSize) FROM Dataset ds", ("Long", "Long", "Double")),
        ("SELECT MIN(f.daysUntilRelease) FROM Facility f", ("Integer",)),
        ("SELECT SUM(p.numericValue), MAX(p.dateTimeValue) FROM DatasetParameter p", ("Double", "Date")),
        ("SELECT t.valueType FROM ParameterType t", ("ParameterValueType",)),
    ],
)
def test_columns_have_java_types(ask: Asking, query: str, types: tuple[str, ...]) -> None:
    assert ask.types(query) == types


def test_duplicates_are_kept_without_distinct(ask: Asking) -> None:
    found = ask("SELECT ds.investigation FROM Dataset ds")
    assert [v.attributes["name"] for v in found] == ["MX-2345"] * 3 + ["EM-77"] * 2
    assert len(ask("SELECT DISTINCT ds.investigation FROM Dataset ds")) == 2
    assert len(ask("SELECT DISTINCT i FROM Investigation i JOIN i.datasets ds ORDER BY i.name")) == 2


def test_entities_come_with_all_attributes_and_no_relations(ask: Asking) -> None:
    (dataset,) = ask("SELECT ds FROM Dataset ds WHERE ds.name = 'mx_2'")
    assert dataset.entity.name == "Dataset"
    assert dataset.attributes["startDate"] == datetime(2026, 3, 2, 12, tzinfo=UTC)
    assert dataset.attributes["description"] is None
    assert set(dataset.attributes) == {a.name for a in dataset.entity.attributes}
    assert dataset.one == {}
    assert dataset.many == {}


def test_pages_follow_each_other_without_gap_or_overlap(ask: Asking) -> None:
    query = "SELECT ds.type.name, p.id FROM Dataset ds JOIN ds.parameters p ORDER BY ds.type.name"
    paged = [row for start in range(0, 10, 3) for row in ask(f"{query} LIMIT {start}, 3")]
    assert paged == ask(query)
    assert len(paged) == 7


def test_every_entity_can_be_counted_and_paged(ask: Asking) -> None:
    for name in schema().entities:
        (count,) = ask(f"SELECT COUNT(e) FROM {name} e")
        assert len(ask(f"SELECT o FROM {name} o LIMIT 0, 500")) == count


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("> '2025-11-20'", {"MX-2345", "EM-77"}),
        ("> '2025-11-20 10'", {"MX-2345", "EM-77"}),
        ("> '2025-11-20 10:30'", {"MX-2345"}),
        (">= '2025-11-20 10:30:00'", {"MX-2345", "EM-77"}),
        ("> '2025-11-20 10:29:59.999'", {"MX-2345", "EM-77"}),
        ("= '2025/11/20 10:30'", {"EM-77"}),
        ("= '2025-11-20 09:30:00+00:00'", {"EM-77"}),
        ("= '2025-11-20 10:30:00 +0100'", {"EM-77"}),
        ("= {ts 2025-11-20 10:30:00}", {"EM-77"}),
        ("BETWEEN {ts 2025-01-01 00:00:00} AND '2025-12-31'", {"EM-77"}),
        ("IN ('2025-11-20 10:30:00', {ts 2026-03-02 09:00:00})", {"MX-2345", "EM-77"}),
        ("< CURRENT_TIMESTAMP", {"EM-77"}),
        ("< CURRENT_DATE", {"EM-77"}),
        ("> (SELECT MIN(x.startDate) FROM Investigation x)", {"MX-2345"}),
    ],
)
def test_dates_in_texts_are_clock_time_at_the_facility(ask: Asking, condition: str, expected: set[str]) -> None:
    assert set(ask(f"SELECT i.name FROM Investigation i WHERE i.startDate {condition}")) == expected


def test_times_of_summer_and_winter_differ(ask: Asking) -> None:
    (moment,) = ask("SELECT p.dateTimeValue FROM DatasetParameter p WHERE p.dateTimeValue >= '2025-11-21 00:30:00'")
    assert moment == datetime(2025, 11, 20, 23, 30, tzinfo=UTC)
    assert ask("SELECT i.name FROM Investigation i WHERE i.releaseDate = '2025-12-01 01:00'") == ["EM-77"]
