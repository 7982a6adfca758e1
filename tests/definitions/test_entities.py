"""The entity definitions that ship with the package."""

from __future__ import annotations

import pytest

from icat_schema.definitions import Entity, schema
from icat_schema.definitions.loader import read

ENTITIES = list(schema().entities.values())


def test_there_are_52_entities_with_577_fields() -> None:
    assert len(ENTITIES) == 52
    assert sum(len(entity.fields) for entity in ENTITIES) == 577


def test_entity_names_are_in_code_point_order() -> None:
    names = [entity.name for entity in ENTITIES]
    assert names == sorted(names)


@pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.name)
def test_every_relation_has_its_inverse_on_the_other_side(entity: Entity) -> None:
    for relation in entity.one:
        target = schema().entities[relation.target]
        assert relation.inverse is not None
        back = target.to_many(relation.inverse)
        assert back is not None
        assert (back.target, back.inverse) == (entity.name, relation.name)
    for relation in entity.many:
        target = schema().entities[relation.target]
        back_one = target.to_one(relation.inverse)
        assert back_one is not None
        assert back_one.inverse == relation.name


@pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.name)
def test_every_key_field_exists_and_cannot_be_null(entity: Entity) -> None:
    for name in entity.unique_key:
        field = entity.attribute(name) or entity.to_one(name)
        assert field is not None
        assert not field.nullable


def test_every_exception_type_has_a_status() -> None:
    assert set(schema().http_status) == set(schema().enums["IcatExceptionType"])


def test_export_order_names_every_entity_once() -> None:
    assert sorted(schema().export_order) == sorted(schema().entities)


def test_a_document_with_an_unknown_relation_fact_is_refused() -> None:
    broken = {
        "icat": "5.0",
        "enums": {},
        "httpStatus": {},
        "exportOrder": [],
        "base": [],
        "abstract": {},
        "entities": {"X": {"attributes": [], "one": [{"name": "y", "colour": "red"}], "many": [], "uniqueKey": []}},
    }
    with pytest.raises(TypeError):
        read(broken)
