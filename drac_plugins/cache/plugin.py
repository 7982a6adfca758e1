"""Manifest of the cache plugin."""

from __future__ import annotations

from collections.abc import Sequence

from drac_plugins.cache.routes import blueprint
from drac_plugins.core.plugins import Plugin
from drac_plugins.core.services import Services
from drac_plugins.core.web import Blueprint


def _blueprints(services: Services) -> Sequence[Blueprint]:  # noqa: ARG001 - the manifest's signature
    return (blueprint,)


plugin = Plugin(
    name="cache", summary="What is kept of the catalogue's answers, shown and forgotten", blueprints=_blueprints
)
