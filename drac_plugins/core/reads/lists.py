"""The small tables as a whole, by id."""

from __future__ import annotations

from drac_plugins.core.reads.records import InstrumentRecord, TechniqueEntry, TypeRecord
from drac_plugins.core.reads.view import View
from icat_schema.gateway import Select


def instruments(view: View) -> tuple[InstrumentRecord, ...]:
    rows = view.session.rows(Select("Instrument", ["id", "name", "fullName", "description"]))
    return tuple(InstrumentRecord(*row) for row in rows)


def investigation_types(view: View) -> tuple[TypeRecord, ...]:
    columns = ["id", "name", "description", "createId", "createTime", "modId", "modTime"]
    return tuple(TypeRecord(*row) for row in view.session.rows(Select("InvestigationType", columns)))


def techniques(view: View) -> tuple[TechniqueEntry, ...]:
    rows = view.session.rows(Select("Technique", ["id", "name", "pid", "description"]))
    return tuple(TechniqueEntry(*row) for row in rows)
