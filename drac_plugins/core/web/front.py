"""The root of the host, and the description of the interface: `/swagger.json` and `/api-docs/` (Swagger UI from the
package swagger-ui-bundle; nothing comes from elsewhere)."""

from __future__ import annotations

from importlib.metadata import version

import swagger_ui_bundle
from flask import Blueprint, Flask, Response, current_app, redirect, render_template, request, send_from_directory
from werkzeug.wrappers import Response as AnyResponse

from drac_plugins.core.web.answers import JSON_TYPE, json_reply
from drac_plugins.core.web.blueprint import Api

blueprint = Blueprint(
    "front", __name__, static_folder="static", static_url_path="/static/core", template_folder="templates"
)
_DOCS_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@blueprint.get("/")
def root() -> AnyResponse:
    """Browsers go to the portal (or, where it is switched off, to the description); others learn what this is."""
    if request.accept_mimetypes.accept_html and "text/html" in request.headers.get("Accept", ""):
        return redirect("/portal/" if _has_portal(current_app) else "/api-docs/")
    return json_reply({"name": "drac-plugins", "version": version("drac-plugins"), "api": "/swagger.json"})


@blueprint.get("/swagger.json")
def swagger_json() -> Response:
    return Response(description_of(current_app), content_type=JSON_TYPE)


@blueprint.get("/api-docs/")
def api_docs() -> Response:
    page = render_template("core/api_docs.html")
    return Response(page, content_type="text/html; charset=utf-8", headers={"Content-Security-Policy": _DOCS_POLICY})


@blueprint.get("/api-docs/ui/<path:filename>")
def swagger_ui(filename: str) -> Response:
    return send_from_directory(str(swagger_ui_bundle.swagger_ui_path), filename, max_age=86400)


def describe(app: Flask, api: Api) -> None:
    """Serve the description of what is registered with `api`."""
    app.extensions["drac_api"] = api


def description_of(app: Flask) -> bytes:
    """As JSON."""
    api: Api = app.extensions["drac_api"]
    return api.description()


def _has_portal(app: Flask) -> bool:
    return any(rule.rule.rstrip("/") == "/portal" for rule in app.url_map.iter_rules())
