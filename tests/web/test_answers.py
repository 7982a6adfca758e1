"""What every answer carries."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from flask.testing import FlaskClient

from drac_plugins.app import create_app
from drac_plugins.core import logs
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


@contextmanager
def access_log(file: Path) -> Iterator[None]:
    handler = guarded(logging.FileHandler(file))
    logger = logging.getLogger("drac.access")
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
        handler.close()


def test_the_request_id_is_in_the_log_line(facade: RunningFacade, tmp_path: Path) -> None:
    with access_log(tmp_path / "log"):
        facade.request("GET", "/workshop/moment", headers={"X-Request-Id": "mine-1"})
    assert "[mine-1] GET /workshop/moment 200" in (tmp_path / "log").read_text()


def test_logs_can_be_objects_for_collectors(
    facade: RunningFacade, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "_form", "json")
    with access_log(tmp_path / "log"):
        facade.request("GET", "/workshop/moment", headers={"X-Request-Id": "mine-2"})
    line = json.loads((tmp_path / "log").read_text())
    assert line["request_id"] == "mine-2"
    assert (line["method"], line["route"], line["status"]) == ("GET", "/workshop/moment", 200)
    assert line["time"].endswith("+00:00")


def test_request_ids_of_strangers_need_not_be_taken(tmp_path: Path) -> None:
    client = client_with(tmp_path, web={"request_id_header": ""})
    assert client.get("/", headers={"X-Request-Id": "mine-3"}).headers["X-Request-Id"] != "mine-3"


def test_the_same_answer_is_not_sent_again(facade: RunningFacade) -> None:
    first = facade.get("/workshop/moment")
    mark = first.headers["ETag"]
    assert mark.startswith('W/"')
    again = facade.request("GET", "/workshop/moment", headers={"If-None-Match": mark})
    assert (again.status_code, again.content) == (304, b"")
    assert "Authorization" in first.headers["Vary"]
    changed = facade.request("GET", "/workshop/moment", headers={"If-None-Match": 'W/"other"'})
    assert changed.content == first.content


def test_a_mark_of_somebody_elses_answer_opens_nothing(facade: RunningFacade) -> None:
    adas = facade.get("/workshop/open", "ada").headers["ETag"]
    reply = facade.request("GET", "/workshop/open", "dee", headers={"If-None-Match": adas})
    assert reply.json()["name"] == "simple/dee"
    refused = facade.request("GET", "/workshop/closed", headers={"If-None-Match": adas})
    assert refused.status_code == 403


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_data_are_compressed_for_those_who_can_read_it(facade: RunningFacade, coding: str) -> None:
    url = f"{facade.url}/swagger.json"
    plain = requests.get(url, headers={"Accept-Encoding": "identity"}, timeout=30)
    with requests.get(url, headers={"Accept-Encoding": coding}, stream=True, timeout=30) as reply:
        size = len(reply.raw.read(decode_content=False))
    assert reply.headers["Content-Encoding"] == coding
    assert "Accept-Encoding" in reply.headers["Vary"]
    assert size < len(plain.content) / 3
    assert "Content-Encoding" not in plain.headers


def test_pages_are_not_compressed(facade: RunningFacade) -> None:
    assert "Content-Encoding" not in facade.request("GET", "/api-docs/", headers={"Accept-Encoding": "gzip"}).headers


@pytest.mark.parametrize("coding", ["identity", "gzip"])
def test_a_long_answer_is_sent_while_it_is_made(facade: RunningFacade, coding: str) -> None:
    reply = facade.request("GET", "/workshop/pieces/3", headers={"Accept-Encoding": coding})
    assert reply.json() == ["x" * 2000] * 3 + [0]
    assert "Content-Length" not in reply.headers


@pytest.mark.parametrize("coding", ["identity", "gzip"])
def test_half_an_answer_is_never_taken_for_a_whole_one(facade: RunningFacade, coding: str) -> None:
    with pytest.raises((requests.exceptions.ChunkedEncodingError, requests.exceptions.JSONDecodeError)):
        facade.request("GET", "/workshop/pieces/4", headers={"Accept-Encoding": coding}).json()


def test_figures_count_answers_by_route_and_know_no_paths(facade: RunningFacade) -> None:
    session = facade.log_in("ada")
    rule = "/workshop/<sessionId>/whoAmI/name/<userName>"
    counted = f'drac_http_requests_total{{method="GET",route="{rule}",status="200"}} '

    def count() -> float:
        lines = facade.get("/metrics").text.splitlines()
        return sum(float(line.removeprefix(counted)) for line in lines if line.startswith(counted))

    before = count()
    for name in ("x", "y"):
        facade.get(f"/workshop/{session}/whoAmI/name/{name}")
    facade.get("/no/such/thing")
    assert count() == before + 2
    text = facade.get("/metrics").text
    assert 'route="(no route)",status="404"' in text
    assert f'drac_http_request_seconds_count{{method="GET",route="{rule}"}}' in text
    assert session not in text
    assert "such" not in text
