"""Which of several related datasets counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from displays.conditions import as_number, like_pattern
from displays.parts import Pick
from displays.readings import raw_text
from displays.records import Dataset, as_instant

Wanted = str | bool | int | float | tuple[str, ...]
_EARLIEST = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Picked:
    """The datasets picked, in order, and badges to show with them."""

    datasets: tuple[Dataset, ...]
    marks: tuple[str, ...] = ()


def matches(where: Mapping[str, Wanted], dataset: Dataset) -> bool:
    """Does a dataset fulfil every clause? `name_like` looks at the name, `dataset_type` at the type, `scanType` at
    either spelling of it, `param_present` at the presence of a parameter; other keys are parameters."""
    return all(_holds(key, wanted, dataset) for key, wanted in where.items())


def _holds(key: str, wanted: Wanted, dataset: Dataset) -> bool:
    choices = [str(one) for one in wanted] if isinstance(wanted, tuple) else [str(wanted)]
    if key == "name_like":
        return any(like_pattern(one).fullmatch(dataset.name) for one in choices)
    if key == "param_present":
        return any(dataset.text(one) is not None for one in choices)
    found = {"dataset_type": dataset.type, "scanType": dataset.scan_type}.get(key) or raw_text(dataset, key)
    if found is None:
        return False
    number = as_number(found)
    return any(
        found.strip().casefold() == one.casefold() or (number is not None and number == as_number(one))
        for one in choices
    )


def pick(how: Pick, found: Sequence[Dataset], zone: tzinfo) -> Picked:
    """Choose among `found` for every way but `best`. `only` still shows the latest if there are several, marked."""
    ordered = sorted(found, key=lambda dataset: order_of_making(dataset, zone))
    if how == "all":
        return Picked(tuple(ordered))
    if how == "first":
        return Picked(tuple(ordered[:1]))
    marks = (f"{len(ordered)} found, one expected",) if how == "only" and len(ordered) > 1 else ()
    return Picked(tuple(ordered[-1:]), marks)


def order_of_making(dataset: Dataset, zone: tzinfo = UTC) -> tuple[datetime, float, int]:
    """Sort key from first to latest: start, then `Process_sequence_index`, then id."""
    start = as_instant(dataset.start, zone) if dataset.start else _EARLIEST
    return start, _sequence(dataset), dataset.id


def _sequence(dataset: Dataset) -> float:
    return as_number(dataset.text("Process_sequence_index") or "") or 0.0


def current(found: Sequence[Dataset], zone: tzinfo, inputs: Mapping[int, tuple[int, ...]]) -> frozenset[int]:
    """Ids of the results in force: of what one pipeline made of the same inputs, the one with the highest sequence
    index, then the latest start. Results without a pipeline are all in force. `inputs` are direct inputs by id."""
    best: dict[tuple[str, frozenset[int]], Dataset] = {}
    alone: set[int] = set()
    for dataset in found:
        program = dataset.text("Process_program")
        if program is None:
            alone.add(dataset.id)
            continue
        key = (program, frozenset(inputs.get(dataset.id, ())))
        if key not in best or _newer(dataset, best[key], zone):
            best[key] = dataset
    return frozenset(alone | {dataset.id for dataset in best.values()})


def _newer(one: Dataset, other: Dataset, zone: tzinfo) -> bool:
    start, index, number = order_of_making(one, zone)
    other_start, other_index, other_number = order_of_making(other, zone)
    return (index, start, number) > (other_index, other_start, other_number)
