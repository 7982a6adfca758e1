"""Results in the JSON of the REST interface."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from icat_schema.definitions import Attribute, ToOne, schema
from icat_schema.definitions.model import Field
from icat_schema.server.dates import to_json
from icat_schema.server.entities.values import EntityValue
from icat_schema.server.search import SearchResult

Encode = Callable[[Any], str]


def dump(document: Any) -> str:
    """JSON text. Raises ValueError for numbers that are not finite."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False, default=_number)


class AnswerWriter:
    """Writes one answer, with dates in the server's zone. An object that many others refer to is written once and its
    text repeated."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._related: dict[int, str] = {}
        self._dates: dict[datetime, str] = {}
        self._encoders: dict[str, Encode] = {
            "Long": str,
            "Integer": str,
            "Double": lambda value: repr(float(value)),
            "Boolean": lambda value: "true" if value else "false",
            "Date": lambda value: f'"{self._date_text(value)}"',
        }

    def results(self, found: SearchResult) -> str:
        """The JSON array of a search. Nulls stay, alone and in rows; a number that is not finite is a null."""
        if found.kind == "entities":
            return f"[{','.join(map(self.entity, found.rows))}]"
        rows = self._rows(found)
        try:
            return dump(rows)
        except ValueError:
            return dump([[_finite(v) for v in row] if isinstance(row, Sequence) else _finite(row) for row in rows])

    def entity(self, value: EntityValue) -> str:
        """`{"Dataset": {…}}`; related objects inside carry no name. Every to-many relation is there, also as `[]`."""
        return f'{{"{value.entity.name}":{self._content(value)}}}'

    def _rows(self, found: SearchResult) -> list[Any]:
        dates = [i for i, type_ in enumerate(found.types) if type_ == "Date"]
        if found.kind == "scalars":
            return [self._date(v) for v in found.rows] if dates else list(found.rows)
        if not dates:
            return [tuple(row) for row in found.rows]
        return [self._row(row, dates) for row in found.rows]

    def _row(self, row: Iterable[Any], dates: list[int]) -> list[Any]:
        cells = list(row)
        for position in dates:
            cells[position] = self._date(cells[position])
        return cells

    def _date(self, value: datetime | None) -> str | None:
        return None if value is None else self._date_text(value)

    def _date_text(self, value: datetime) -> str:
        """Objects that were stored together share their times."""
        text = self._dates.get(value)
        if text is None:
            text = self._dates[value] = to_json(value, self._zone)
        return text

    def _content(self, value: EntityValue) -> str:
        parts: list[str] = []
        attributes = value.attributes
        for field, head in _in_json_order()[value.entity.name]:
            if isinstance(field, Attribute):
                found = attributes.get(field.name)
                if found is not None:
                    parts.append(head + self._encoders.get(field.type, _text)(found))
            elif isinstance(field, ToOne):
                related = value.one.get(field.name)
                if related is not None:
                    parts.append(head + self._shared(related))
            else:
                children = value.many.get(field.name)
                parts.append(f"{head}[{','.join(map(self._content, children))}]" if children else head + "[]")
        return f"{{{','.join(parts)}}}"

    def _shared(self, value: EntityValue) -> str:
        """The search hands out one object per id and place, so the object itself is the key."""
        text = self._related.get(id(value))
        if text is None:
            text = self._related[id(value)] = self._content(value)
        return text


_text = json.JSONEncoder(ensure_ascii=False).encode


def _number(value: Any) -> int | float:
    """Exact numbers of the database, as sums come out of PostgreSQL."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    raise TypeError(f"{type(value).__name__} is not a value of ICAT")


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


@cache
def _in_json_order() -> dict[str, tuple[tuple[Field, str], ...]]:
    """Fields with the start of their member, by entity: id, the other system fields, then the rest by name."""

    def rank(field: Field) -> tuple[bool, bool, str]:
        return (field.name != "id", not (isinstance(field, Attribute) and field.base), field.name)

    return {
        name: tuple((f, f'"{f.name}":') for f in sorted(entity.fields.values(), key=rank))
        for name, entity in schema().entities.items()
    }
