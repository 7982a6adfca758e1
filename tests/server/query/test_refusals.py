"""Queries that mean nothing: the type of the error, and a text that helps."""

from __future__ import annotations

import pytest

from icat_schema.server.errors import IcatError
from icat_schema.server.search import Limits
from tests.server.query.conftest import Asking

DEEP = "SELECT ds FROM Dataset ds WHERE " + "(" * 40 + "ds.id = 1" + ")" * 40
CHAIN = "SELECT ds FROM Dataset ds WHERE " + " OR ".join(["ds.id = 1"] * 600)
NOTS = "SELECT ds FROM Dataset ds WHERE " + "NOT " * 5_000 + "ds.id = 1"
SUMS = "SELECT ds FROM Dataset ds WHERE ds.id = 1" + " + 1" * 5_000
JOINS = "SELECT ds FROM Dataset ds" + "".join(f" JOIN ds.datafiles d{n}" for n in range(70))

REFUSED = [
    # text that is no query
    ("SELECT COALESCE(ds.doi, ds.name) FROM Dataset ds", r"no function COALESCE \(position 8:"),
    ("SELECT ds FROM Dataset ds WHERE NULLIF (ds.doi, 'x') = 'y'", "no function NULLIF"),
    ("SELECT", "Attempt to read beyond end"),
    ("SELECT ds FROM Dataset", "Attempt to read beyond end"),
    ("SELECT ds FROM Dataset ds WHERE (ds.name = 'x'", r"Attempt to read beyond end: .* expected .*\)"),
    ("SELECT ds FROM Dataset ds WHERE ds.name = 'x", "a quote is not closed"),
    ('SELECT ds FROM Dataset ds WHERE ds.name = "x"', "texts stand in single quotes"),
    ("SELECT ds FROM Dataset ds; SELECT f FROM Facility f", r"Unexpected character ';' \(position 26: "),
    ("SELECT ds FROM Dataset ds LIMIT 3", "expected ,"),
    ("SELECT ds FROM Dataset ds LIMIT -1, 3", "Expected INTEGER, not '-'"),
    ("SELECT ds FROM Dataset ds LIMIT 0, 5 bogus", "Expected INCLUDE or the end, not 'bogus'"),
    ("SELECT ds FROM Dataset ds WHERE ds.id = 99999999999999999999", "too large"),
    ("SELECT ds FROM Dataset ds WHERE ds.id < 1e999", "too large"),
    ("SELECT ds FROM Dataset ds WHERE ds.name = 'a\x00b'", "NUL"),
    ("SELECT ds FROM Dataset ds WHERE ds.name = '\ud800'", "half characters"),
    ("SELECT ds FROM Dataset ds JOIN FETCH ds.datafiles", "The FETCH keyword is not permitted"),
    # names
    ("SELECT b FROM Bogus b", "No information to determine type of Bogus in the FROM clause"),
    ("SELECT b FROM dataset b", "No information to determine type of dataset"),
    ("SELECT x FROM Dataset ds", "idVar 'X' is not defined in the FROM clause"),
    ("SELECT ds FROM Dataset ds, Datafile DS", "The variable DS is defined twice"),
    ("SELECT ds.bogus FROM Dataset ds", "^Dataset has no field bogus$"),
    ("SELECT ds.investigation.bogus FROM Dataset ds", "Investigation has no field bogus"),
    ("SELECT ds FROM Dataset ds JOIN ds.bogus b", "^Dataset has no relationship field bogus$"),
    ("SELECT ds FROM Dataset ds JOIN ds.name n", "^Dataset has no relationship field name$"),
    ("SELECT i.datasets.name FROM Investigation i", "JOIN it instead"),
    ("SELECT ds.name.x FROM Dataset ds", "behind the attribute name"),
    ("SELECT ds FROM Dataset ds WHERE ds.name = :bogus", "only :user has one"),
    ("SELECT ds.name FROM Dataset ds ORDER BY ds.bogus", "Dataset has no field bogus"),
    # what fits together
    ("SELECT ds FROM Dataset ds WHERE ds.complete", "'ds.complete' alone is no condition"),
    ("SELECT ds FROM Dataset ds WHERE (ds.id = 1) + 1 = 2", "A condition stands where a value is expected"),
    ("SELECT ds FROM Dataset ds WHERE ds.startDate > 'yesterday'", "'yesterday' is not a date"),
    ("SELECT ds FROM Dataset ds WHERE ds.startDate > '2020-13-01'", "is not a date"),
    ("SELECT ds FROM Dataset ds WHERE ds.startDate > '2020-01-01T10:00:00'", "is not a date"),
    ("SELECT ds FROM Dataset ds WHERE ds.startDate > {ts 2020-06-31 00:00:00}", "is not of form"),
    ("SELECT ds FROM Dataset ds WHERE ds.startDate > {ts 2020-01-01}", "^Timestamp {ts 2020-01-01} is not of form"),
    ("SELECT ds FROM Dataset ds WHERE ds.startDate > {ts 0001-01-01 00:00:00}", "is not a date"),
    ("SELECT ds FROM Dataset ds WHERE ds.startDate > 5", "the number 5 cannot be compared with a value of type Date"),
    ("SELECT ds FROM Dataset ds WHERE ds.id = 'five'", "cannot be compared with a value of type Double"),
    ("SELECT ds FROM Dataset ds WHERE ds.complete = 2", "cannot be compared with a value of type Boolean"),
    ("SELECT ds FROM Dataset ds WHERE ds.name = TRUE", "cannot be compared with a value of type String"),
    ("SELECT ds FROM Dataset ds WHERE ds.name = ds.fileSize", "cannot be compared"),
    ("SELECT ds FROM Dataset ds WHERE ds.investigation = 5", "compare its id"),
    ("SELECT ds FROM Dataset ds WHERE ds.investigation = ds.type", "cannot be compared"),
    ("SELECT ds FROM Dataset ds WHERE ds.investigation > ds.investigation", "have no order"),
    ("SELECT ds FROM Dataset ds WHERE ds.datafiles = 1", "is a to-many relation"),
    ("SELECT ds FROM Dataset ds WHERE ds.name IS EMPTY", "is not a to-many relation"),
    ("SELECT ds FROM Dataset ds WHERE ds MEMBER OF ds.datafiles", "holds objects of type Datafile"),
    ("SELECT t FROM ParameterType t WHERE t.valueType = 'STRING'", "org.icatproject.ParameterValueType."),
    ("SELECT t FROM ParameterType t WHERE t.valueType = org.icatproject.Bogus.STRING", "no enumeration"),
    (
        "SELECT t FROM ParameterType t WHERE t.valueType = org.icatproject.core.entity.ParameterValueType.X",
        "is written",
    ),
    ("SELECT ds FROM Dataset ds WHERE ds.name > NULL", "use IS NULL"),
    ("SELECT ds FROM Dataset ds WHERE ds.name LIKE 'x' ESCAPE 'ab'", "ESCAPE takes one character"),
    ("SELECT ds FROM Dataset ds WHERE UPPER(ds.fileSize) = 'X'", "ds.fileSize is no text"),
    ("SELECT ds FROM Dataset ds WHERE MOD(ds.fileSize, 1.5) = 1", "1.5 is no whole number"),
    ("SELECT ds FROM Dataset ds WHERE ds.name + 1 = 2", "ds.name is no number"),
    ("SELECT ds FROM Dataset ds WHERE ds.id IN (SELECT d.id, d.name FROM Dataset d)", "exactly one item"),
    # aggregates
    ("SELECT SUM(ds.name) FROM Dataset ds", "SUM is only possible for numbers"),
    ("SELECT MAX(ds) FROM Dataset ds", "MAX is not possible for Dataset"),
    ("SELECT MAX(COUNT(ds)) FROM Dataset ds", "inside another aggregate"),
    ("SELECT ds FROM Dataset ds WHERE COUNT(ds) > 1", "use HAVING"),
    ("SELECT ds.name, COUNT(ds) FROM Dataset ds", "must be in GROUP BY"),
    ("SELECT ds.name FROM Dataset ds GROUP BY ds.type", "must be in GROUP BY"),
    ("SELECT ds.name FROM Dataset ds HAVING ds.name = 'x'", "HAVING needs GROUP BY"),
    # what the right to read cannot be asked for
    ("SELECT 1 FROM Dataset ds", "1 selects nothing"),
    ("SELECT ds, ds.name FROM Dataset ds", "The object ds cannot stand in a SELECT clause with other things"),
    ("SELECT SIZE(ds.datafiles) FROM Dataset ds", "not possible in the SELECT clause"),
    ("SELECT (SELECT COUNT(u) FROM User u) FROM Dataset ds", "not possible in the SELECT clause"),
    ("SELECT ds.name FROM Dataset ds ORDER BY 1", "orders nothing"),
    # INCLUDE
    (
        "SELECT i FROM Investigation i INCLUDE i.datasets, i.datasets.datafiles",
        "^INCLUDE clause contains redundant path to datasets$",
    ),
    (
        "SELECT i, i.name FROM Investigation i INCLUDE i.datasets",
        "^INCLUDE is only valid for one quantity in the SELECT clause$",
    ),
    (
        "SELECT i FROM Investigation i INCLUDE i.bogus",
        "^Problem with INCLUDE clause: bogus is not a field of Investigation$",
    ),
    (
        "SELECT i FROM Investigation i INCLUDE i.name",
        "Problem with INCLUDE clause: name is not a field of Investigation",
    ),
    (
        "SELECT i FROM Investigation i JOIN i.datasets ds INCLUDE ds.datafiles",
        "^variable DS mentioned in INCLUDE clause is not defined$",
    ),
    (
        "SELECT i FROM Investigation i INCLUDE 1, i.datasets",
        '^"INCLUDE 1" must not be followed by other things to include.$',
    ),
    ("SELECT i FROM Investigation i INCLUDE 2", "INCLUDE takes 1 or a list of paths"),
    (
        "SELECT i FROM Investigation i INCLUDE i.datasets d, i.samples D",
        "^variable D mentioned in INCLUDE clause is already defined$",
    ),
    ("SELECT i FROM Investigation i INCLUDE i.datasets INCLUDE i.samples", "Expected"),
    ("SELECT i FROM Investigation i INCLUDE datasets", "Path datasets must contain a '.'"),
    # size
    (DEEP, "parentheses inside each other"),
    (CHAIN, "More than 500 conditions in one chain"),
    (NOTS, "nested more than"),
    (SUMS, "nested more than"),
    (JOINS, "joins more than 60 tables"),
    ("SELECT ds FROM Dataset ds WHERE ds.name = '" + "x" * 600_000 + "'", "ask in portions"),
    ("SELECT ds FROM Dataset ds WHERE ds.name IN (" + ", ".join(["'x'"] * 10_001) + ")", "ask in portions"),
]


@pytest.mark.parametrize(
    ("query", "text"), REFUSED, ids=[q[:70].encode("ascii", "replace").decode() for q, _ in REFUSED]
)
def test_query_is_refused_with_a_reason(ask: Asking, query: str, text: str) -> None:
    with pytest.raises(IcatError, match=text) as caught:
        ask(query)
    assert caught.value.type == "BAD_PARAMETER"
    assert len(caught.value.message) < 400


@pytest.mark.parametrize(
    "query",
    [
        "SELECT ds FROM Dataset ds WHERE ds.id IN (" + ", ".join(str(n) for n in range(40_000)) + ")",
        "SELECT ds FROM Dataset ds WHERE ds.name IN (" + ", ".join(f"'{n}'" for n in range(9_000)) + ")",
        "SELECT ds FROM Dataset ds WHERE " + "(" * 24 + "ds.id = 1" + ")" * 24,
        "SELECT ds FROM Dataset ds WHERE " + "NOT (" * 24 + "ds.id = 1 AND ds.id = 2" + ")" * 24,
        "SELECT ds FROM Dataset ds WHERE " + "(ds.id = 1 AND (ds.id = 2 OR " * 10 + "ds.id = 1" + "))" * 10,
        "SELECT ds FROM Dataset ds WHERE " + " OR ".join(["ds.id = 1"] * 500),
        "SELECT ds FROM Dataset ds WHERE ds.id = 1" + " + 1" * 50,
        "SELECT ds FROM Dataset ds WHERE ds.id = " + "(1 + " * 20 + "1" + ")" * 20,
        "SELECT ds FROM Dataset ds WHERE " + "ds.id IN (SELECT x.id FROM Dataset x WHERE " * 10 + "x.id = 1" + ")" * 10,
        "SELECT ds FROM Dataset ds" + "".join(f" JOIN ds.datafiles d{n}" for n in range(59)) + " WHERE ds.id = 0",
    ],
    ids=lambda query: query[31:70],
)
def test_long_queries_within_the_limits_are_answered(ask: Asking, query: str) -> None:
    ask(query)


@pytest.mark.parametrize(
    "query",
    [
        "SELECT ds FROM Dataset ds WHERE ds.id * 9223372036854775807 * 9223372036854775807 > 1",
        "SELECT ds FROM Dataset ds WHERE SUBSTRING(ds.name, 1, -5) = 'x'",
        "SELECT ds FROM Dataset ds WHERE SUBSTRING(ds.name, 9999999999) = 'x'",
        "SELECT ds FROM Dataset ds WHERE ds.name LIKE 'x!' ESCAPE '!'",
        "SELECT ds FROM Dataset ds WHERE SQRT(0 - ds.id) > 1 AND MOD(ds.id, 0) = 1",
        "SELECT SUM(ds.id * 9223372036854775807) FROM Dataset ds",
    ],
)
def test_what_a_database_cannot_calculate_is_never_internal(ask: Asking, query: str) -> None:
    refused: IcatError | None = None
    try:
        ask(query)
    except IcatError as error:
        refused = error
    assert refused is None or (refused.type == "BAD_PARAMETER" and "SELECT" not in refused.message)


def test_a_query_that_takes_too_long_is_stopped(ask: Asking) -> None:
    hurried = ask.limited(Limits(max_seconds=0.3))
    tables = ", ".join(f"ParameterType t{n}, DatasetParameter p{n}, Dataset d{n}" for n in range(6))
    with pytest.raises(IcatError, match=r"takes longer than 0\.3 s") as caught:
        hurried(f"SELECT COUNT(t0) FROM {tables} WHERE p0.id + p5.id + d3.id = t1.id * 100000 + d4.id * p2.id")
    assert caught.value.type == "VALIDATION"


def test_an_include_does_not_go_on_for_ever(ask: Asking) -> None:
    there_and_back = ".investigation.datasets" * 20
    assert ask(f"SELECT ds FROM Dataset ds WHERE ds.name = 'none' INCLUDE ds{there_and_back}") == []
    with pytest.raises(IcatError, match="more than 40 relations") as caught:
        ask(f"SELECT ds FROM Dataset ds INCLUDE ds{there_and_back}.investigation")
    assert caught.value.type == "BAD_PARAMETER"


@pytest.mark.parametrize(
    "query",
    [
        "org.icatproject.StudyStatus.NEW",
        "COUNT(org.icatproject.StudyStatus.NEW)",
        "Study ORDER BY org.icatproject.StudyStatus.NEW",
        "SELECT s FROM Study s JOIN org.icatproject.StudyStatus.NEW x",
        "SELECT COUNT(s) FROM Study s GROUP BY org.icatproject.StudyStatus.NEW",
        "SELECT s FROM Study s WHERE SIZE(org.icatproject.StudyStatus.NEW) = 1",
        "SELECT s FROM Study s WHERE s MEMBER OF org.icatproject.StudyStatus.NEW",
    ],
)
def test_constants_are_no_paths(ask: Asking, query: str) -> None:
    with pytest.raises(IcatError) as caught:
        ask(query)
    assert caught.value.type == "BAD_PARAMETER"
