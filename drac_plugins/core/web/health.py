"""`GET /health`: every component with its state, for people, monitors and `drac doctor`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from flask import Blueprint, Response, current_app

from drac_plugins.core import storage
from drac_plugins.core.errors import DracError
from drac_plugins.core.plugins import Health
from drac_plugins.core.services import Services
from drac_plugins.core.web.answers import json_reply
from drac_plugins.core.web.callers import services
from icat_schema.gateway import Catalogue
from icat_schema.gateway.errors import CatalogueError

PROBE_SECONDS = 5.0
blueprint = Blueprint("health", __name__)


@blueprint.get("/health")
def health() -> Response:
    """200 when everything needed works (some of it perhaps `degraded`), 503 when a component is down."""
    found = components(services())
    states = {state.state for state in found.values()}
    overall = next((state for state in ("down", "degraded") if state in states), "ok")
    root = services().settings.facility.data_root
    body: dict[str, Any] = {
        "state": overall,
        "data_root": str(root) if root else None,
        "components": {name: _as_json(state) for name, state in found.items()},
    }
    return json_reply(body, 503 if overall == "down" else 200)


@blueprint.get("/metrics")
def metrics() -> Response:
    """Figures of the requests for Prometheus: numbers only, no names"""
    from drac_plugins.core.web.figures import CONTENT_TYPE, Figures

    figures: Figures = current_app.extensions["drac_figures"]
    return Response(figures.exposition(), content_type=CONTENT_TYPE)


def components(available: Services) -> dict[str, Health]:
    """Catalogue, store, and what each plugin says about itself (`<plugin>` or `<plugin>.<check>`)."""
    found = {
        "catalogue": _guarded(catalogue_health, available),
        "store": _guarded(store_health, available),
    }
    for plugin in available.plugins:
        found.setdefault(plugin.name, Health("ok"))  # a plugin is called like the catalogue and must not hide it
        for name, check in plugin.health.items():
            found[f"{plugin.name}.{name}"] = _guarded(check, available)
    return found


def catalogue_health(available: Services) -> Health:
    """Asks the server itself, with a short time-out and no cache."""
    settings = replace(available.catalogue.settings, timeout_seconds=PROBE_SECONDS, pool_size=1)
    probe = Catalogue(settings)
    try:
        properties = probe.properties()
    finally:
        probe.close()
    details = {"version": properties.version, "authenticators": sorted(properties.authenticators)}
    return Health("ok", details=details)


def store_health(available: Services) -> Health:
    if storage.is_current(available.store):
        return Health("ok", details={"engine": available.store.engine.dialect.name})
    return Health("down", "The tables are not those of this release; run: drac db upgrade")


def _guarded(check: Callable[[Services], Health], available: Services) -> Health:
    try:
        return check(available)
    except (DracError, CatalogueError) as error:
        return Health("down", error.message)


def _as_json(state: Health) -> Mapping[str, Any]:
    text = {"text": state.text} if state.text else {}
    return {"state": state.state, **text, **state.details}
