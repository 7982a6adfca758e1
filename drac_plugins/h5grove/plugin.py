"""Manifest of the h5grove plugin."""

from __future__ import annotations

from collections.abc import Sequence

from drac_plugins.core.plugins import Plugin
from drac_plugins.core.services import Services
from drac_plugins.core.web import Blueprint
from drac_plugins.h5grove import routes, service


def _blueprints(services: Services) -> Sequence[Blueprint]:
    return (routes.blueprint(service.Files(services)),)


plugin = Plugin(
    name="h5grove",
    summary="Content of HDF5 files, for viewers",
    blueprints=_blueprints,
    settings=service.H5groveSettings,
)
