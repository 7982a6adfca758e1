"""`drac ingest prepare`: put into the catalogue what ingestion needs."""

from __future__ import annotations

import click

from drac_plugins.core.settings import load
from icat_schema.gateway import Catalogue, GatewaySettings
from ingest.reference import Instrument
from ingest.reference import prepare as prepare_catalogue


@click.command()
@click.option("--instrument", "instruments", multiple=True, help="Name of an instrument to create; may be repeated.")
@click.option("--investigation-type", "types", multiple=True, help="Name of an InvestigationType; may be repeated.")
@click.option("--plugin", help="Authenticator of the account to use. Default: the ingester's.")
@click.option("--username", help="Account that may create reference data. Default: the ingester.")
@click.option("--password", envvar="DRAC_PREPARE_PASSWORD", help="Its password (better: DRAC_PREPARE_PASSWORD).")
def prepare(
    instruments: tuple[str, ...],
    types: tuple[str, ...],
    plugin: str | None,
    username: str | None,
    password: str | None,
) -> None:
    """Create what ingestion needs and the catalogue lacks: facility, dataset and parameter types, instruments."""
    settings = load()
    icat, account = settings.icat, settings.icat.ingester
    catalogue = Catalogue(
        GatewaySettings(icat.url, icat.soap_path, icat.rest_path, icat.timeout_seconds, icat.verify, icat.pool_size)
    )
    credentials = {
        "username": username or account.username,
        "password": password or account.password.get_secret_value(),
    }
    session = catalogue.login(plugin or account.plugin, credentials)
    try:
        made = prepare_catalogue(
            session,
            settings.facility.name,
            instruments=[Instrument(name) for name in instruments],
            investigation_types=tuple(dict.fromkeys((settings.ingest.session_type, *types))),
        )
    finally:
        session.logout()
    click.echo(f"{settings.facility.name}: {made}")
