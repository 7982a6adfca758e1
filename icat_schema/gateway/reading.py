"""From a `Select` to all of its rows in as few calls as possible.

The server processes at most `maxEntities` rows per query, so all rows of a query are read in windows of that size,
each starting behind the last id of the one before (an offset would skip or repeat rows when something is written
meanwhile). Columns over a nullable relation to an entity with restricted rules (`Dataset.sample`, the collections of a
Job) take one more call per window and relation, see `paths.PUBLIC_TABLES`; where such a related object is missing, or
is there but not readable, the row has None.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import chain
from operator import itemgetter
from types import NoneType
from typing import Any

from icat_schema.definitions import Attribute, schema
from icat_schema.gateway.conditions import Condition, Gt, In, Le, NotNull, Value
from icat_schema.gateway.errors import InvalidRequest, unreadable
from icat_schema.gateway.literals import constant
from icat_schema.gateway.paths import row_path, value_path
from icat_schema.gateway.query import Select, render, render_count
from icat_schema.gateway.rest import encoded
from icat_schema.gateway.zone import ServerZone

Row = tuple[Any, ...]
Search = Callable[[str], list[Any]]

_PROBES = (
    ("Investigation", "startDate"),
    ("Dataset", "createTime"),
    ("User", "createTime"),
    ("Facility", "createTime"),
)
_PROBED_ROWS = 300
_ROOM_FOR_WINDOW = 120
"""Bytes that the conditions of a window may add to a query."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads with one session. `search` sends a query text; `window` is the server's maxEntities."""

    search: Search
    zone: ServerZone
    window: int
    query_bytes: int

    def rows(self, select: Select) -> list[Row]:
        """Every row. Ordered by the server when all fit into one window; else the order is made here: null first, texts
        by code point."""
        _whole(select)
        if select.groups:
            return list(self._distinct(select))
        if select.order:
            first = self.page(replace(select, limit=self.window))
            if len(first) < self.window:
                return first
            return _ordered(select, self._in_windows)
        return self._in_windows(select)

    def rows_for(self, select: Select, path: str, values: Collection[Value]) -> list[Row]:
        """Every row whose `path` is one of the values, in as many portions as the length of a GET asks for."""
        _whole(select)
        portions = list(self._portions(select, path, list(dict.fromkeys(values))))
        if len(portions) == 1:
            return self.rows(select.having(portions[0]))
        if select.groups:
            raise InvalidRequest("different rows cannot be read in portions; shorten the list of values")
        return _ordered(select, lambda wide: self._portioned(wide, portions)) if portions else []

    def page(self, select: Select) -> list[Row]:
        """The rows from `offset` on, `limit` of them."""
        if select.limit is None:
            return self.rows(replace(select, offset=0))[select.offset :]
        rows: list[Row] = []
        while len(rows) < select.limit:
            size = min(self.window, select.limit - len(rows))
            found = self._page(replace(select, offset=select.offset + len(rows), limit=size))
            rows += found
            if len(found) < size:
                break
        return rows

    def count(self, select: Select) -> int:
        found = self.search(render_count(select, self._wall_clock))
        if len(found) != 1 or not isinstance(found[0], int):
            raise unreadable()
        return found[0]

    def _page(self, select: Select) -> list[Row]:
        if select.groups:
            return self._fetch(select)
        parts = _Parts(select)
        main = self._fetch(parts.main)
        ids = [row[-1] for row in main]
        asides = [self._aside(parts, relation, self._portions(select, "id", ids)) for relation in parts.guarded]
        return parts.joined(main, asides)

    def _aside(self, parts: _Parts, relation: str, portions: Iterable[Condition]) -> dict[int, Row]:
        found: dict[int, Row] = {}
        for portion in portions:
            found.update((row[0], row[1:]) for row in self._fetch(parts.aside(relation).having(portion)))
        return found

    def _in_windows(self, select: Select) -> list[Row]:
        return list(chain.from_iterable(rows for _, rows in self._windows(select)))

    def _windows(self, select: Select) -> Iterator[tuple[list[int], list[Row]]]:
        """Ids and rows of every object, by id, window by window."""
        parts = _Parts(select)
        query = replace(parts.main, order=(), limit=self.window)
        last: int | None = None
        while True:
            main = self._fetch(query if last is None else query.having(Gt("id", last)))
            if main:
                here: list[Condition] = [Le("id", main[-1][-1])]
                here += [] if last is None else [Gt("id", last)]
                asides = [self._between(parts, relation, here) for relation in parts.guarded]
                yield [row[-1] for row in main], parts.joined(main, asides)
            if len(main) < self.window:
                return
            last = main[-1][-1]

    def _between(self, parts: _Parts, relation: str, here: list[Condition]) -> dict[int, Row]:
        query = parts.aside(relation)
        for condition in here:
            query = query.having(condition)
        return {row[0]: row[1:] for row in self._fetch(query)}

    def _distinct(self, select: Select) -> Iterator[Row]:
        """Different rows have no id to go on from; they are few, and their order is total."""
        offset = 0
        while True:
            found = self._fetch(replace(select, offset=offset, limit=self.window))
            yield from found
            if len(found) < self.window:
                return
            offset += self.window

    def _portioned(self, select: Select, portions: Sequence[Condition]) -> list[Row]:
        """An object that several portions find (over a relation to many) is kept once."""
        found: dict[int, Row] = {}
        for portion in portions:
            for ids, rows in self._windows(select.having(portion)):
                found.update(zip(ids, rows, strict=True))
        return list(found.values())

    def _portions(self, select: Select, path: str, values: list[Any]) -> Iterator[In]:
        """The values as conditions, each short enough that the query fits into `query_bytes`."""
        if not values:
            return
        attribute = value_path(select.entity, path)[1]
        longest = max(len(encoded(render(q, self._wall_clock))) for q in _Parts(select).queries(In(path, values[:1])))
        room = max(self.query_bytes - longest - _ROOM_FOR_WINDOW, 1)
        start = size = 0
        for i, value in enumerate(values):
            cost = len(encoded(constant(attribute, value, self._wall_clock))) + 1
            if i > start and size + cost > room:
                yield In(path, values[start:i])
                start, size = i, 0
            size += cost
        yield In(path, values[start:])

    def _fetch(self, select: Select) -> list[Row]:
        return _decoded(self.search(render(select, self._wall_clock)), select.attributes, self.zone)

    def _wall_clock(self, instant: datetime) -> datetime:
        if not self.zone.known:
            self.zone.learn(self._server_dates())
        return self.zone.wall_clock(instant)

    def _server_dates(self) -> list[datetime]:
        """Some stored dates as the server writes them, from the first table in which this session can read any."""
        for entity, attribute in _PROBES:
            select = Select(entity, [attribute, "id"], NotNull(attribute), [("id", "DESC")], limit=_PROBED_ROWS)
            found = self.search(render(select, _no_clock))
            if found:
                return [_date(row[0]) for row in found]
        return []


class _Parts:
    """A query cut into one for what is always readable (its last column is the id) and one per guarded relation."""

    def __init__(self, select: Select) -> None:
        self._select = select
        self.guarded: dict[str, list[str]] = {}
        plain: list[str] = []
        self._place: list[tuple[int, int]] = []
        """Per column of the query: (0 for the main part or 1 + number of the guarded relation, position in there)."""
        for path in select.columns:
            relation = row_path(select.entity, path)[0].guarded
            paths = self.guarded.setdefault(relation, []) if relation else plain
            if path not in paths:
                paths.append(path)
            self._place.append((1 + list(self.guarded).index(relation) if relation else 0, paths.index(path)))
        self._ends_with_id = plain[-1:] == ["id"]
        self.main = replace(select, columns=plain if self._ends_with_id else (*plain, "id"), distinct=False)
        self._simple = not self.guarded and tuple(plain) == select.columns

    def aside(self, relation: str) -> Select:
        select = self._select
        query = Select(select.entity, ("id", *self.guarded[relation]), select.where)
        return query.having(NotNull(relation))

    def queries(self, condition: Condition) -> list[Select]:
        return [self.main.having(condition), *(self.aside(r).having(condition) for r in self.guarded)]

    def joined(self, main: list[Row], asides: list[dict[int, Row]]) -> list[Row]:
        """Rows with the columns in the order that was asked for."""
        if self._simple:
            return main if self._ends_with_id else [row[:-1] for row in main]
        nothing = [(None,) * len(paths) for paths in self.guarded.values()]
        rows: list[Row] = []
        for row in main:
            parts = (row, *(aside.get(row[-1], empty) for aside, empty in zip(asides, nothing, strict=True)))
            rows.append(tuple(parts[part][position] for part, position in self._place))
        return rows


def _whole(select: Select) -> None:
    if select.offset or select.limit is not None:
        raise InvalidRequest("offset and limit belong to page(); rows() reads every row")


def _ordered(select: Select, read: Callable[[Select], list[Row]]) -> list[Row]:
    """Read with the order's columns at the end of each row, sort, cut them off. Rows arrive by id or in portions."""
    width = len(select.columns)
    order = [*select.order, ("id", "ASC")]
    rows = read(replace(select, columns=(*select.columns, *(path for path, _ in order)), order=()))
    for i, (path, direction) in reversed(list(enumerate(order, width))):
        rank = _rank(row_path(select.entity, path)[1])
        keys = {id(row): (row[i] is not None, rank(row[i])) for row in rows}
        rows.sort(key=lambda row: keys[id(row)], reverse=direction == "DESC")
    return [row[:width] for row in rows]


def _rank(attribute: Attribute) -> Callable[[Any], Any]:
    """Enumerations are ordered as they are declared; the stand-in for null is never compared with a value."""
    names = schema().enums.get(attribute.type)
    if names is not None:
        return lambda value: names.index(value) if value in names else -1
    return lambda value: 0 if value is None else value


def _decoded(found: list[Any], attributes: tuple[Attribute, ...], zone: ServerZone) -> list[Row]:
    """Rows of Python values from rows of JSON values; a query of one column comes without rows around its values."""
    rows = [[value] for value in found] if len(attributes) == 1 else found
    if not set(map(type, rows)) <= {list} or not set(map(len, rows)) <= {len(attributes)}:
        raise unreadable()
    for i, attribute in enumerate(attributes):
        if attribute.type in ("Date", "Double"):
            kinds = set(map(type, map(itemgetter(i), rows)))
            if attribute.type == "Date" and kinds - {NoneType}:
                _decode_dates(rows, i, zone)
            elif attribute.type == "Double" and int in kinds:
                for row in rows:
                    row[i] = float(row[i]) if isinstance(row[i], int) else row[i]
    return list(map(tuple, rows))


def _decode_dates(rows: list[Any], column: int, zone: ServerZone) -> None:
    first = True
    for row in rows:
        if row[column] is not None:
            date = _date(row[column])
            if first:
                zone.observe(date)
                first = False
            row[column] = date.astimezone(UTC)


def _date(text: Any) -> datetime:
    try:
        date = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        date = None
    if date is None or date.tzinfo is None:
        raise unreadable()
    return date


def _no_clock(_: datetime) -> datetime:
    raise AssertionError("this query holds no dates")
