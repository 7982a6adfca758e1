"""The only place where the facade is put together."""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

from flask import Flask

from drac_plugins.core import storage
from drac_plugins.core.plugins import Plugin, discover
from drac_plugins.core.services import create_services
from drac_plugins.core.settings import Settings, load
from drac_plugins.core.web import addresses, answers, csrf, front, health, paths, problems
from drac_plugins.core.web.blueprint import Api
from drac_plugins.core.web.keys import secret_key


def create_app(settings: Settings, plugins: tuple[Plugin, ...] | None = None) -> Flask:
    """The WSGI application. `plugins` replaces the installed ones.

    Brings the store up to date if `store.auto_upgrade`; asks the catalogue nothing yet, so that both may start in any
    order. Raises SettingsError, and Unavailable when the store cannot be used.
    """
    plugins = discover(settings) if plugins is None else plugins
    services = create_services(settings, plugins)
    if settings.store.auto_upgrade:
        storage.upgrade(services.store)
    app = _flask(settings)
    app.extensions["drac"] = services
    app.extensions["drac_wires"] = {}
    addresses.install(app, settings.web)
    paths.install(app)
    answers.install(app, settings.web)
    problems.install(app)
    csrf.install(app)
    app.register_blueprint(health.blueprint)
    app.register_blueprint(front.blueprint)
    api = Api(app)
    for plugin in plugins:
        for blueprint in plugin.blueprints_with(services):
            api.register_blueprint(blueprint)
    front.describe(app, api)
    return app


def create_configured_app() -> Flask:
    """`create_app` with the settings of the process: file named by `DRAC_CONFIG`, then the environment. WSGI servers
    call it `drac_plugins.app:create_configured_app()`."""
    return create_app(load())


def describe(settings: Settings) -> str:
    """The description of the interface (OpenAPI) with these settings, in an order that does not change. Needs no
    store and no catalogue, and leaves nothing behind."""
    with TemporaryDirectory(prefix="drac-openapi-") as folder:
        store = {"url": f"sqlite:///{folder}/drac.sqlite", "auto_upgrade": False}
        nowhere = {"var": Path(folder), "store": settings.store.model_copy(update=store)}
        app = create_app(settings.model_copy(update=nowhere))
        return json.dumps(json.loads(front.description_of(app)), ensure_ascii=False, indent=1, sort_keys=True)


def _flask(settings: Settings) -> Flask:
    app = Flask("drac_plugins", static_folder=None)
    app.config.update(
        SECRET_KEY=secret_key(settings),
        MAX_CONTENT_LENGTH=settings.web.max_body_bytes,
        MAX_FORM_MEMORY_SIZE=settings.web.max_body_bytes,
        SESSION_COOKIE_NAME="drac_session",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.web.cookie_secure,
        API_TITLE="drac-plugins: ICAT+ and processed data",
        API_VERSION=version("drac-plugins"),
        OPENAPI_VERSION="3.0.3",
    )
    return app
