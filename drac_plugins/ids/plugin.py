"""Manifest of the ids plugin."""

from __future__ import annotations

from collections.abc import Sequence

from drac_plugins.core.plugins import Plugin
from drac_plugins.core.services import Services
from drac_plugins.core.web import Blueprint
from drac_plugins.ids.routes import blueprint


def _blueprints(services: Services) -> Sequence[Blueprint]:  # noqa: ARG001 - the manifest's signature
    return (blueprint,)


plugin = Plugin(
    name="ids", summary="Download, state and restoring of files, through an ICAT Data Service", blueprints=_blueprints
)
