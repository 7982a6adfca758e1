"""`drac ingest prepare`: put into the catalogue what ingestion needs."""

from __future__ import annotations

from pathlib import Path

import click

from drac_plugins.core.settings import SettingsError, load
from icat_schema.gateway import Catalogue, GatewaySettings
from icat_schema.gateway.errors import CatalogueError
from ingest.reference import Instrument
from ingest.reference import prepare as prepare_catalogue


@click.command()
@click.option("--config", type=click.Path(path_type=Path), help="settings file (default: DRAC_CONFIG)")
@click.option("--instrument", "instruments", multiple=True, help="name of an instrument to create; may be repeated")
@click.option("--investigation-type", "types", multiple=True, help="name of an InvestigationType; may be repeated")
@click.option("--plugin", help="authenticator of the account to use (default: the ingester's)")
@click.option("--username", help="account that may create reference data (default: the ingester)")
@click.option("--password", envvar="DRAC_PREPARE_PASSWORD", help="its password (better: DRAC_PREPARE_PASSWORD)")
def prepare(
    config: Path | None,
    instruments: tuple[str, ...],
    types: tuple[str, ...],
    plugin: str | None,
    username: str | None,
    password: str | None,
) -> None:
    """Create what ingestion needs and the catalogue lacks: facility, dataset and parameter types, instruments."""
    try:
        settings = load(config)
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
    except (SettingsError, CatalogueError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{settings.facility.name}: {made}")
