"""Manifest of the facilities plugin."""

from __future__ import annotations

from drac_plugins.core.plugins import Plugin
from drac_plugins.facilities.routes import blueprint
from drac_plugins.facilities.service import FacilitiesSettings

plugin = Plugin(
    name="facilities", summary="The facility and its vocabularies", blueprints=(blueprint,), settings=FacilitiesSettings
)
