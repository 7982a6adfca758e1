"""The catalogue as one session sees it, and how the rows that belong to a set of objects are asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import tzinfo
from typing import Any

from drac_plugins.core.caches import Caches
from drac_plugins.core.reads.criteria import Window
from icat_schema.gateway import Select, Session
from icat_schema.gateway.conditions import And, Between, Condition, In, Not, Or
from icat_schema.gateway.query import Direction

FEW_IDS = 60
"""So many ids go into the text of one query; it stays short, and is answered faster than any other condition."""

MANY = 200
"""Lists of ids that are longer do not go into the text of a query: the gateway sends them in portions."""

Rows = list[tuple[Any, ...]]

Part = tuple[Sequence[int], Rows]
"""Ids of objects, and all rows that belong to them."""


@dataclass(frozen=True, slots=True)
class View:
    """A session, and the time zone in which days are meant and dates are written. With `caches` the small tables in
    which names are looked up are kept for a while."""

    session: Session
    zone: tzinfo
    caches: Caches | None = None


def prefixed(condition: Condition, prefix: str) -> Condition:
    """The same condition for an entity that reaches the condition's own entity by `prefix` (`dataset.`)."""
    if isinstance(condition, And):
        return And(*(prefixed(part, prefix) for part in condition.conditions))
    if isinstance(condition, Or):
        return Or(*(prefixed(part, prefix) for part in condition.conditions))
    if isinstance(condition, Not):
        return Not(prefixed(condition.condition, prefix))
    return replace(condition, path=prefix + condition.path)


@dataclass(frozen=True, slots=True)
class Scope:
    """A set of objects whose related rows are wanted: by the condition that they alone fulfil, which costs one call
    however many they are, or by their ids, which go out in portions."""

    ids: tuple[int, ...]
    condition: Condition | None = None

    def rows(self, session: Session, select: Select, owner: str = "") -> Rows:
        """Rows of `select`, whose entity reaches the objects by the path `owner` (empty: it is their own entity)."""
        prefix = f"{owner}." if owner else ""
        if not self.ids:
            return []
        if self.condition is not None:
            return session.rows(select.having(prefixed(self.condition, prefix)))
        return session.rows_for(select, f"{prefix}id", self.ids)

    def parts(self, session: Session, select: Select) -> Iterator[Part]:
        """Rows of `select`, whose first column is the id of the object and whose last one is the row's own: some
        objects of a condition after the others, by id, everything else at once."""
        owner = select.columns[0].rpartition(".")[0]
        if self.condition is None or len(self.ids) <= FEW_IDS:
            yield self.ids, self.rows(session, select, owner)
        else:
            whole = select.having(prefixed(self.condition, f"{owner}."))
            yield from session.parts(whole, sorted(self.ids))


def scope_of(ids: Sequence[int], where: Condition | None, *, dense: bool) -> Scope:
    """The cheapest scope for objects that were found under `where`.

    `dense`: between the least and the greatest of the ids nothing, or only little, fulfils `where` that is not wanted;
    rows of such objects are ignored by those who read them.
    """
    wanted = tuple(ids)
    if len(wanted) <= FEW_IDS:
        return Scope(wanted, In("id", wanted))
    if dense:
        between = Between("id", min(wanted), max(wanted))
        return Scope(wanted, between if where is None else And(where, between))
    return Scope(wanted)


def matching(view: View, select: Select, window: Window) -> tuple[Rows, int]:
    """The rows of the window, in the order of the query, and how many match altogether."""
    session = view.session
    if window.limit is None:
        rows = session.page(select) if select.order else session.rows(select)
        return rows[window.skip :], len(rows)
    rows = session.page(replace(select, offset=window.skip, limit=window.limit))
    if len(rows) < window.limit and (rows or not window.skip):
        return rows, window.skip + len(rows)
    return rows, session.count(select)


def order_of(paths: Mapping[str, str], window: Window) -> list[tuple[str, Direction]]:
    """The order that the window asks for; `paths` by upper-case name of the field. Without one the order is that of
    registration: ids grow with time, so nothing has to be sorted."""
    direction: Direction = "DESC" if window.descending else "ASC"
    if window.sort_by is None:
        return [("id", direction)] if window.descending else []
    path = paths.get(window.sort_by)
    return [(path, direction)] if path is not None else []


def window_of(ids: Sequence[int], window: Window) -> list[int]:
    """The window of objects whose ids are all known, in their order."""
    return list(ids[window.skip : None if window.limit is None else window.skip + window.limit])


def conjunction(parts: Sequence[Condition]) -> Condition | None:
    """All of the parts; None when there are none."""
    if not parts:
        return None
    return parts[0] if len(parts) == 1 else And(*parts)
