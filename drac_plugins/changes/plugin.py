"""Manifest of the changes plugin."""

from __future__ import annotations

from collections.abc import Sequence

from drac_plugins.changes.routes import blueprint
from drac_plugins.changes.settings import ChangesSettings
from drac_plugins.core.plugins import Plugin
from drac_plugins.core.services import Services
from drac_plugins.core.web import Blueprint


def _blueprints(services: Services) -> Sequence[Blueprint]:  # noqa: ARG001 - the manifest's signature
    return (blueprint,)


plugin = Plugin(
    name="changes",
    summary="What has changed since, as pages and as a stream of server-sent events",
    blueprints=_blueprints,
    settings=ChangesSettings,
)
