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
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


class AnswerWriter:
    """Writes one answer, with dates in the server's zone."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._texts = _JsonTexts(zone)

    def results(self, found: SearchResult) -> Iterator[str]:
        """The JSON array of a search. Nulls stay, alone and in rows; a number that is not finite is a null."""
        separator = "["
        for part in self._portions(found):
            yield separator
            yield part
            separator = ","
        yield "[]" if separator == "[" else "]"

    def entities(self, frame: Frame) -> str:
        """`{"Dataset": {…}}` for each; related objects inside carry no name. Every to-many relation is there, also as
        `[]`."""
        start = f'{{"{frame.entity.name}":'
        return ",".join(f"{start}{content}}}}}" for content in frame.results(self._texts.contents(frame)))

    def _portions(self, found: SearchResult) -> Iterator[str]:
        for frame in found.frames:
            yield self.entities(frame)
        for columns in found.columns:
            cells = [
                self._texts.cells(column, type_, "", "", null="null")
                for column, type_ in zip(columns, found.types, strict=True)
            ]
            yield ",".join(cells[0] if found.kind == "scalars" else _rows(cells))


def _rows(cells: Sequence[Column]) -> Iterable[str]:
    return (f"[{row}]" for row in map(",".join, zip(*cells, strict=True)))


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

    def double(self, number: float) -> str:
        found = float(number)
        return repr(found) if math.isfinite(found) else "null"

    def long(self, number: Any) -> str:
        exact = not isinstance(number, Decimal) or number == number.to_integral_value()
        return str(int(number)) if exact else repr(float(number))

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
