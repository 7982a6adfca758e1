"""Use cases about samples other than searching them."""

from __future__ import annotations

from collections.abc import Sequence

from drac_plugins.catalogue.dataset_service import change_value, fields_of_value
from drac_plugins.core.errors import Conflict, Forbidden, Invalid, NotFound
from drac_plugins.core.reads import samples
from drac_plugins.core.reads.criteria import SampleCriteria, Window
from drac_plugins.core.reads.records import Page, SampleRecord
from drac_plugins.core.reads.view import View
from icat_schema.gateway import New, Ref, Select
from icat_schema.gateway.conditions import And, Condition, Eq

EDITABLE = ("Sample_description", "Sample_notes", "Sample_comment")
"""Parameters of a sample that people write by hand; everything else is measured or declared."""


def of_investigation(view: View, investigation_id: int) -> Page[SampleRecord]:
    return samples.find(view, SampleCriteria(investigation_ids=(investigation_id,)))


def place(view: View, sample_id: int, criteria: SampleCriteria, window: Window) -> tuple[int, int]:
    """Where the sample stands in the list, counted from 0, and how long the list is. Raises NotFound when it is not in
    it."""
    ids = samples.ids(view, criteria, window)
    if sample_id not in ids:
        raise NotFound(f"The sample {sample_id} is not among those that match")
    return ids.index(sample_id), len(ids)


def create_parameter(view: View, sample_id: int, investigation_id: int, name: str, value: str) -> int:
    """The id of the new parameter.

    Raises Forbidden for what is not written by hand, NotFound for a sample that is not in this investigation or that
    the caller may not see, Conflict for a parameter that the sample has already, Invalid for a type that is unknown.
    """
    named = _editable(name)
    here = And(Eq("id", sample_id), Eq("investigation.id", investigation_id))
    if not view.session.count(Select("Sample", ["id"], here)):
        raise NotFound(f"There is no sample {sample_id} in investigation {investigation_id} that you may see")
    rows = view.session.rows(Select("ParameterType", ["id", "valueType"], Eq("name", named)))
    if not rows:
        raise Invalid(f"name: the catalogue has no parameter type {named}; data managers can add it")
    type_id, value_type = rows[0]
    present = And(Eq("sample.id", sample_id), Eq("type.id", type_id))
    if view.session.count(Select("SampleParameter", ["id"], present)):
        raise Conflict(f"The sample has a {named} already; change it instead")
    fields = fields_of_value(str(value_type), value, view.zone)
    new = New("SampleParameter", {"sample": Ref(sample_id), "type": Ref(type_id), **fields})
    return view.session.write([new])[0]


def change_parameter(view: View, parameter_id: int, investigation_id: int, value: str) -> None:
    """Raises Forbidden for what is not written by hand, NotFound for a parameter of another investigation."""
    here: Condition = And(Eq("id", parameter_id), Eq("sample.investigation.id", investigation_id))
    rows: Sequence[tuple[str, ...]] = view.session.rows(Select("SampleParameter", ["type.name"], here))
    if not rows:
        raise NotFound(
            f"There is no sample parameter {parameter_id} in investigation {investigation_id} that you may see"
        )
    _editable(rows[0][0])
    change_value(view, "SampleParameter", [parameter_id], value)


def _editable(name: str) -> str:
    found = {known.casefold(): known for known in EDITABLE}.get(name.strip().casefold())
    if found is None:
        raise Forbidden(f"{name[:80]} is not written by hand; possible are: {', '.join(EDITABLE)}")
    return found
