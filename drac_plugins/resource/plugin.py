"""Manifest of the resource plugin."""

from __future__ import annotations

from collections.abc import Sequence

from drac_plugins.core.plugins import Plugin
from drac_plugins.core.services import Services
from drac_plugins.core.web import Blueprint
from drac_plugins.resource.routes import blueprint


def _blueprints(services: Services) -> Sequence[Blueprint]:  # noqa: ARG001 - the manifest's signature
    return (blueprint,)


plugin = Plugin(name="resource", summary="Pictures and small files of datasets and logbooks", blueprints=_blueprints)
