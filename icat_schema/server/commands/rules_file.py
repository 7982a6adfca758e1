"""Groups, rules and public steps in a YAML file.

groups: {staff: [simple/cy]}
rules:
- {flags: CRUD, what: Facility, group: staff}
- {flags: R, what: Facility}
publicSteps: [Dataset.parameters]
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import click
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import select

from icat_schema.definitions import schema
from icat_schema.server.authz import check_public_step
from icat_schema.server.authz.meaning import checked_flags
from icat_schema.server.entities.delete import Deleter
from icat_schema.server.entities.values import EntityValue
from icat_schema.server.entities.work import Placed, Work
from icat_schema.server.entities.writer import Creator
from icat_schema.server.store.tables import table

Key = tuple[Any, ...]


class RuleInFile(BaseModel):
    model_config = ConfigDict(extra="forbid")

    flags: str
    what: str
    group: str | None = None


class Access(BaseModel):
    """The content of a file."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    groups: dict[str, list[str]] = Field(default_factory=dict)
    rules: list[RuleInFile] = Field(default_factory=list)
    public_steps: list[str] = Field(default_factory=list, alias="publicSteps")


def read_access(file: Path) -> Access:
    """Raises ClickException that says where the file is wrong."""
    try:
        return Access.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")) or {})
    except (yaml.YAMLError, UnicodeDecodeError, OSError) as error:
        raise click.ClickException(f"{file} cannot be read: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the file"
        raise click.ClickException(f"{file}: {place}: {first['msg']}") from error


def apply_access(work: Work, access: Access, *, replace: bool) -> Iterator[str]:
    """Create what is missing, delete with `replace` what the file does not have, and tell what was done."""
    people = sorted({name for members in access.groups.values() for name in members})
    users = _Table(work, "User", ("name",))
    yield from users.ensure((name,) for name in people)
    groups = _Table(work, "Grouping", ("name",))
    yield from groups.ensure((name,) for name in access.groups)
    memberships = _Table(work, "UserGroup", ("user", "grouping"))
    wanted = [(users.ids[(m,)], groups.ids[(name,)]) for name, members in access.groups.items() for m in members]
    yield from memberships.ensure(wanted)
    rules = _Table(work, "Rule", ("crudFlags", "what", "grouping"))
    yield from rules.ensure(rule_keys := [_rule_key(rule, groups) for rule in access.rules])
    steps = _Table(work, "PublicStep", ("origin", "field"))
    yield from steps.ensure(step_keys := [_step_key(step) for step in access.public_steps])
    if replace:
        yield from rules.keep(rule_keys)
        yield from steps.keep(step_keys)


def _rule_key(rule: RuleInFile, groups: _Table) -> Key:
    if rule.group is not None and (rule.group,) not in groups.ids:
        raise click.ClickException(f"There is no Grouping '{rule.group}', which the rule on {rule.what} names")
    return (checked_flags(rule.flags), rule.what, None if rule.group is None else groups.ids[(rule.group,)])


def _step_key(step: str) -> Key:
    origin, _, field = step.partition(".")
    check_public_step(origin, field)
    return (origin, field)


class _Table:
    """The objects of one entity by the values of some fields; relations by id."""

    def __init__(self, work: Work, name: str, fields: tuple[str, ...]) -> None:
        self._work = work
        self._entity = schema().entities[name]
        self._fields = fields
        made = table(name)
        columns = (made.c[f"{field}_id" if self._entity.to_one(field) else field] for field in fields)
        rows = work.connection.execute(select(made.c.id, *columns).order_by(made.c.id))
        self.ids: dict[Key, int] = {tuple(row[1:]): row[0] for row in rows}

    def ensure(self, keys: Iterable[Key]) -> Iterator[str]:
        missing = [key for key in dict.fromkeys(keys) if key not in self.ids]
        values = [Placed(self._value(key)) for key in missing]
        ids = Creator(self._work).create(values, nested_need_permission=False)
        self.ids.update(zip(missing, ids, strict=True))
        if missing:
            yield f"{len(missing)} of {self._entity.name} created"

    def keep(self, keys: Iterable[Key]) -> Iterator[str]:
        surplus = [id_ for key, id_ in self.ids.items() if key not in set(keys)]
        Deleter(self._work).delete([Placed(EntityValue(self._entity, {"id": id_})) for id_ in surplus])
        if surplus:
            yield f"{len(surplus)} of {self._entity.name} deleted"

    def _value(self, key: Key) -> EntityValue:
        value = EntityValue(self._entity)
        for name, part in zip(self._fields, key, strict=True):
            relation = self._entity.to_one(name)
            if relation is None:
                value.attributes[name] = part
            else:
                target = schema().entities[relation.target]
                value.one[name] = None if part is None else EntityValue(target, {"id": part})
        return value
