"""Whatever the query: printing and parsing are each other's inverse, and the answer is a result or a typed refusal."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from icat_schema.server.caller import Caller
from icat_schema.server.errors import IcatError
from icat_schema.server.jpql import tree
from icat_schema.server.jpql.concise import translate
from icat_schema.server.jpql.parser import is_select, parse_concise, parse_fetch, parse_query
from icat_schema.server.jpql.printer import print_fetch, print_query
from icat_schema.server.search import Catalogue, Limits
from icat_schema.server.store.engine import reading
from tests.fuzz.mutations import Mutator
from tests.fuzz.requests import recorded_queries
from tests.server.query.conftest import ZONE
from tests.server.query.trees import Trees

ANY = Trees(["a", "a.b", "Order.by.x", "select$.count", "_x.y1"], ["A", "Select", "b$"], ["v", "W", "order", "x$1"])
PATHS = (
    "a b a.id a.name a.investigation a.investigation.name a.sample.name a.sample.type.id a.startDate a.fileSize "
    "a.complete a.parameters a.datafiles b.numericValue b.type.valueType b.type b.dataset b.name b.id c.name "
    "a.investigation.datasets a.investigation.releaseDate"
)
WORDS = (
    "SELECT DISTINCT FROM WHERE Dataset d ds.name d.id ( ) , 'x' 1 2.5 = <> LIKE IN AND OR NOT NULL IS EMPTY MEMBER OF "
    "COUNT( MAX( JOIN LEFT d.parameters p GROUP BY ORDER HAVING INCLUDE LIMIT 0 5 * + - / [ ] <-> Investigation :user "
    "{ts EXISTS( ALL( SIZE( TRIM( BETWEEN ' \" ; CASE"
)
REAL = Trees(PATHS.split(), ["Dataset", "DatasetParameter", "Datafile"], ["a", "b", "c"])
QUIET = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.function_scoped_fixture],
)


def answered(engine: Engine, text: str, user: str = "root") -> list[Any]:
    """The rows; a refusal is an empty answer, but only one that says what is wrong with the query."""
    catalogue = Catalogue(engine, ZONE, Limits(max_entities=200))
    caller = Caller(f"simple/{user}", user == "root", datetime(2026, 1, 1, tzinfo=UTC))
    try:
        with reading(engine) as connection:
            return list(catalogue.search(connection, caller, text).rows)
    except IcatError as error:
        if error.type not in ("BAD_PARAMETER", "VALIDATION"):
            raise
        return []


@given(query=ANY.queries())
@QUIET
def test_parsing_what_was_printed_gives_the_same_tree(query: tree.Query) -> None:
    assert parse_query(print_query(query)) == query


@given(fetch=st.builds(tree.Fetch, st.sampled_from(["A", "b$"]), st.just("v"), st.none() | st.just(tree.IncludeOne())))
@QUIET
def test_get_texts_survive_printing(fetch: tree.Fetch) -> None:
    assert parse_fetch(print_fetch(fetch)) == fetch


@pytest.mark.usefixtures("stored")
@given(query=REAL.queries())
@QUIET
def test_every_query_over_the_schema_is_answered_or_refused(engine: Engine, query: tree.Query) -> None:
    text = print_query(query)
    everything = answered(engine, text)
    assert len(everything) <= 200
    if not any(isinstance(item, tree.Aggregate) for item in query.select.items):
        assert answered(engine, text, "dee") == []


@pytest.mark.usefixtures("stored")
@given(words=st.lists(st.sampled_from(WORDS.split()), max_size=25))
@QUIET
def test_any_row_of_words_is_answered_or_refused(engine: Engine, words: list[str]) -> None:
    answered(engine, " ".join(words))
    answered(engine, "SELECT d FROM Dataset d WHERE " + " ".join(words))


@given(text=st.text(max_size=60))
@example("SELECT " + "(" * 5_000)
@example("[" * 100_000)
@example("'" * 99_999)
@example("SELECT ds FROM Dataset ds WHERE ds.id IN (" + "1," * 100_000 + "'x')")
@QUIET
def test_any_text_is_parsed_or_refused(text: str) -> None:
    for parse in (parse_query, parse_concise, parse_fetch):
        try:
            parse(text)
        except IcatError as error:
            if error.type != "BAD_PARAMETER":
                raise


@pytest.mark.parametrize("text", [q for q in recorded_queries() if q])
def test_the_recorded_queries_survive_printing(text: str) -> None:
    printed_and_read_again(text)


@given(text=st.sampled_from(recorded_queries()), seed=st.integers(0, 2**32))
@QUIET
def test_whatever_can_be_read_survives_printing(text: str, seed: int) -> None:
    printed_and_read_again(Mutator(random.Random(seed)).query(text))


def printed_and_read_again(text: str) -> None:
    """The concise form is compared by its translation; texts without meaning are not looked at."""
    try:
        query = parse_query(text) if is_select(text) else translate(parse_concise(text))
    except IcatError:
        pass
    else:
        assert parse_query(print_query(query)) == query
    try:
        fetch = parse_fetch(text)
    except IcatError:
        return
    if fetch.variable is not None or not isinstance(fetch.include, tuple):
        assert parse_fetch(print_fetch(fetch)) == fetch
