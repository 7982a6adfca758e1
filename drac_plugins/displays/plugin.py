"""Manifest of the displays plugin."""

from __future__ import annotations

from collections.abc import Sequence

from drac_plugins.core.plugins import Health, Plugin
from drac_plugins.core.services import Services
from drac_plugins.core.web import Blueprint
from drac_plugins.displays import pages, routes
from drac_plugins.displays.documents import library_of


def _blueprints(services: Services) -> Sequence[Blueprint]:
    library_of(services.settings)  # a broken document is a start-up error
    return (routes.blueprint, pages.blueprint)


def _health(services: Services) -> Health:
    displays = [display.id for display in library_of(services.settings)]
    return Health("ok", f"{len(displays)} displays", {"displays": displays})


plugin = Plugin(
    name="displays",
    summary="Which display applies to a dataset and why, and the pages of the portal",
    blueprints=_blueprints,
    health={"documents": _health},
)
