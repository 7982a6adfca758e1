"""The data rules of ICAT: what a row must look like before it is stored."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Protocol, TypeVar

from sqlalchemy import Connection, select

from icat_schema.server.authz import Rules, check_public_step
from icat_schema.server.entities.columns import Columns, Row
from icat_schema.server.errors import IcatError
from icat_schema.server.store.tables import table

PORTION = 5_000
"""How many ids or keys go into one statement."""

UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""Characters that XML 1.0 cannot carry: stored, they would make the object unreadable over SOAP."""

APPLICABLE_TO = {
    "DataCollectionParameter": ("applicableToDataCollection", "a DataCollection"),
    "DatafileParameter": ("applicableToDatafile", "a Datafile"),
    "DatasetParameter": ("applicableToDataset", "a Dataset"),
    "InvestigationParameter": ("applicableToInvestigation", "an Investigation"),
    "SampleParameter": ("applicableToSample", "a Sample"),
}

T = TypeVar("T")


class Candidate(Protocol):
    """A row that is about to be stored."""

    @property
    def columns(self) -> Columns: ...
    @property
    def row(self) -> Row: ...


@dataclass(frozen=True, slots=True)
class ParameterFacts:
    """What a stored ParameterType demands; `permitted` is empty when every text is."""

    name: str
    value_type: str
    enforced: bool
    minimum: float | None
    maximum: float | None
    applicable: frozenset[str]
    permitted: frozenset[str]


def portions(items: Collection[T]) -> Iterator[list[T]]:
    """The items in lists short enough for one statement."""
    rest = iter(items)
    while part := list(islice(rest, PORTION)):
        yield part


def text_problem(columns: Columns, row: Row) -> IcatError | None:
    """The first text that must not even be shown to the database."""
    for column, _ in columns.texts:
        text = row[column]
        if text is not None and UNWRITABLE.search(text):
            message = f"{columns.entity.name}: {column} contains a control character that XML cannot carry"
            return IcatError("VALIDATION", message)
    return None


def field_problem(columns: Columns, row: Row) -> IcatError | None:
    """The first missing value, then the first overlong text."""
    name = columns.entity.name
    for column, field in columns.required:
        if row[column] is None:
            return IcatError("VALIDATION", f"{name}: {field} cannot be null.")
    for column, length in columns.texts:
        text = row[column]
        if text is not None and len(text) > length:
            return IcatError("VALIDATION", f"{name}: {column} cannot have length > {length}")
    return None


class EntityChecks:
    """The rules of single entities: parameters, Rule and PublicStep. Types of parameters are read once per batch."""

    def __init__(self, connection: Connection, rules: Rules, candidates: Sequence[Candidate]) -> None:
        self._rules = rules
        parameters = (c for c in candidates if c.columns.entity.name in APPLICABLE_TO)
        self._types = load_parameter_types(connection, {c.row["type_id"] for c in parameters} - {None})

    def problem(self, candidate: Candidate, *, created: bool) -> IcatError | None:
        """What is wrong with the row. Rewrites crudFlags of a Rule the way ICAT stores them. Applicability of a
        parameter is looked at only when it is created."""
        name = candidate.columns.entity.name
        if name in APPLICABLE_TO:
            return self._parameter_problem(name, candidate.row, created=created)
        try:
            if name == "Rule":
                self._check_rule(candidate.row)
            elif name == "PublicStep":
                self._check_public_step(candidate.row)
        except IcatError as error:
            return error
        return None

    def _parameter_problem(self, name: str, row: Row, *, created: bool) -> IcatError | None:
        if row["type_id"] is None:
            return IcatError("VALIDATION", "Type of parameter is not set")
        facts = self._types.get(row["type_id"])
        if facts is None:
            return IcatError("NO_SUCH_OBJECT_FOUND", f"ParameterType[id:{row['type_id']}] not found.")
        text = _value_problem(facts, row) if facts.enforced else None
        if text is None and created and name not in facts.applicable:
            text = f"Parameter of type {facts.name} is not applicable to {APPLICABLE_TO[name][1]}"
        return IcatError("VALIDATION", text) if text else None

    def _check_rule(self, row: Row) -> None:
        if row["what"] is None:
            raise IcatError("BAD_PARAMETER", "'what' must not be null")
        if row["crudFlags"] is not None:
            row["crudFlags"] = row["crudFlags"].strip().upper()
            self._rules.check_rule(row["crudFlags"], row["what"])

    @staticmethod
    def _check_public_step(row: Row) -> None:
        if row["origin"] is not None and row["field"] is not None:
            check_public_step(row["origin"], row["field"])


def load_parameter_types(connection: Connection, ids: Collection[int]) -> dict[int, ParameterFacts]:
    """The facts of the stored types among these ids, with two statements for any usual number of them."""
    types, values = table("ParameterType"), table("PermissibleStringValue")
    permitted: dict[int, set[str]] = {}
    facts: dict[int, ParameterFacts] = {}
    for part in portions(ids):
        for row in connection.execute(select(values.c.type_id, values.c.value).where(values.c.type_id.in_(part))):
            permitted.setdefault(row.type_id, set()).add(row.value)
        for found in connection.execute(select(types).where(types.c.id.in_(part))).mappings():
            facts[found["id"]] = ParameterFacts(
                name=found["name"],
                value_type=found["valueType"],
                enforced=found["enforced"],
                minimum=found["minimumNumericValue"],
                maximum=found["maximumNumericValue"],
                applicable=frozenset(e for e, (flag, _) in APPLICABLE_TO.items() if found[flag]),
                permitted=frozenset(permitted.get(found["id"], ())),
            )
    return facts


def _value_problem(facts: ParameterFacts, row: Row) -> str | None:
    """Why an enforced type does not permit the value."""
    start = f"Parameter of type {facts.name} has value"
    if facts.value_type == "NUMERIC":
        number = row["numericValue"]
        if number is None:
            bounded = facts.minimum is not None or facts.maximum is not None
            return f"{start} null but its type has bounds" if bounded else None
        if facts.minimum is not None and number < facts.minimum:
            return f"{start} {float(number)} < {facts.minimum}"
        if facts.maximum is not None and number > facts.maximum:
            return f"{start} {float(number)} > {facts.maximum}"
    elif facts.value_type == "STRING" and facts.permitted and row["stringValue"] not in facts.permitted:
        text = "null" if row["stringValue"] is None else row["stringValue"]
        return f"{start} {text} not in allowed set [{', '.join(sorted(facts.permitted))}]"
    return None
