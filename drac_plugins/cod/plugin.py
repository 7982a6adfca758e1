"""Manifest of the cod plugin."""

from __future__ import annotations

from drac_plugins.cod.routes import CodSettings, blueprint
from drac_plugins.core.plugins import Plugin

plugin = Plugin(
    name="cod",
    summary="Crystal phases, from a copy of the Crystallography Open Database",
    blueprints=(blueprint,),
    settings=CodSettings,
)
