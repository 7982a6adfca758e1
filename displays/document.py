"""A display document: the whole format, its JSON Schema, and reading it from YAML with line numbers in every fault."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from pydantic import Field, ValidationError, ValidationInfo, model_validator

from displays.errors import DocumentError, Fault
from displays.model import Identifier, Names, Part, is_merged
from displays.parts import (
    Card,
    Column,
    Files,
    Gallery,
    Groups,
    Link,
    Normalise,
    Plot,
    RowThumbnail,
    Scale,
    Summary,
    Warn,
)
from displays.ranking_model import Ranking
from displays.selector import DateBasis, Selector
from displays.yaml_lines import Located, Path, read_documents

NOT_INHERITED = ("id", "version", "extends", "selector", "date_basis", "priority")


class Display(Part):
    """How datasets of one kind are shown. As written it may be partial; see `displays.inheritance` for the merge."""

    id: Identifier
    version: int = Field(1, ge=1)
    title: str | None = None
    description: str | None = None
    extends: Names = ()
    selector: Selector = Selector()
    date_basis: DateBasis = Field("self", description="acquisition: the start of the earliest raw ancestor counts.")
    priority: int = 0
    ignore_techniques: tuple[str, ...] = Field((), description="Defaults that say nothing about a dataset.")
    row_thumbnail: RowThumbnail | None = None
    columns: tuple[Column, ...] = ()
    groups: Groups | None = None
    cards: tuple[Card, ...] = ()
    gallery: Gallery | None = None
    plots: tuple[Plot, ...] = ()
    summary: Summary | None = None
    links: tuple[Link, ...] = ()
    files: Files | None = None
    actions: tuple[Identifier, ...] = Field((), description="Ids of reprocessing workflows to offer.")
    ranking: Ranking | None = None
    scales: dict[Identifier, Scale] = Field(default_factory=dict)
    normalise: tuple[Normalise, ...] = ()
    warnings: tuple[Warn, ...] = ()

    @model_validator(mode="after")
    def _references_hold(self, info: ValidationInfo) -> Self:
        if not is_merged(info):
            return self
        if not self.title:
            raise ValueError("a title is missing")
        columns = {column.id for column in self.columns}
        for column in _named_columns(self):
            if column not in columns:
                raise ValueError(f"there is no column {column!r}")
        for scale in _named_scales(self):
            if scale not in self.scales:
                raise ValueError(f"there is no scale {scale!r}")
        if self.ranking is None and (user := _first_best(self)):
            raise ValueError(f"{user} picks the best result, but there is no ranking")
        return self


def _named_columns(display: Display) -> Iterable[str]:
    yield from (w.when.column for w in display.warnings if w.when.column)
    yield from (s.column for p in display.plots for s in (p.x, *p.y, p.z, p.series) if s is not None and s.column)


def _named_scales(display: Display) -> Iterable[str]:
    yield from (c.scale for c in display.columns if c.scale)
    yield from (row.scale for card in display.cards for row in card.rows if row.scale)
    if display.summary and display.summary.scale:
        yield display.summary.scale


def _first_best(display: Display) -> str | None:
    related = [(f"column {c.id}", c.outputs or c.inputs) for c in display.columns]
    related += [(f"card {c.id}", c.outputs or c.inputs) for c in display.cards]
    return next((where for where, r in related if r is not None and r.pick == "best"), None)


@dataclass(frozen=True)
class Written:
    """A document as its author wrote it. `data` is the mapping under `display:`."""

    display: Display
    data: Mapping[str, Any]
    located: Located

    @property
    def source(self) -> str:
        return self.located.source

    def line(self, path: Path = ()) -> int:
        """Line of a part of the document, path from the display downwards."""
        return self.located.line(("display", *path))

    def line_of(self, merged: Any, path: Path) -> int:
        """Line of the part that stands at `path` of the *merged* data: list items are found again by their id."""
        own: Any = self.data
        found: list[str | int] = []
        for step in path:
            merged = _step(merged, step)
            index = _position_of(own, merged, step)
            if index is None:
                break
            own = _step(own, index)
            found.append(index)
        return self.line(tuple(found))


def _step(data: Any, step: str | int) -> Any:
    if isinstance(data, Mapping):
        return data.get(str(step))
    return data[step] if isinstance(data, list) and isinstance(step, int) and step < len(data) else None


def _position_of(own: Any, merged: Any, step: str | int) -> str | int | None:
    if isinstance(own, Mapping):
        return step if step in own else None
    if not isinstance(own, list) or not isinstance(step, int):
        return None
    wanted = merged.get("id") if isinstance(merged, Mapping) else None
    if wanted is None:
        return step if step < len(own) and own[step] == merged else None
    return next((i for i, item in enumerate(own) if isinstance(item, Mapping) and item.get("id") == wanted), None)


def read(source: str, text: str) -> list[Written]:
    """The documents of one file. Raises DocumentError with every fault found in it."""
    faults: list[Fault] = []
    found = []
    for located in read_documents(source, text):
        try:
            found.append(_read_one(located))
        except DocumentError as error:
            faults.extend(error.faults)
    if faults:
        raise DocumentError(faults)
    return found


def _read_one(located: Located) -> Written:
    data = located.data
    if not isinstance(data, dict) or set(data) != {"display"} or not isinstance(data["display"], dict):
        raise DocumentError(
            [Fault(located.source, located.line(()), "expected one key, `display:`, with a mapping below")]
        )
    try:
        display = Display.model_validate(data["display"])
    except ValidationError as error:
        raise DocumentError(
            [Fault(located.source, located.line(("display", *e["loc"])), sentence(e["loc"], e)) for e in error.errors()]
        ) from error
    return Written(display, data["display"], located)


def sentence(path: Path, error: Mapping[str, Any]) -> str:
    """A validation fault in words: where within the display, and what is wrong."""
    place = ""
    for step in path:
        place += f"[{step + 1}]" if isinstance(step, int) else f".{step}" if place else step
    messages = {"extra_forbidden": "there is no such key", "missing": "it is missing"}
    text = messages.get(error["type"], str(error["msg"]).removeprefix("Value error, "))
    return f"{place}: {text}" if place else text


def json_schema() -> dict[str, Any]:
    """The JSON Schema of one document, made from the model; published as displays/display.schema.json."""
    display = Display.model_json_schema(by_alias=True, mode="validation", ref_template="#/$defs/{model}")
    definitions = display.pop("$defs")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Display document",
        "type": "object",
        "properties": {"display": {"$ref": "#/$defs/Display"}},
        "required": ["display"],
        "additionalProperties": False,
        "$defs": {"Display": display, **definitions},
    }
