"""Manifest of the dmp plugin."""

from __future__ import annotations

from collections.abc import Sequence

from drac_plugins.core.plugins import Plugin
from drac_plugins.core.services import Services
from drac_plugins.core.web import Blueprint
from drac_plugins.dmp.routes import blueprint
from drac_plugins.dmp.service import DmpSettings


def _blueprints(services: Services) -> Sequence[Blueprint]:  # noqa: ARG001 - the manifest's signature
    return (blueprint,)


plugin = Plugin(
    name="dmp",
    summary="Questionnaires of data management plans, from the tool that holds them",
    blueprints=_blueprints,
    settings=DmpSettings,
)
