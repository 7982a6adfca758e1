"""Manifest of the displays plugin."""

from __future__ import annotations

from collections.abc import Sequence

from drac_plugins.core.plugins import Health, Plugin
from drac_plugins.core.services import Services
from drac_plugins.core.web import Blueprint
from drac_plugins.displays import (
    dataset_pages,  # noqa: F401 - its routes are on the blueprint of the pages
    mx_pages,
    mx_routes,
    pages,
    routes,
    session_pages,  # noqa: F401
    sign_on_pages,  # noqa: F401
)
from drac_plugins.displays.documents import live


def _blueprints(services: Services) -> Sequence[Blueprint]:
    live(services.settings)  # a broken document is a start-up error
    return (routes.blueprint, mx_routes.blueprint, pages.blueprint, mx_pages.blueprint)


def _health(services: Services) -> Health:
    documents = live(services.settings)
    faults = [str(fault) for fault in documents.faults]
    displays = [display.id for display in documents.current()]
    if faults:
        text = f"what was in force before is used instead of documents with faults: {'; '.join(faults)}"
        return Health("degraded", text, {"displays": displays, "faults": faults})
    return Health("ok", f"{len(displays)} displays", {"displays": displays})


plugin = Plugin(
    name="displays",
    summary="Which display applies to a dataset and why, and the pages of the portal",
    blueprints=_blueprints,
    health={"documents": _health},
)
