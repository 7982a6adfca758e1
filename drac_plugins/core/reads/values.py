"""Parameter values as text, which is how the ICAT+ wire carries all of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, tzinfo
from typing import Any, overload

from drac_plugins.core.reads.days import wire_date
from drac_plugins.core.reads.records import ParameterRecord

VALUE_COLUMNS = ("stringValue", "numericValue", "dateTimeValue")


def text_of(string: str | None, number: float | None, instant: datetime | None, zone: tzinfo) -> str:
    """The one of the three that is there; ICAT fills it by the type of the parameter."""
    if string is not None:
        return string
    if number is not None:
        return number_text(number)
    return wire_date(instant, zone) or ""


def number_text(number: float) -> str:
    """The shortest text that reads back as this number; whole numbers without `.0`."""
    return str(int(number)) if abs(number) < 1e16 and number == int(number) else repr(number)


def parameter_columns(owner: str) -> tuple[str, ...]:
    """Columns of a parameter entity whose object is reached by `owner`, for `parameters_of`."""
    return (f"{owner}.id", "type.name", *VALUE_COLUMNS, "type.units", "id")


class Parameters(Sequence[ParameterRecord]):
    """The parameters of one object, of rows as the catalogue gave them. A reply holds hundreds of thousands, most of
    which are only written down again; so they become records when they are looked at."""

    __slots__ = ("_rows", "_zone")

    def __init__(self, rows: Sequence[tuple[Any, ...]], zone: tzinfo) -> None:
        self._rows = rows
        self._zone = zone

    def plain(self) -> Iterator[tuple[int, int, str, str, str]]:
        """The values of each record, without the record."""
        zone = self._zone
        return (
            (key, owner, name, string if string is not None else text_of(None, number, instant, zone), units)
            for owner, name, string, number, instant, units, key in self._rows
        )

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[ParameterRecord]:
        return map(ParameterRecord._make, self.plain())

    @overload
    def __getitem__(self, index: int) -> ParameterRecord: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[ParameterRecord]: ...
    def __getitem__(self, index: int | slice) -> ParameterRecord | Sequence[ParameterRecord]:
        if isinstance(index, slice):
            return Parameters(self._rows[index], self._zone)
        return next(iter(Parameters([self._rows[index]], self._zone)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({list(self)!r})"


def parameters_of(rows: Iterable[tuple[Any, ...]], zone: tzinfo) -> dict[int, Parameters]:
    """Rows of `parameter_columns` by id of the object, in their order."""
    found: defaultdict[int, list[tuple[Any, ...]]] = defaultdict(list)
    for row in rows:
        found[row[0]].append(row)
    return {owner: Parameters(own, zone) for owner, own in found.items()}
