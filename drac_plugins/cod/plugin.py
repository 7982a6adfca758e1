"""Manifest of the cod plugin."""

from __future__ import annotations

from collections.abc import Sequence

from drac_plugins.cod.routes import CodSettings, blueprint
from drac_plugins.core.plugins import Plugin
from drac_plugins.core.services import Services
from drac_plugins.core.web import Blueprint


def _blueprints(services: Services) -> Sequence[Blueprint]:  # noqa: ARG001 - the manifest's signature
    return (blueprint,)


plugin = Plugin(
    name="cod",
    summary="Crystal phases, from a copy of the Crystallography Open Database",
    blueprints=_blueprints,
    settings=CodSettings,
)
