"""Look through trees: values inside values, and aggregates inside conditions. Sub-selects are not entered."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

from icat_schema.server.jpql import tree
from icat_schema.server.jpql.tree import Condition, Value


def values_in(node: Value | Condition) -> Iterator[Value | Condition]:
    """The node and everything below it, the outermost first."""
    yield node
    for child in _below(node):
        yield from values_in(child)


def paths_in(node: Value | Condition) -> list[tree.Path]:
    return [v for v in values_in(node) if isinstance(v, tree.Path)]


def object_paths(node: Value | Condition) -> list[tree.Path]:
    """The paths that lead to objects and attributes: all but those of SIZE, which lead to to-many relations."""
    counted = {id(v.path) for v in values_in(node) if isinstance(v, tree.Size)}
    return [path for path in paths_in(node) if id(path) not in counted]


def has_aggregate(node: Value | Condition | None) -> bool:
    return node is not None and any(isinstance(v, tree.Aggregate) for v in values_in(node))


def plain_paths(node: Value | Condition) -> Iterator[tree.Path]:
    """The paths that are in no aggregate."""
    if isinstance(node, tree.Path):
        yield node
    elif not isinstance(node, tree.Aggregate):
        for child in _below(node):
            yield from plain_paths(child)


def _below(node: Any) -> Iterator[Any]:
    if isinstance(node, tree.ScalarSelect):
        return
    for field in dataclasses.fields(node):
        child = getattr(node, field.name)
        for part in child if isinstance(child, tuple) else (child,):
            if dataclasses.is_dataclass(part) and not isinstance(part, tree.Select):
                yield part
