"""Inheritance of documents, on plain data: scalars replace, maps merge, lists of things with an id merge by id."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from displays.document import NOT_INHERITED, Display, Written, sentence
from displays.errors import DocumentError, Fault

MAX_DEPTH = 5
_SOURCES = frozenset({"field", "param", "derived", "outputs", "inputs", "count", "column"})
_COMPARISONS = frozenset({"op", "value", "eq", "like", "gt", "gteq", "lt", "lteq", "in", "present"})
_GROUPINGS = frozenset({"by", "algorithm"})
_PLACES = ("before", "after", "remove")


class Family:
    """Written documents by id; a later one replaces an earlier one of the same id and may extend it by that id."""

    def __init__(self, written: Sequence[Written]) -> None:
        self._versions: dict[str, list[Written]] = {}
        for document in written:
            self._versions.setdefault(document.display.id, []).append(document)

    def heads(self) -> list[Written]:
        """The documents in force, in order of first appearance."""
        return [versions[-1] for versions in self._versions.values()]

    def merged(self, document: Written) -> dict[str, Any]:
        """The data of `document` with everything it inherits. Raises DocumentError (unknown parent, cycle, depth)."""
        return self._merge(document, ())

    def chain(self, document: Written) -> list[str]:
        """Ids of all documents that `document` inherits from, nearest first."""
        found: dict[str, None] = {}
        waiting = [document]
        while waiting:
            current = waiting.pop(0)
            for name in current.display.extends:
                parent = self._parent(current, name)
                if parent is not None and name not in found:
                    found[name] = None
                    waiting.append(parent)
        return list(found)

    def _merge(self, document: Written, below: tuple[Written, ...]) -> dict[str, Any]:
        path = (*below, document)
        if document in below:
            raise self._fault(document, "inherits from itself: " + " extends ".join(d.display.id for d in path))
        if len(path) > MAX_DEPTH + 1:
            raise self._fault(document, f"inheritance is deeper than {MAX_DEPTH}: {below[0].display.id} starts it")
        inherited: dict[str, Any] = {}
        for name in document.display.extends:
            parent = self._parent(document, name)
            if parent is None:
                raise self._fault(document, f"extends {name!r}, but there is no such display")
            handed_on = {k: v for k, v in self._merge(parent, path).items() if k not in NOT_INHERITED}
            inherited = merge_maps(inherited, handed_on)
        return merge_maps(inherited, dict(document.data))

    def _parent(self, document: Written, name: str) -> Written | None:
        versions = self._versions.get(name, [])
        if name != document.display.id:
            return versions[-1] if versions else None
        older = versions.index(document)
        return versions[older - 1] if older > 0 else document

    @staticmethod
    def _fault(document: Written, text: str) -> DocumentError:
        return DocumentError([Fault(document.source, document.line(("extends",)), text)])


def complete(document: Written, merged: dict[str, Any]) -> Display:
    """Read merged data as a whole display. Raises DocumentError at the lines of `document` (or its first line where the
    fault is in an inherited part)."""
    try:
        return Display.model_validate(merged, context={"merged": True})
    except ValidationError as error:
        raise DocumentError(
            [Fault(document.source, document.line_of(merged, e["loc"]), _named(merged, e)) for e in error.errors()]
        ) from error


def _named(merged: dict[str, Any], error: Any) -> str:
    """The fault with the ids of list items instead of their merged positions."""
    place: Any = merged
    steps: list[str | int] = []
    for step in error["loc"]:
        try:
            place = place[step]
        except (KeyError, IndexError, TypeError):
            place = None
        identifier = place.get("id") if isinstance(place, Mapping) else None
        steps.append(f"{identifier}" if isinstance(step, int) and identifier else step)
    return sentence(tuple(steps), error)


def merge_maps(parent: Mapping[str, Any], child: Mapping[str, Any]) -> dict[str, Any]:
    """The child's keys over the parent's. Keys that exclude each other (two kinds, two sources of a value, two
    comparisons) do not mix: the child's choice drops the parent's."""
    if "kind" in child and "kind" in parent and child["kind"] != parent["kind"]:
        kept: dict[str, Any] = {"id": parent["id"]} if "id" in parent else {}
    else:
        kept = dict(parent)
    for family in (_SOURCES, _COMPARISONS, _GROUPINGS):
        if family & set(child):
            kept = {key: value for key, value in kept.items() if key not in family or key in child}
    for key, value in child.items():
        kept[key] = _merge_values(kept[key], value) if key in kept else _without_orders(value)
    return kept


def _merge_values(parent: Any, child: Any) -> Any:
    if isinstance(parent, Mapping) and isinstance(child, Mapping):
        return merge_maps(parent, child)
    if isinstance(parent, list) and isinstance(child, list) and (_have_ids(child) or not child):
        return _merge_items(parent, child) if child else []
    return _without_orders(child)


def _have_ids(items: list[Any]) -> bool:
    return any(isinstance(item, Mapping) and "id" in item for item in items)


def _without_orders(value: Any) -> Any:
    if isinstance(value, list) and _have_ids(value):
        return _merge_items([], value)
    return value


def _merge_items(parent: list[Any], child: list[Any]) -> list[Any]:
    merged = list(parent)
    for item in child:
        index = _index(merged, item.get("id")) if isinstance(item, Mapping) else None
        if not isinstance(item, Mapping):
            merged.append(item)
            continue
        if item.get("remove") is True:
            merged = [other for i, other in enumerate(merged) if i != index]
            continue
        plain = {key: value for key, value in item.items() if key not in _PLACES}
        whole = merge_maps(merged[index], plain) if index is not None else merge_maps({}, plain)
        merged = _placed(merged, whole, index, item)
    return merged


def _placed(merged: list[Any], whole: dict[str, Any], index: int | None, order: Mapping[str, Any]) -> list[Any]:
    others = [item for i, item in enumerate(merged) if i != index]
    for key, shift in (("before", 0), ("after", 1)):
        target = _index(others, order.get(key))
        if target is not None:
            return [*others[: target + shift], whole, *others[target + shift :]]
    position = len(others) if index is None else index
    return [*others[:position], whole, *others[position:]]


def _index(items: list[Any], identifier: Any) -> int | None:
    if identifier is None:
        return None
    return next((i for i, item in enumerate(items) if isinstance(item, Mapping) and item.get("id") == identifier), None)
