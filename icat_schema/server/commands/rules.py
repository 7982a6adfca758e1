"""`rule`: who may do what."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
from sqlalchemy import select

from icat_schema.definitions import schema
from icat_schema.server.commands.options import open_service, operator, storage_options, storage_settings
from icat_schema.server.entities.values import EntityValue
from icat_schema.server.errors import IcatError
from icat_schema.server.service import Service
from icat_schema.server.store.engine import reading
from icat_schema.server.store.tables import table


@click.group()
def rule() -> None:
    """Authorization rules."""


@rule.command("add")
@click.argument("flags")
@click.argument("what")
@click.option("--grouping", help="name of the group it is for; everybody without")
@storage_options
def rule_add(flags: str, what: str, grouping: str | None, database: str, users: Path | None) -> None:
    """Allow FLAGS (of C, R, U and D) on what the query WHAT selects."""
    value = EntityValue(schema().entities["Rule"], {"crudFlags": flags, "what": what})
    service = open_service(storage_settings(database, users))
    try:
        if grouping is not None:
            value.one["grouping"] = EntityValue(schema().entities["Grouping"], {"id": _grouping_id(service, grouping)})
        click.echo(f"rule {service.create(operator(service), value)}")
    except IcatError as error:
        raise click.ClickException(error.message) from error
    finally:
        service.close()


@rule.command("list")
@click.option("--json", "as_json", is_flag=True, help="one JSON object per line")
@storage_options
def rule_list(as_json: bool, database: str, users: Path | None) -> None:
    """Show all rules: flags, group (* for everybody), text."""
    service = open_service(storage_settings(database, users))
    query = "SELECT r.crudFlags, g.name, r.what FROM Rule r LEFT JOIN r.grouping g ORDER BY r.id"
    for flags, grouping, what in _rows(service, query):
        if as_json:
            click.echo(json.dumps({"crudFlags": flags, "grouping": grouping, "what": what}, ensure_ascii=False))
        else:
            click.echo(f"{flags:<4} {grouping or '*'}  {what}")
    service.close()


def _grouping_id(service: Service, name: str) -> int:
    groupings = table("Grouping")
    with reading(service.engine) as connection:
        found = connection.execute(select(groupings.c.id).where(groupings.c.name == name)).scalar()
    if found is None:
        raise click.ClickException(f"There is no Grouping '{name}'")
    return int(found)


def _rows(service: Service, query: str) -> list[Any]:
    with service.search_as(operator(service), query) as found:
        return list(found.rows)
