"""Requests that are larger than the server accepts, and failures that nobody foresaw."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from lxml import etree
from werkzeug.test import Client, TestResponse

from icat_schema.server.rest import aids
from icat_schema.server.service import Service
from icat_schema.server.settings import Settings
from icat_schema.server.wsgi import application
from tests.server.wire.raw import ENVELOPE, NAMESPACE, SOAP

LIMIT = 2_000
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    url = f"sqlite:///{tmp_path / 'c.db'}"
    made = Service(Settings(database=url, users_file=None, max_request_bytes=LIMIT))
    yield made
    made.close()


@pytest.fixture
def http(service: Service) -> Client:
    return Client(application(service))


def _soap(http: Client, body: str) -> TestResponse:
    return http.post("/ICATService/ICAT", data=body.encode(), content_type="text/xml")


def test_a_large_soap_request_is_a_fault(http: Client) -> None:
    small = ENVELOPE.format(soap=SOAP, body=f'<v:getVersion xmlns:v="{NAMESPACE}"/>')
    assert _soap(http, small).status_code == 200
    reply = _soap(http, small + " " * LIMIT)
    assert reply.status_code == 500
    assert etree.fromstring(reply.data).findtext(".//{*}IcatException/type") == "BAD_PARAMETER"


def test_a_large_rest_request_is_an_error_in_json(http: Client) -> None:
    reply = http.post("/icat/session", data={"json": "x" * LIMIT}, content_type=FORM)
    assert reply.status_code == 400
    assert reply.get_json() == {"code": "BAD_PARAMETER", "message": "The request is larger than this server accepts"}


def test_a_failure_that_nobody_foresaw_is_told_by_its_kind_alone(
    service: Service, http: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_user_name: str) -> bool:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(service, "is_logged_in", broken)
    reply = http.get("/icat/user/simple/root")
    assert reply.status_code == 500
    assert reply.get_json() == {"code": "INTERNAL", "message": "Unexpected failure RuntimeError"}
    assert "secret detail" in caplog.text


def test_strangers_cannot_make_all_threads_sleep(http: Client) -> None:
    assert http.get("/icat/sleep/1").get_json()["slept"] >= 1000
    with aids.SLEEPERS:
        assert http.get("/icat/sleep/1").get_json()["slept"] < 1000
