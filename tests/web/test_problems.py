"""Failures on the wire: text for ICAT+, documents for our own interfaces, pages for pages, and never a 500."""

from __future__ import annotations

import pytest
import requests

from drac_plugins.app import create_app
from tests.support.facade import RunningFacade, facade_settings
from tests.web.workshop import plugin as workshop


@pytest.mark.parametrize(
    ("error", "status"),
    [
        ("Invalid", 400),
        ("Forbidden", 403),
        ("NotFound", 404),
        ("Conflict", 409),
        ("NotSupported", 501),
        ("Unavailable", 503),
        ("UpstreamBroken", 502),
    ],
)
def test_our_failures_are_plain_sentences_on_the_icat_plus_wire(facade: RunningFacade, error: str, status: int) -> None:
    reply = facade.get(f"/workshop/fail/{error}")
    assert (reply.status_code, reply.text) == (status, f"text of {error}")
    assert reply.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert ("Retry-After" in reply.headers) == (status == 503)


def test_our_own_interfaces_answer_problem_documents(facade: RunningFacade) -> None:
    reply = facade.get("/workbench/fail")
    assert reply.headers["Content-Type"] == "application/problem+json"
    document = reply.json()
    assert (document["status"], document["detail"], document["code"]) == (400, "text of Invalid", "request.invalid")
    assert document["requestId"] == reply.headers["X-Request-Id"]
    assert facade.get("/workbench/nothing").headers["Content-Type"] == "application/problem+json"


def test_pages_answer_pages_and_escape_what_they_show(facade: RunningFacade) -> None:
    for path, status in (("/shopwindow/broken", 404), ("/shopwindow/nothing", 404)):
        reply = facade.get(path)
        assert (reply.status_code, reply.headers["Content-Type"]) == (status, "text/html; charset=utf-8")
    assert "Nothing &lt;b&gt;here" in facade.get("/shopwindow/broken").text


def test_what_the_catalogue_does_not_allow_is_answered_403(facade: RunningFacade) -> None:
    reply = facade.get(f"/workshop/{facade.log_in('dee')}/catalogue/denied")
    assert reply.status_code == 403
    assert reply.text.startswith("Catalogue: ")


def test_a_query_that_the_catalogue_cannot_understand_is_answered_400(facade: RunningFacade) -> None:
    reply = facade.get(f"/workshop/{facade.log_in('dee')}/catalogue/query")
    assert reply.status_code == 400
    assert "noSuchThing" in reply.text


def test_a_mistake_of_ours_is_answered_500_with_the_request_id_and_nothing_else(facade: RunningFacade) -> None:
    reply = facade.request("GET", f"/workshop/{facade.log_in('dee')}/catalogue/x", headers={"X-Request-Id": "abc-1"})
    assert reply.status_code == 500
    assert reply.text == "Something went wrong here; tell the operator the request id abc-1"


def test_a_catalogue_that_does_not_answer_is_503_to_everybody(facade: RunningFacade, tmp_path: object) -> None:
    from pathlib import Path

    settings = facade_settings("http://127.0.0.1:1", Path(str(tmp_path)), {"plugins": {"enabled": []}})
    client = create_app(settings, (workshop,)).test_client()
    for path in ("/workshop/open", "/workshop/5b0c2a9e-6d1b-4f55-9a0e-1c2d3e4f5a6b/strict"):
        reply = client.get(path)
        assert (reply.status_code, reply.headers["Retry-After"]) == (503, "5")
        assert reply.text.startswith("Catalogue: the catalogue does not answer")


def test_a_service_account_that_cannot_log_in_is_the_operators_problem(facade: RunningFacade, tmp_path: object) -> None:
    from pathlib import Path

    changes = {"icat": {"reader": {"username": "reader", "password": "wrong"}}}
    settings = facade_settings(facade.catalogue.url, Path(str(tmp_path)), changes)
    reply = create_app(settings, (workshop,)).test_client().get("/workshop/open")
    assert reply.status_code == 503
    assert "drac doctor" in reply.text


def test_the_connection_survives_a_refused_body(facade: RunningFacade) -> None:
    with requests.Session() as session:
        for _ in range(3):
            assert session.post(f"{facade.url}/workshop/body", data=b"{", timeout=30).status_code == 400
            assert session.get(f"{facade.url}/workshop/moment", timeout=30).status_code == 200
