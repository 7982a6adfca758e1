"""What a page or another front end needs to draw a dataset: plain records that turn into JSON with `as_json`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from typing import Any

from displays.colours import Coloured
from displays.gallery import Picture
from displays.values import Provenance


@dataclass(frozen=True, slots=True)
class Cell:
    """One value ready to draw. `text` is what to show, `raw` what the producer wrote (for hovering and export), `value`
    the number (in `unit`, a symbol), date or text to sort and plot by. `level` is good, middling or bad where the
    document says so; `bar` is 0 to 100. `hidden` cells are empty ones the document wants out of the way."""

    id: str
    label: str
    text: str
    missing: bool
    value: float | str | datetime | None = None
    error: float | None = None
    unit: str | None = None
    raw: str | None = None
    coloured: Coloured | None = None
    level: str | None = None
    bar: float | None = None
    copy: bool = False
    hidden: bool = False
    tooltip: str | None = None
    marks: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    provenance: Provenance | None = None


@dataclass(frozen=True, slots=True)
class ShellRow:
    """One statistic in several shells; `cells` in the order of the card's `shells`."""

    label: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class CardView:
    """A panel. `dataset_id` and `dataset_name` say what it is about (another dataset than the page's when picked from
    the related ones); `marks` are badges. A card of kind `shells` has `shells` and `shell_rows` instead of `cells`.
    `display_id` differs from the view's for cards added from a further display of the same dataset."""

    id: str
    label: str
    kind: str
    display_id: str
    dataset_id: int
    dataset_name: str
    cells: tuple[Cell, ...] = ()
    shells: tuple[str, ...] = ()
    shell_rows: tuple[ShellRow, ...] = ()
    pictures: tuple[Picture, ...] = ()
    marks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Contender:
    """One result in the ranking: `place` from 1; `scores` pair each criterion with the value in words; `current` is
    False for a result that a later one of the same pipeline replaces; `inputs` counts what it was computed from."""

    place: int
    dataset_id: int
    dataset_name: str
    program: str | None
    state: str
    scores: tuple[tuple[str, str], ...]
    failed_limits: tuple[str, ...]
    current: bool
    inputs: int


@dataclass(frozen=True, slots=True)
class Best:
    """The best result, the path of the decision in words, and everybody who competed, best first."""

    dataset_id: int | None
    dataset_name: str | None
    program: str | None
    below_cutoffs: bool
    reasons: tuple[str, ...]
    contenders: tuple[Contender, ...]
    shell: str | None = None
    statistic: str | None = None


@dataclass(frozen=True, slots=True)
class WarningView:
    text: str
    severity: str
    detail: str
    column: str | None = None


@dataclass(frozen=True, slots=True)
class LinkView:
    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Header:
    """What a page says at its top. Dates are aware."""

    dataset_id: int
    name: str
    type: str
    start: datetime | None
    end: datetime | None
    sample: str | None
    instrument: str | None
    location: str | None
    complete: bool | None


@dataclass(frozen=True, slots=True)
class FilePlot:
    """A plot of what an HDF5 file of the dataset holds: at `hdf5_path`, or its NeXus default plot if None. `include`
    are globs on the names of the files that have it; none means every HDF5 file."""

    id: str
    label: str
    kind: str
    hdf5_path: str | None
    include: tuple[str, ...] = ()
    log: str | None = None


@dataclass(frozen=True, slots=True)
class RelatedView:
    """Inputs that cannot be shown as datasets: `hidden_inputs` the reader may not see (number only), `awaited_inputs`
    folders not catalogued yet."""

    hidden_inputs: int = 0
    awaited_inputs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class View:
    """A dataset as its display shows it. `columns` are the cells a list would show for it."""

    display_id: str
    display_version: int
    title: str
    header: Header
    columns: tuple[Cell, ...]
    cards: tuple[CardView, ...]
    gallery: tuple[Picture, ...]
    thumbnail: Picture | None
    best: Best | None
    warnings: tuple[WarningView, ...]
    links: tuple[LinkView, ...]
    related: RelatedView
    actions: tuple[str, ...] = ()
    files: Mapping[str, bool] | None = None
    plots: tuple[FilePlot, ...] = ()
    notes: tuple[str, ...] = ()


def as_json(part: Any) -> Any:
    """Any record of this module (and what it holds) as JSON-able data, keys in camel case, dates in ISO 8601."""
    if is_dataclass(part) and not isinstance(part, type):
        return {_camel(f.name): as_json(getattr(part, f.name)) for f in fields(part)}
    if isinstance(part, Mapping):
        return {str(key): as_json(value) for key, value in part.items()}
    if isinstance(part, list | tuple):
        return [as_json(item) for item in part]
    return part.isoformat() if isinstance(part, datetime) else part


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)
