"""Rows of datasets and of what belongs to them, for one level of nesting at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from drac_plugins.core.links.reading import (
    inputs_by_provenance,
    listed_inputs,
    listed_outputs,
    outputs_by_provenance,
    union,
)
from drac_plugins.core.reads.records import ParameterRecord, TechniqueRecord
from drac_plugins.core.reads.values import parameter_columns, parameters_of
from drac_plugins.core.reads.view import Rows, Scope, View
from icat_schema.gateway import Select

HEAD = ("id", "name", "location", "startDate", "endDate", "complete", "type.name", "sample.id", "sample.name")


class Head(NamedTuple):
    """A row of the columns `HEAD`."""

    id: int
    name: str
    location: str | None
    start: datetime | None
    end: datetime | None
    complete: bool
    type: str
    sample_id: int | None
    sample_name: str | None


@dataclass(slots=True)
class Draft:
    """A dataset that is being put together; ids stand for what is shared."""

    head: Head
    investigation_id: int | None = None
    instrument: str | None = None
    parameters: Sequence[ParameterRecord] = ()
    techniques: list[TechniqueRecord] = field(default_factory=list)
    input_ids: tuple[int, ...] = ()
    output_ids: tuple[int, ...] = ()


def heads_of(rows: Rows) -> list[Head]:
    return [Head(*row) for row in rows]


def drafts_of(view: View, heads: Sequence[Head], scope: Scope, *, outputs: bool, inputs: bool) -> dict[int, Draft]:
    """One level of datasets with what belongs to them, in the order of `heads`; one query per kind of row, two per
    kind of links. `inputs` without provenance are those that the parameters list."""
    drafts = without_parameters(view, heads, scope)
    if not drafts:
        return {}
    add_parameters(view, drafts, scope)
    if outputs or inputs:
        _add_links(view, drafts, scope, inputs=inputs)
    return drafts


def without_parameters(view: View, heads: Sequence[Head], scope: Scope) -> dict[int, Draft]:
    """The same without parameters and links."""
    if not heads:
        return {}
    drafts = {head.id: Draft(head) for head in heads}
    _add_investigations(view, drafts, scope)
    _add_instruments(view, drafts, scope)
    _add_techniques(view, drafts, scope)
    return drafts


def _add_investigations(view: View, drafts: dict[int, Draft], scope: Scope) -> None:
    """A query of its own: a dataset can be readable while its investigation is not, and would be missing."""
    for key, investigation_id in scope.rows(view.session, Select("Dataset", ["id", "investigation.id"])):
        if key in drafts:
            drafts[key].investigation_id = investigation_id


def _add_instruments(view: View, drafts: dict[int, Draft], scope: Scope) -> None:
    for key, name in scope.rows(
        view.session, Select("DatasetInstrument", ["dataset.id", "instrument.name"]), "dataset"
    ):
        if key in drafts and drafts[key].instrument is None:
            drafts[key].instrument = name


def _add_techniques(view: View, drafts: dict[int, Draft], scope: Scope) -> None:
    columns = ["dataset.id", "technique.id", "technique.pid", "technique.name"]
    for key, *technique in scope.rows(view.session, Select("DatasetTechnique", columns), "dataset"):
        if key in drafts:
            drafts[key].techniques.append(TechniqueRecord(*technique))


def add_parameters(view: View, drafts: dict[int, Draft], scope: Scope) -> None:
    for _ in completed(view, drafts, scope):
        pass


def completed(view: View, drafts: dict[int, Draft], scope: Scope) -> Iterator[Sequence[int]]:
    """Add the parameters; ids of drafts that have all of theirs, some after the others."""
    select = Select("DatasetParameter", parameter_columns("dataset"))
    for ids, rows in scope.parts(view.session, select):
        for key, parameters in parameters_of(rows, view.zone).items():
            if key in drafts:
                drafts[key].parameters = parameters
        yield ids


def _add_links(view: View, drafts: dict[int, Draft], scope: Scope, *, inputs: bool) -> None:
    """The union of both ways in which links are kept: what the parameters list, then what only provenance knows."""

    def read(select: Select, owner: str) -> Rows:
        return scope.rows(view.session, select, owner)

    made = outputs_by_provenance(view.session, read)
    used = inputs_by_provenance(view.session, read) if inputs else {}
    for key, draft in drafts.items():
        values = {parameter.name: parameter.value for parameter in draft.parameters}
        draft.output_ids = union(listed_outputs(values), made.get(key, ()))
        draft.input_ids = union(listed_inputs(values), used.get(key, ()))
