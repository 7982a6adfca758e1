"""From keys in a dump file to ids in the catalogue that it is loaded into."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select, tuple_

from icat_schema.definitions import Attribute, Entity, ToMany, ToOne, schema
from icat_schema.server.dump import keys
from icat_schema.server.dump.records import DumpError, Record, Reference
from icat_schema.server.dump.shape import INVESTIGATION, PUBLICATION
from icat_schema.server.dump.values import parse
from icat_schema.server.entities.validate import portions
from icat_schema.server.store.tables import key_column, relation_column, table

KEPT_KEYS = 50_000
"""Keys of one entity that are remembered although the database could find them again."""
OF_A_CHUNK = frozenset((*INVESTIGATION, *PUBLICATION))
"""Of these there may be millions; their keys are forgotten at the end of their chunk."""


class References:
    """What the keys of one file mean. Objects that the file does not hold are looked up in the catalogue."""

    def __init__(self, connection: Connection, zone: ZoneInfo) -> None:
        self._connection = connection
        self._zone = zone
        self._named: dict[str, dict[str, int]] = {name: {} for name in schema().entities}
        self._found: dict[str, dict[str, int]] = {name: {} for name in schema().entities}
        self._numbered: dict[str, array[int]] = {}

    def remember(self, record: Record, id_: int) -> None:
        """The key of a stored record stands for this id from now on."""
        name, key = record.entity.name, record.key
        if key is None or self._take_number(name, key, id_):
            return
        (self._found if _is_own_key(record) else self._named)[name][key] = id_

    def end_chunk(self) -> None:
        """Made-up keys of what belongs to the chunk end here; of the others as many are forgotten as are too many."""
        for name in OF_A_CHUNK:
            self._named[name].clear()
        self.trim()

    def trim(self) -> None:
        """Forget keys that can be looked up again, if there are too many. Not between `look_up` and `id_of`."""
        for found in self._found.values():
            if len(found) > KEPT_KEYS:
                found.clear()

    def look_up(self, name: str, wanted: Iterable[Reference]) -> None:
        """Find what is not known yet, with one statement per entity and portion."""
        missing = {r for r in wanted if isinstance(r, str) and self._known(name, r) is None}
        by_values: dict[tuple[Any, ...], list[str]] = {}
        parsed = {key: self._parts(name, key) for key in missing if keys.number_of(key) is None}
        entity = schema().entities[name]
        for field in entity.unique_key:
            relation = entity.to_one(field)
            if relation is not None and parsed:
                self.look_up(relation.target, {_related(relation, part[field]) for part in parsed.values()})
        for key, part in parsed.items():
            values = self._values(entity, part)
            if values is not None:
                by_values.setdefault(values, []).append(key)
        for values, id_ in self._stored(entity, by_values).items():
            for key in by_values[values]:
                self._found[name][key] = id_

    def id_of(self, name: str, reference: Reference) -> int | None:
        """The id of an object that has been looked up; None if there is none."""
        return self._known(name, reference) if isinstance(reference, str) else self._search(name, reference)

    def _known(self, name: str, key: str) -> int | None:
        found = self._named[name].get(key) or self._found[name].get(key)
        if found is None and (number := keys.number_of(key)) is not None:
            ids = self._numbered.get(name, array("q"))
            return ids[number[1] - 1] if number[0] == name and 0 < number[1] <= len(ids) else None
        return found

    def _take_number(self, name: str, key: str, id_: int) -> bool:
        """Numbers that count from 1 need no key: there may be millions of them."""
        ids = self._numbered.setdefault(name, array("q"))
        if keys.number_of(key) != (name, len(ids) + 1):
            return False
        ids.append(id_)
        return True

    @staticmethod
    def _parts(name: str, key: str) -> dict[str, str]:
        entity = schema().entities[name]
        if keys.entity_of(key) != name:
            raise DumpError(f"'{key}' should be the key of {name}")
        found = keys.parts(key)
        if not entity.unique_key or set(found) != set(entity.unique_key):
            raise DumpError(
                f"'{key}' is neither in the file nor a key with {', '.join(entity.unique_key) or 'a number'}"
            )
        return found

    def _values(self, entity: Entity, part: Mapping[str, str]) -> tuple[Any, ...] | None:
        """The columns of the unique key; None if a related object does not exist."""
        values: list[Any] = []
        for field in entity.unique_key:
            relation = entity.to_one(field)
            if relation is not None:
                values.append(self._known(relation.target, _related(relation, part[field])))
            else:
                attribute = entity.attribute(field)
                assert attribute is not None
                values.append(self._parse(entity, attribute, keys.unquote(part[field])))
        return None if None in values else tuple(values)

    def _stored(self, entity: Entity, wanted: Iterable[tuple[Any, ...]]) -> dict[tuple[Any, ...], int]:
        made = table(entity.name)
        columns = [made.c[key_column(entity, field)] for field in entity.unique_key]
        found: dict[tuple[Any, ...], int] = {}
        for part in portions(list(wanted)):
            statement = select(made.c.id, *columns).where(tuple_(*columns).in_(part))
            found.update({tuple(row[1:]): row[0] for row in self._connection.execute(statement)})
        return found

    def _search(self, name: str, wanted: Mapping[str, str]) -> int | None:
        """The one object with these attributes; `a.b` is an attribute of a related object, `a.ref` its key."""
        entity = schema().entities[name]
        made = table(name)
        statement = select(made.c.id)
        for path, text in wanted.items():
            statement = statement.where(self._condition(entity, made, path.split("."), text))
        ids = self._connection.execute(statement.limit(2)).scalars().all()
        shown = ", ".join(f"{path}='{text}'" for path, text in wanted.items())
        if len(ids) > 1:
            raise DumpError(f"More than one {name} has {shown}")
        return ids[0] if ids else None

    def _condition(self, entity: Entity, made: Any, path: list[str], text: str) -> Any:
        field = entity.fields.get(path[0])
        if isinstance(field, Attribute) and len(path) == 1:
            return made.c[path[0]] == self._parse(entity, field, text)
        if not isinstance(field, ToOne) or len(path) == 1:
            raise DumpError(f"'{'.'.join(path)}' does not tell an object of {entity.name}")
        column = made.c[relation_column(field.name)]
        if path[1:] == ["ref"]:
            self.look_up(field.target, [text])
            return column == self.id_of(field.target, text)
        target = table(field.target).alias()
        inner = self._condition(schema().entities[field.target], target, path[1:], text)
        return column.in_(select(target.c.id).where(inner))

    def _parse(self, entity: Entity, attribute: Attribute, text: str) -> Any:
        try:
            return parse(attribute, text, self._zone)
        except ValueError as error:
            raise DumpError(f"{entity.name}: {attribute.name} is malformed: {error}") from None


def _related(relation: ToOne, quoted: str) -> str:
    return f"{relation.target}_{quoted}"


def _is_own_key(record: Record) -> bool:
    """Whether the key is what the unique key says, so that the database can find the object by it."""
    if not record.entity.unique_key:
        return False
    key = record.entity.name
    for name in record.entity.unique_key:
        field = record.entity.fields[name]
        if isinstance(field, Attribute):
            key += f"_{name}-{keys.quote(str(record.attributes.get(name)))}"
        else:
            assert not isinstance(field, ToMany)
            key += f"_{name}-({keys.tail(str(record.one.get(name)))})"
    return key == record.key
