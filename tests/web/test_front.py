"""Root, health, and the description of the interface."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from drac_plugins.app import create_app
from drac_plugins.core import storage
from drac_plugins.core.storage import Store
from drac_plugins.session.plugin import plugin as session_plugin
from tests.support.facade import RunningFacade, facade_settings
from tests.web.workshop import plugin as workshop


def test_the_root_answers_head_and_tells_programs_what_this_is(facade: RunningFacade) -> None:
    assert facade.request("HEAD", "/").status_code == 200
    assert facade.get("/").json()["name"] == "drac-plugins"


def test_the_root_sends_browsers_to_something_they_can_read(facade: RunningFacade) -> None:
    reply = facade.request("GET", "/", headers={"Accept": "text/html,*/*"}, allow_redirects=False)
    assert (reply.status_code, reply.headers["Location"]) == (302, "/api-docs/")


def test_health_names_every_component_and_the_data_root(facade: RunningFacade) -> None:
    reply = facade.get("/health")
    body = reply.json()
    assert reply.status_code == 200
    assert body["data_root"].endswith("/data")
    components = body["components"]
    assert (components["catalogue"]["state"], components["catalogue"]["version"][:2]) == ("ok", "5.")
    assert components["store"]["state"] == "ok"
    assert components["session"]["state"] == "ok"
    assert components["workshop.light"] == {"state": "degraded", "text": "one lamp is out", "greeting": "hello"}
    assert body["state"] == "degraded"


def test_health_is_503_while_the_catalogue_is_down(tmp_path: Path) -> None:
    client = create_app(facade_settings("http://127.0.0.1:1", tmp_path), (session_plugin,)).test_client()
    reply = client.get("/health")
    assert (reply.status_code, reply.json["state"]) == (503, "down")
    assert reply.json["components"]["catalogue"]["text"]
    assert reply.json["components"]["store"]["state"] == "ok"


def test_health_says_what_to_do_when_the_tables_are_old(facade: RunningFacade, tmp_path: Path) -> None:
    changes = {"store": {"auto_upgrade": False}}
    settings = facade_settings(facade.catalogue.url, tmp_path, changes)
    client = create_app(settings, (session_plugin,)).test_client()
    reply = client.get("/health")
    assert reply.status_code == 503
    assert "drac db upgrade" in reply.json["components"]["store"]["text"]
    store = Store(settings.store.url)
    storage.upgrade(store)
    store.close()
    assert client.get("/health").status_code == 200


def operations(description: dict[str, Any]) -> dict[str, Any]:
    return {
        f"{method.upper()} {path}": operation
        for path, methods in description["paths"].items()
        for method, operation in methods.items()
        if method != "parameters"
    }


def test_the_description_lists_the_routes_with_the_names_of_the_contract(facade: RunningFacade) -> None:
    found = operations(facade.get("/swagger.json").json())
    assert {"POST /session", "GET /session/{sessionId}", "PUT /session/{sessionId}"} <= set(found)
    assert "GET /workshop/thing/{thingId}" in found
    assert "GET /shopwindow/" not in found


def test_the_description_says_how_errors_look_and_who_may_call(facade: RunningFacade) -> None:
    description = facade.get("/swagger.json").json()
    found = operations(description)
    assert found["GET /workshop/open"]["security"] == [{"bearerAuth": []}, {}]
    assert found["GET /workshop/closed"]["security"] == [{"bearerAuth": []}]
    assert found["GET /workshop/open"]["responses"]["default"] == {"$ref": "#/components/responses/ERROR"}
    assert found["GET /workbench/fail"]["responses"]["default"] == {"$ref": "#/components/responses/PROBLEM"}
    assert list(description["components"]["responses"]["ERROR"]["content"]) == ["text/plain"]
    assert all("422" not in operation["responses"] for operation in found.values())
    parameters = {p["name"]: p for p in found["GET /workshop/query"]["parameters"]}
    assert parameters["manyWords"]["schema"]["type"] == "string"
    assert parameters["number"]["schema"]["type"] == "integer"


def test_swagger_ui_comes_from_here_alone(facade: RunningFacade) -> None:
    page = facade.get("/api-docs").text
    assert "http" not in page.replace(facade.url, "")
    for asset in ("/api-docs/ui/swagger-ui.css", "/api-docs/ui/swagger-ui-bundle.js", "/static/core/api-docs.js"):
        assert asset in page
        assert facade.get(asset).status_code == 200
    assert facade.get("/api-docs/ui/..%2f..%2f__init__.py").status_code == 404


@pytest.mark.parametrize("path", ["/swagger.json", "/Swagger.JSON/"])
def test_the_description_is_found_in_any_spelling(facade: RunningFacade, path: str) -> None:
    assert facade.get(path).json()["openapi"] == "3.0.3"


def test_an_app_can_be_made_several_times_from_the_same_plugins(tmp_path: Path) -> None:
    for number in range(2):
        app = create_app(facade_settings("http://127.0.0.1:1", tmp_path / str(number)), (session_plugin, workshop))
        assert len(operations(app.test_client().get("/swagger.json").json)) > 10


@pytest.mark.browser
def test_swagger_ui_works_under_our_content_security_policy(facade: RunningFacade, browser: Browser) -> None:
    page = browser.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{facade.url}/api-docs/")
    page.get_by_text("Sessions of the catalogue").wait_for(timeout=30_000)
    page.locator("[data-path='/session/{sessionId}']").first.wait_for(timeout=30_000)
    page.close()
    assert complaints == []
    assert all(url.startswith((facade.url, "data:")) for url in asked)
