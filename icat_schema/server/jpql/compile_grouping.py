"""GROUP BY means the same on every database: what is not an aggregate must be grouped by."""

from __future__ import annotations

from collections.abc import Iterable

from icat_schema.server.jpql import tree
from icat_schema.server.jpql.complain import bad
from icat_schema.server.jpql.tree import Condition, Value
from icat_schema.server.jpql.walk import has_aggregate, plain_paths


def is_aggregated(select: tree.Select, order_by: Iterable[tree.Order] = ()) -> bool:
    """Whether rows of the result stand for several rows of the data."""
    parts: list[Value | Condition | None] = [*select.items, select.having, *(o.value for o in order_by)]
    return bool(select.group_by) or any(has_aggregate(p) for p in parts)


def check_grouping(select: tree.Select, order_by: Iterable[tree.Order]) -> None:
    """Raises IcatError when a path outside of aggregates is neither grouped by nor an attribute of what is."""
    orders = [o.value for o in order_by]
    if not is_aggregated(select, ()) and not any(has_aggregate(o) for o in orders):
        if select.having is not None:
            raise bad("HAVING needs GROUP BY or an aggregate.")
        return
    grouped = {_key(path) for path in select.group_by}
    parts: list[Value | Condition] = [*select.items, *orders]
    if select.having is not None:
        parts.append(select.having)
    for part in parts:
        for path in plain_paths(part):
            if not _is_grouped(path, grouped):
                raise bad(f"{path.name} stands beside an aggregate or GROUP BY, so it must be in GROUP BY.")


def _key(path: tree.Path) -> str:
    variable, *names = path.parts
    key = ".".join((variable.upper(), *names))
    # A variable is known by its id.
    return key.removesuffix(".id") if len(names) == 1 else key


def _is_grouped(path: tree.Path, grouped: set[str]) -> bool:
    parts = _key(path).split(".")
    return any(".".join(parts[:length]) in grouped for length in range(1, len(parts) + 1))
