"""Manifest of the facilities plugin."""

from __future__ import annotations

from collections.abc import Sequence

from drac_plugins.core.plugins import Plugin
from drac_plugins.core.services import Services
from drac_plugins.core.web import Blueprint
from drac_plugins.facilities.routes import blueprint
from drac_plugins.facilities.service import FacilitiesSettings


def _blueprints(services: Services) -> Sequence[Blueprint]:  # noqa: ARG001 - the manifest's signature
    return (blueprint,)


plugin = Plugin(
    name="facilities", summary="The facility and its vocabularies", blueprints=_blueprints, settings=FacilitiesSettings
)
