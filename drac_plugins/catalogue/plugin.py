"""Manifest of the catalogue plugin."""

from __future__ import annotations

from collections.abc import Sequence

from drac_plugins.catalogue import dataset_routes, file_routes, people_routes, release_routes, sample_routes
from drac_plugins.catalogue.routes import blueprint
from drac_plugins.core.plugins import Plugin
from drac_plugins.core.services import Services
from drac_plugins.core.web import Blueprint

ROUTES = (dataset_routes, file_routes, people_routes, release_routes, sample_routes)
"""Modules that add to the blueprint."""


def _blueprints(services: Services) -> Sequence[Blueprint]:  # noqa: ARG001 - the manifest's signature
    return (blueprint,)


plugin = Plugin(
    name="catalogue",
    summary="Datasets, investigations, samples, datafiles and publications of the catalogue",
    blueprints=_blueprints,
)
