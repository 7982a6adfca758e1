"""Our own API description, as it is served."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from drac_plugins.app import create_app
from tests.support.facade import facade_settings


def description(folder: Path) -> dict[str, Any]:
    """Of a facade with every plugin. Nothing is asked from a catalogue for it."""
    app = create_app(facade_settings("http://127.0.0.1:9", folder))
    found: dict[str, Any] = app.test_client().get("/swagger.json").json
    return found
