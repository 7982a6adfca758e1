"""Everything above and below a dataset that the caller may read.

The catalogue is asked once per step away from the dataset, for both directions together; the number of calls of a step
does not depend on how many datasets are in it. What the caller may not read is counted where it was named, and neither
told nor followed: what lies behind it is not shown either, unless another way leads there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from drac_plugins.core.errors import NotFound
from drac_plugins.core.links.provenance import JobWanted, job_wanted
from drac_plugins.core.reads import datasets
from drac_plugins.core.reads.criteria import DatasetCriteria
from drac_plugins.core.reads.nesting import LARGEST_ID
from drac_plugins.core.reads.records import DatasetRecord
from drac_plugins.core.reads.view import View

DEEPEST = 60
MOST_DATASETS = 5000
"""A graph that would grow beyond is cut, and says so."""


@dataclass(frozen=True, slots=True)
class Node:
    """`level`: steps away from the dataset asked about, negative above it. `hidden_inputs` and `hidden_outputs` count
    what the caller may not read, or what has been deleted; the two are not told apart."""

    dataset: DatasetRecord
    level: int
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    hidden_inputs: int
    hidden_outputs: int

    @property
    def processing(self) -> JobWanted | None:
        """What made it; None for raw data."""
        if not (self.inputs or self.hidden_inputs or self.dataset.parameter("input_datasets")):
            return None
        known = {parameter.name: parameter.value for parameter in self.dataset.parameters}
        return job_wanted(self.dataset.id, known, self.inputs, ())


@dataclass(frozen=True, slots=True)
class Graph:
    """`nodes` by id, the dataset asked about first. `complete`: neither the depth nor the size cut anything off."""

    dataset_id: int
    depth: int
    nodes: Mapping[int, Node]
    complete: bool


def lineage(view: View, dataset_id: int, depth: int, *, up: bool = True, down: bool = True) -> Graph:
    """Raises NotFound when the caller may not read the dataset."""
    found = _read(view, {dataset_id})
    if dataset_id not in found:
        raise NotFound(f"There is no dataset {dataset_id} that you may read; log in, or ask its principal investigator")
    walk = _Walk(found, {dataset_id: 0}, asked={dataset_id})
    above, below = (found if up else {}), (found if down else {})
    for level in range(1, depth + 1):
        higher, lower = walk.unasked(_inputs(above)), walk.unasked(_outputs(below))
        if not (higher or lower):
            break
        read = walk.step(view, higher, lower, level)
        above = {id_: record for id_, record in read.items() if id_ in higher}
        below = {id_: record for id_, record in read.items() if id_ in lower}
    rest = walk.unasked(_inputs(above)) | walk.unasked(_outputs(below))
    return Graph(dataset_id, depth, walk.nodes(), complete=not (rest or walk.cut))


def _inputs(records: Mapping[int, DatasetRecord]) -> set[int]:
    return {id_ for record in records.values() for id_ in record.input_ids}


def _outputs(records: Mapping[int, DatasetRecord]) -> set[int]:
    return {id_ for record in records.values() for id_ in record.output_ids}


@dataclass(slots=True)
class _Walk:
    known: dict[int, DatasetRecord]
    levels: dict[int, int]
    asked: set[int]
    cut: bool = False

    def unasked(self, ids: Iterable[int]) -> set[int]:
        return {id_ for id_ in ids if 0 < id_ <= LARGEST_ID} - self.asked

    def step(self, view: View, higher: set[int], lower: set[int], level: int) -> dict[int, DatasetRecord]:
        wanted = sorted(higher | lower)
        room = MOST_DATASETS - len(self.known)
        if len(wanted) > room:
            self.cut, wanted = True, wanted[: max(room, 0)]
        read = _read(view, wanted)
        self.asked.update(wanted)
        self.known.update(read)
        self.levels.update({id_: -level if id_ in higher else level for id_ in read})
        return read

    def nodes(self) -> dict[int, Node]:
        return {id_: self._node(record) for id_, record in self.known.items()}

    def _node(self, record: DatasetRecord) -> Node:
        hidden = self.asked - self.known.keys()
        return Node(
            record,
            self.levels[record.id],
            tuple(id_ for id_ in record.input_ids if id_ in self.known and id_ != record.id),
            tuple(id_ for id_ in record.output_ids if id_ in self.known and id_ != record.id),
            len(hidden.intersection(record.input_ids)),
            len(hidden.intersection(record.output_ids)),
        )


def _read(view: View, ids: Iterable[int]) -> dict[int, DatasetRecord]:
    wanted = tuple(sorted(ids))
    if not wanted:
        return {}
    return {record.id: record for record in datasets.find(view, DatasetCriteria(ids=wanted), links=True).items}
