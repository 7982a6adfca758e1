"""Who was computed from whom, over any distance. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Graph:
    """Links by dataset id. `inputs` are in the order the producer declared them, `outputs` in order of arrival (ICAT's
    ids grow). Datasets without links are missing."""

    inputs: Mapping[int, tuple[int, ...]]
    outputs: Mapping[int, tuple[int, ...]]


def graph(pairs: Iterable[tuple[int, int]]) -> Graph:
    """From (output, input) pairs, those of one output in order of declaration. Repetitions and links of a dataset to
    itself are dropped."""
    inputs: dict[int, dict[int, None]] = {}
    outputs: dict[int, set[int]] = {}
    for output, source in pairs:
        if output != source:
            inputs.setdefault(output, {})[source] = None
            outputs.setdefault(source, set()).add(output)
    return Graph({k: tuple(v) for k, v in inputs.items()}, {k: tuple(sorted(v)) for k, v in outputs.items()})


def reachable(start: int, steps: Mapping[int, Sequence[int]]) -> tuple[int, ...]:
    """Everything that can be reached, nearest first, each once and never the start itself: a circle ends where it would
    come back."""
    found: dict[int, None] = {}
    level: Sequence[int] = steps.get(start, ())
    while level:
        fresh = [node for node in dict.fromkeys(level) if node != start and node not in found]
        found.update(dict.fromkeys(fresh))
        level = [following for node in fresh for following in steps.get(node, ())]
    return tuple(found)


def ancestors(links: Graph, dataset: int) -> tuple[int, ...]:
    return reachable(dataset, links.inputs)


def descendants(links: Graph, dataset: int) -> tuple[int, ...]:
    return reachable(dataset, links.outputs)
