"""Manifest of the processed plugin."""

from __future__ import annotations

from drac_plugins.core.plugins import Plugin
from drac_plugins.processed.routes import blueprint

plugin = Plugin(
    name="processed",
    summary="Lineage of datasets as a JSON graph, PROV-JSON and RO-Crate",
    blueprints=(blueprint,),
)
