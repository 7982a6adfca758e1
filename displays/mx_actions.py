"""Macromolecular crystallography: raw datasets of one sample gathered into actions, the rows of its list."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import tzinfo

from displays.records import Dataset
from displays.related import order_of_making

ALONE = frozenset({"energy_scan", "xrf"})
COLLECTIONS = frozenset({"datacollection", "helical", "osc"})


@dataclass(frozen=True, slots=True)
class Action:
    """One row: a workflow with all its datasets, or a bundle made by hand. In order of start, never empty."""

    datasets: tuple[Dataset, ...]

    @property
    def workflow_id(self) -> str | None:
        return self.datasets[0].text("Workflow_id")

    @property
    def kind(self) -> str:
        """Type of the workflow, else the kind of the last scan, which is the one that the others prepared."""
        typed = (dataset.text("Workflow_type") for dataset in self.datasets)
        return next(filter(None, typed), None) or self.datasets[-1].scan_type or "manual"

    @property
    def main(self) -> Dataset:
        """The dataset that the others prepared: the last collection, else the last of all."""
        collections = [dataset for dataset in self.datasets if _kind(dataset) in COLLECTIONS]
        return (collections or self.datasets)[-1]

    @property
    def scan_types(self) -> tuple[str, ...]:
        """Kinds of its datasets, each once, in order."""
        return tuple(dict.fromkeys(filter(None, (dataset.scan_type for dataset in self.datasets))))

    @property
    def sample(self) -> str:
        """Name of the sample; empty if nobody said it."""
        named = (dataset.sample_name or dataset.text("Sample_name") for dataset in self.datasets)
        return next(filter(None, named), None) or ""

    def text(self, *names: str) -> str | None:
        """A parameter of the main dataset, else of the first that has it."""
        return self.main.text(*names) or next(filter(None, (dataset.text(*names) for dataset in self.datasets)), None)


def actions(datasets: Iterable[Dataset], zone: tzinfo) -> list[Action]:
    """Raw datasets of any number of samples as actions, in order of their first start. Processed ones are left out."""
    by_sample: dict[object, list[Dataset]] = {}
    for dataset in datasets:
        if dataset.is_raw:
            named = dataset.sample_name or dataset.text("Sample_name")
            sample = dataset.sample_id if dataset.sample_id is not None else named
            by_sample.setdefault(sample, []).append(dataset)
    found = [action for members in by_sample.values() for action in bundle(members, zone)]
    return sorted(found, key=lambda action: order_of_making(action.datasets[0], zone))


def bundle(datasets: Sequence[Dataset], zone: tzinfo) -> list[Action]:
    """The facility's bundling of one sample's raw datasets. Energy scans and fluorescence spectra open a bundle of
    their own; whatever follows is compared with the last bundle, even if that is such a scan."""
    bundles: list[list[Dataset]] = []
    for dataset in sorted(datasets, key=lambda one: order_of_making(one, zone)):
        if bundles and _joins(dataset, bundles[-1]):
            bundles[-1].append(dataset)
        else:
            bundles.append([dataset])
    return [Action(tuple(members)) for members in bundles]


def _joins(dataset: Dataset, members: Sequence[Dataset]) -> bool:
    if _kind(dataset) in ALONE:
        return False
    workflow, last = dataset.text("Workflow_id"), members[-1].text("Workflow_id")
    if workflow != last:
        return False
    if workflow is not None:
        return True
    holds_collection = any(_kind(member) in COLLECTIONS for member in members)
    return _position(dataset) == _position(members[-1]) and not holds_collection


def _kind(dataset: Dataset) -> str:
    return (dataset.scan_type or "").casefold()


def _position(dataset: Dataset) -> str | None:
    return dataset.text("MX_positionName", "MX_crystalPositionName")
