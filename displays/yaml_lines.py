"""YAML to plain data that remembers the line of every value; refuses what a document has no use for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from displays.errors import DocumentError, Fault

Path = tuple[str | int, ...]
MAX_VALUES = 20_000
"""Bound on the values of one document, aliases expanded: a few anchors are handy, a bomb of them is not."""
MAX_NESTING = 40
SAFE_LEVELS = 1500
"""So many levels can be composed, and are refused then; a text that may have more is looked through first, which takes
longer than to compose it."""
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The one that is compiled reads ten times as fast; not every installation of PyYAML has it."""


@dataclass(frozen=True)
class Located:
    """Plain data and the line (from 1) at which each part of it starts."""

    source: str
    data: Any
    lines: Mapping[Path, int] = field(repr=False)

    def line(self, path: Path) -> int:
        """Line of the part at `path`, or of the nearest part around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def read_documents(source: str, text: str) -> list[Located]:
    """Every document of the text, empty ones left out. Raises DocumentError with line and reason."""
    try:
        if _most_levels(text) > SAFE_LEVELS:
            _refuse_depth(source, text)
        return list(_located(source, _Loader(text)))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        last = max(1, len(text.splitlines()))  # the end of the text is said to be a line further
        line = min(mark.line + 1, last) if mark else 1
        raise DocumentError([Fault(source, line, f"not valid YAML: {error.problem}")]) from error
    except yaml.YAMLError as error:
        raise DocumentError([Fault(source, 1, f"not valid YAML: {error}")]) from error


def _most_levels(text: str) -> int:
    """Every level of nesting takes a line of its own, or one of the signs that open one."""
    return len(text.splitlines()) + sum(text.count(sign) for sign in "-?[{")


def _refuse_depth(source: str, text: str) -> None:
    """Before nodes are made, which recurses, and not in Python's bounds when it is compiled."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_NESTING:
                mark = event.start_mark
                line = mark.line + 1 if mark else 1
                raise DocumentError([Fault(source, line, f"more than {MAX_NESTING} levels of nesting in one document")])
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _located(source: str, loader: yaml.SafeLoader) -> Iterator[Located]:
    try:
        while loader.check_node():
            node = loader.get_node()
            located = _Reader(source, loader).read(node) if node is not None else None
            if located is not None and located.data is not None:
                yield located
    finally:
        loader.dispose()


class _Reader:
    def __init__(self, source: str, loader: yaml.SafeLoader) -> None:
        self._source = source
        self._loader = loader
        self._lines: dict[Path, int] = {}

    def read(self, node: yaml.Node) -> Located:
        data = self._value(node, ())
        return Located(self._source, data, self._lines)

    def _value(self, node: yaml.Node, path: Path) -> Any:
        self._lines[path] = node.start_mark.line + 1
        if len(path) > MAX_NESTING:
            raise self._refuse(node, f"more than {MAX_NESTING} levels of nesting in one document")
        if len(self._lines) > MAX_VALUES:
            raise self._refuse(node, f"more than {MAX_VALUES} values in one document")
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self._value(item, (*path, index)) for index, item in enumerate(node.value)]
        return self._scalar(node)

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = self._scalar(key_node) if isinstance(key_node, yaml.ScalarNode) else None
            if not isinstance(key, str):
                raise self._refuse(key_node, "a key must be text; put quotes around it")
            if key in data:
                raise self._refuse(key_node, f"key {key!r} is given twice")
            data[key] = self._value(value_node, (*path, key))
            self._lines[(*path, key)] = key_node.start_mark.line + 1
        return data

    def _scalar(self, node: yaml.Node) -> str | int | float | bool | dt.date | None:
        try:
            value = self._loader.construct_object(node)
        except (ValueError, TypeError, AttributeError) as error:  # a tag that does not fit its text
            raise self._refuse(node, f"{node.value!r} cannot be read: {error}") from error
        if value is None or isinstance(value, str | int | float | bool | dt.date):
            return value
        raise self._refuse(node, f"{node.value!r} is of a kind ({node.tag}) that documents do not use")

    def _refuse(self, node: yaml.Node, text: str) -> DocumentError:
        return DocumentError([Fault(self._source, node.start_mark.line + 1, text)])
