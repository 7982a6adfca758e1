"""What every answer carries."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from drac_plugins.app import create_app
from drac_plugins.core.logs import guarded, quieten_libraries
from tests.support.facade import API_KEY, RunningFacade, facade_settings
from tests.web.workshop import plugin as workshop


def client_with(folder: Path, **changes: object) -> FlaskClient:
    return create_app(facade_settings("http://127.0.0.1:1", folder, changes), (workshop,)).test_client()


def test_any_origin_may_read_unless_told_otherwise(facade: RunningFacade) -> None:
    reply = facade.request("GET", "/workshop/moment", headers={"Origin": "https://portal.example.org"})
    assert reply.headers["Access-Control-Allow-Origin"] == "*"
    assert "Content-Disposition" in reply.headers["Access-Control-Expose-Headers"]
    assert facade.request("GET", "/workshop/fail/NotFound").headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize("path", ["/", "/session", "/workshop/closed", "/not/there/at/all"])
def test_options_is_answered_204_on_every_path(facade: RunningFacade, path: str) -> None:
    asked = {"Origin": "https://x.org", "Access-Control-Request-Headers": "authorization,x-special"}
    reply = facade.request("OPTIONS", path, headers=asked)
    assert (reply.status_code, reply.content) == (204, b"")
    assert reply.headers["Access-Control-Allow-Headers"] == "authorization,x-special"
    assert reply.headers["Access-Control-Allow-Methods"] == "GET,HEAD,PUT,PATCH,POST,DELETE,OPTIONS"


def test_origins_can_be_listed(tmp_path: Path) -> None:
    client = client_with(tmp_path, web={"cors_origins": ["https://portal.example.org"]})
    ours = client.get("/workshop/moment", headers={"Origin": "https://portal.example.org"})
    other = client.get("/workshop/moment", headers={"Origin": "https://elsewhere.example.org"})
    assert ours.headers["Access-Control-Allow-Origin"] == "https://portal.example.org"
    assert "Access-Control-Allow-Origin" not in other.headers
    assert "Origin" in other.headers["Vary"]


@pytest.mark.parametrize("path", ["/workshop/moment", "/shopwindow/", "/nowhere", "/api-docs/"])
def test_every_answer_tells_browsers_to_be_careful(facade: RunningFacade, path: str) -> None:
    headers = facade.get(path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "unsafe-eval" not in headers["Content-Security-Policy"]


def test_data_are_not_kept_by_caches(facade: RunningFacade) -> None:
    assert facade.get("/workshop/moment").headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("given", "kept"), [("abc.DEF-1", True), ("a b", False), ("x" * 65, False), ("<script>", False)]
)
def test_a_request_id_is_taken_over_if_it_is_harmless(facade: RunningFacade, given: str, kept: bool) -> None:
    answered = facade.request("GET", "/workshop/moment", headers={"X-Request-Id": given}).headers["X-Request-Id"]
    assert (answered == given) is kept
    assert answered


def test_json_is_declared_as_clients_decode_it(facade: RunningFacade) -> None:
    for path in ("/workshop/moment", "/workshop/thing/5"):
        assert facade.get(path).headers["Content-Type"] == "application/json; charset=utf-8"


def test_no_secret_gets_into_the_log(facade: RunningFacade, tmp_path: Path) -> None:
    session = facade.log_in("ada")
    log_file = tmp_path / "log"
    handler = guarded(logging.FileHandler(log_file))
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    quieten_libraries()
    try:
        facade.get(f"/workshop/{session}/whoAmI/name/x")
        facade.get(f"/WORKSHOP/{session}/nothing/here")
        facade.get(f"/workshop/{session}/catalogue/x")  # logs a traceback
        facade.get(f"/workshop/{session}/catalogue/query")
        facade.get("/workshop/open", "ada")
        facade.get(f"/workshop/key/{API_KEY}/hello")
        facade.get(f"/doi/x/datasets?sessionId={session}")
        facade.request("POST", "/session", json={"plugin": "simple", "username": "ada", "password": "wrong-secret"})
        facade.request("POST", "/session", json={"plugin": "simple", "username": "bo", "password": "bo"})
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
        handler.close()
    text = log_file.read_text()
    assert "GET /workshop/<sessionId>/whoAmI/name/<userName> 200" in text
    assert "ZeroDivisionError" in text
    for secret in (session, API_KEY, "wrong-secret", "hush"):
        assert secret not in text


def test_the_request_id_is_in_the_log_line(facade: RunningFacade, tmp_path: Path) -> None:
    handler = guarded(logging.FileHandler(tmp_path / "log"))
    logger = logging.getLogger("drac.access")
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        facade.request("GET", "/workshop/moment", headers={"X-Request-Id": "mine-1"})
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
        handler.close()
    assert "[mine-1] GET /workshop/moment 200" in (tmp_path / "log").read_text()
