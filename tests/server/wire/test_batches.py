"""Writes are done in sets: the number of statements does not grow with the number of objects."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from icat_schema.definitions import schema
from icat_schema.server.caller import Caller
from icat_schema.server.entities.values import EntityValue
from icat_schema.server.errors import IcatError
from icat_schema.server.rest.requests import read_changes, read_references
from icat_schema.server.rest.writing import carry_out, remove
from icat_schema.server.service import Service
from icat_schema.server.settings import Settings

NOW = datetime(2024, 5, 1, tzinfo=UTC)
ROOT = Caller("simple/root", is_root=True, now=NOW)
SOMEBODY = Caller("simple/bo", is_root=False, now=NOW)


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    made = Service(Settings(database=f"sqlite:///{tmp_path / 'c.db'}", users_file=None))
    yield made
    made.close()


def _value(entity: str, one: dict[str, int] | None = None, **attributes: Any) -> EntityValue:
    definition = schema().entities[entity]
    value = EntityValue(definition, attributes)
    for name, id_ in (one or {}).items():
        relation = definition.to_one(name)
        assert relation is not None
        value.one[name] = EntityValue(schema().entities[relation.target], {"id": id_})
    return value


@pytest.fixture
def place(service: Service) -> dict[str, int]:
    """Ids of a facility with 60 parameter types and an investigation."""
    facility = service.create(ROOT, _value("Facility", name="f"))
    here = {"facility": facility}
    types = [
        _value("ParameterType", here, name=f"p{n}", units="-", valueType="STRING", applicableToDataset=True)
        for n in range(60)
    ]
    first = service.create_many(ROOT, types)[0]
    investigation_type = service.create(ROOT, _value("InvestigationType", here, name="t"))
    dataset_type = service.create(ROOT, _value("DatasetType", here, name="t"))
    for what in ("Dataset", "DatasetParameter", "Datafile"):
        service.create(ROOT, _value("Rule", crudFlags="CRUD", what=f"SELECT o FROM {what} o WHERE o.createId = :user"))
    one = {**here, "type": investigation_type}
    investigation = service.create(ROOT, _value("Investigation", one, name="i", visitId="1", title="T"))
    return {"investigation": investigation, "type": dataset_type, "parameter": first}


def _dataset(place: dict[str, int], name: str, parameters: int = 60) -> EntityValue:
    value = _value("Dataset", {"investigation": place["investigation"], "type": place["type"]}, name=name)
    value.many["parameters"] = [
        _value("DatasetParameter", {"type": place["parameter"] + n}, stringValue=f"v{n}") for n in range(parameters)
    ]
    return value


@contextmanager
def _statements(service: Service) -> Iterator[list[str]]:
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    event.listen(service.engine, "before_cursor_execute", note)
    yield seen
    event.remove(service.engine, "before_cursor_execute", note)


@pytest.mark.parametrize("caller", [ROOT, SOMEBODY], ids=["root", "by rule"])
def test_as_many_statements_for_a_hundred_datasets_as_for_one(
    service: Service, place: dict[str, int], caller: Caller
) -> None:
    service.create_many(caller, [_dataset(place, "warm")])
    with _statements(service) as for_one:
        service.create_many(caller, [_dataset(place, "one")])
    with _statements(service) as for_many:
        ids = service.create_many(caller, [_dataset(place, f"d{n}") for n in range(100)])
    assert len(ids) == len(set(ids)) == 100
    assert len(for_many) == len(for_one) <= 15
    with service.search_as(ROOT, "SELECT COUNT(p) FROM DatasetParameter p") as found:
        assert list(found.rows) == [102 * 60]


def test_a_list_of_changes_over_rest_takes_a_few_statements(service: Service, place: dict[str, int]) -> None:
    ids = service.create_many(SOMEBODY, [_dataset(place, f"d{n}", 1) for n in range(300)])
    text = ",".join(f'{{"Dataset":{{"id":{i},"description":"new"}}}}' for i in ids)
    with _statements(service) as seen, service.work(SOMEBODY) as work:
        assert carry_out(work, read_changes(f"[{text}]")) == []
    assert len(seen) <= 8
    with service.search_as(ROOT, "SELECT COUNT(d) FROM Dataset d WHERE d.description = 'new'") as found:
        assert list(found.rows) == [300]


def test_a_list_of_deletions_takes_a_few_statements(service: Service, place: dict[str, int]) -> None:
    ids = service.create_many(SOMEBODY, [_dataset(place, f"d{n}", 3) for n in range(300)])
    text = ",".join(f'{{"Dataset":{{"id":{i}}}}}' for i in ids)
    with _statements(service) as seen, service.work(SOMEBODY) as work:
        remove(work, read_references(f"[{text}]"))
    assert len(seen) <= 20
    with service.search_as(ROOT, "SELECT COUNT(p) FROM DatasetParameter p") as found:
        assert list(found.rows) == [0]


def test_ids_are_never_used_again(service: Service, place: dict[str, int]) -> None:
    first = service.create(ROOT, _dataset(place, "first", 0))
    service.delete(ROOT, [_value("Dataset", id=first)])
    assert service.create(ROOT, _dataset(place, "second", 0)) > first


def test_a_refused_batch_stores_nothing(service: Service, place: dict[str, int]) -> None:
    good = [_dataset(place, f"d{n}", 2) for n in range(5)]
    with pytest.raises(IcatError, match="not found"):
        service.create_many(ROOT, [*good, _value("Dataset", {"investigation": 999, "type": place["type"]}, name="x")])
    with service.search_as(ROOT, "SELECT COUNT(d) FROM Dataset d") as found:
        assert list(found.rows) == [0]
