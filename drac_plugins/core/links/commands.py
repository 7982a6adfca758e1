"""`drac links`: look at links, hold them against what producers declared, put them right."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable

import click

from drac_plugins.core.links import linktable
from drac_plugins.core.links.closure import ancestors, descendants
from drac_plugins.core.links.repair import Repair
from drac_plugins.core.links.writing import Links, LinkSettings
from drac_plugins.core.settings import Settings, load
from drac_plugins.core.storage import Store, upgrade
from icat_schema.gateway import Catalogue, GatewaySettings

_FOUND = 2
_SPEAK_SECONDS = 5.0


class _Progress:
    """Says on stderr how far a long run is, now and then."""

    def __init__(self) -> None:
        self._spoken = time.monotonic()

    def __call__(self, layer: str, done: int) -> None:
        if time.monotonic() - self._spoken >= _SPEAK_SECONDS:
            self._spoken = time.monotonic()
            click.echo(f"{layer}: {done} so far", err=True)


@click.group()
def links() -> None:
    """Links between raw and processed datasets."""


@links.command()
@click.option("--check", is_flag=True, help="Only say what is wrong (exit code 2 when something is).")
def repair(check: bool) -> None:
    """Make link table, parameters and Jobs say again what the declared paths say."""
    work = Repair(_links(load()), progress=_Progress())
    found = _say(str(finding) for finding in work.findings(mend=not check))
    missing = _say(f"dataset {id_}: waits for {path} since {since:%Y-%m-%d}" for id_, path, since in work.pending())
    what = "found" if check else "put right"
    click.echo(f"{found} differences {what}, {missing} inputs missing for a week")
    if check and found:
        sys.exit(_FOUND)


def _say(lines: Iterable[str]) -> int:
    """Print as it comes; returns how many lines there were."""
    count = 0
    for line in lines:
        click.echo(line)
        count += 1
    return count


@links.command()
@click.argument("dataset_id", type=int)
def show(dataset_id: int) -> None:
    """What a dataset was computed from, and what was computed from it."""
    store = _store(load())
    with store.read() as connection:
        family = linktable.family(connection, [dataset_id])
        known = linktable.located(connection, {dataset_id, *family.inputs, *family.outputs})
        items = linktable.declared(connection, [dataset_id]).get(dataset_id, ())
        meant = linktable.resolved(connection, [dataset_id]).get(dataset_id, ())
    if dataset_id not in known:
        raise click.ClickException(f"No dataset {dataset_id} is known here; run: drac links repair")
    click.echo(f"{dataset_id} {known[dataset_id].location}")
    for item, resolution in zip(items, meant, strict=True):
        target = f"dataset {resolution.dataset_id}" if resolution else "nobody has registered it yet"
        click.echo(f"  declared: {item.path} -> {target}{' (inferred)' if resolution and resolution.inferred else ''}")
    for title, ids in (("from", ancestors(family, dataset_id)), ("into", descendants(family, dataset_id))):
        for other in ids:
            where = known[other].location if other in known else "gone from the catalogue"
            click.echo(f"  {title}: {other} {where}")


def _store(settings: Settings) -> Store:
    store = Store(settings.store.url)
    if settings.store.auto_upgrade:
        upgrade(store)
    return store


def _links(settings: Settings) -> Links:
    icat, account = settings.icat, settings.icat.ingester
    catalogue = Catalogue(
        GatewaySettings(icat.url, icat.soap_path, icat.rest_path, icat.timeout_seconds, icat.verify, icat.pool_size)
    )
    session = catalogue.service_session(account.plugin, account.username, account.password.get_secret_value())
    return Links(session, _store(settings), LinkSettings.of(settings))
