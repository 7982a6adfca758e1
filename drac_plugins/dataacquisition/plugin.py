"""Manifest of the data acquisition plugin."""

from __future__ import annotations

from drac_plugins.core.plugins import Plugin
from drac_plugins.dataacquisition.routes import blueprint

plugin = Plugin(
    name="dataacquisition",
    summary="Sessions and registered datasets, for control systems with an API key",
    blueprints=(blueprint,),
)
