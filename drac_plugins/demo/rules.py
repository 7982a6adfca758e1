"""ICAT rule texts of the demonstration, built from the paths in `facility.yaml`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

PARTICIPANT = ("investigationUsers.user", "{v}.name = :user")
SCIENTIST = ("investigationInstruments.instrument.instrumentScientists.user", "{v}.name = :user")
RESPONSIBLE = (
    "investigationUsers",
    "{v}.user.name = :user AND {v}.role IN ('Principal investigator', 'Local contact')",
)
RELEASED = ("", "{v}.releaseDate < CURRENT_TIMESTAMP")

GROUPS = {"ingesters": "ingester", "acquisition": "acquisition", "administrators": "administrators"}
"""Grouping -> its part of the document."""

Rule = tuple[str | None, str, str]
"""Name of the group (None: everybody), CRUD flags, what."""


def rules(access: Mapping[str, Any]) -> Iterator[Rule]:
    """Every rule of the demonstration, in the order of the document."""
    for entity in access["public"]:
        yield None, "R", entity
    yield from _along("R", access["content"], (PARTICIPANT, SCIENTIST, RELEASED))
    yield from _along("R", access["people"], (PARTICIPANT, SCIENTIST))
    for flags, paths in access["responsible"].items():
        yield from _along(flags, paths, (RESPONSIBLE, SCIENTIST))
    yield None, "R", "SELECT u FROM User u WHERE u.name = :user"
    for group, kind in GROUPS.items():
        for flags, entities in access[kind].items():
            for entity in entities:
                yield group, flags, entity


def _along(flags: str, paths: Mapping[str, str], ways: Sequence[tuple[str, str]]) -> Iterator[Rule]:
    """For everybody, each entity along its path to the investigation and from there each of the ways."""
    for entity, path in paths.items():
        for tail, condition in ways:
            yield None, flags, statement(entity, [*_steps(path), *_steps(tail)], condition)


def statement(entity: str, steps: Sequence[str], condition: str) -> str:
    """`SELECT o FROM <entity> o JOIN …` along the steps; `{v}` in the condition is the last variable."""
    variable, joins = "o", []
    for number, step in enumerate(steps, start=1):
        joins.append(f"JOIN {variable}.{step} AS s{number}")
        variable = f"s{number}"
    return " ".join(["SELECT o FROM", entity, "o", *joins, "WHERE", condition.format(v=variable)])


def _steps(path: str) -> list[str]:
    return path.split(".") if path else []
