"""Holds the catalogue against what was sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from drac_plugins.core.inbox import Inbox
from icat_schema.gateway import Select, Session
from icat_schema.gateway.conditions import In
from tests.ingest.torture.plan import Dataset, Plan, closure

_LISTS = ("input_datasetIds", "output_datasetIds", "__full_input_datasetIds", "__full_output_datasetIds")


@dataclass
class Verdict:
    """What is wrong, in words; nothing when all is right."""

    lost: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    quarantined: Mapping[str, int] = field(default_factory=dict)
    differences: list[str] = field(default_factory=list)
    links: str = ""
    checked: Counter[str] = field(default_factory=Counter)

    @property
    def good(self) -> bool:
        return not (self.lost or self.twice or self.quarantined or self.differences or self.links)

    def __str__(self) -> str:
        lines = [
            f"  lost {len(self.lost)}, twice {len(self.twice)}, in quarantine {sum(self.quarantined.values())}",
            f"  drac links repair --check: {'nothing' if not self.links else self.links[:2000]}",
            f"  checked: {', '.join(f'{count} {what}' for what, count in sorted(self.checked.items()))}",
            f"  differences: {len(self.differences)}",
        ]
        return "\n".join([*lines, *(f"    {text}" for text in [*self.lost, *self.twice, *self.differences][:20])])


def judge(session: Session, plan: Plan, inbox: Inbox, check_links: Callable[[], str], files: int) -> Verdict:
    verdict = Verdict(quarantined=inbox.counters().quarantined)
    rows = session.rows(Select("Dataset", ["id", "location", "type.name", "investigation.name"]))
    count = Counter(location for _, location, _, _ in rows)
    verdict.twice = sorted(location for location, number in count.items() if number > 1)
    verdict.lost = sorted(plan.datasets.keys() - count.keys())
    verdict.differences += [f"nobody sent {location}" for location in sorted(count.keys() - plan.datasets.keys())]
    verdict.checked["datasets"] = len(rows)
    location_of = {id_: location for id_, location, _, _ in rows}
    for _, location, kind, _ in rows:
        wanted = plan.datasets.get(location)
        if wanted and kind != ("processed" if wanted.declared else "acquisition"):
            verdict.differences.append(f"{location} is {kind}")
    _judge_parameters(session, plan, location_of, verdict, files)
    _judge_jobs(session, plan, location_of, verdict)
    _judge_files(session, location_of, verdict, files)
    verdict.links = check_links()
    return verdict


def _judge_parameters(
    session: Session, plan: Plan, location_of: Mapping[int, str], verdict: Verdict, files: int
) -> None:
    found: dict[str, dict[str, str]] = {location: {} for location in location_of.values()}
    query = Select("DatasetParameter", ["dataset.id", "type.name", "stringValue"])
    for dataset_id, name, text in session.rows(query):
        found[location_of[dataset_id]][name] = text or ""
        verdict.checked["parameters"] += 1
    inputs = {d.location: tuple(i for i in d.inputs if i in plan.datasets) for d in plan.datasets.values()}
    outputs: dict[str, list[str]] = {}
    for output, sources in inputs.items():
        for source in sources:
            outputs.setdefault(source, []).append(output)
    for location, dataset in plan.datasets.items():
        have = found.get(location)
        if have is None:
            continue
        lists = (
            set(inputs[location]),
            set(outputs.get(location, ())),
            closure(location, inputs),
            closure(location, outputs),
        )
        for name, wanted in zip(_LISTS, lists, strict=True):
            meant = {location_of.get(int(text), text) for text in have.get(name, "").split()}
            if meant != wanted - {location}:
                verdict.differences.append(f"{location}: {name} names {sorted(meant)}, not {sorted(wanted)}")
        verdict.differences += _wrong_values(dataset, have, files)


def _wrong_values(dataset: Dataset, have: Mapping[str, str], files: int) -> list[str]:
    wanted = {**dataset.parameters, "__fileCount": str(files)}
    if dataset.declared:
        wanted["input_datasets"] = ",".join(dataset.declared)
    return [
        f"{dataset.location}: {name} is {have.get(name)!r}, not {value!r}"
        for name, value in wanted.items()
        if have.get(name) != value
    ]


def _judge_jobs(session: Session, plan: Plan, location_of: Mapping[int, str], verdict: Verdict) -> None:
    members: dict[int, set[str]] = {}
    for collection, dataset_id in session.rows(Select("DataCollectionDataset", ["dataCollection.id", "dataset.id"])):
        members.setdefault(collection, set()).add(location_of[dataset_id])
    jobs: dict[str, list[set[str]]] = {}
    rows: list[tuple[Any, ...]] = session.rows(Select("Job", ["outputDataCollection.id", "inputDataCollection.id"]))
    for output, source in rows:
        for location in members.get(output, ()):
            jobs.setdefault(location, []).append(members.get(source, set()))
    verdict.checked["jobs"] = len(rows)
    for location, dataset in plan.datasets.items():
        wanted = [{i for i in dataset.inputs if i in plan.datasets}] if dataset.declared else []
        if jobs.get(location, []) != wanted:
            verdict.differences.append(f"{location}: jobs have inputs {jobs.get(location)}, not {wanted}")


def _judge_files(session: Session, location_of: Mapping[int, str], verdict: Verdict, files: int) -> None:
    names = [f"f{number}.h5" for number in range(files)]
    count = Counter(key for key, _ in session.rows(Select("Datafile", ["dataset.id", "name"], In("name", names))))
    verdict.checked["files"] = sum(count.values())
    verdict.differences += [
        f"{location}: {count[key]} files" for key, location in location_of.items() if count[key] != files
    ]
