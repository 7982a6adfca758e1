"""The lineage of a dataset as a drawing: what it was computed from on its left, what was computed from it on its right.

Only what the visitor may read is in it; hidden and awaited inputs are numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from displays.records import Dataset, Lineage

MOST_NODES = 60
"""More than so many are no picture any more; the list below it has them all."""

BOX_WIDTH, BOX_HEIGHT = 190, 46
_GAP_ACROSS, _GAP_DOWN, _MARGIN = 56, 14, 8
_LETTERS = 25
_SWEEPS = 4


@dataclass(frozen=True, slots=True)
class Box:
    """A dataset; without one (`dataset_id` None) a note about inputs that cannot be shown. `kind` is raw, processed or
    note; `own`: the dataset of the page."""

    x: float
    y: float
    dataset_id: int | None
    title: str
    subtitle: str
    full: str
    kind: str
    own: bool = False


@dataclass(frozen=True, slots=True)
class Graph:
    """`paths` are the arrows, as path data; `left_out` datasets found no room."""

    width: int
    height: int
    boxes: tuple[Box, ...]
    paths: tuple[str, ...]
    left_out: int


def graph(dataset: Dataset, lineage: Lineage) -> Graph | None:
    """None when nothing is known around the dataset."""
    above, below = lineage.inputs_of(dataset.id, "all"), lineage.outputs_of(dataset.id, "all")
    near = {one.id: one for one in (dataset, *above, *below)}
    kept = dict(list(near.items())[:MOST_NODES]) if len(near) <= MOST_NODES else _nearest(dataset, above, below)
    edges = [
        (source, result)
        for source in kept
        for result in dict.fromkeys(lineage.outputs.get(source, ()))
        if result in kept
    ]
    notes = _notes(dataset.id, lineage)
    if not edges and not notes:
        return None
    layers = _layers(kept, edges)
    if notes and layers[dataset.id] == 0:
        layers = {key: level + 1 for key, level in layers.items()}
    columns = _columns(layers, edges)
    return _drawn(dataset, kept, edges, columns, layers, notes, len(near) - len(kept))


def _nearest(dataset: Dataset, above: Sequence[Dataset], below: Sequence[Dataset]) -> dict[int, Dataset]:
    half = MOST_NODES // 2
    room_above = max(half, MOST_NODES - 1 - len(below))
    chosen = [*above[:room_above], *below[: MOST_NODES - 1 - len(above[:room_above])]]
    return {one.id: one for one in (dataset, *chosen)}


def _notes(dataset_id: int, lineage: Lineage) -> list[str]:
    hidden = lineage.hidden_inputs.get(dataset_id, 0)
    awaited = len(lineage.awaited_inputs.get(dataset_id, ()))
    notes = [f"{hidden} that you may not see"] if hidden else []
    return [*notes, f"{awaited} not catalogued yet"] if awaited else notes


def _layers(kept: Mapping[int, Dataset], edges: Sequence[tuple[int, int]]) -> dict[int, int]:
    """Steps from the first inputs, by the longest way; a circle ends after as many rounds as there are datasets."""
    layers = dict.fromkeys(kept, 0)
    for _ in range(len(kept)):
        changed = False
        for source, result in edges:
            if layers[result] <= layers[source] < len(kept) - 1:
                layers[result] = layers[source] + 1
                changed = True
        if not changed:
            break
    used = {level: place for place, level in enumerate(sorted(set(layers.values())))}
    return {key: used[level] for key, level in layers.items()}


def _columns(layers: Mapping[int, int], edges: Sequence[tuple[int, int]]) -> dict[int, list[int]]:
    """The datasets of each layer in an order with few crossings: by the mean place of their neighbours."""
    columns: dict[int, list[int]] = {}
    for key, level in layers.items():
        columns.setdefault(level, []).append(key)
    neighbours: dict[int, list[int]] = {key: [] for key in layers}
    for source, result in edges:
        neighbours[source].append(result)
        neighbours[result].append(source)
    for _ in range(_SWEEPS):
        places = {key: place / len(column) for column in columns.values() for place, key in enumerate(column)}
        for column in columns.values():
            means = {
                key: sum(places[n] for n in neighbours[key]) / len(neighbours[key]) if neighbours[key] else places[key]
                for key in column
            }
            column.sort(key=means.__getitem__)
    return columns


def _drawn(
    dataset: Dataset,
    kept: Mapping[int, Dataset],
    edges: Sequence[tuple[int, int]],
    columns: Mapping[int, Sequence[int]],
    layers: Mapping[int, int],
    notes: Sequence[str],
    left_out: int,
) -> Graph:
    first = layers[dataset.id] - 1
    tallest = max(len(column) + (len(notes) if level == first else 0) for level, column in columns.items())
    tallest = max(tallest, len(notes))
    height = tallest * (BOX_HEIGHT + _GAP_DOWN) - _GAP_DOWN + 2 * _MARGIN
    boxes: list[Box] = []
    corners: dict[int | str, tuple[float, float]] = {}
    for level in range(max(columns) + 1):
        column: list[int | str] = [*columns.get(level, ()), *(notes if level == first else ())]
        x = _MARGIN + level * (BOX_WIDTH + _GAP_ACROSS)
        y = (height - (len(column) * (BOX_HEIGHT + _GAP_DOWN) - _GAP_DOWN)) / 2
        for entry in column:
            corners[entry] = (x, y)
            boxes.append(_note(x, y, entry) if isinstance(entry, str) else _box(x, y, kept[entry], dataset))
            y += BOX_HEIGHT + _GAP_DOWN
    arrows: list[tuple[int | str, int]] = [*edges, *((note, dataset.id) for note in notes)]
    width = _MARGIN * 2 + (max(columns) + 1) * (BOX_WIDTH + _GAP_ACROSS) - _GAP_ACROSS
    return Graph(
        width,
        int(height),
        tuple(boxes),
        tuple(_arrow(corners[source], corners[result]) for source, result in arrows),
        left_out,
    )


def _box(x: float, y: float, one: Dataset, own: Dataset) -> Box:
    program = one.text("Process_program")
    subtitle = one.name if program and program != one.name else one.scan_type or one.type
    full = " · ".join(dict.fromkeys(filter(None, (program, one.name, one.type, one.location))))
    kind = "raw" if one.is_raw else "processed"
    return Box(x, y, one.id, _short(program or one.name), _short(subtitle), full, kind, one.id == own.id)


def _note(x: float, y: float, text: str) -> Box:
    return Box(x, y, None, "Inputs", text, f"Inputs: {text}", "note")


def _short(text: str) -> str:
    return text if len(text) <= _LETTERS else f"{text[: _LETTERS - 9]}…{text[-8:]}"


def _arrow(start: tuple[float, float], end: tuple[float, float]) -> str:
    """From the right edge of one box to the left edge of another."""
    x1, y1 = start[0] + BOX_WIDTH, start[1] + BOX_HEIGHT / 2
    x2, y2 = end[0] - 7, end[1] + BOX_HEIGHT / 2
    bend = max((x2 - x1) / 2, 20)
    return f"M{x1:g} {y1:g} C{x1 + bend:g} {y1:g} {x2 - bend:g} {y2:g} {x2:g} {y2:g}"
