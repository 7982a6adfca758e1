"""Queries of one form are compiled once, and answered as if each had been compiled by itself."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy import Engine

from icat_schema.server import search
from icat_schema.server.caller import Caller
from icat_schema.server.errors import IcatError
from icat_schema.server.jpql.forms import KEPT_CHARACTERS, LONGEST_KEPT, TOKENS, take_apart
from icat_schema.server.jpql.printer import print_query
from icat_schema.server.search import Catalogue, Limits
from icat_schema.server.store.engine import reading
from tests.server.query.conftest import ZONE, Asking
from tests.server.query.test_any_query import QUIET, REAL

TEXTS = st.text("ab'%\\\\_?", max_size=4)
WHERE = "SELECT d.id FROM Dataset d WHERE "
MEANINGFUL = (
    "d.id = 1",
    "1 = d.id",
    "d.id = 1 AND d.name = 'ds1'",
    "d.id BETWEEN 1 AND 2",
    "d.id IN (1, 2, 3)",
    "d.id IN (1)",
    "d.id NOT IN (1, 2)",
    "NOT (d.id = 1 OR d.name <> 'ds1')",
    "d.complete = 1",
    "d.name = 1",
    "d.name IN (1, 2)",
    "d.startDate > '2020-01-01 00:00:00'",
    "d.name LIKE '%s1'",
    "d.id = 1 + 1",
    "d.id = -1",
    "d.id = - (1)",
    "d.id = 1.0",
    "d.id = '1'",
    "d.id IN (1, -2)",
    "d.name IN ('ds1', 'ds2')",
    "LENGTH(d.name) > 2",
    "EXISTS (SELECT p FROM DatasetParameter p WHERE p.dataset = d AND p.numericValue > 1)",
    "d.id = 12345678901234567890123",
)


def answer(engine: Engine, catalogue: Catalogue, text: str) -> Any:
    """The rows, in an order that says nothing; of a refusal its type."""
    caller = Caller("simple/root", True, datetime(2026, 1, 1, tzinfo=UTC))
    try:
        with reading(engine) as connection:
            return sorted(map(repr, catalogue.search(connection, caller, text).rows))
    except IcatError as error:
        return error.type


def with_values(text: str, number: int, other: str) -> str:
    """The same form with these in all places."""
    quoted = "'" + other.replace("'", "''") + "'"
    made = {"number": str(number), "text": quoted, "list": f"({number}, {number + 1})"}
    return TOKENS.sub(lambda token: made.get(token.lastgroup or "", token[0]), text)


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize("condition", MEANINGFUL)
@pytest.mark.parametrize(("number", "other"), [(0, "x"), (1, ""), (7, "true"), (2, "2020-01-01 00:00:00"), (3, "\\%")])
def test_an_answer_does_not_depend_on_the_values_that_came_before(
    engine: Engine, condition: str, number: int, other: str
) -> None:
    warm, text = Catalogue(engine, ZONE, Limits()), WHERE + condition
    answer(engine, warm, with_values(text, number, other))
    assert answer(engine, warm, text) == answer(engine, Catalogue(engine, ZONE, Limits()), text)


@pytest.mark.usefixtures("stored")
@given(query=REAL.queries(), number=st.integers(0, 300), other=TEXTS)
@QUIET
def test_no_answer_depends_on_a_query_of_the_same_form(engine: Engine, query: Any, number: int, other: str) -> None:
    warm, text = Catalogue(engine, ZONE, Limits(max_entities=200)), print_query(query)
    answer(engine, warm, with_values(text, number, other))
    assert answer(engine, warm, text) == answer(engine, Catalogue(engine, ZONE, Limits(max_entities=200)), text)


@given(text=st.text("ab.1 '(,)-:{}$e\n", max_size=30))
@example("x IN ( 1 ,2) AND y = 'it''s' AND 1.5 > 3e5 - 7 AND a1.b2 = {ts 2020-01-01 00:00:00}")
@QUIET
def test_what_was_taken_apart_is_the_text_again(text: str) -> None:
    taken = take_apart(text)
    parts = taken.form.split("\0")
    assert len(parts) == 2 * len(taken.values) + 1
    tokens = [m[0] for m in TOKENS.finditer(text) if m.lastgroup]
    whole = "".join(part + token for part, token in zip(parts[::2], [*tokens, ""], strict=True))
    assert whole == text
    assert [text[place : place + len(token)] for place, token in zip(taken.places, tokens, strict=True)] == tokens


@pytest.mark.parametrize(
    "queries",
    [
        ["SELECT d.name FROM Dataset d WHERE d.id = 1", "SELECT d.name FROM Dataset d WHERE d.id = 22"],
        ["SELECT d FROM Dataset d WHERE d.id IN (1, 2)", "SELECT d FROM Dataset d WHERE d.id IN (1, 2, 3, 4)"],
        ["Dataset [name = 'a']", "Dataset [name = 'b']"],
        [
            "SELECT p.id FROM DatasetParameter p WHERE p.dataset.id BETWEEN 1 AND 2 AND p.id > 0 LIMIT 0, 9",
            "SELECT p.id FROM DatasetParameter p WHERE p.dataset.id BETWEEN 3 AND 9 AND p.id > 5 LIMIT 0, 9",
        ],
    ],
)
def test_queries_of_one_form_are_compiled_once(ask: Asking, queries: list[str]) -> None:
    with patch.object(search, "compile_query", wraps=search.compile_query) as compiling:
        for query in queries:
            ask(query)
    assert compiling.call_count == 1


@pytest.mark.parametrize(
    "query", ["SELECT d FROM Dataset d LIMIT 0, 1", "SELECT d FROM Dataset d LIMIT 0, 2", "Dataset INCLUDE 1"]
)
def test_what_is_no_value_belongs_to_the_form(ask: Asking, query: str) -> None:
    ask("SELECT d FROM Dataset d LIMIT 1, 1")
    limited = {"0, 1": 1, "0, 2": 2}.get(query.partition("LIMIT ")[2])
    assert limited is None or len(ask(query)) == limited


def test_a_query_that_looks_like_a_form_is_refused(ask: Asking) -> None:
    ask("SELECT d.name FROM Dataset d WHERE d.id = 1")
    with pytest.raises(IcatError) as caught:
        ask("SELECT d.name FROM Dataset d WHERE d.id = \0number\0")
    assert caught.value.type == "BAD_PARAMETER"


@pytest.mark.parametrize("other", ["INCLUDE 01", "INCLUDE \u0661"])
def test_an_include_of_another_spelling_is_refused_whatever_came_before(ask: Asking, other: str) -> None:
    ask("SELECT d FROM Dataset d INCLUDE 1")
    with pytest.raises(IcatError):
        ask(f"SELECT d FROM Dataset d {other}")


@pytest.mark.parametrize("text", ["9" * 200, "007", "{" * 50, "1234567890123456789"])
def test_numbers_that_are_long_or_odd_stay_in_the_form(text: str) -> None:
    assert take_apart(text).form == text


def test_what_is_kept_is_bounded_by_its_length(engine: Engine) -> None:
    """Of what is compiled anew each time, as this cannot be a value of a form."""
    forms = Catalogue(engine, ZONE, Limits())._forms
    for number in range(400):
        forms.compiled(f"SELECT d.id FROM Dataset d WHERE d.name LIKE '{number:0300}%'")
    forms.compiled("SELECT d.id FROM Dataset d WHERE d.name LIKE '" + "x" * LONGEST_KEPT + "'")
    assert 0 < forms._kept.currsize <= KEPT_CHARACTERS
    assert max(kept.characters for kept in forms._kept.values()) <= LONGEST_KEPT
