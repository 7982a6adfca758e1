"""Manifest of the users plugin."""

from __future__ import annotations

from drac_plugins.core.plugins import Plugin
from drac_plugins.users.routes import blueprint

plugin = Plugin(name="users", summary="Preferences of users", blueprints=(blueprint,))
