"""Results in the JSON of the REST interface."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from icat_schema.definitions import Attribute, schema
from icat_schema.definitions.model import Field, ToMany
from icat_schema.server.dates import to_json
from icat_schema.server.entities.frames import Frame
from icat_schema.server.entities.texts import Member, Texts
from icat_schema.server.search import SearchResult
from icat_schema.server.store.fetch import Column

ESCAPED = re.compile(r'["\\\x00-\x1f]')


def dump(document: Any) -> str:
    """JSON text. Raises ValueError for numbers that are not finite."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False, default=_number)


class AnswerWriter:
    """Writes one answer, with dates in the server's zone."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._texts = _JsonTexts(zone)

    def results(self, found: SearchResult) -> Iterator[bytes]:
        """The JSON array of a search. Nulls stay, alone and in rows; a number that is not finite is a null."""
        separator = b"["
        for part in self._portions(found):
            yield separator
            yield part
            separator = b","
        yield b"[]" if separator == b"[" else b"]"

    def entities(self, frame: Frame) -> bytes:
        """`{"Dataset": {…}}` for each; related objects inside carry no name. Every to-many relation is there, also as
        `[]`."""
        start = f'{{"{frame.entity.name}":'
        return ",".join(f"{start}{content}}}}}" for content in frame.results(self._texts.contents(frame))).encode()

    def _portions(self, found: SearchResult) -> Iterator[bytes]:
        for frame in found.frames:
            yield self.entities(frame)
        for columns in found.columns:
            for position, type_ in enumerate(found.types):
                if type_ == "Date":
                    columns[position] = self._texts.moments(columns[position])
            yield _array(columns[0] if found.kind == "scalars" else zip(*columns, strict=True))


def _array(values: Iterable[Any]) -> bytes:
    """The members of a JSON array."""
    items = list(values)
    try:
        return orjson.dumps(items, default=_number)[1:-1]
    except TypeError:  # a sum of more than 64 bits
        return dump(items)[1:-1].encode()


def _number(value: Any) -> int | float:
    """Exact numbers of the database, as sums come out of PostgreSQL."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    raise TypeError(f"{type(value).__name__} is not a value of ICAT")


class _JsonTexts(Texts):
    """Contents begin with a brace, that of their first member, and end without one."""

    def __init__(self, zone: ZoneInfo) -> None:
        super().__init__()
        self._zone = zone

    def members(self, entity: str) -> Sequence[Member]:
        return _in_json_order()[entity]

    def escaped(self, texts: Iterable[str]) -> Sequence[str]:
        found = list(texts)
        if ESCAPED.search("".join(found)) is None:
            return [f'"{text}"' for text in found]
        return [_text(text) for text in found]

    def date(self, moment: datetime) -> str:
        return f'"{to_json(moment, self._zone)}"'

    def moments(self, column: Column) -> list[str | None]:
        """Moments as texts that are not JSON yet."""
        return [None if moment is None else self.known_date(moment)[1:-1] for moment in column]

    def double(self, number: float) -> str:
        found = float(number)
        return repr(found) if math.isfinite(found) else "null"

    def long(self, number: Any) -> str:
        return str(number)

    def related(self, member: Member, contents: Sequence[str]) -> str:
        return f"{member.start}[{'},'.join(contents)}}}]" if contents else f"{member.start}[]"


_text = json.JSONEncoder(ensure_ascii=False).encode


@cache
def _in_json_order() -> dict[str, tuple[Member, ...]]:
    """Fields with the start of their member, by entity: id, the other system fields, then the rest by name."""
    orders = {}
    for name, entity in schema().entities.items():
        place = {attribute.name: position for position, attribute in enumerate(entity.attributes)}
        orders[name] = tuple(_member(field, place) for field in sorted(entity.fields.values(), key=_rank))
    return orders


def _member(field: Field, place: dict[str, int]) -> Member:
    # The id is always there: it opens the object, and every other member brings its comma.
    start = f'{"{" if field.name == "id" else ","}"{field.name}":'
    end = "" if isinstance(field, Attribute | ToMany) else "}"
    return Member(field, start, end, place.get(field.name, -1))


def _rank(field: Field) -> tuple[bool, bool, str]:
    return (field.name != "id", not (isinstance(field, Attribute) and field.base), field.name)
