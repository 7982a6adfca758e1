"""Manifest of the catalogue plugin."""

from __future__ import annotations

from drac_plugins.catalogue import dataset_routes, file_routes, people_routes, release_routes, sample_routes
from drac_plugins.catalogue.routes import blueprint
from drac_plugins.core.plugins import Plugin

ROUTES = (dataset_routes, file_routes, people_routes, release_routes, sample_routes)
"""Modules that add to the blueprint."""


plugin = Plugin(
    name="catalogue",
    summary="Datasets, investigations, samples, datafiles and publications of the catalogue",
    blueprints=(blueprint,),
)
