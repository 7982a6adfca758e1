"""`rule`: who may do what."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
from sqlalchemy import Connection, delete, select

from icat_schema.definitions import Entity, schema
from icat_schema.server.authz import derive
from icat_schema.server.caller import Caller
from icat_schema.server.commands.options import (
    DEFAULTS,
    examples,
    opened,
    operator,
    option,
    storage_options,
    storage_settings,
)
from icat_schema.server.commands.rules_file import apply_access, read_access
from icat_schema.server.entities.values import EntityValue
from icat_schema.server.errors import IcatError
from icat_schema.server.service import AccessType, Service
from icat_schema.server.store.engine import reading, writing
from icat_schema.server.store.tables import table

ACCESSES: tuple[tuple[str, str, AccessType | None], ...] = (
    ("create", "C", None),
    ("read", "R", "READ"),
    ("update", "U", "UPDATE"),
    ("delete", "D", "DELETE"),
)


@dataclass(frozen=True, slots=True)
class _Rule:
    id: int
    flags: str
    grouping: str | None
    what: str

    @property
    def line(self) -> str:
        return f"{self.id:>4}  {self.flags:<4} {self.grouping or '*'}  {self.what}"


@click.group()
def rule() -> None:
    """Authorization rules. Changes are effective at once, also in servers that run."""


@rule.command("add", epilog=examples("rule add R Facility", "rule add CRUD Dataset --grouping staff"))
@click.argument("flags")
@click.argument("what")
@click.option("--grouping", help="name of the group it is for; everybody without")
@storage_options
def rule_add(flags: str, what: str, grouping: str | None, database: str, users: Path | None) -> None:
    """Allow FLAGS (of C, R, U and D) on what the query WHAT selects."""
    value = EntityValue(schema().entities["Rule"], {"crudFlags": flags, "what": what})
    with opened(storage_settings(database, users)) as service:
        if grouping is not None:
            value.one["grouping"] = EntityValue(schema().entities["Grouping"], {"id": _grouping_id(service, grouping)})
        click.echo(f"rule {service.create(operator(service), value)}")


@rule.command("remove", epilog=examples("rule list", "rule remove 17 18"))
@click.argument("ids", nargs=-1, required=True, type=click.IntRange(1))
@storage_options
def rule_remove(ids: tuple[int, ...], database: str, users: Path | None) -> None:
    """Delete the rules with these IDS, as `rule list` shows them: all or none."""
    made = table("Rule")
    with opened(storage_settings(database, users), existing=True) as service, writing(service.engine) as connection:
        for id_ in ids:
            if connection.execute(delete(made).where(made.c.id == id_)).rowcount != 1:
                raise click.ClickException(f"There is no rule {id_}; nothing is deleted")


@rule.command("list", epilog=examples("rule list", "rule list --json"))
@click.option("--json", "as_json", is_flag=True, help="one JSON object per line")
@storage_options
def rule_list(as_json: bool, database: str, users: Path | None) -> None:
    """Show all rules: id, flags, group (* for everybody), text."""
    with opened(storage_settings(database, users)) as service, reading(service.engine) as connection:
        for one in _rules(connection):
            shown = {"id": one.id, "crudFlags": one.flags, "grouping": one.grouping, "what": one.what}
            click.echo(json.dumps(shown, ensure_ascii=False) if as_json else one.line)


@rule.command("explain", epilog=examples("rule explain simple/ada Dataset", "rule explain db/bo Dataset --id 4711"))
@click.argument("user")
@click.argument("entity")
@click.option("--id", "id_", type=int, help="also decide for this object")
@option("--root", "ROOT", multiple=True, default=sorted(DEFAULTS.root_user_names), help="users who may do everything")
@storage_options
def rule_explain(
    user: str, entity: str, id_: int | None, root: tuple[str, ...], database: str, users: Path | None
) -> None:
    """Show what USER may do with objects of an ENTITY, and by which rules."""
    found = schema().entities.get(entity)
    if found is None:
        raise click.UsageError(f"'{entity}' is not an ICAT entity such as Dataset")
    with opened(storage_settings(database, users), existing=True) as service:
        if user in root:
            click.echo(f"{user} is a root user and may do everything")
            return
        with reading(service.engine) as connection:
            for line in _explanation(connection, user, found):
                click.echo(line)
            exists = id_ is None or _exists(connection, found, id_)
        if not exists:
            raise click.ClickException(f"There is no {entity} {id_}")
        if id_ is not None:
            click.echo(_decision(service, user, found, id_))


@rule.command("load", epilog=examples("rule load access.yaml", "rule load --replace access.yaml"))
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--replace", is_flag=True, help="delete rules and public steps that are not in the file")
@storage_options
def rule_load(file: Path, replace: bool, database: str, users: Path | None) -> None:
    """Bring groups, rules and public steps to what a YAML file says, in one transaction.

    What is there already stays as it is. Users who are not known yet are created.
    """
    access = read_access(file)
    with opened(storage_settings(database, users)) as service, service.work(operator(service)) as work:
        for line in apply_access(work, access, replace=replace):
            click.echo(line)


def _rules(connection: Connection) -> Iterator[_Rule]:
    rules, groupings = table("Rule"), table("Grouping")
    joined = rules.outerjoin(groupings, groupings.c.id == rules.c.grouping_id)
    columns = (rules.c.id, rules.c.crudFlags, groupings.c.name, rules.c.what)
    for row in connection.execute(select(*columns).select_from(joined).order_by(rules.c.id)):
        yield _Rule(*row)


def _explanation(connection: Connection, user: str, entity: Entity) -> Iterator[str]:
    groups = _groups(connection, user)
    yield f"{user} is in {', '.join(groups) if groups else 'no group'}"
    applicable = [r for r in _rules(connection) if r.grouping in (None, *groups) and _is_about(r.what, entity)]
    for name, flag, _ in ACCESSES:
        rules = [r for r in applicable if flag in r.flags]
        yield f"{name}: {'by any of' if rules else 'nothing'}"
        yield from (r.line for r in rules)
    steps = table("PublicStep")
    leading = [
        f"{origin}.{field}"
        for origin, field in connection.execute(select(steps.c.origin, steps.c.field).order_by(steps.c.id))
        if getattr(schema().entities[origin].fields.get(field), "target", None) == entity.name
    ]
    if leading:
        yield f"included by everybody through {', '.join(leading)}"


def _groups(connection: Connection, user: str) -> list[str]:
    groupings, members, people = table("Grouping"), table("UserGroup"), table("User")
    joined = groupings.join(members, members.c.grouping_id == groupings.c.id).join(
        people, people.c.id == members.c.user_id
    )
    names = select(groupings.c.name).select_from(joined).where(people.c.name == user).order_by(groupings.c.name)
    return list(connection.execute(names).scalars())


def _is_about(what: str, entity: Entity) -> bool:
    try:
        return derive(what).entity == entity.name
    except IcatError:
        return False  # it means nothing, and allows nothing


def _exists(connection: Connection, entity: Entity, id_: int) -> bool:
    made = table(entity.name)
    return connection.execute(select(made.c.id).where(made.c.id == id_)).first() is not None


def _decision(service: Service, user: str, entity: Entity, id_: int) -> str:
    caller = Caller(user, is_root=False, now=service.now())
    value = EntityValue(entity, {"id": id_})
    allowed = [name for name, _, access in ACCESSES if access and service.is_access_allowed(caller, value, access)]
    return f"{entity.name} {id_}: {', '.join(allowed) or 'nothing'}"


def _grouping_id(service: Service, name: str) -> int:
    groupings = table("Grouping")
    with reading(service.engine) as connection:
        found = connection.execute(select(groupings.c.id).where(groupings.c.name == name)).scalar()
    if found is None:
        raise click.ClickException(f"There is no Grouping '{name}'")
    return int(found)
