"""Manifest of the processed plugin."""

from __future__ import annotations

from collections.abc import Sequence

from drac_plugins.core.plugins import Plugin
from drac_plugins.core.services import Services
from drac_plugins.core.web import Blueprint
from drac_plugins.processed.routes import blueprint


def _blueprints(services: Services) -> Sequence[Blueprint]:  # noqa: ARG001 - the manifest's signature
    return (blueprint,)


plugin = Plugin(
    name="processed",
    summary="Lineage of datasets as a JSON graph, PROV-JSON and RO-Crate",
    blueprints=_blueprints,
)
