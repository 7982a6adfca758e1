"""Manifest of the session plugin."""

from __future__ import annotations

from collections.abc import Sequence

from drac_plugins.core.plugins import Plugin
from drac_plugins.core.services import Services
from drac_plugins.core.user_names import compiled
from drac_plugins.core.web import Blueprint
from drac_plugins.session.routes import blueprint


def _blueprints(services: Services) -> Sequence[Blueprint]:
    pattern = services.settings.auth.user_name_pattern
    if pattern is not None:
        compiled(pattern)
    return (blueprint,)


plugin = Plugin(name="session", summary="Log in, ask about a session, extend it, log out", blueprints=_blueprints)
