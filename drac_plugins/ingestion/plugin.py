"""Manifest of the ingestion plugin."""

from __future__ import annotations

from collections.abc import Sequence

from drac_plugins.core.plugins import Health, Plugin
from drac_plugins.core.services import Services
from drac_plugins.core.web import Blueprint
from drac_plugins.ingestion import pages, routes
from drac_plugins.ingestion.policy import IngestionSettings, quarantine_of


def _blueprints(services: Services) -> Sequence[Blueprint]:
    portal = any(plugin.name == "displays" for plugin in services.plugins)
    return (routes.blueprint, pages.blueprint) if portal else (routes.blueprint,)


def _health(services: Services) -> Health:
    found = quarantine_of(services).progress()
    details = {"lag_seconds": round(found.lag_seconds), "unfinished": found.unfinished}
    alarms = found.alarms
    return Health("degraded" if alarms else "ok", "; ".join(alarms), details)


plugin = Plugin(
    name="ingestion",
    summary="Take messages over HTTP; see and repair what could not be applied; figures for monitoring",
    blueprints=_blueprints,
    settings=IngestionSettings,
    health={"progress": _health},
)
