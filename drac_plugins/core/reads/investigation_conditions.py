"""From investigation criteria to a condition on Investigation."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from drac_plugins.core.reads.criteria import InvestigationCriteria
from drac_plugins.core.reads.days import day_begins, day_ends
from drac_plugins.core.reads.lookups import instrument_ids, proposal_names
from drac_plugins.core.reads.view import View
from icat_schema.gateway.conditions import (
    And,
    Condition,
    Contains,
    Ge,
    Gt,
    In,
    IsNull,
    IsUser,
    Le,
    Like,
    Lt,
    NotNull,
    Or,
)

_SEARCHED = (
    "name",
    "title",
    "summary",
    "visitId",
    "doi",
    "investigationInstruments.instrument.name",
)
_TEAM = "investigationUsers.user.name"
_SCIENTISTS = "investigationInstruments.instrument.instrumentScientists.user.name"


def investigation_conditions(view: View, criteria: InvestigationCriteria) -> list[Condition] | None:
    """Everything but ids and parameter filters. None: nothing can match, because an instrument or a proposal is
    unknown."""
    conditions = [*_dates(view, criteria), *_scope(criteria)]
    if criteria.participants:
        conditions.append(Or(*(_begins_with(_TEAM, text) for text in criteria.participants)))
    if criteria.search:
        conditions.append(Or(*(Contains(path, criteria.search) for path in _SEARCHED)))
    if criteria.instruments:
        instruments = instrument_ids(view, criteria.instruments)
        if not instruments:
            return None
        conditions.append(In("investigationInstruments.instrument.id", instruments))
    if criteria.names:
        names = proposal_names(view, criteria.names)
        if not names:
            return None
        conditions.append(In("name", names))
    return conditions


def _dates(view: View, criteria: InvestigationCriteria) -> Iterable[Condition]:
    if criteria.start is not None:
        begin = day_begins(criteria.start, view.zone)
        yield Or(Ge("startDate", begin), Ge("endDate", begin), IsNull("endDate"))
    if criteria.end is not None:
        yield Lt("startDate", day_ends(criteria.end, view.zone))
    if criteria.running_at is not None:
        yield Le("startDate", criteria.running_at)
        yield Or(Ge("endDate", criteria.running_at), IsNull("endDate"))
    if criteria.releases:
        days = [(day_begins(day, view.zone), day_ends(day, view.zone)) for day in criteria.releases]
        yield Or(*(And(Ge("releaseDate", begin), Lt("releaseDate", end)) for begin, end in days))
        yield NotNull("doi")


def _scope(criteria: InvestigationCriteria) -> Iterable[Condition]:
    match criteria.scope:
        case "participant":
            yield _is_caller(_TEAM, criteria.users)
        case "instrumentscientist":
            yield _is_caller(_SCIENTISTS, criteria.users)
        case "released":
            yield Lt("releaseDate", datetime.now(UTC))
            yield NotNull("doi")
        case "embargoed":
            yield Gt("releaseDate", datetime.now(UTC))


def _is_caller(path: str, users: tuple[str, ...]) -> Condition:
    return In(path, users) if users else IsUser(path)


def _begins_with(path: str, text: str) -> Condition:
    """LIKE knows no escape, so a percent sign stands for one character here, and the text must occur as it is."""
    return And(Like(path, text.replace("%", "_") + "%"), Contains(path, text, ignore_case=False))
