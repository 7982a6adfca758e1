"""An MX session read for its list and summary: all datasets with only those parameters that bundling, ranking and
counting look at, and a page of them in full.

Calls to the catalogue: a fixed number for the session (each again once per `maxEntities` rows), and those of one nested
read for the page.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from displays import records as shown
from displays.cutoffs import Limits
from displays.document import Display
from displays.library import Library
from displays.mx_phasing import PARAMETERS as PHASING
from displays.mx_scales import Choice
from displays.ranking_model import ByField, ByNumber
from displays.reader import Reader
from drac_plugins.core.links.derive import INPUT_IDS
from drac_plugins.core.links.lists import LONGEST_VALUE, read_ids
from drac_plugins.core.links.provenance import INPUT_MARK
from drac_plugins.core.links.reading import union
from drac_plugins.core.reads import datasets as reads
from drac_plugins.core.reads.criteria import DatasetCriteria
from drac_plugins.core.reads.records import InvestigationRecord
from drac_plugins.core.reads.values import VALUE_COLUMNS, text_of
from drac_plugins.core.reads.view import View
from drac_plugins.displays.families import as_shown, flat
from icat_schema.gateway import Select
from icat_schema.gateway.conditions import And, Condition, Eq, In

ALGORITHM = "mx_actions"
"""Displays that gather rows by it show MX sessions."""

_HEAD = ("id", "name", "startDate", "endDate", "complete", "sample.id", "sample.name")
_OF_RAW = (
    "technique_pid",
    "definition",
    "scanType",
    "MX_scanType",
    "actualInstrument",
    "Project_name",
    "content_schemas",
    "Sample_name",
    "SampleProtein_acronym",
    "SampleTrackingShipment_id",
    "SampleTrackingShipment_name",
    "SampleTrackingParcel_id",
    "SampleTrackingParcel_name",
    "SampleTrackingContainer_id",
    "SampleTrackingContainer_name",
    "SampleTrackingContainer_type",
    "SampleTrackingContainer_capacity",
    "SampleTrackingContainer_position",
    "Workflow_id",
    "Workflow_type",
    "MX_positionName",
    "MX_crystalPositionName",
    "MX_template",
)
_OF_RESULTS = (
    "scanType",
    "MX_scanType",
    "Process_program",
    "Process_sequence_index",
    "Workflow_status",
    "MXAutoprocIntegrationScaling_overall_completeness",
    INPUT_IDS,
    *PHASING,
)
_NEARLY_FULL = LONGEST_VALUE - 40
"""Lists that are longer may have been cut: then provenance knows the rest."""


@dataclass(frozen=True, slots=True)
class Overview:
    """A session. `raw` are the datasets that MX displays show, in order of registration; `display` is that of most of
    them, None when there are none. `lineage` holds them and all results with few of their parameters."""

    raw: tuple[shown.Dataset, ...]
    display: Display | None
    lineage: shown.Lineage


def overview(view: View, library: Library, reader: Reader, investigation: InvestigationRecord) -> Overview:
    """Everything of a session that its list and its summary are made from."""
    everything = _datasets(view, investigation, "acquisition", {*_OF_RAW, *library.tested})
    by_display: dict[str, list[shown.Dataset]] = {}
    for dataset in everything:
        display = library.choose(dataset)
        if display.groups is not None and display.groups.algorithm == ALGORITHM:
            by_display.setdefault(display.id, []).append(dataset)
    if not by_display:
        return Overview((), None, shown.Lineage())
    most = library.get(max(by_display, key=lambda name: len(by_display[name])))
    raw = sorted((dataset for members in by_display.values() for dataset in members), key=lambda one: one.id)
    names = {*_OF_RESULTS, *_ranked_by(most, reader)} if most is not None else set(_OF_RESULTS)
    results = _datasets(view, investigation, "processed", names)
    links = _links(view, investigation.id, results)
    return Overview(tuple(raw), most, shown.Lineage.of((*raw, *results), links))


def _ranked_by(display: Display, reader: Reader) -> Iterable[str]:
    """Parameters that the ranking of a display looks at, under the reader's settings."""
    ranking = display.ranking
    if ranking is None:
        return
    for related in ranking.over.values():
        yield from (name for name in related.where if name not in ("name_like", "dataset_type"))
    for criterion in ranking.criteria:
        if isinstance(criterion, ByNumber):
            default = criterion.default
            if default is not None:
                yield criterion.param.replace("{shell}", default.shell).replace("{stat}", default.stat)
        elif not isinstance(criterion, ByField):
            yield from criterion.param
    choice = Choice.of(display, reader.settings)
    if choice is not None:
        yield choice.param
    yield from (limit.param for limit in Limits.of(ranking, reader.settings).items)


def _datasets(view: View, investigation: InvestigationRecord, kind: str, names: Collection[str]) -> list[shown.Dataset]:
    """Datasets of one type with the parameters of these names."""

    def of_session(prefix: str) -> Condition:
        return And(Eq(f"{prefix}investigation.id", investigation.id), Eq(f"{prefix}type.name", kind))

    session = view.session
    heads = session.rows(Select("Dataset", _HEAD, of_session("")))
    if not heads:
        return []
    values = _values(view, names, of_session("dataset."))
    raw = kind == "acquisition"
    instruments = dict(_pairs(view, "DatasetInstrument", "instrument.name", of_session("dataset."))) if raw else {}
    techniques: dict[int, list[str]] = {}
    for key, pid in _pairs(view, "DatasetTechnique", "technique.pid", of_session("dataset.")) if raw else ():
        techniques.setdefault(key, []).append(pid)
    scheduled = investigation.instruments[0].name if investigation.instruments else None
    return [
        shown.Dataset(
            id=key,
            name=name,
            type=kind,
            start=start,
            end=end,
            complete=complete,
            instrument=instruments.get(key),
            investigation_instrument=scheduled,
            investigation_id=investigation.id,
            sample_id=sample_id,
            sample_name=sample_name,
            techniques=tuple(techniques.get(key, ())),
            parameters=values.get(key, {}),
        )
        for key, name, start, end, complete, sample_id, sample_name in heads
    ]


def _pairs(view: View, entity: str, column: str, where: Condition) -> list[tuple[int, str]]:
    rows = view.session.rows(Select(entity, ["dataset.id", column], where))
    return [(key, text) for key, text in rows if text]


def _values(view: View, names: Collection[str], where: Condition) -> dict[int, dict[str, shown.Parameter]]:
    types = {
        key: (name, units)
        for key, name, units in view.session.rows(
            Select("ParameterType", ["id", "name", "units"], In("name", sorted(names)))
        )
    }
    found: dict[int, dict[str, shown.Parameter]] = {}
    if not types:
        return found
    columns = ["dataset.id", "type.id", *VALUE_COLUMNS]
    select = Select("DatasetParameter", columns, And(where, In("type.id", sorted(types))))
    for owner, kind, string, number, instant in view.session.rows(select):
        name, units = types[kind]
        value = string if string is not None else text_of(None, number, instant, view.zone)
        found.setdefault(owner, {})[name] = shown.Parameter(name, value, units)
    return found


def _links(view: View, investigation_id: int, results: Sequence[shown.Dataset]) -> list[tuple[int, int]]:
    """(input, result) pairs: what the parameters list, and, where a list is missing or may have been cut, what
    provenance knows."""
    listed = {dataset.id: dataset.text(INPUT_IDS) or "" for dataset in results}
    doubtful = any(not text or len(text) > _NEARLY_FULL for text in listed.values())
    known = _by_provenance(view, investigation_id) if doubtful else {}
    return [(source, key) for key, text in listed.items() for source in union(read_ids(text), known.get(key, ()))]


def _by_provenance(view: View, investigation_id: int) -> Mapping[int, list[int]]:
    made = "jobsAsInput.outputDataCollection.dataCollectionDatasets.dataset.investigation.id"
    here = Eq(f"dataCollection.{made}", investigation_id)
    marked = And(here, Eq("type.name", INPUT_MARK))
    marks = view.session.rows(Select("DataCollectionParameter", ["dataCollection.id", "stringValue"], marked))
    output_of = {collection: ids[0] for collection, text in marks if (ids := read_ids(text))}
    found: dict[int, list[int]] = {}
    if output_of:
        members = Select("DataCollectionDataset", ["dataCollection.id", "dataset.id"], here)
        for collection, source in view.session.rows(members):
            if collection in output_of and source != output_of[collection]:
                found.setdefault(output_of[collection], []).append(source)
    return found


def in_full(view: View, dataset_ids: Sequence[int], known: Overview) -> shown.Lineage:
    """These raw datasets and all that was computed from them, with everything that the reader may see; how many inputs
    a result has is known from the whole session."""
    page = reads.find(view, DatasetCriteria(ids=tuple(dataset_ids)), nested=True)
    records = {record.id: record for record in flat(page.items)}
    links = [(record.id, result) for record in records.values() for result in record.output_ids if result in records]
    links += [(source, key) for key in records for source in known.lineage.inputs.get(key, ())]
    return shown.Lineage.of((as_shown(record) for record in records.values()), links)
