"""ICAT rule texts of the demonstration, built from the paths in `facility.yaml`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

PARTICIPANT = ("investigationUsers.user", "{v}.name = :user")
SCIENTIST = ("investigationInstruments.instrument.instrumentScientists.user", "{v}.name = :user")
RELEASED = ("", "{v}.releaseDate < CURRENT_TIMESTAMP")

Rule = tuple[str | None, str, str]
"""Name of the group (None: everybody), CRUD flags, what."""


def rules(access: Mapping[str, Any]) -> Iterator[Rule]:
    """Every rule of the demonstration, in the order of the document."""
    for entity in access["public"]:
        yield None, "R", entity
    for entity, path in access["content"].items():
        for tail, condition in (PARTICIPANT, SCIENTIST, RELEASED):
            yield None, "R", statement(entity, [*_steps(path), *_steps(tail)], condition)
    for entity, path in access["people"].items():
        for tail, condition in (PARTICIPANT, SCIENTIST):
            yield None, "R", statement(entity, [*_steps(path), *_steps(tail)], condition)
    yield None, "R", "SELECT u FROM User u WHERE u.name = :user"
    for group, kind in (("ingesters", "ingester"), ("acquisition", "acquisition"), ("administrators", "administrators")):
        for flags, entities in access[kind].items():
            for entity in entities:
                yield group, flags, entity


def statement(entity: str, steps: Sequence[str], condition: str) -> str:
    """`SELECT o FROM <entity> o JOIN …` along the steps; `{v}` in the condition is the last variable."""
    variable, joins = "o", []
    for number, step in enumerate(steps, start=1):
        joins.append(f"JOIN {variable}.{step} AS s{number}")
        variable = f"s{number}"
    return " ".join(["SELECT o FROM", entity, "o", *joins, "WHERE", condition.format(v=variable)])


def _steps(path: str) -> list[str]:
    return path.split(".") if path else []
