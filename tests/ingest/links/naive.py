"""Links as anybody would compute them who has all the time and memory in the world: straight from the declared paths.

Nothing of `drac_plugins.core.links` is used here, on purpose.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Lists:
    """Ids. `inputs` in the order of the declaration, `outputs` in order of registration, the rest as sets."""

    inputs: list[int]
    outputs: list[int]
    above: set[int]
    below: set[int]


def meaning(path: str, places: Mapping[str, int]) -> int | None:
    """The dataset at this path, else the nearest one above it; the old layout's spelling stands for the new one's."""
    for text in (path, path.replace("/raw/", "/RAW_DATA/"), path.replace("/processed/", "/PROCESSED_DATA/")):
        while text.count("/") > 7:  # /data/visitor/<proposal>/<beamline>/<day>/<type>/<collection>
            if text in places:
                return places[text]
            text = text.rsplit("/", 1)[0]
        if text in places:
            return places[text]
    return None


def lists(places: Mapping[str, int], declared: Mapping[int, Sequence[str]]) -> dict[int, Lists]:
    """Per dataset id. `places`: location -> id; `declared`: id -> paths."""
    inputs: dict[int, list[int]] = {id_: [] for id_ in places.values()}
    for output, paths in declared.items():
        for path in paths:
            found = meaning(path, places)
            if found is not None and found != output and found not in inputs[output]:
                inputs[output].append(found)
    reach = {id_: set(direct) for id_, direct in inputs.items()}
    for middle in reach:  # Warshall
        for known in reach.values():
            if middle in known:
                known |= reach[middle]
    return {
        id_: Lists(
            inputs[id_],
            sorted(other for other in inputs if id_ in inputs[other]),
            reach[id_] - {id_},
            {other for other, known in reach.items() if id_ in known} - {id_},
        )
        for id_ in inputs
    }
