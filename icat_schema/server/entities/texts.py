"""Objects and values as text, column by column: what SOAP and REST answers have in common.

A column is looked at as a whole: one that is null everywhere costs nothing, a value that comes again is written once,
and texts are searched for characters to escape all at once.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import repeat
from typing import Any

from icat_schema.definitions import Attribute, ToOne
from icat_schema.definitions.model import Field
from icat_schema.server.entities.frames import Frame
from icat_schema.server.store.fetch import Column


@dataclass(frozen=True, slots=True)
class Member:
    """A field with what stands before and behind its value. `column`: its place among the attributes."""

    field: Field
    start: str
    end: str
    column: int = -1


class Texts(ABC):
    """Writes the parts of one answer."""

    def __init__(self) -> None:
        self._dates: dict[datetime, str] = {}

    # What the format says ------------------------------------------------------------------------------------------

    @abstractmethod
    def members(self, entity: str) -> Sequence[Member]:
        """The fields of an entity in the order of the format."""

    @abstractmethod
    def escaped(self, texts: Iterable[str]) -> Sequence[str]:
        """Texts as they stand between what surrounds them."""

    @abstractmethod
    def date(self, moment: datetime) -> str:
        """A moment in the server's zone."""

    @abstractmethod
    def double(self, number: float) -> str: ...

    @abstractmethod
    def long(self, number: Any) -> str:
        """Sums come out of PostgreSQL as exact decimals."""

    @abstractmethod
    def related(self, member: Member, contents: Sequence[str]) -> str:
        """The objects of a to-many relation; `contents` may be empty."""

    # Objects -------------------------------------------------------------------------------------------------------

    def contents(self, frame: Frame) -> list[str]:
        """What is inside each object. An object that many others refer to is written once."""
        if not len(frame):
            return []
        columns = [column for member in self.members(frame.entity.name) if (column := self._member(frame, member))]
        return list(map("".join, zip(*columns, strict=True)))

    def _member(self, frame: Frame, member: Member) -> Iterable[str] | None:
        """The texts of one field; None when no object has any."""
        field = member.field
        if isinstance(field, Attribute):
            return self._attribute(frame.columns[member.column], field.type, member)
        if isinstance(field, ToOne):
            return self._one(frame, member)
        return self._many(frame, member)

    def _attribute(self, column: Column, type_: str, member: Member) -> Iterable[str] | None:
        if column.count(None) == len(column):
            return None
        return self.cells(column, type_, member.start, member.end, null="")

    def _one(self, frame: Frame, member: Member) -> Iterable[str] | None:
        one = frame.one.get(member.field.name)
        if one is None:
            return None
        texts = [f"{member.start}{content}{member.end}" for content in self.contents(one.frame)]
        return ["" if position is None else texts[position] for position in one.positions]

    def _many(self, frame: Frame, member: Member) -> Iterable[str] | None:
        many = frame.many.get(member.field.name)
        if many is None:
            nothing = self.related(member, ())
            return list(repeat(nothing, len(frame))) if nothing else None
        contents = self.contents(many.frame)
        return [self.related(member, [contents[p] for p in positions]) for positions in many.positions]

    # Values --------------------------------------------------------------------------------------------------------

    def cells(self, column: Column, type_: str, start: str, end: str, *, null: str) -> list[str]:
        """The values of a column between `start` and `end`; `null` is written as it is."""
        if type_ == "Double":  # no two numbers are looked at as one: -0.0 equals 0.0
            write = self.double
            return [null if value is None else f"{start}{write(value)}{end}" for value in column]
        distinct = set(column)
        distinct.discard(None)
        if len(distinct) == len(column):
            return [f"{start}{text}{end}" for text in self._values(column, type_)]
        values = list(distinct)
        known = {v: f"{start}{t}{end}" for v, t in zip(values, self._values(values, type_), strict=True)}
        known[None] = null
        return [known[value] for value in column]

    def _values(self, values: Sequence[Any], type_: str) -> Iterable[str]:
        writers: dict[str, Callable[[Any], str]] = {
            "Long": self.long,
            "Integer": str,
            "Boolean": lambda value: "true" if value else "false",
            "Date": self.known_date,
        }
        writer = writers.get(type_)
        return self.escaped(values) if writer is None else map(writer, values)

    def known_date(self, moment: datetime) -> str:
        """Objects that were stored together share their times."""
        text = self._dates.get(moment)
        if text is None:
            text = self._dates[moment] = self.date(moment)
        return text
