"""Whatever the rules, groups, public steps and content: all ways of asking agree with a look at each single object."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from icat_schema.definitions import Entity, schema
from tests.server.truth.calls import Calls
from tests.server.truth.candidates import UNUSED, as_rest, candidates
from tests.server.truth.cells import Row, Table
from tests.server.truth.conftest import FULL, ROOTS, calls_of
from tests.server.truth.generated import ENTITIES, Texts
from tests.server.truth.graph import Graph, Thing, attributes_of
from tests.server.truth.rights import Rights, meaning
from tests.support.catalogue import RunningCatalogue

PEOPLE = ("nbour", "acord", "jdoe", "anon")
EXAMPLES = 600 if FULL else 12

pytestmark = [pytest.mark.xdist_group("truth"), *([pytest.mark.timeout(3600)] if FULL else [])]


@pytest.fixture(scope="module")
def people(without_rules: RunningCatalogue) -> Iterator[dict[str, Calls]]:
    found = {person: calls_of(without_rules, person) for person in ("root", *PEOPLE)}
    yield found
    for calls in found.values():
        calls.close()


@pytest.fixture(scope="module")
def graph(people: dict[str, Calls]) -> Graph:
    return Graph.dumped(people["root"].search)


@given(data=st.data())
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large],
)
def test_generated_rules_mean_the_same_in_every_way_of_asking(
    people: dict[str, Calls], graph: Graph, data: st.DataObject
) -> None:
    rules = data.draw(st.lists(Texts(graph).rules(), min_size=1, max_size=4), "rules")
    entities = sorted({meaning(rule.text).entity for rule in rules})
    new = [{"Rule": _rule(rule.flags, rule.text, rule.group)} for rule in rules]
    new += [{"PublicStep": step} for step in data.draw(_steps(entities), "public steps")]
    new += data.draw(_content(graph), "content")
    with stored(people["root"], graph, new):
        table = Table(graph, ROOTS, datetime.now(UTC), full=False)
        rights = Rights(graph, ROOTS, datetime.now(UTC))
        for person in data.draw(st.lists(st.sampled_from(PEOPLE), min_size=2, max_size=2, unique=True), "people"):
            for name in entities:
                row = Row(table, rights, schema().entities[name], people[person])
                assert differing(row) == [], person


def differing(row: Row) -> list[Any]:
    parts = (row.search, row.count, row.include, row.get, row.read_access, row.update, row.delete, row.create)
    return [cell for part in parts for cell in part() if cell[1] != cell[2]]


@contextmanager
def stored(root: Calls, graph: Graph, new: list[dict[str, Any]]) -> Iterator[None]:
    """The objects in the catalogue and in the graph, until the end."""
    names = [next(iter(record)) for record in new]
    made = list(zip(names, root.create(*new), strict=True))
    things = [_read_back(root, graph, name, id_) for name, id_ in made]
    try:
        yield
    finally:
        for thing in reversed(things):
            graph.remove(thing)
        assert root.delete(*({name: {"id": id_}} for name, id_ in reversed(made))) == "ok"


def _read_back(root: Calls, graph: Graph, name: str, id_: int) -> Thing:
    entity = schema().entities[name]
    (record,) = root.search(f"SELECT o FROM {name} o WHERE o.id = {id_} INCLUDE 1")
    found = record[name]
    one = {r.name: graph.things[r.target][found[r.name]["id"]] for r in entity.one if found.get(r.name)}
    thing = Thing(name, id_, attributes_of(entity, found), dict(one))
    graph.add(thing)
    return thing


def _rule(flags: str, text: str, group: int | None) -> dict[str, Any]:
    return {"crudFlags": flags, "what": text, **({"grouping": {"id": group}} if group else {})}


def _steps(entities: list[str]) -> st.SearchStrategy[list[dict[str, str]]]:
    steps = [
        {"origin": name, "field": relation.name}
        for name in entities
        for relation in (*schema().entities[name].one, *schema().entities[name].many)
    ]
    return st.lists(st.sampled_from(steps), max_size=2, unique_by=str) if steps else st.just([])


def _content(graph: Graph) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Up to two more objects, of different entities so that none is in the way of another."""

    news = {entity.name: candidates(graph, entity, 5) for entity in ENTITIES}

    def objects(entity: Entity) -> st.SearchStrategy[dict[str, Any]]:
        return st.sampled_from(news[entity.name]).map(lambda new: {entity.name: _named(as_rest(new))})

    possible = [entity for entity in ENTITIES if news[entity.name]]
    return st.lists(st.sampled_from(possible).flatmap(objects), max_size=2, unique_by=lambda record: next(iter(record)))


def _named(record: dict[str, Any]) -> dict[str, Any]:
    """With a name that is not that of the objects which are only tried to be created."""
    return {name: "used" if value == UNUSED else value for name, value in record.items()}
