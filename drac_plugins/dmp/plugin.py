"""Manifest of the dmp plugin."""

from __future__ import annotations

from drac_plugins.core.plugins import Plugin
from drac_plugins.dmp.routes import blueprint
from drac_plugins.dmp.service import DmpSettings

plugin = Plugin(
    name="dmp",
    summary="Questionnaires of data management plans, from the tool that holds them",
    blueprints=(blueprint,),
    settings=DmpSettings,
)
