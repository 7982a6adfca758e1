"""The text of queries: golden cases, refusals, and the property that nothing escapes its literal."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icat_schema.gateway import Select
from icat_schema.gateway.conditions import (
    And,
    Between,
    Condition,
    Contains,
    Eq,
    Ge,
    Gt,
    In,
    InSelect,
    IsNull,
    IsUser,
    Le,
    Like,
    Lt,
    Ne,
    Not,
    NotNull,
    Or,
)
from icat_schema.gateway.errors import InvalidRequest
from icat_schema.gateway.query import render, render_count


def berlin(instant: datetime) -> datetime:
    return instant.astimezone(ZoneInfo("Europe/Berlin")).replace(tzinfo=None)


def text(select: Select) -> str:
    return render(select, berlin)


def where(entity: str, condition: Condition) -> str:
    return text(Select(entity, ["id"], condition)).partition(" WHERE ")[2].removesuffix(" ORDER BY o.id ASC")


def test_a_plain_query_selects_the_columns_in_id_order() -> None:
    assert text(Select("Dataset", ["id", "name"])) == "SELECT o.id, o.name FROM Dataset o ORDER BY o.id ASC"


def test_a_window_is_offset_and_number() -> None:
    select = Select("Dataset", ["name"], order=[("startDate", "DESC")], offset=40, limit=20)
    assert text(select) == "SELECT o.name FROM Dataset o ORDER BY o.startDate DESC, o.id ASC LIMIT 40, 20"


def test_a_to_one_relation_that_is_always_there_is_a_path() -> None:
    assert (
        text(Select("DatasetParameter", ["dataset.investigation.name"]))
        == "SELECT o.dataset.investigation.name FROM DatasetParameter o ORDER BY o.id ASC"
    )


def test_a_nullable_relation_in_columns_and_order_is_left_joined_once() -> None:
    select = Select("Dataset", ["sample.name", "sample.type.name"], order=[("sample.name", "ASC")])
    assert text(select) == (
        "SELECT a1.name, a2.name FROM Dataset o LEFT JOIN o.sample AS a1 LEFT JOIN a1.type AS a2"
        " ORDER BY a1.name ASC, o.id ASC"
    )


def test_joins_before_a_nullable_relation_are_inner_and_behind_it_outer() -> None:
    assert text(Select("DatasetParameter", ["dataset.sample.investigation.name"])) == (
        "SELECT a3.name FROM DatasetParameter o JOIN o.dataset AS a1 LEFT JOIN a1.sample AS a2"
        " LEFT JOIN a2.investigation AS a3 ORDER BY o.id ASC"
    )


def test_distinct_rows_are_ordered_by_their_columns() -> None:
    select = Select("DatasetParameter", ["type.name", "type.units"], distinct=True, order=[("type.units", "DESC")])
    assert text(select) == (
        "SELECT DISTINCT o.type.name, o.type.units FROM DatasetParameter o ORDER BY o.type.units DESC, o.type.name ASC"
    )


def test_distinct_with_the_id_is_nothing_special() -> None:
    assert "DISTINCT" not in text(Select("Dataset", ["id", "name"], distinct=True))


def test_counting_has_the_condition_but_neither_columns_nor_order() -> None:
    select = Select("Dataset", ["sample.name"], Eq("name", "x"), [("sample.name", "ASC")], limit=5)
    assert render_count(select, berlin) == "SELECT COUNT(DISTINCT o.id) FROM Dataset o WHERE o.name = 'x'"


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (Eq("name", "x"), "o.name = 'x'"),
        (Ne("name", "O'Hara"), "o.name <> 'O''Hara'"),
        (Lt("id", 5), "o.id < 5"),
        (Le("fileCount", -5), "o.fileCount <= -5"),
        (Gt("fileSize", 2**40), "o.fileSize > 1099511627776"),
        (Ge("id", 1), "o.id >= 1"),
        (Eq("complete", True), "o.complete = TRUE"),
        (Between("id", 1, 9), "o.id BETWEEN 1 AND 9"),
        (Like("name", "a%_!"), "o.name LIKE 'a%_!'"),
        (Like("name", "a\\%!"), "o.name LIKE 'a\\%!!' ESCAPE '!'"),
        (Contains("name", "a'b"), "UPPER(o.name) LIKE UPPER('%a''b%')"),
        (Contains("name", "50%_!", ignore_case=False), "o.name LIKE '%50!%!_!!%' ESCAPE '!'"),
        (In("id", [3, 1]), "o.id IN (3,1)"),
        (In("name", ("a", "b'")), "o.name IN ('a','b''')"),
        (In("id", []), "o.id IS NULL"),
        (IsNull("doi"), "o.doi IS NULL"),
        (NotNull("sample"), "o.sample IS NOT NULL"),
        (And(), "o.id IS NOT NULL"),
        (Or(), "o.id IS NULL"),
        (Or(Eq("name", "a")), "o.name = 'a'"),
        (And(Eq("name", "a"), And(Eq("id", 1))), "o.name = 'a' AND o.id = 1"),
        (And(Eq("id", 1), Or(Eq("name", "a"), Eq("name", "b"))), "o.id = 1 AND (o.name = 'a' OR o.name = 'b')"),
        (Or(And(Eq("id", 1), Eq("name", "a")), Eq("id", 2)), "((o.id = 1 AND o.name = 'a') OR o.id = 2)"),
        (Not(Eq("name", "a")), "NOT (o.name = 'a')"),
        (Eq("investigation.facility.name", "ESRF"), "o.investigation.facility.name = 'ESRF'"),
        (Eq("sample.name", "s"), "o.sample.name = 's'"),
    ],
)
def test_conditions_on_a_dataset_read_as_expected(condition: Condition, expected: str) -> None:
    assert where("Dataset", condition) == expected


def test_numbers_enumerations_and_the_session_user_have_their_forms() -> None:
    assert where("DatasetParameter", Gt("numericValue", 1e-7)) == "o.numericValue > 0.0000001"
    assert where("DatasetParameter", Eq("numericValue", 3)) == "o.numericValue = 3.0"
    assert (
        where("ParameterType", Eq("valueType", "STRING")) == "o.valueType = org.icatproject.ParameterValueType.STRING"
    )
    assert where("InvestigationUser", IsUser("user.name")) == "o.user.name = :user"


def test_dates_are_in_the_servers_wall_clock_time() -> None:
    summer = datetime(2024, 7, 1, 12, 0, 5, tzinfo=UTC)
    winter = datetime(2024, 1, 1, 12, 0, 5, 250000, tzinfo=timezone(timedelta(hours=9)))
    assert where("Dataset", Gt("startDate", summer)) == "o.startDate > {ts 2024-07-01 14:00:05}"
    assert where("Dataset", Gt("startDate", winter)) == "o.startDate > '2024-01-01 04:00:05.250'"


def test_conditions_over_one_to_many_relation_in_one_and_are_about_one_object() -> None:
    condition = And(
        Eq("parameters.type.name", "scanType"),
        Eq("name", "n"),
        Or(Eq("parameters.stringValue", "x"), Eq("parameters.stringValue", "y")),
    )
    assert where("Dataset", condition) == (
        "o.name = 'n' AND EXISTS (SELECT a1.id FROM DatasetParameter a1 WHERE a1.dataset.id = o.id"
        " AND a1.type.name = 'scanType' AND (a1.stringValue = 'x' OR a1.stringValue = 'y'))"
    )


def test_a_negated_to_many_condition_means_none() -> None:
    assert where("Dataset", Not(Eq("parameters.type.name", "x"))) == (
        "NOT (EXISTS (SELECT a1.id FROM DatasetParameter a1 WHERE a1.dataset.id = o.id AND a1.type.name = 'x'))"
    )


def test_to_many_relations_nest() -> None:
    condition = And(Eq("datasets.name", "d"), Gt("datasets.parameters.numericValue", 1.5))
    assert where("Investigation", condition) == (
        "EXISTS (SELECT a1.id FROM Dataset a1 WHERE a1.investigation.id = o.id AND a1.name = 'd'"
        " AND EXISTS (SELECT a2.id FROM DatasetParameter a2 WHERE a2.dataset.id = a1.id AND a2.numericValue > 1.5))"
    )


def test_a_to_many_relation_may_come_behind_a_to_one_relation() -> None:
    assert where("Dataset", IsUser("investigation.investigationUsers.user.name")) == (
        "EXISTS (SELECT a1.id FROM InvestigationUser a1 WHERE a1.investigation.id = o.investigation.id"
        " AND a1.user.name = :user)"
    )


def test_alternatives_do_not_lose_rows_without_the_related_object() -> None:
    select = Select("Dataset", ["id"], Or(Eq("sample.name", "s"), Eq("name", "n")))
    assert text(select) == (
        "SELECT o.id FROM Dataset o LEFT JOIN o.sample AS a1 WHERE (a1.name = 's' OR o.name = 'n') ORDER BY o.id ASC"
    )


def test_null_in_an_alternative_still_means_that_the_object_is_there() -> None:
    assert where("Dataset", Or(IsNull("sample.pid"), IsNull("sample"), IsNull("sample.type"))) == (
        "((a1.pid IS NULL AND a1.id IS NOT NULL) OR o.sample IS NULL OR (a1.type IS NULL AND a1.id IS NOT NULL))"
    )


def test_a_query_inside_a_condition_has_its_own_variables() -> None:
    inner = Select("DataCollectionDataset", ["dataset.id"], Eq("dataCollection.id", 4))
    assert where("Dataset", InSelect("id", inner)) == (
        "o.id IN (SELECT a1.dataset.id FROM DataCollectionDataset a1 WHERE a1.dataCollection.id = 4)"
    )


def test_an_offset_behind_a_plain_key_condition_is_not_forgotten() -> None:
    select = Select("Dataset", ["id"], Eq("id", 7), offset=1, limit=1)
    assert text(select) == "SELECT o.id FROM Dataset o WHERE o.id IN (7) ORDER BY o.id ASC LIMIT 1, 1"


@pytest.mark.parametrize(
    ("kwargs", "says"),
    [
        ({"entity": "dataset", "columns": ["id"]}, "'dataset' is not an entity"),
        ({"entity": "Parameter", "columns": ["id"]}, "'Parameter' is not an entity"),
        ({"entity": "Dataset", "columns": []}, "names no columns"),
        ({"entity": "Dataset", "columns": ["colour"]}, "Dataset has no field 'colour'"),
        ({"entity": "Dataset", "columns": ["name.x"]}, "Dataset.name is a value"),
        ({"entity": "Dataset", "columns": ["sample"]}, "ends at a relation"),
        ({"entity": "Dataset", "columns": ["parameters.id"]}, "select from DatasetParameter instead"),
        ({"entity": "Dataset", "columns": ["id"], "order": [("id; DROP", "ASC")]}, "has no field 'id; DROP'"),
        ({"entity": "Dataset", "columns": ["id"], "order": [("id", "ASC, o.x")]}, "ASC or DESC"),
        ({"entity": "Dataset", "columns": ["name"], "distinct": True, "order": [("id", "ASC")]}, "by their columns"),
        ({"entity": "Dataset", "columns": ["id"], "limit": -1}, "not negative"),
        ({"entity": "Dataset", "columns": ["id"], "where": Eq("id", "1")}, "id is a Long"),
        ({"entity": "Dataset", "columns": ["id"], "where": Eq("id", True)}, "id is a Long"),
        ({"entity": "Dataset", "columns": ["id"], "where": Eq("id", 2**63)}, "too large"),
        ({"entity": "Dataset", "columns": ["id"], "where": Eq("name", 1)}, "name is a String"),
        ({"entity": "Dataset", "columns": ["id"], "where": Eq("name", "\0")}, "NUL"),
        ({"entity": "Dataset", "columns": ["id"], "where": Eq("name", "\ud800")}, "surrogate"),
        ({"entity": "Dataset", "columns": ["id"], "where": Eq("complete", "true")}, "complete is a Boolean"),
        ({"entity": "Dataset", "columns": ["id"], "where": Eq("sample", 1)}, "ends at a relation"),
        ({"entity": "Dataset", "columns": ["id"], "where": Contains("startDate", "2")}, "only a text"),
        ({"entity": "Dataset", "columns": ["id"], "where": IsUser("id")}, "only a text"),
        ({"entity": "Dataset", "columns": ["id"], "where": Gt("startDate", datetime(2020, 1, 1))}, "no time zone"),  # noqa: DTZ001
        ({"entity": "Dataset", "columns": ["id"], "where": Gt("startDate", datetime.max.replace(tzinfo=UTC))}, "range"),
        ({"entity": "Dataset", "columns": ["id"], "where": InSelect("id", Select("User", ["name"]))}, "finds String"),
        (
            {"entity": "Dataset", "columns": ["id"], "where": InSelect("id", Select("User", ["id"], limit=1))},
            "no limit",
        ),
        ({"entity": "ParameterType", "columns": ["id"], "where": Eq("valueType", "x' OR")}, "is one of"),
        ({"entity": "DatasetParameter", "columns": ["id"], "where": Eq("error", math.nan)}, "not finite"),
        ({"entity": "DatasetParameter", "columns": ["id"], "where": Eq("error", 10**400)}, "not finite"),
    ],
)
def test_what_is_not_in_the_schema_is_refused_with_a_reason(kwargs: dict[str, Any], says: str) -> None:
    with pytest.raises(InvalidRequest, match=says.replace("(", r"\(")):
        text(Select(**kwargs))


def test_queries_are_values() -> None:
    one, two = (Select("Dataset", ["id"], In("id", values)) for values in ([1, 2], (1, 2)))
    assert one == two
    assert hash(one) == hash(two)


def literal_at(query: str, start: int) -> tuple[str, int]:
    """Read a text literal as ICAT's lexer does: quoted, doubled quotes inside; its value and where it ends."""
    assert query[start] == "'"
    value, i = "", start + 1
    while True:
        if query[i] != "'":
            value, i = value + query[i], i + 1
        elif query[i + 1 : i + 2] == "'":
            value, i = value + "'", i + 2
        else:
            return value, i + 1


def like(pattern: str, escape: str, candidate: str) -> bool:
    """A plain matcher for LIKE."""
    if not pattern:
        return not candidate
    head, rest = pattern[0], pattern[1:]
    if head == escape and rest:
        return candidate[:1] == rest[0] and like(rest[1:], escape, candidate[1:])
    if head == "%":
        return any(like(rest, escape, candidate[i:]) for i in range(len(candidate) + 1))
    return bool(candidate) and (head in ("_", candidate[0])) and like(rest, escape, candidate[1:])


storable = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
nasty = st.lists(
    st.sampled_from(["'", "''", "\\", "%", "_", "!", ")", " OR ", "--", "\n", ":user", "{ts", "a", "é"])
).map("".join)


@given(storable | nasty)
def test_no_text_escapes_its_literal(value: str) -> None:
    before = "SELECT o.id FROM Dataset o WHERE o.name = "
    query = text(Select("Dataset", ["id"], Eq("name", value)))
    assert query.startswith(before)
    read, end = literal_at(query, len(before))
    assert read == value
    assert query[end:] == " ORDER BY o.id ASC"


@given(st.lists(storable | nasty, min_size=1, max_size=5))
def test_no_list_of_texts_escapes_its_literals(values: list[str]) -> None:
    query = where("Dataset", In("name", values))
    position = len("o.name IN (")
    for i, value in enumerate(values):
        read, position = literal_at(query, position)
        assert read == value
        assert query[position] == ("," if i + 1 < len(values) else ")")
        position += 1
    assert position == len(query)


@given(nasty, nasty | storable)
def test_contains_matches_the_literal_text_only(needle: str, candidate: str) -> None:
    query = where("Dataset", Contains("name", needle, ignore_case=False))
    start = len("o.name LIKE ")
    pattern, end = literal_at(query, start)
    assert query[end:] in ("", " ESCAPE '!'")
    escape = "!" if query[end:] else ""
    assert like(pattern, escape, candidate[:12]) is (needle in candidate[:12])
    assert like(pattern, escape, needle)


@given(nasty)
def test_a_like_pattern_stays_a_literal(pattern: str) -> None:
    query = where("Dataset", Like("name", pattern))
    read, end = literal_at(query, len("o.name LIKE "))
    assert query[end:] in ("", " ESCAPE '!'")
    assert (read.replace("!!", "!") if query[end:] else read) == pattern


@given(st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(10**20), 10**20))
def test_a_number_reads_back_as_itself(value: float) -> None:
    query = where("DatasetParameter", Eq("numericValue", value))
    literal = query.removeprefix("o.numericValue = ")
    assert set(literal) <= set("-0123456789.")
    assert float(literal) == float(value)


@given(st.datetimes(datetime(1950, 1, 1), datetime(2100, 1, 1), timezones=st.timezones()))  # noqa: DTZ001
def test_a_date_reads_back_as_the_same_instant(value: datetime) -> None:
    literal = where("Dataset", Eq("startDate", value)).removeprefix("o.startDate = ")
    written = literal.removeprefix("{ts ").removesuffix("}").strip("'")
    read = datetime.fromisoformat(written).replace(tzinfo=ZoneInfo("Europe/Berlin"))
    instant = value.astimezone(UTC)
    readings = {read.replace(fold=fold).astimezone(UTC) for fold in (0, 1)}
    assert instant.replace(microsecond=instant.microsecond // 1000 * 1000) in readings
