"""The tables of the catalogue, generated from the entity definitions.

One table per entity, one column per attribute (same name), `<relation>_id` per to-one relation. Nothing cascades in the
database: what a deletion takes along is decided, and authorized, by the server.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    TableClause,
    UniqueConstraint,
    column,
)
from sqlalchemy import table as named_table
from sqlalchemy.sql.selectable import NamedFromClause

from icat_schema.definitions import Attribute, Entity, ToOne, schema
from icat_schema.server.store.columns import Identifier, Instant, Ordinal, text

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

FREQUENT_CONDITIONS: dict[str, tuple[tuple[str, ...], ...]] = {
    "Dataset": (("location",), ("name",), ("startDate",), ("doi",)),
    "Datafile": (("location",),),
    "Investigation": (("name",), ("startDate",), ("endDate",), ("releaseDate",), ("doi",)),
    "Sample": (("name",), ("pid",)),
    "ParameterType": (("name",),),
    "DataCollection": (("createId",), ("doi",)),
    "Job": (("createId",),),
    "RelatedDatafile": (("createId",),),
    "InvestigationUser": (("role",),),
}
"""Columns beyond keys and relations that clients and usual rules put conditions on."""

RETIRED_INDEXES = tuple(
    f"ix_{owner}Parameter_stringValue" for owner in ("DataCollection", "Datafile", "Dataset", "Investigation", "Sample")
)
"""Indexes that older databases may have, and that others take the place of."""

SYSTEM_TEXT_LENGTH = 255


def table(entity_name: str) -> Table:
    """The table of a concrete entity. Raises KeyError for an unknown name."""
    return metadata.tables[entity_name]


@cache
def _plain(entity_name: str) -> TableClause:
    return named_table(entity_name, *(column(own.name, own.type) for own in table(entity_name).c))


def occurrence(entity_name: str) -> NamedFromClause:
    """The table under a name of its own, for one place of a query. What `Table.alias` makes knows keys, indexes and
    events of every column as well, which takes most of the time and the memory of compiling a query."""
    return _plain(entity_name).alias()


def relation_column(relation: str) -> str:
    """Name of the column that holds the id of a to-one relation."""
    return f"{relation}_id"


def key_column(entity: Entity, field: str) -> str:
    """Name of the column behind a field of the unique key."""
    return relation_column(field) if entity.to_one(field) else field


def _attribute_type(attribute: Attribute) -> Any:
    if attribute.is_enum:
        return Ordinal(schema().enums[attribute.type])
    if attribute.type == "String":
        return text(attribute.max_length or SYSTEM_TEXT_LENGTH)
    return {"Long": BigInteger(), "Integer": Integer(), "Double": Double(), "Boolean": Boolean(), "Date": Instant()}[
        attribute.type
    ]


def _attribute_column(attribute: Attribute) -> Column[Any]:
    if attribute.name == "id":
        return Column("id", Identifier, primary_key=True, autoincrement=True)
    return Column(attribute.name, _attribute_type(attribute), nullable=attribute.nullable)


def _relation_column(relation: ToOne) -> Column[Any]:
    return Column(
        relation_column(relation.name), Identifier, ForeignKey(f"{relation.target}.id"), nullable=relation.nullable
    )


def _indexes(entity: Entity, made: Table) -> Iterator[Index]:
    """An index per relation (unless another one starts with it), and those for frequent conditions."""
    covered = {key_column(entity, entity.unique_key[0])} if entity.unique_key else set()
    if entity.extends == "Parameter":
        covered.add("type_id")
        yield Index(None, made.c.type_id, made.c.numericValue)
        # Values of up to 4000 characters do not fit PostgreSQL's ordered indexes, and its hashes become slow to write
        # when many rows have the same value.
        text_index = f"ix_{entity.name}_text"
        yield Index(text_index, made.c.stringValue, postgresql_using="spgist").ddl_if(dialect="postgresql")
        yield Index(text_index, made.c.type_id, made.c.stringValue).ddl_if(dialect="sqlite")
    for relation in entity.one:
        column = relation_column(relation.name)
        if column not in covered:
            yield Index(None, made.c[column])
    for columns in FREQUENT_CONDITIONS.get(entity.name, ()):
        yield Index(None, *(made.c[c] for c in columns))


def _make(entity: Entity) -> Table:
    made = Table(
        entity.name,
        metadata,
        *(_attribute_column(a) for a in entity.attributes),
        *(_relation_column(r) for r in entity.one),
        sqlite_autoincrement=True,  # an id is never given to a second object
    )
    if entity.unique_key:
        made.append_constraint(UniqueConstraint(*(key_column(entity, f) for f in entity.unique_key)))
    for index in _indexes(entity, made):
        assert index.table is made
    return made


for _entity in schema().entities.values():
    _make(_entity)
