"""One thing a check found, and the places in a written document where parameters are named."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from displays.expressions import parse
from displays.yaml_lines import Path

Severity = Literal["error", "warning"]
_WHERE_WORDS = frozenset({"name_like", "dataset_type", "scanType", "param_present"})
_ORDER = re.compile(r"^-?(?P<name>.+?)(?:_desc|_asc)?$")


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """A fault or doubt: file, line, severity and one sentence that says what to do."""

    source: str
    line: int
    severity: Severity
    text: str

    def __str__(self) -> str:
        return f"{self.source}:{self.line}: {self.severity}: {self.text}"


@dataclass(frozen=True, slots=True)
class Use:
    """Parameters named at one place. Any of `names` will do there (a list of fallbacks); `item` is the mapping around
    the place, for its unit."""

    path: Path
    names: tuple[str, ...]
    item: Mapping[str, Any]


def uses(data: Mapping[str, Any]) -> Iterator[Use]:
    """Every place of a document, as written, that names parameters; templates and globs are left to their own lints."""
    yield from _selector(data.get("selector"))
    yield from _groups(data.get("groups"))
    for key, value in data.items():
        if key not in ("selector", "groups", "normalise", "ranking"):
            yield from _walk(value, (key,), data)
    if isinstance(data.get("ranking"), Mapping):
        yield from _walk(data["ranking"], ("ranking",), data)


def _selector(selector: Any) -> Iterator[Use]:
    conditions = selector.get("parameters", ()) if isinstance(selector, Mapping) else ()
    for index, condition in enumerate(conditions):
        yield Use(("selector", "parameters", index), (condition["name"],), condition)


def _groups(groups: Any) -> Iterator[Use]:
    if not isinstance(groups, Mapping):
        return
    by = groups.get("by", [])
    for index, name in enumerate([by] if isinstance(by, str) else by):
        yield Use(("groups", "by", index), (name,), groups)
    order = _ORDER.match(groups.get("order", ""))
    if order:
        yield Use(("groups", "order"), (order["name"],), groups)


def _walk(value: Any, path: Path, around: Mapping[str, Any]) -> Iterator[Use]:
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _walk(item, (*path, index), around)
    elif isinstance(value, Mapping):
        yield from _of_mapping(_with_units(path, value, around), path)


def _with_units(path: Path, value: Mapping[str, Any], around: Mapping[str, Any]) -> Mapping[str, Any]:
    """A value inside of `outputs` or `inputs`, and the y of a plot, are shown in the unit that stands outside."""
    place = path[-2] if isinstance(path[-1], int) and len(path) > 1 else path[-1]
    if place not in ("outputs", "inputs", "value", "y"):
        return value
    return {**{key: around[key] for key in ("unit", "from_unit") if key in around}, **value}


def _of_mapping(value: Mapping[str, Any], path: Path) -> Iterator[Use]:
    for key, inner in value.items():
        here = (*path, key)
        if key == "param":
            names = (inner,) if isinstance(inner, str) else tuple(inner)
            if not any("{" in name for name in names):
                yield Use(here, names, value)
        elif key == "derived":
            for name in parse(inner).names:
                yield Use(here, (name,), {})
        elif key == "where" and isinstance(inner, Mapping):
            yield from _of_where(inner, here)
        else:
            yield from _walk(inner, here, value)


def _of_where(where: Mapping[str, Any], path: Path) -> Iterator[Use]:
    for key, wanted in where.items():
        if key == "param_present":
            names = (wanted,) if isinstance(wanted, str) else tuple(wanted)
            yield Use((*path, key), names, {})
        elif key not in _WHERE_WORDS:
            yield Use((*path, key), (key,), {})
