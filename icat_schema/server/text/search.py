"""Answers `lucene/data`: one statement that joins the index, plain conditions and the caller's rules."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, and_, case, false, func, literal, not_, or_, select

from icat_schema.definitions import schema
from icat_schema.server.authz import Rules
from icat_schema.server.caller import Caller
from icat_schema.server.store.tables import occurrence, relation_column, table
from icat_schema.server.text.index import TextIndex
from icat_schema.server.text.query import ParameterCondition, TextQuery
from icat_schema.server.text.words import Every, Node, Some, Term, Without, positive_terms

RELATED: dict[str, tuple[tuple[str, str], ...]] = {
    "Investigation": (("type", "InvestigationType"), ("facility", "Facility")),
    "Dataset": (("type", "DatasetType"), ("sample", "Sample")),
    "Datafile": (("datafileFormat", "DatafileFormat"),),
    "Sample": (("type", "SampleType"),),
    "User": (),
}
"""Objects whose words count as those of the object that refers to them."""

OWN_WEIGHT, RELATED_WEIGHT = 1.0, 0.5
PERIODS = {
    "Investigation": ("startDate", "endDate"),
    "Dataset": ("startDate", "endDate"),
    "Datafile": ("datafileModTime", "datafileModTime"),
}


@dataclass(frozen=True, slots=True)
class Hit:
    id: int
    score: float


@dataclass(frozen=True, slots=True)
class TextSearch:
    """One search of one caller."""

    connection: Connection
    index: TextIndex
    rules: Rules
    caller: Caller

    def hits(self, query: TextQuery, max_count: int) -> list[Hit]:
        """What matches and may be read: the best first, equally good ones by id."""
        grant = self.rules.grants(self.connection, self.caller, {query.target})[query.target]
        if max_count <= 0 or self.index.is_empty(self.connection, query.target):
            return []
        rows = table(query.target)
        readable = self.rules.filter(grant, schema().entities[query.target], rows.c.id, rows)
        score = self._score(query, rows).label("score")
        statement = select(rows.c.id, score).where(*self._conditions(query, rows), readable)
        statement = statement.order_by(score.desc(), rows.c.id).limit(max_count)
        found = self.connection.execute(statement, self.rules.parameters(self.caller))
        return [Hit(id_, float(value)) for id_, value in found]

    def _conditions(self, query: TextQuery, rows: FromClause) -> list[ColumnElement[bool]]:
        conditions = list(_period(query, rows))
        if query.text is not None:
            conditions.append(self._holds(query.text, query.target, rows))
        if query.user is not None:
            conditions.append(_investigation_of(query, rows).in_(_taken_part_in(lambda u: u.c.name == query.user)))
        conditions += [_parameter(condition, query.target, rows) for condition in query.parameters]
        if query.target == "Investigation":
            conditions += [self._sample(node, rows) for node in query.samples]
            if query.full_name is not None:
                node = query.full_name
                conditions.append(rows.c.id.in_(_taken_part_in(lambda users: self._holds(node, "User", users))))
        return conditions

    def _sample(self, node: Node, rows: FromClause) -> ColumnElement[bool]:
        samples = occurrence("Sample")
        return rows.c.id.in_(select(samples.c.investigation_id).where(self._holds(node, "Sample", samples)))

    def _holds(self, node: Node, entity: str, rows: FromClause) -> ColumnElement[bool]:
        match node:
            case Term():
                return or_(self._own(node, entity, rows), *self._related(node, entity, rows))
            case Every(parts):
                return and_(*(self._holds(part, entity, rows) for part in parts))
            case Some(parts):
                return or_(false(), *(self._holds(part, entity, rows) for part in parts))
            case Without(part):
                return not_(func.coalesce(self._holds(part, entity, rows), false()))

    def _own(self, term: Term, entity: str, rows: FromClause) -> ColumnElement[bool]:
        return rows.c.id.in_(self.index.matching(self.connection, entity, term))

    def _related(self, term: Term, entity: str, rows: FromClause) -> list[ColumnElement[bool]]:
        return [
            rows.c[relation_column(relation)].in_(self.index.matching(self.connection, target, term))
            for relation, target in RELATED[entity]
        ]

    def _score(self, query: TextQuery, rows: FromClause) -> ColumnElement[Any]:
        """How many of the words are found, those of related objects counting less; the same on every database."""
        total: ColumnElement[Any] = literal(0.0 if query.text is not None else 1.0)
        for term in positive_terms(query.text) if query.text is not None else ():
            related = or_(false(), *self._related(term, query.target, rows))
            own = self._own(term, query.target, rows)
            total = total + case((own, OWN_WEIGHT), (related, RELATED_WEIGHT), else_=0.0)
        return total


def _period(query: TextQuery, rows: FromClause) -> list[ColumnElement[bool]]:
    """An object without dates of its own counts by when it was registered."""
    begin, end = PERIODS[query.target]
    conditions: list[ColumnElement[bool]] = []
    if query.lower is not None:
        conditions.append(func.coalesce(rows.c[begin], rows.c.createTime) >= query.lower)
    if query.upper is not None:
        conditions.append(func.coalesce(rows.c[end], rows.c.modTime) <= query.upper)
    return conditions


def _investigation_of(query: TextQuery, rows: FromClause) -> ColumnElement[Any]:
    if query.target == "Investigation":
        return rows.c.id
    if query.target == "Dataset":
        return rows.c.investigation_id
    datasets = occurrence("Dataset")
    return select(datasets.c.investigation_id).where(datasets.c.id == rows.c.dataset_id).scalar_subquery()


def _taken_part_in(condition: Callable[[FromClause], ColumnElement[bool]]) -> Any:
    """Ids of investigations with a user for whom the condition holds."""
    parts, users = occurrence("InvestigationUser"), occurrence("User")
    joined = parts.join(users, users.c.id == parts.c.user_id)
    return select(parts.c.investigation_id).select_from(joined).where(condition(users))


def _parameter(wanted: ParameterCondition, target: str, rows: FromClause) -> ColumnElement[bool]:
    values, types = occurrence(f"{target}Parameter"), occurrence("ParameterType")
    owner = values.c[relation_column(target[0].lower() + target[1:])]
    conditions = [types.c.name == wanted.name, types.c.units == wanted.units]
    if wanted.text is not None:
        conditions.append(values.c.stringValue == wanted.text)
    elif wanted.dates is not None:
        conditions.append(values.c.dateTimeValue.between(*wanted.dates))
    elif wanted.numbers is not None:
        conditions.append(values.c.numericValue.between(*wanted.numbers))
    joined = values.join(types, types.c.id == values.c.type_id)
    return rows.c.id.in_(select(owner).select_from(joined).where(*conditions))
