"""Investigations: the search, and what a dataset or a sample shows of its own one."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from drac_plugins.core.errors import Invalid
from drac_plugins.core.reads.criteria import EVERYTHING, InvestigationCriteria, Window
from drac_plugins.core.reads.investigation_conditions import investigation_conditions
from drac_plugins.core.reads.parameter_filters import Sieve, compiled, sifted
from drac_plugins.core.reads.records import InstrumentRecord, InvestigationRecord, Page, TeamMember, TypeRecord
from drac_plugins.core.reads.values import parameter_columns, parameters_of
from drac_plugins.core.reads.view import MANY, Rows, Scope, View, conjunction, matching, order_of, scope_of, window_of
from icat_schema.gateway import Select
from icat_schema.gateway.conditions import And, Condition, In, NotNull

_HEAD = (
    "id",
    "name",
    "title",
    "visitId",
    "startDate",
    "endDate",
    "releaseDate",
    "doi",
    "summary",
    "type.id",
    "type.name",
    "type.description",
)
_SORT = {
    "NAME": "name",
    "TITLE": "title",
    "INSTRUMENT": "visitId",
    "VISITID": "visitId",
    "STARTDATE": "startDate",
    "ENDDATE": "endDate",
    "RELEASEDATE": "releaseDate",
    "DATE": "startDate",
}
_CHUNK = 200


def find(
    view: View, criteria: InvestigationCriteria, window: Window = EVERYTHING, *, access: bool = False
) -> Page[InvestigationRecord]:
    """The investigations that fulfil all criteria, with team, instruments, their scientists, and parameters; in
    order of registration unless the window says otherwise. `access` fills `can_access_datasets`."""
    found = _found(view, criteria, window)
    if found is None:
        return Page((), 0, window.skip, window.limit)
    rows, total, scope = found
    records = _with_scientists(view, _records(view, rows, scope))
    if access:
        readable = _with_readable_datasets(view, [record.id for record in records])
        records = [replace(record, can_access_datasets=record.id in readable) for record in records]
    return Page(tuple(records), total, window.skip, window.limit)


def light(view: View, ids: Collection[int]) -> dict[int, InvestigationRecord]:
    """Those of these investigations that the caller may read, without the scientists of the instruments."""
    if not ids:
        return {}
    scope = scope_of(sorted(ids), None, dense=False)
    rows = scope.rows(view.session, Select("Investigation", _HEAD))
    return {record.id: record for record in _records(view, rows, scope)}


def team(view: View, investigation_id: int) -> tuple[TeamMember, ...]:
    """Who takes part, by id of the row."""
    return tuple(_team(view, scope_of([investigation_id], None, dense=False)).get(investigation_id, ()))


def stored_name(view: View, proposal: str) -> str | None:
    """The name of an investigation that is a spelling of this proposal, the oldest one; None when there is none."""
    page = _found(view, InvestigationCriteria(names=(proposal,)), Window(limit=1))
    return None if page is None or not page[0] else str(page[0][0][1])


def _found(view: View, criteria: InvestigationCriteria, window: Window) -> tuple[Rows, int, Scope] | None:
    if len(criteria.ids) > MANY:
        raise Invalid(f"ids: at most {MANY} identifiers are accepted, got {len(criteria.ids)}")
    conditions = investigation_conditions(view, criteria)
    if conditions is None:
        return None
    if criteria.ids:
        conditions.append(In("id", criteria.ids))
    filtered = compiled(view, "Investigation", criteria.parameters, conjunction(conditions))
    if filtered is None:
        return None
    where = conjunction([*conditions, *filtered[0]])
    select = Select("Investigation", _HEAD, where, order_of(_SORT, window))
    if filtered[1]:
        return _sifted(view, select, filtered[1], window)
    rows, total = matching(view, select, window)
    dense = not select.order or window.limit is None
    return rows, total, scope_of([row[0] for row in rows], where, dense=dense)


def _sifted(view: View, select: Select, sieves: list[Sieve], window: Window) -> tuple[Rows, int, Scope]:
    rows = {row[0]: row for row in matching(view, select, EVERYTHING)[0]}
    ids = sifted(view, "Investigation", list(rows), sieves, select.where)
    wanted = window_of(ids, window)
    return [rows[key] for key in wanted], len(ids), scope_of(wanted, None, dense=False)


def _records(view: View, rows: Rows, scope: Scope) -> list[InvestigationRecord]:
    if not rows:
        return []
    instruments = _instruments(view, scope)
    members = _team(view, scope)
    parameter_rows = scope.rows(
        view.session, Select("InvestigationParameter", parameter_columns("investigation")), "investigation"
    )
    parameters = parameters_of(parameter_rows, view.zone)
    return [
        InvestigationRecord(
            *(
                *row[:9],
                TypeRecord(*row[9:12]),
                tuple(instruments.get(row[0], ())),
                tuple(members.get(row[0], ())),
                parameters.get(row[0], ()),
            )
        )
        for row in rows
    ]


def _instruments(view: View, scope: Scope) -> dict[int, list[InstrumentRecord]]:
    fields = ["id", "name", "fullName", "description"]
    columns = ["investigation.id", *(f"instrument.{field}" for field in fields), "id"]
    found: dict[int, list[InstrumentRecord]] = {}
    for owner, *instrument in scope.rows(view.session, Select("InvestigationInstrument", columns), "investigation"):
        found.setdefault(owner, []).append(InstrumentRecord(*instrument))
    return found


def _team(view: View, scope: Scope) -> dict[int, list[TeamMember]]:
    fields = ["name", "fullName", "givenName", "familyName", "email", "orcidId", "affiliation"]
    columns = ["investigation.id", "id", "role", *(f"user.{field}" for field in fields)]
    found: dict[int, list[TeamMember]] = {}
    for owner, *member in scope.rows(view.session, Select("InvestigationUser", columns), "investigation"):
        found.setdefault(owner, []).append(TeamMember(*member))
    return found


def _with_scientists(view: View, records: Sequence[InvestigationRecord]) -> list[InvestigationRecord]:
    ids = {instrument.id for record in records for instrument in record.instruments}
    if not ids:
        return list(records)
    names: dict[int, list[str]] = {}
    select = Select("InstrumentScientist", ["instrument.id", "user.name"])
    for key, name in scope_of(sorted(ids), None, dense=False).rows(view.session, select, "instrument"):
        names.setdefault(key, []).append(name)
    return [replace(record, instruments=_staffed(record.instruments, names)) for record in records]


def _staffed(
    instruments: Iterable[InstrumentRecord], names: Mapping[int, Sequence[str]]
) -> tuple[InstrumentRecord, ...]:
    return tuple(replace(one, scientists=tuple(names.get(one.id, ()))) for one in instruments)


def _with_readable_datasets(view: View, ids: Sequence[int]) -> set[int]:
    """Investigations of which the caller can read a dataset, or which have none. ICAT tests only what is selected: so
    `complete` asks for datasets that are readable, and a condition for any."""
    readable: set[int] = set()
    filled: set[int] = set()
    for start in range(0, len(ids), _CHUNK):
        chunk: Condition = In("investigation.id", ids[start : start + _CHUNK])
        select = Select("Dataset", ["investigation.id", "complete"], chunk, distinct=True)
        readable.update(_first(view.session.rows(select)))
        some: Condition = And(In("id", ids[start : start + _CHUNK]), NotNull("datasets.id"))
        filled.update(_first(view.session.rows(Select("Investigation", ["id"], some))))
    return readable | (set(ids) - filled)


def _first(rows: Iterable[tuple[Any, ...]]) -> Iterable[int]:
    return (row[0] for row in rows)
